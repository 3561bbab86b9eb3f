package proxy

import (
	"errors"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/valyala/fasthttp"
)

// A crowd is a provider of requests with several recipients, one a line, which can leave some out.
type crowd struct {
	providers.Provider
	fails bool
}

func (crowd) Parse(req *fasthttp.Request, b *providers.Batch) error {
	for line := range strings.Lines(string(req.Body())) {
		b.Messages = append(b.Messages, filter.Message{To: filter.Recipient{Channel: filter.SMS, Address: strings.TrimSpace(line)}})
	}
	return nil
}

func (c crowd) Rewrite(req *fasthttp.Request, b *providers.Batch) error {
	if c.fails {
		return errors.New("this one cannot be changed")
	}
	var left strings.Builder
	for i, d := range b.Decisions {
		if d.Action != filter.Block {
			left.WriteString(b.Messages[i].To.Address + "\n")
		}
	}
	req.SetBodyString(left.String())
	return nil
}

func TestManyRecipients(t *testing.T) {
	other := filter.Recipient{Brand: "default", Channel: filter.SMS, Address: "+14155550101"}
	for name, fails := range map[string]bool{"some are left out": false, "none is sent when the request cannot be changed": true} {
		t.Run(name, func(t *testing.T) {
			st := memory(t)
			learn(t, st, filter.Event{To: person, Kind: filter.OptedOut, Source: "test"})
			seen := make(chan wire, 1)
			base := play(t, loopback(t), echo(okAnswer, func(w wire) { seen <- w }))
			g, addr := start(t, oneRoute(base, nil), st)
			rt := g.table.Load().routes["twilio"]
			rt.provider = crowd{rt.provider, fails}
			a := ask(t, addr, post("/twilio/x", "text/plain", person.Address+"\n"+other.Address+"\n"))
			log := entries(t, st)
			if len(log) != 2 {
				t.Fatalf("the decision log has %d entries, want one a message", len(log))
			}
			outcome := map[string]decisions.Entry{log[0].To.Address: log[0], log[1].To.Address: log[1]}
			if e := outcome[person.Address]; e.Action != filter.Block || e.Reason != filter.HasOptedOut || e.Outcome != "refused" || e.Status != 0 {
				t.Errorf("who opted out: %+v", e)
			}
			e := outcome[other.Address]
			if fails {
				if a.StatusCode != 400 || a.Header.Get("Sendgate-Decision") != "block" || e.Action != filter.Block || len(seen) > 0 {
					t.Errorf("answered %d, %s; the other: %+v", a.StatusCode, a.Header.Get("Sendgate-Decision"), e)
				}
				return
			}
			if a.Header.Get("Sendgate-Decision") != "rewrite" || a.Header.Get("Sendgate-Reason") != "opted-out" || e.Action != filter.Forward || e.Outcome != "answered" {
				t.Errorf("decided %s, %s; the other: %+v", a.Header.Get("Sendgate-Decision"), a.Header.Get("Sendgate-Reason"), e)
			}
			if w := <-seen; w.body != other.Address+"\n" || w.header("Content-Length") != "13" {
				t.Errorf("the upstream received %q", w)
			}
		})
	}
}
