package proxy

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/proxy/access"
)

// TestTunnelsThatAreTakenBack: a reload that takes CONNECT itself away lets nobody go on in what was opened, also where
// the hosts are still answered for on the TLS listener.
func TestTunnelsThatAreTakenBack(t *testing.T) {
	var cfg Config
	r := newWaysRig(t, func(c *Config) { cfg = *c })
	inside, base := r.client(t, "CONNECT")
	beside, there := r.client(t, "host")
	post := func(c *http.Client, base string) int {
		resp, err := c.Post(base+messages, "application/x-www-form-urlencoded", strings.NewReader("To=%2B14155550100&From=%2B15005550006&Body=Hi"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body) // or the connection would not be kept
		return resp.StatusCode
	}
	if got := post(inside, base); got != 200 {
		t.Fatalf("answered %d", got)
	}
	cfg.Connect = nil
	if err := r.g.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	if got := post(inside, base); got != 421 {
		t.Errorf("within a tunnel: answered %d", got)
	}
	if got := post(beside, there); got != 200 {
		t.Errorf("on the TLS listener: answered %d", got)
	}
}

// TestTunnelsThatMayNotGoOn: what leads through the gate to a host of nobody's ends with the next thing that is said, once
// the configuration does not let it through any more; a reload that does leaves it alone.
func TestTunnelsThatMayNotGoOn(t *testing.T) {
	token, shop := access.NewToken("shop")
	_, other := access.NewToken("other")
	for name, c := range map[string]struct {
		then *ConnectConfig
		open bool
	}{
		"nothing changes":                 {&ConnectConfig{Other: "tunnel", Hosts: []string{"public.example"}, Clients: &access.Config{Tokens: []access.Token{shop}}}, true},
		"anybody may come":                {&ConnectConfig{Other: "tunnel", Hosts: []string{"public.example"}}, true},
		"the token is taken back":         {&ConnectConfig{Other: "tunnel", Hosts: []string{"public.example"}, Clients: &access.Config{Tokens: []access.Token{other}}}, false},
		"another host is tunnelled to":    {&ConnectConfig{Other: "tunnel", Hosts: []string{"other.example"}}, false},
		"what is not answered is refused": {new(ConnectConfig), false},
		"there is no CONNECT":             {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			var cfg Config
			r := newWaysRig(t, func(c *Config) {
				c.Connect = &ConnectConfig{Other: "tunnel", Hosts: []string{"public.example"}, Clients: &access.Config{Tokens: []access.Token{shop}}}
				cfg = *c
			})
			ln := loopback(t)
			r.names, r.beyond = beyondNames, ln.Addr().String()
			play(t, ln, func(c net.Conn) { _, _ = io.Copy(c, c) })
			s := r.establish(t, "public.example", "Proxy-Authorization: Bearer "+token+"\r\n")
			says := func(line string) string {
				s.write(line)
				got, _ := s.br.ReadString('\n')
				return got
			}
			if got := says("hello\n"); got != "hello\n" {
				t.Fatalf("heard %q", got)
			}
			cfg.Connect = c.then
			if err := r.g.Reload(cfg); err != nil {
				t.Fatal(err)
			}
			if got := says("more\n"); (got == "more\n") != c.open || !c.open && got != "" {
				t.Errorf("heard %q", got)
			}
		})
	}
}

// TestTokenOfATunnelThatIsTakenBack: a reload that takes the token of a forward proxy away ends what was opened with
// it, at its next request, and leaves others alone.
func TestTokenOfATunnelThatIsTakenBack(t *testing.T) {
	for _, lane := range []string{"with the lane", withoutLane} {
		t.Run(lane, func(t *testing.T) {
			leaked, one := access.NewToken("shop")
			kept, other := access.NewToken("shop")
			var cfg Config
			r := newWaysRig(t, func(c *Config) {
				c.Connect.Clients = &access.Config{Tokens: []access.Token{one, other}}
				cfg = *c
			})
			through := func(token string) func() (int, error) {
				c, base := r.client(t, "CONNECT")
				c.Transport.(*http.Transport).Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: r.plain, User: url.UserPassword("shop", token)})
				return func() (int, error) {
					resp, err := c.Post(base+messages, "application/x-www-form-urlencoded", strings.NewReader("To=%2B14155550100&From=%2B15005550006&Body=Hi"))
					if err != nil {
						return 0, err
					}
					_, _ = io.Copy(io.Discard, resp.Body) // or the connection would not be kept
					resp.Body.Close()
					return resp.StatusCode, nil
				}
			}
			thief, shop := through(leaked), through(kept)
			for _, send := range []func() (int, error){thief, shop} {
				if status, err := send(); status != 200 || err != nil {
					t.Fatalf("answered %d, %v", status, err)
				}
			}
			cfg.Connect = &ConnectConfig{Clients: &access.Config{Tokens: []access.Token{other}}}
			if err := r.g.Reload(cfg); err != nil {
				t.Fatal(err)
			}
			if status, err := thief(); status != 401 || err != nil {
				t.Errorf("within the tunnel of a token that was taken back: answered %d, %v", status, err)
			}
			if status, err := thief(); err == nil || !strings.Contains(err.Error(), "Proxy Authentication Required") {
				t.Errorf("and then: answered %d, %v", status, err)
			}
			if status, err := shop(); status != 200 || err != nil {
				t.Errorf("within the tunnel of a token that counts: answered %d, %v", status, err)
			}
			if n := r.g.connects[connectOpened].Load(); n != 2 {
				t.Errorf("%d tunnels were opened", n)
			}
			if n := len(r.seen); n != 3 {
				t.Errorf("%d messages were sent", n)
			}
			if n := r.g.counts["twilio"].client("shop").Load(); n != 3 {
				t.Errorf("the token came in with %d requests, by the metrics", n)
			}
		})
	}
}

// TestTLSThatIsTakenOutOfTheConfiguration: its listener, which is there until a restart, goes on to answer, for the hosts
// of the routes that are in force, by the certificates that it had; also where the files of its authority are gone.
func TestTLSThatIsTakenOutOfTheConfiguration(t *testing.T) {
	var cfg Config
	r := newWaysRig(t, func(c *Config) {
		c.Connect = nil
		cfg = *c
	})
	c, base := r.client(t, "host")
	send := func() (int, []byte) {
		t.Helper()
		resp, err := c.Post(base+messages, "application/x-www-form-urlencoded", strings.NewReader("To=%2B14155550100&From=%2B15005550006&Body=Hi"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body) // or the connection would not be kept
		return resp.StatusCode, resp.TLS.PeerCertificates[0].Raw
	}
	status, before := send()
	if status != 200 {
		t.Fatalf("answered %d", status)
	}
	cfg.TLS, cfg.CA = nil, t.TempDir()
	if err := r.g.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	for _, connection := range []string{"the same", "another"} {
		if status, shown := send(); status != 200 || !bytes.Equal(shown, before) {
			t.Errorf("on %s connection: answered %d, by the same certificate: %v", connection, status, bytes.Equal(shown, before))
		}
		c.CloseIdleConnections()
	}
	cfg.Routes["second"] = RouteConfig{Provider: "vonage-sms", Policy: anyone}
	err := r.g.Reload(cfg)
	if err == nil || !strings.Contains(err.Error(), "may not sign for rest.nexmo.com") || !strings.HasSuffix(err.Error(), "until a restart the gate listens for TLS") {
		t.Errorf("a host that its authority may not sign for: %v", err)
	}
}

// Whoever comes by a tunnel is counted with each request, which allocates nothing for that.
func TestCountingAClientAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	var c counters
	name := strings.Clone("shop")
	if n := testing.AllocsPerRun(100, func() { c.client(name).Add(1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
