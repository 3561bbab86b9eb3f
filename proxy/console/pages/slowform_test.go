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

	"github.com/prometheus/client_golang/prometheus"
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

// Whoever may not even be known holds no connection for ever by what they announce and never send.
func TestConsoleSecurityRequestsThatNeverEnd(t *testing.T) {
	r := newLoginRig(t, console.Config{})
	for _, c := range []struct {
		case_, target, header string
		least                 time.Duration
	}{
		{"a form that the page reads", "POST /login", "", formPatience},
		{"a form of somebody who is not logged in", "POST /account/logout", "", drainTime},
		{"a form for no page", "POST /nothing", "", drainTime},
		{"a form from another site", "POST /login", "Sec-Fetch-Site: cross-site\r\n", drainTime},
		{"a body for a page", "GET /login", "", drainTime},
		{"a body for a file", "GET /static/console.css", "", drainTime},
		{"a call of the API without a token", "POST /api/v1/switches", "", drainTime},
		{"a call of the API with a wrong one", "POST /api/v1/consent/import", "Authorization: Bearer sg_0123456789abcdef\r\n", drainTime},
		{"a call of no API", "PUT /api/v1/nothing", "", drainTime},
		{"a probe with a body", "GET /healthz", "", drainTime},
		{"the metrics, with a wrong method", "POST /metrics", "", drainTime},
	} {
		t.Run(c.case_, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				browser := browse(t, r.pages)
				begun := time.Now()
				_, _ = fmt.Fprintf(browser, "%s HTTP/1.1\r\nHost: gate\r\n%sContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nname=a", c.target, c.header)
				answer, _ := io.ReadAll(browser)
				if took := time.Since(begun); took < c.least || took > 2*c.least || !strings.HasPrefix(string(answer), "HTTP/1.1 ") {
					t.Errorf("the connection is closed after %v: %s", took, answer)
				}
			})
		})
	}
}

// TestConsoleSecurityAnswersThatNobodyTakes: the same for an answer that is asked for and not read, whether it is handed
// over at its end or, like many metrics, before.
func TestConsoleSecurityAnswersThatNobodyTakes(t *testing.T) {
	r := newLoginRig(t, console.Config{})
	metrics := prometheus.NewRegistry()
	for i := range 1000 {
		metrics.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: fmt.Sprintf("sendgate_test_%d", i), Help: "Shown by the test."}))
	}
	api, err := console.New(console.Config{Tokens: []console.Token{{Name: "script", Role: console.Admin, Secret: "0123456789abcdef"}},
		Store: r.store, Gate: r.gate, Metrics: metrics, Reload: func() error { return nil }, Now: r.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	r.pages.api = api
	for _, path := range []string{"/healthz", "/metrics", "/api/v1/audit"} {
		t.Run(path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				browser := browse(t, r.pages)
				_, _ = fmt.Fprintf(browser, "GET %s HTTP/1.1\r\nHost: gate\r\n\r\n", path)
				time.Sleep(3 * time.Minute)
				if answer, err := io.ReadAll(browser); err != nil || len(answer) > 0 {
					t.Errorf("after three minutes it was still to be had: %s (%v)", answer, err)
				}
			})
		})
	}
}
