package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// playGate stands in for the gate: a plain proxy that refuses who is on a list. It understands as
// much of the gate's command line as the program uses.
func playGate(args []string) (done bool, code int) {
	var err error
	switch {
	case len(args) == 2 && args[0] == "check": // it takes any configuration
	case len(args) == 3 && args[0] == "serve":
		err = serveStandIn(args[2])
	case len(args) > 3 && args[0] == "consent":
		err = importStandIn(args[2], args[len(args)-1])
	default:
		return false, 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return true, 1
	}
	return true, 0
}

// importStandIn keeps the rows of a file beside the token.
func importStandIn(file, token string) error {
	rows, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	store := filepath.Dir(strings.TrimPrefix(token, "file:"))
	imports, err := os.OpenFile(filepath.Join(store, "imports"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(imports, filepath.Base(file))
	return errors.Join(err, imports.Close(), os.WriteFile(filepath.Join(store, filepath.Base(file)), rows, 0o600))
}

// serveStandIn serves until it is ended.
func serveStandIn(config string) error {
	text, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	value := func(key string) string {
		found := regexp.MustCompile(`(?m)^ +` + key + `: (?:http://)?(.*)$`).FindStringSubmatch(string(text))
		return found[1]
	}
	admin := regexp.MustCompile(`(?m)^console:\n  listen: (.*)$`).FindStringSubmatch(string(text))[1]
	rows, err := os.ReadFile(filepath.Join(value("dir"), "opt-outs.csv"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listed := make(map[string]bool)
	for row := range strings.Lines(string(rows)) {
		number, _, _ := strings.Cut(strings.TrimPrefix(row, "+"), ",")
		listed[number] = true
	}
	if _, err := os.Stat(filepath.Join(value("dir"), "forget")); err == nil {
		clear(listed)
	}
	l, err := net.Listen("tcp4", value("listen"))
	if err != nil {
		return err
	}
	if _, err := net.Listen("tcp4", admin); err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go proxyStandIn(c, value("upstream"), listed)
	}
}

// proxyStandIn forwards the requests of one connection, or refuses them.
func proxyStandIn(c net.Conn, upstream string, listed map[string]bool) {
	defer c.Close()
	up, err := net.Dial("tcp4", upstream)
	if err != nil {
		return
	}
	defer up.Close()
	answers, buf, n := bufio.NewReader(up), make([]byte, 4096), 0
	answer := make([]byte, len(createdAnswer))
	for {
		read, err := c.Read(buf[n:])
		if err != nil {
			return
		}
		n += read
		f, err := readFrame(buf[:n])
		if err != nil {
			return
		}
		if f.size == 0 {
			continue
		}
		_, to, _ := strings.Cut(string(buf[:f.size]), "To=%2B")
		reply := []byte(fmt.Sprintf("HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s", len(refused), refused))
		if !listed[to[:digits]] {
			if _, err := up.Write(buf[:f.size]); err != nil {
				return
			}
			if _, err := io.ReadFull(answers, answer); err != nil {
				return
			}
			reply = answer
		}
		if _, err := c.Write(reply); err != nil {
			return
		}
		n = copy(buf, buf[f.size:n])
	}
}
