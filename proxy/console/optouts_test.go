package console

import (
	"fmt"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

func TestOptOutsBySource(t *testing.T) {
	b := newBench(t)
	of := func(n int) filter.Recipient {
		return filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: fmt.Sprintf("+1415555%04d", n)}
	}
	learn := func(e filter.Event, source string) {
		e.Source = source
		b.learn(e)
	}
	for n := range 24 { // n people agreed at source n, and one of them left
		for i := range n + 1 {
			learn(optIn(of(100*n+i), noon.Add(-time.Hour)), fmt.Sprintf("import list-%02d.csv", n))
		}
		learn(optOut(of(100*n), noon.Add(-time.Minute)), "twilio answer")
	}
	learn(optOut(of(2300+1), noon.Add(-time.Minute)), "twilio answer")
	learn(optOut(of(9000), noon.Add(-time.Minute)), "twilio answer")
	learn(optOut(of(9000), noon.Add(-time.Second)), "twilio answer")
	if _, err := b.store.Erase(t.Context(), of(2200), "ana", "asked"); err != nil {
		t.Fatal(err)
	}
	b.at(noon.Add(time.Minute))
	t.Run("the sources with the most opt-outs come first, and the rest is counted together", func(t *testing.T) {
		got, err := b.client(Viewer).OptOutStats(t.Context(), OptOutQuery{})
		if err != nil || len(got.Sources) != 20 || !got.Complete || !got.Reached.Equal(got.Since) || got.Until.Sub(got.Since).Round(time.Second) != 24*time.Hour {
			t.Fatalf("got %+v, %v", got, err)
		}
		if want := (SourceCount{"import list-23.csv", ConsentCount{2, 24, 2.0 / 24}}); got.Sources[0] != want {
			t.Errorf("first: got %+v, want %+v", got.Sources[0], want)
		}
		if want := (ConsentCount{3, 1 + 2 + 3 + 22, 3.0 / 28}); got.OtherSources != want { // 0 to 2, and 22, which only one left who was erased
			t.Errorf("others: got %+v, want %+v", got.OtherSources, want)
		}
		if want := (ConsentCount{1, 1, 1}); got.Erased != want || got.NoConsent != 1 || got.Repeated != 1 || got.Total() != 26 {
			t.Errorf("got %+v of those erased, %d without consent, %d repeated, %d in all", got.Erased, got.NoConsent, got.Repeated, got.Total())
		}
	})
	t.Run("a brand and a time have their own", func(t *testing.T) {
		for _, q := range []OptOutQuery{{Brand: "other"}, {Since: noon.Add(time.Second)}, {Since: noon.Add(-time.Hour), Until: noon}} {
			if got, err := b.client(Viewer).OptOutStats(t.Context(), q); err != nil || got.Total() != 0 || got.Sources == nil || len(got.Sources) != 0 {
				t.Errorf("%+v: got %+v, %v", q, got, err)
			}
		}
	})
	t.Run("who looks at few events is told from when on", func(t *testing.T) {
		got, err := b.client(Viewer).OptOutStats(t.Context(), OptOutQuery{Most: 1})
		if err != nil || got.Complete || got.Reached.Before(got.Since) || got.Total() > 1 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	for query, want := range map[string][2]string{
		"most=0":                            {"most", `"0": want a number from 1 to 200000`},
		"most=200001":                       {"most", `"200001": want a number from 1 to 200000`},
		"most=all":                          {"most", `"all": want a number from 1 to 200000`},
		"since=2026-03-10&until=2026-03-09": {"until", "want a moment after since"},
		"until=lately":                      {"until", `"lately" is no time: want a date (2026-01-31) or RFC 3339 (2026-01-31T09:30:00Z), or a duration before now (24h)`},
	} {
		t.Run("refused: "+query, func(t *testing.T) {
			if status, body, _ := b.ask(Viewer, "GET", "/api/v1/stats/opt-outs?"+query, "", ""); status != 400 || body != errorJSON(t, want[0], want[1]) {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
}
