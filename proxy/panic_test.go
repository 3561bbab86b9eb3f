package proxy

import (
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// A stumbler is a provider with a fault in it.
type stumbler struct {
	providers.Provider
	at string
}

func (s stumbler) Parse(req *fasthttp.Request, b *providers.Batch) error {
	if s.at == "Parse" {
		panic("a fault in Parse")
	}
	return s.Provider.Parse(req, b)
}

func (s stumbler) Learn(resp *fasthttp.Response, b *providers.Batch) (int, []filter.Event) {
	panic("a fault in Learn")
}

func TestAPanicEndsOneRequestAndTellsTheTruth(t *testing.T) {
	for _, c := range []struct {
		name, at, outcome string
		status, arrived   int
	}{
		{"a fault before the send says that nothing was sent", "Parse", "not-sent", 503, 0},
		{"a fault after the send says that it may have been sent", "Learn", "unknown", 424, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := memory(t)
			learn(t, st, filter.Event{To: person, Kind: filter.OptedIn, Basis: filter.Express, Source: "test"})
			arrived := make(chan wire, 10)
			base := play(t, loopback(t), echo(okAnswer, func(w wire) { arrived <- w }))
			g, addr := start(t, oneRoute(base, nil), st)
			rt := g.table.Load().routes["twilio"]
			sound := rt.provider
			rt.provider = stumbler{sound, c.at}
			a := ask(t, addr, sms(person.Address, "Sale"))
			if a.StatusCode != c.status || a.Header.Get("Sendgate-Outcome") != c.outcome || len(arrived) != c.arrived {
				t.Errorf("answered %d, %q, and %d arrived", a.StatusCode, a.Header.Get("Sendgate-Outcome"), len(arrived))
			}
			if c.outcome == "not-sent" && !strings.Contains(a.body, "a fault of its own") {
				t.Errorf("the client is told %s", a.body)
			}
			rt.provider = sound
			if a := ask(t, addr, sms(person.Address, "Sale")); a.StatusCode != 200 || len(arrived) != c.arrived+1 {
				t.Errorf("the next request is answered %d", a.StatusCode)
			}
		})
	}
}
