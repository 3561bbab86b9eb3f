package proxy

import (
	"testing"

	"github.com/sendgate/sendgate/proxy/access"
)

// clientCases are requests of the common form by how their client is known.
var clientCases = []struct {
	name   string
	line   func(token string) string
	change func(rc *RouteConfig, list *access.Config)
	most   float64 // allocations
}{
	{"nobody is asked", func(string) string { return basicAuth("a", "b") }, func(*RouteConfig, *access.Config) {}, 0},
	{"by a network", func(string) string { return basicAuth("a", "b") }, func(rc *RouteConfig, _ *access.Config) {
		rc.Clients = &access.Config{Networks: []string{"10.0.0.0/8", "127.0.0.0/8"}}
	}, 0},
	{"by a token", func(token string) string { return "Sendgate-Token: " + token }, func(rc *RouteConfig, list *access.Config) { rc.Clients = list }, 0},
	{"by a token where the credentials of the gate go", func(token string) string { return basicAuth(ownAccount, token) }, func(rc *RouteConfig, list *access.Config) {
		rc.Clients, rc.Credentials, rc.Authorize = list, &ownKeys, "gate"
	}, 9},
}

func knownExchanger(t testing.TB, i int) *exchanger {
	t.Helper()
	c := clientCases[i]
	token, entry := access.NewToken("shop")
	_, addr := start(t, oneRoute(unmoved(t), func(rc *RouteConfig) { c.change(rc, &access.Config{Tokens: []access.Token{entry}}) }), memory(t))
	return newExchanger(t, addr, withHeaders(sms(person.Address, "Your+order+12345+is+on+its+way"), c.line(token)), "201")
}

// TestClientAllocs: to know a client costs no allocation, and to put in credentials a few.
func TestClientAllocs(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	portable := portable(t)
	for i, c := range clientCases {
		t.Run(c.name, func(t *testing.T) {
			if portable {
				c.most++ // the look at a connection that was quiet
			}
			checkAllocs(t, knownExchanger(t, i), c.most)
		})
	}
}

// BenchmarkClients measures what it costs to know a client, and to put in credentials, beside a request of anybody.
func BenchmarkClients(b *testing.B) {
	for i, c := range clientCases {
		b.Run(c.name, func(b *testing.B) {
			e := knownExchanger(b, i)
			b.ReportAllocs()
			for b.Loop() {
				e.exchange(b)
			}
		})
	}
}
