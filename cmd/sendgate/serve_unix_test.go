//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A reload that is asked for while the gate still starts, as by whatever renews a certificate at that moment, comes
// once it serves, and does not end it.
func TestHangupWhileItStarts(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sendgate.yaml")
	if err := unix.Mkfifo(file, 0o600); err != nil { // so that it is known when the gate is about to read it
		t.Fatal(err)
	}
	gate, said := serveFrom(t, file)
	tell := func(before func()) {
		out, err := os.OpenFile(file, os.O_WRONLY, 0) // waits until the gate reads
		if err != nil {
			return // the folder is gone: it never did
		}
		before()
		fmt.Fprint(out, atAnyPort(dir))
		_ = out.Close()
	}
	go tell(func() { _ = gate.Process.Signal(syscall.SIGHUP) })
	reloaded, last := false, ""
	for lines := bufio.NewScanner(said); !reloaded && lines.Scan(); {
		last = lines.Text()
		if strings.Contains(last, `"serving"`) {
			go tell(func() {})
		}
		reloaded = strings.Contains(last, `"configuration reloaded"`)
	}
	_ = gate.Process.Signal(syscall.SIGTERM) // which it may not live to hear
	if err := gate.Wait(); err != nil || !reloaded {
		t.Errorf("it ended with %v, and said last: %s", err, last)
	}
}

// Whatever reads the log of the gate may end before it does: that is no reason to.
func TestLogThatNobodyReads(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sendgate.yaml")
	if err := os.WriteFile(file, []byte(atAnyPort(dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	gate, said := serveFrom(t, file)
	for lines := bufio.NewScanner(said); lines.Scan() && !strings.Contains(lines.Text(), `"serving"`); {
	}
	if err := said.Close(); err != nil {
		t.Fatal(err)
	}
	_ = gate.Process.Signal(syscall.SIGTERM) // it says that it stops
	if err := gate.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// atAnyPort is a configuration of a gate whose data is below dir.
func atAnyPort(dir string) string {
	return fmt.Sprintf("store: {dir: %s}\nproxy: {listen: 127.0.0.1:0}\nconsole: {listen: 127.0.0.1:0}\n", filepath.Join(dir, "data"))
}

// serveFrom starts a gate, in a process of its own, and returns what it logs.
func serveFrom(t *testing.T, file string) (gate *exec.Cmd, said io.ReadCloser) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	gate = exec.Command(self)
	gate.Args = []string{"sendgate", "serve", "--config", file}
	if said, err = gate.StderrPipe(); err != nil {
		t.Fatal(err)
	}
	if err := gate.Start(); err != nil {
		t.Fatal(err)
	}
	return gate, said
}
