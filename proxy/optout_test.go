package proxy

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// TestLinearOptOut has many senders write to one recipient while the recipient opts out. No send
// that began after the opt-out was acknowledged is forwarded.
func TestLinearOptOut(t *testing.T) {
	policies := map[string]filter.Config{
		"where only opt-outs count":          anyone,
		"where the whole record is read":     {Require: map[filter.Category]filter.Basis{filter.Marketing: filter.Express}},
		"where the text has to be rewritten": {Require: anyone.Require, Footer: filter.Footer{Line: "Reply STOP to opt out"}},
	}
	for name, policy := range policies {
		t.Run(name, func(t *testing.T) {
			const rounds, senders = 25, 8
			st := memory(t)
			base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
			_, addr := start(t, oneRoute(base, func(rc *RouteConfig) { rc.Policy = policy }), st)
			connections := make([]*speaker, senders)
			for i := range connections {
				connections[i] = speak(t, addr)
			}
			var forwarded atomic.Int64
			for round := range rounds {
				to := filter.Recipient{Brand: "default", Channel: filter.SMS, Address: fmt.Sprintf("+1415555%04d", round)}
				learn(t, st, filter.Event{To: to, Kind: filter.OptedIn, Basis: filter.Express, Source: "test"})
				var acknowledged atomic.Bool
				var group, warm sync.WaitGroup
				warm.Add(senders)
				for _, s := range connections {
					group.Go(func() { forwarded.Add(insist(s, sms(to.Address, "Sale"), &acknowledged, warm.Done)) })
				}
				warm.Wait()
				out := filter.Event{To: to, Kind: filter.OptedOut, Source: "test"}
				if round%2 == 1 {
					out.To = to.Everywhere()
				}
				if err := st.Append(context.Background(), out); err != nil {
					t.Error(err)
				}
				acknowledged.Store(true)
				group.Wait()
			}
			if n := forwarded.Load(); n < rounds {
				t.Errorf("only %d sends were forwarded before the opt-outs: the test showed nothing", n)
			}
		})
	}
}

// insist makes a send again until three that began after the acknowledgement were answered, calls
// begun after the first, and returns how many were forwarded.
func insist(s *speaker, request string, acknowledged *atomic.Bool, begun func()) (forwarded int64) {
	for n, late := 0, 0; late < 3; n++ {
		began := acknowledged.Load()
		s.write(request)
		a := s.hear("POST")
		went := a.Header.Get("Sendgate-Decision") != "block"
		if began && went {
			s.t.Errorf("a send that began after the acknowledgement was told %d, %s", a.StatusCode, a.Header.Get("Sendgate-Decision"))
		}
		if went {
			forwarded++
		}
		if began {
			late++
		}
		if n == 0 {
			begun()
		}
	}
	return forwarded
}
