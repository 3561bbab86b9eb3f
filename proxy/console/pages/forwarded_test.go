package pages

import (
	"net/http/httptest"
	"testing"
)

func TestConsoleSecurityForwarded(t *testing.T) {
	cfg := people()
	cfg.Proxies = []string{"10.0.0.7", "192.0.2.0/24", "2001:db8::/32"}
	p, err := New(Config{API: newRig(t).pages.api, Login: cfg})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		case_, remote string
		forwarded     []string
		want          string
	}{
		{"nothing stands in between", "198.51.100.1:1000", nil, "198.51.100.1:1000"},
		{"who comes by no proxy says that they came from elsewhere", "198.51.100.1:1000", []string{"203.0.113.9"}, "198.51.100.1:1000"},
		{"a proxy tells", "10.0.0.7:1000", []string{"203.0.113.9"}, "203.0.113.9:0"},
		{"a proxy tells what it heard, and then where that came from", "10.0.0.7:1000", []string{"127.0.0.1, 203.0.113.9"}, "203.0.113.9:0"},
		{"in several headers", "10.0.0.7:1000", []string{"127.0.0.1", "203.0.113.9"}, "203.0.113.9:0"},
		{"one proxy behind another", "10.0.0.7:1000", []string{"203.0.113.9, 192.0.2.8"}, "203.0.113.9:0"},
		{"a proxy tells nothing", "10.0.0.7:1000", nil, "10.0.0.7:0"},
		{"a proxy tells nonsense", "192.0.2.8:1000", []string{"203.0.113.9, unknown"}, "192.0.2.8:0"},
		{"version 6", "[2001:db8::1]:1000", []string{"2606:4700::1"}, "[2606:4700::1]:0"},
		{"a proxy tells the port, too", "10.0.0.7:1000", []string{"203.0.113.7:4711"}, "203.0.113.7:0"},
		{"a proxy tells the port of version 6, too", "10.0.0.7:1000", []string{"[2606:4700::1]:4711"}, "[2606:4700::1]:0"},
		{"one proxy behind another, with ports", "10.0.0.7:1000", []string{"203.0.113.9:4711, 192.0.2.8:4712"}, "203.0.113.9:0"},
		{"version 4 inside of version 6", "[::ffff:10.0.0.7]:1000", []string{"203.0.113.9"}, "203.0.113.9:0"},
	} {
		t.Run(c.case_, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/login", nil)
			r.RemoteAddr = c.remote
			for _, f := range c.forwarded {
				r.Header.Add("X-Forwarded-For", f)
			}
			if got := p.origin(r); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
