package providers

import "testing"

// TestHostAt: a client that comes by the name of a service's host in the region of the upstream reaches the route.
func TestHostAt(t *testing.T) {
	for _, c := range []struct{ name, upstream, want string }{
		{"mailgun", "https://api.eu.mailgun.net", "https://api.eu.mailgun.net"},
		{"mailgun", "", "https://api.mailgun.net"},
		{"mailgun", "https://api.eu.mailgun.net.example", "https://api.mailgun.net"},
		{"sendgrid", "https://api.eu.sendgrid.com", "https://api.eu.sendgrid.com"},
		{"sendgrid", "http://127.0.0.1:9090", "https://api.sendgrid.com"},
		{"bird", "https://eu1.platform.bird.com", "https://eu1.platform.bird.com"},
	} {
		if got := HostAt(c.name, c.upstream); got != c.want {
			t.Errorf("a route of %s to %q answers for %s, want %s", c.name, c.upstream, got, c.want)
		}
	}
}
