package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/authority"
)

// A waysRig is a gate that can be reached in every way, before an upstream.
type waysRig struct {
	g             *Gate
	ca            string // folder
	plain, secure string // addresses
	roots         *x509.CertPool
	seen          chan wire // what reached the upstream

	names  map[string][]netip.Addr // who is where, besides the providers
	dialed chan string             // addresses that a tunnel led to
	beyond string                  // who answers there
}

func (r *waysRig) lookup(_ context.Context, _, host string) ([]netip.Addr, error) {
	if at := r.names[host]; at != nil {
		return at, nil
	}
	return nil, fmt.Errorf("%s is not known", host)
}

func (r *waysRig) dial(ctx context.Context, network, address string) (net.Conn, error) {
	r.dialed <- address
	return new(net.Dialer).DialContext(ctx, network, r.beyond)
}

// leftPerson is somebody who opted out.
const leftPerson = "+14155550199"

func newWaysRig(t testing.TB, change func(*Config)) *waysRig {
	t.Helper()
	r := &waysRig{ca: t.TempDir(), roots: x509.NewCertPool(), seen: make(chan wire, 16), dialed: make(chan string, 16)}
	base := play(t, loopback(t), echo(okAnswer, func(w wire) { r.seen <- w }))
	cfg := oneRoute(base, nil)
	cfg.TLS, cfg.CA, cfg.Connect = new(TLSConfig), r.ca, new(ConnectConfig)
	if change != nil {
		change(&cfg)
	}
	hosts, err := Hosts(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a, err := authority.Init(r.ca, hosts, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r.roots.AppendCertsFromPEM(a.PEM())
	st, left := memory(t), person
	left.Address = leftPerson
	learn(t, st, filter.Event{To: left, Kind: filter.OptedOut, Source: "test"})
	plain, secure := loopback(t), loopback(t)
	r.plain, r.secure = plain.Addr().String(), secure.Addr().String()
	r.g = newGate(t, cfg, st)
	r.g.tunnels.Lookup, r.g.tunnels.Dial = r.lookup, r.dial
	ended := make(chan error, 2)
	go func() { ended <- r.g.Serve(plain) }()
	go func() { ended <- r.g.ServeTLS(secure) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := errors.Join(r.g.Shutdown(ctx), <-ended, <-ended); err != nil {
			t.Errorf("shutting down: %v", err)
		}
	})
	return r
}

// client is Go's own, and the address that it is pointed at, by the way into the gate.
func (r *waysRig) client(t testing.TB, way string) (c *http.Client, base string) {
	t.Helper()
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: r.roots}}
	t.Cleanup(tr.CloseIdleConnections)
	switch way {
	case "base URL":
		return &http.Client{Transport: tr}, "http://" + r.plain + "/twilio"
	case "CONNECT":
		tr.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: r.plain})
	case "host":
		tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, r.secure)
		}
	}
	return &http.Client{Transport: tr}, "https://api.twilio.com"
}

// speakTLS is a client that writes requests byte for byte, on a connection on which it named host.
func (r *waysRig) speakTLS(t testing.TB, host string) *speaker {
	t.Helper()
	c, err := tls.Dial("tcp", r.secure, &tls.Config{ServerName: host, RootCAs: r.roots})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &speaker{t, c, bufio.NewReader(c)}
}

var waysIn = []string{"base URL", "host", "CONNECT"}

// TestWaysIn: by whatever way a request comes in, it is judged the same, and reaches the provider as the same
// bytes. What comes in by none of them is refused in words of its own.
func TestWaysIn(t *testing.T) {
	for _, lane := range []string{"with the lane", withoutLane} {
		t.Run(lane, func(t *testing.T) {
			r := newWaysRig(t, nil)
			var first wire
			for _, way := range waysIn {
				t.Run(way+": a message is forwarded as it was written", func(t *testing.T) {
					c, base := r.client(t, way)
					for i := range 3 {
						resp, err := c.Post(base+messages+"?x=%41", "application/x-www-form-urlencoded", strings.NewReader("To=%2B14155550100&From=%2B15005550006&Body=a+b"))
						if err != nil {
							t.Fatal(err)
						}
						_, _ = io.Copy(io.Discard, resp.Body)
						resp.Body.Close()
						if resp.StatusCode != 200 || resp.Header.Get("Sendgate-Decision") != "forward" {
							t.Fatalf("request %d: answered %d %v", i, resp.StatusCode, resp.Header)
						}
						w := <-r.seen
						if first.head == "" {
							first = w
						}
						if w != first || !strings.HasPrefix(w.head, "POST "+messages+"?x=%41 HTTP/1.1\r\n") {
							t.Errorf("the provider received\n%q, and the first way in made\n%q", w, first)
						}
					}
				})
				t.Run(way+": a message to somebody who left is refused in Twilio's words", func(t *testing.T) {
					c, base := r.client(t, way)
					resp, err := c.Post(base+messages, "application/x-www-form-urlencoded", strings.NewReader("To=%2B14155550199&From=%2B15005550006&Body=x"))
					if err != nil {
						t.Fatal(err)
					}
					body, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if err != nil || resp.StatusCode != 400 || resp.Header.Get("Sendgate-Reason") != "opted-out" || !bytes.Contains(body, []byte("21610")) {
						t.Errorf("answered %d %v %s", resp.StatusCode, resp.Header, body)
					}
				})
			}
			r.refuses(t)
			if len(r.seen) > 0 {
				t.Errorf("%d requests more reached the provider", len(r.seen))
			}
		})
	}
}

// refuses shows what comes in by host and is for nobody.
func (r *waysRig) refuses(t *testing.T) {
	t.Run("a foreign name gets no certificate", func(t *testing.T) {
		for _, host := range []string{"graph.facebook.com", "api.twilio.com.evil.example", "localhost"} {
			_, err := tls.Dial("tcp", r.secure, &tls.Config{ServerName: host, RootCAs: r.roots})
			if err == nil || !strings.Contains(err.Error(), "unrecognized name") {
				t.Errorf("%s: %v", host, err)
			}
		}
		for deadline := time.Now().Add(patience); r.g.shakes[shakeUnknown].Load() != 3; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d such handshakes are counted", r.g.shakes[shakeUnknown].Load())
			}
		}
	})
	t.Run("plain HTTP where TLS is spoken is answered in plain HTTP", func(t *testing.T) {
		a := ask(t, r.secure, sms(person.Address, "Sale"))
		if a.StatusCode != 400 || !strings.Contains(a.body, "speaks TLS") {
			t.Errorf("answered %d %s", a.StatusCode, a.body)
		}
	})
	t.Run("a request for another host than the connection was made to", func(t *testing.T) {
		for _, host := range []string{"graph.facebook.com", "api.twilio.com.evil.example", "api.twilio.com@x"} {
			s := r.speakTLS(t, "api.twilio.com")
			s.write(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n", messages, host))
			if a := s.hear("POST"); a.StatusCode != 421 || !strings.Contains(a.body, "nothing was sent") {
				t.Errorf("%s: answered %d %s", host, a.StatusCode, a.body)
			}
		}
	})
	t.Run("another protocol than HTTP/1.1", func(t *testing.T) {
		_, err := tls.Dial("tcp", r.secure, &tls.Config{ServerName: "api.twilio.com", RootCAs: r.roots, NextProtos: []string{"h2"}})
		if err == nil || !strings.Contains(err.Error(), "no application protocol") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a name in capitals, with a port, is the same host", func(t *testing.T) {
		s := r.speakTLS(t, "API.twilio.com")
		s.write("POST " + messages + " HTTP/1.1\r\nHost: API.Twilio.com:443\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 44\r\n\r\nTo=%2B14155550199&From=%2B15005550006&Body=x")
		if a := s.hear("POST"); a.StatusCode != 400 || a.Header.Get("Sendgate-Reason") != "opted-out" {
			t.Errorf("answered %d %s", a.StatusCode, a.body)
		}
	})
	t.Run("a certificate that ended is refused, and the gate makes another in time", func(t *testing.T) {
		const week = 7 * 24 * time.Hour // the life of a certificate of the gate's
		var later atomic.Int64
		clock := func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
		r := newWaysRig(t, func(cfg *Config) { cfg.Now = clock })
		shake := func() error {
			c, err := tls.Dial("tcp", r.secure, &tls.Config{ServerName: "api.twilio.com", RootCAs: r.roots, Time: func() time.Time { return clock().Add(week) }})
			if err == nil {
				c.Close()
			}
			return err
		}
		first, err := r.g.certificate(&tls.ClientHelloInfo{ServerName: "api.twilio.com", Conn: new(footing)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = first.Leaf.Verify(x509.VerifyOptions{Roots: r.roots, CurrentTime: clock().Add(week + time.Second)})
		var ended x509.CertificateInvalidError
		if !errors.As(err, &ended) || ended.Reason != x509.Expired {
			t.Errorf("the first certificate, a week later: %v", err)
		}
		if err := shake(); err == nil || !strings.Contains(err.Error(), "expired") {
			t.Errorf("a client a week ahead: %v", err)
		}
		later.Store(int64(week))
		if second, err := r.g.certificate(&tls.ClientHelloInfo{ServerName: "api.twilio.com", Conn: new(footing)}); err != nil || !second.Leaf.NotBefore.After(first.Leaf.NotBefore) {
			t.Errorf("a week later: %v, %v", second.Leaf.NotBefore, err)
		}
	})
	t.Run("who trusts another authority gets nothing", func(t *testing.T) {
		_, err := tls.Dial("tcp", r.secure, &tls.Config{ServerName: "api.twilio.com", RootCAs: x509.NewCertPool()})
		var unknown *tls.CertificateVerificationError
		if !errors.As(err, &unknown) {
			t.Errorf("%v", err)
		}
	})
}

// TestLimitsOfTLS: who comes by host is bound by the same limits, and told so in the tunnel that was asked for.
func TestLimitsOfTLS(t *testing.T) {
	r := newWaysRig(t, func(cfg *Config) { cfg.Limits = Limits{Connections: 1, Read: 2 * time.Second} })
	silent, err := net.Dial("tcp", r.secure)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for deadline := time.Now().Add(patience); r.g.open.Load() != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody was let in")
		}
	}
	if a := r.speakTLS(t, "api.twilio.com").hear("GET"); a.StatusCode != 503 || !strings.Contains(a.body, "limits.connections") {
		t.Errorf("beyond limits.connections: answered %d %s", a.StatusCode, a.body)
	}
	if err := silent.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(silent); len(rest) > 0 || err != nil {
		t.Errorf("who says nothing was told %q, %v", rest, err)
	}
	for deadline := time.Now().Add(patience); r.g.open.Load() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("who said nothing still has a place")
		}
	}
	s := r.speakTLS(t, "api.twilio.com")
	s.write("POST " + messages + " HTTP/1.1\r\nHost: api.twilio.com\r\n")
	if a := s.hear("POST"); a.StatusCode != 408 {
		t.Errorf("a head that does not come: answered %d %s", a.StatusCode, a.body)
	}
}
