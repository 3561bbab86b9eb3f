package pages

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/proxy/console"
)

// A hesitant reader waits before each step.
type hesitant struct {
	net.Conn
	wait time.Duration
}

func (h hesitant) Read(p []byte) (int, error) {
	time.Sleep(h.wait)
	return h.Conn.Read(p)
}

// The end of a long answer is waited for as patiently as all before it.
func TestWhoReadsSlowlyGetsAllOfAnAnswer(t *testing.T) {
	r := newLoginRig(t, console.Config{})
	for _, path := range []string{"/api/v1/consent/export", "/api/v1/decisions/export"} {
		t.Run(path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, err := console.New(console.Config{Tokens: []console.Token{{Name: "script", Role: console.Admin, Secret: "0123456789abcdef"}},
					Store: r.store, Gate: r.gate, Metrics: prometheus.NewRegistry(), Reload: func() error { return nil }, Now: r.clock})
				if err != nil {
					t.Fatal(err)
				}
				defer api.Close()
				r.pages.api = api
				browser := hesitant{browse(t, r.pages), 40 * time.Second}
				_, _ = fmt.Fprintf(browser, "GET %s HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer 0123456789abcdef\r\n\r\n", path)
				resp, err := http.ReadResponse(bufio.NewReader(browser), nil)
				if err != nil {
					t.Fatal(err)
				}
				if text, err := io.ReadAll(resp.Body); err != nil || len(text) == 0 || resp.StatusCode != http.StatusOK {
					t.Errorf("%s, and %.100q: %v", resp.Status, text, err)
				}
			})
		})
	}
}

// Who takes an answer slowly, and then asks again on the same connection, is answered again.
func TestWhoReadsSlowlyMayAskAgain(t *testing.T) {
	r := newLoginRig(t, console.Config{})
	synctest.Test(t, func(t *testing.T) {
		var gone error // why the work on the last request was broken off
		browser := hesitant{browse(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			r.pages.ServeHTTP(w, req)
			gone = req.Context().Err()
		})), 7 * time.Second}
		answers := bufio.NewReader(browser)
		for range 2 {
			_, _ = fmt.Fprint(browser, "GET /login HTTP/1.1\r\nHost: gate\r\n\r\n")
			resp, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil || gone != nil {
				t.Fatalf("%s: %v, broken off for %v", resp.Status, err, gone)
			}
		}
	})
}
