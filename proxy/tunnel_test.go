package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func addrs(texts ...string) (all []netip.Addr) {
	for _, text := range texts {
		all = append(all, netip.MustParseAddr(text))
	}
	return all
}

// beyondNames are the hosts that a gate may tunnel to, by where they are.
var beyondNames = map[string][]netip.Addr{
	"public.example":    addrs("8.8.4.4"),
	"loopback.example":  addrs("127.0.0.1"),
	"private.example":   addrs("10.1.2.3"),
	"mixed.example":     addrs("8.8.4.4", "192.168.1.1"),
	"metadata.example":  addrs("169.254.169.254"),
	"shared.example":    addrs("100.64.0.1"),
	"mapped.example":    addrs("::ffff:127.0.0.1"),
	"six.example":       addrs("::1"),
	"local.example":     addrs("fd00::1"),
	"translate.example": addrs("64:ff9b::7f00:1"),
	"nothing.example":   addrs("0.0.0.0"),
	"nowhere.example":   nil,
}

func newTunnelRig(t *testing.T, limits Limits) *waysRig {
	t.Helper()
	r := newWaysRig(t, func(cfg *Config) {
		cfg.Limits = limits
		cfg.Connect = &ConnectConfig{Other: "tunnel"}
		for host := range beyondNames {
			cfg.Connect.Hosts = append(cfg.Connect.Hosts, host)
		}
	})
	r.names = beyondNames
	ln := loopback(t)
	r.beyond = ln.Addr().String()
	play(t, ln, func(c net.Conn) { _, _ = io.Copy(c, c) })
	return r
}

// TestConnectRefusals: what is no CONNECT to a host that the gate answers for, or may tunnel to, is refused
// in words, and nobody is called.
func TestConnectRefusals(t *testing.T) {
	r := newTunnelRig(t, Limits{})
	for _, c := range []struct {
		name, request string
		status        int
		says          string
	}{
		{"a host that nobody listed", "CONNECT example.com:443 HTTP/1.1\nHost: example.com:443\n\n", 403, "opens no tunnel to example.com"},
		{"a name that leads to this machine", "CONNECT loopback.example:443 HTTP/1.1\nHost: x\n\n", 403, "not public"},
		{"a name that leads into a private network", "CONNECT private.example:443 HTTP/1.1\nHost: x\n\n", 403, "not public"},
		{"a name that leads there besides", "CONNECT mixed.example:443 HTTP/1.1\nHost: x\n\n", 403, "not public"},
		{"a name of the link", "CONNECT metadata.example:443 HTTP/1.1\nHost: x\n\n", 403, "not public"},
		{"a name behind a carrier's translation", "CONNECT shared.example:443 HTTP/1.1\nHost: x\n\n", 403, "not public"},
		{"an IPv4 address in IPv6", "CONNECT mapped.example:443 HTTP/1.1\nHost: x\n\n", 403, "not public"},
		{"loopback in IPv6", "CONNECT six.example:443 HTTP/1.1\nHost: x\n\n", 403, "not public"},
		{"a local address in IPv6", "CONNECT local.example:443 HTTP/1.1\nHost: x\n\n", 403, "not public"},
		{"an address that is translated to a private one", "CONNECT translate.example:443 HTTP/1.1\nHost: x\n\n", 403, "not public"},
		{"the address of nobody", "CONNECT nothing.example:443 HTTP/1.1\nHost: x\n\n", 403, "not public"},
		{"a name that nobody knows", "CONNECT nowhere.example:443 HTTP/1.1\nHost: x\n\n", 502, "could not be reached"},
		{"an address in place of a name", "CONNECT 127.0.0.1:443 HTTP/1.1\nHost: x\n\n", 403, "by their names"},
		{"an address in IPv6", "CONNECT [::1]:443 HTTP/1.1\nHost: x\n\n", 403, "by their names"},
		{"a number that is an address", "CONNECT 2130706433:443 HTTP/1.1\nHost: x\n\n", 403, "by their names"},
		{"another port of a provider", "CONNECT api.twilio.com:80 HTTP/1.1\nHost: x\n\n", 403, "port 443 alone"},
		{"another port of a listed host", "CONNECT public.example:22 HTTP/1.1\nHost: x\n\n", 403, "port 443 alone"},
		{"no port", "CONNECT api.twilio.com HTTP/1.1\nHost: x\n\n", 400, "must be host:port"},
		{"a path", "CONNECT /twilio HTTP/1.1\nHost: x\n\n", 400, "must be host:port"},
		{"a body", "CONNECT api.twilio.com:443 HTTP/1.1\nHost: x\nContent-Length: 5\n\nhello", 400, "has no body"},
		{"a body in chunks", "CONNECT api.twilio.com:443 HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n0\n\n", 400, "has no body"},
		{"two Host headers", "CONNECT api.twilio.com:443 HTTP/1.1\nHost: x\nHost: y\n\n", 400, "too many host headers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := ask(t, r.plain, crlf(c.request))
			if a.StatusCode != c.status || !strings.Contains(a.body, c.says) || !a.Close {
				t.Errorf("answered %d %s, to be closed: %t", a.StatusCode, a.body, a.Close)
			}
		})
	}
	if len(r.dialed) > 0 {
		t.Errorf("%s was called", <-r.dialed)
	}
}

// establish has r open a tunnel to host, by further header lines.
func (r *waysRig) establish(t testing.TB, host string, lines ...string) *speaker {
	t.Helper()
	s := speak(t, r.plain)
	s.write("CONNECT " + host + ":443 HTTP/1.1\r\nHost: " + host + ":443\r\n" + strings.Join(lines, "") + "\r\n")
	for _, want := range []string{"HTTP/1.1 200 Connection established\r\n", "\r\n"} {
		if line, err := s.br.ReadString('\n'); line != want {
			t.Fatalf("answered %q, %v", line, err)
		}
	}
	return s
}

// bare is the connection of a speaker, with what was read of it.
type bare struct {
	net.Conn
	br *bufio.Reader
}

func (b bare) Read(p []byte) (int, error) { return b.br.Read(p) }

// TestTunnel: a host that was listed is called at the address that was looked at, and both sides hear each
// other, until either ends.
func TestTunnel(t *testing.T) {
	r := newTunnelRig(t, Limits{})
	s := speak(t, r.plain)
	s.write("CONNECT Public.example:443 HTTP/1.1\r\nHost: x\r\n\r\nhel") // what it says at once is not lost
	s.write("lo\n")
	for _, want := range []string{"HTTP/1.1 200 Connection established\r\n", "\r\n", "hello\n"} {
		if line, err := s.br.ReadString('\n'); line != want {
			t.Fatalf("heard %q, %v", line, err)
		}
	}
	if at := <-r.dialed; at != "8.8.4.4:443" {
		t.Errorf("%s was called", at)
	}
	if err := s.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(s.br); len(rest) > 0 || err != nil {
		t.Errorf("after the end came %q, %v", rest, err)
	}
}

// TestTunnelsEnd: a tunnel ends with the gate, or when nothing is said for limits.idle, and gives its place back.
func TestTunnelsEnd(t *testing.T) {
	t.Run("nothing is said", func(t *testing.T) {
		r := newTunnelRig(t, Limits{Idle: 100 * time.Millisecond, Connections: 1})
		for range 2 { // the second needs the place of the first
			s := r.establish(t, "public.example")
			if rest, err := io.ReadAll(s.br); len(rest) > 0 || err != nil {
				t.Errorf("the tunnel ended with %q, %v", rest, err)
			}
			for deadline := time.Now().Add(patience); r.g.open.Load() > 0; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the connection still has its place")
				}
			}
		}
	})
	t.Run("the gate ends", func(t *testing.T) {
		r := newTunnelRig(t, Limits{})
		beyond, inside := r.establish(t, "public.example"), r.establish(t, "api.twilio.com")
		c := tls.Client(bare{inside.conn, inside.br}, &tls.Config{ServerName: "api.twilio.com", RootCAs: r.roots})
		within := &speaker{t, c, bufio.NewReader(c)}
		within.write("GET / HTTP/1.1\r\nHost: api.twilio.com\r\n\r\n")
		within.hear("GET")
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.g.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]io.Reader{"to a listed host": beyond.br, "to a provider": within.br} {
			if rest, err := io.ReadAll(c); len(rest) > 0 || err != nil {
				t.Errorf("the tunnel %s ended with %q, %v", name, rest, err)
			}
		}
		if n := r.g.open.Load(); n != 0 {
			t.Errorf("%d connections have places", n)
		}
	})
}

// TestInsideATunnel: inside a tunnel to a provider, no other provider is named, and no tunnel is opened.
func TestInsideATunnel(t *testing.T) {
	r := newWaysRig(t, func(cfg *Config) {
		cfg.Limits.Read = 200 * time.Millisecond
		cfg.Routes["whatsapp"] = RouteConfig{}
	})
	t.Run("another name that the gate answers for elsewhere", func(t *testing.T) {
		s := r.establish(t, "api.twilio.com")
		err := tls.Client(bare{s.conn, s.br}, &tls.Config{ServerName: "graph.facebook.com", RootCAs: r.roots}).Handshake()
		if err == nil || !strings.Contains(err.Error(), "unrecognized name") {
			t.Errorf("%v", err)
		}
	})
	t.Run("another tunnel", func(t *testing.T) {
		s := r.establish(t, "api.twilio.com")
		c := tls.Client(bare{s.conn, s.br}, &tls.Config{ServerName: "api.twilio.com", RootCAs: r.roots})
		inner := &speaker{t, c, bufio.NewReader(c)}
		inner.write("CONNECT api.twilio.com:443 HTTP/1.1\r\nHost: api.twilio.com:443\r\n\r\n")
		if a := inner.hear("CONNECT"); a.StatusCode != 400 || !strings.Contains(a.body, "inside of a tunnel already") {
			t.Errorf("answered %d %s", a.StatusCode, a.body)
		}
	})
	t.Run("plain HTTP", func(t *testing.T) {
		s := r.establish(t, "api.twilio.com")
		s.write(sms(person.Address, "Sale"))
		if a := s.hear("POST"); a.StatusCode != 400 || !strings.Contains(a.body, "speaks TLS") {
			t.Errorf("answered %d %s", a.StatusCode, a.body)
		}
	})
	t.Run("silence ends with limits.read", func(t *testing.T) {
		s := r.establish(t, "api.twilio.com")
		if rest, err := io.ReadAll(s.br); len(rest) > 0 || err != nil {
			t.Errorf("the tunnel ended with %q, %v", rest, err)
		}
	})
	if len(r.seen) > 0 {
		t.Errorf("%d requests reached the provider", len(r.seen))
	}
}
