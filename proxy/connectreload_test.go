package proxy

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestTokenOfATunnelThatIsTakenBack: a reload that takes the token of a forward proxy away ends what was opened with
// it, at its next request, and leaves others alone.
func TestTokenOfATunnelThatIsTakenBack(t *testing.T) {
	for _, lane := range []string{"with the lane", withoutLane} {
		t.Run(lane, func(t *testing.T) {
			leaked, one := NewClientToken("shop")
			kept, other := NewClientToken("shop")
			var cfg Config
			r := newWaysRig(t, func(c *Config) {
				c.Connect.Clients = &ClientsConfig{Tokens: []ClientToken{one, other}}
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
			cfg.Connect = &ConnectConfig{Clients: &ClientsConfig{Tokens: []ClientToken{other}}}
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
		})
	}
}
