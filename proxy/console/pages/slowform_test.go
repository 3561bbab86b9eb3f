package pages

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
)

// oneConn is a listener to which one browser comes.
type oneConn struct {
	net.Listener
	conns chan net.Conn
}

func (l oneConn) Accept() (net.Conn, error) {
	if c, ok := <-l.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (l oneConn) Close() error   { return nil }
func (l oneConn) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// browse is the connection of a browser to h.
func browse(t *testing.T, h http.Handler) net.Conn {
	browser, conn := net.Pipe()
	conns := make(chan net.Conn, 1)
	conns <- conn
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(oneConn{conns: conns}) }()
	t.Cleanup(func() {
		close(conns)
		browser.Close()
	})
	return browser
}

func TestConsoleSecurityFormsThatNeverEnd(t *testing.T) {
	r := newLoginRig(t, console.Config{})
	for _, c := range []struct{ case_, path, header string }{
		{"a form that the page reads", "/login", ""},
		{"a form of somebody who is not logged in", "/account/logout", ""},
		{"a form for no page", "/nothing", ""},
		{"a form from another site", "/login", "Sec-Fetch-Site: cross-site\r\n"},
	} {
		t.Run(c.case_, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				browser := browse(t, r.pages)
				begun := time.Now()
				_, _ = fmt.Fprintf(browser, "POST %s HTTP/1.1\r\nHost: gate\r\n%sContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nname=a", c.path, c.header)
				answer, _ := io.ReadAll(browser)
				if took := time.Since(begun); took < formPatience || took > 2*formPatience || !strings.HasPrefix(string(answer), "HTTP/1.1 ") {
					t.Errorf("the connection is closed after %v: %s", took, answer)
				}
			})
		})
	}
}
