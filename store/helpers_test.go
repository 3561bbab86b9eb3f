package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

// noon is the moment at which most tests happen.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// open opens a store that the test closes, if the test did not. Its clock stands at noon unless
// cfg has another.
func open(t testing.TB, cfg store.Config) *store.Store {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return noon }
	}
	s, err := store.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func closeStore(t testing.TB, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// eventually polls for what another goroutine or process brings about.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func optOut(to filter.Recipient, id string) filter.Event {
	return filter.Event{ID: id, To: to, Kind: filter.OptedOut, Source: "test"}
}

func optIn(to filter.Recipient, id string) filter.Event {
	return filter.Event{ID: id, To: to, Kind: filter.OptedIn, Basis: filter.Express, Source: "test"}
}

func keep(t testing.TB, s *store.Store, events ...filter.Event) {
	t.Helper()
	if err := s.Append(context.Background(), events...); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, s *store.Store, to filter.Recipient, need filter.Need) filter.Record {
	t.Helper()
	r, err := s.Read(to, need)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// barred reports whether marketing to the recipient is stopped by an opt-out.
func barred(t testing.TB, s *store.Store, to filter.Recipient) bool {
	t.Helper()
	r := read(t, s, to, filter.NeedOptOut)
	at, _ := r.OptedOut(&filter.Message{})
	return !at.IsZero()
}

func history(t testing.TB, s *store.Store, to filter.Recipient) []filter.Event {
	t.Helper()
	events, err := s.History(to)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// metric is the value of a metric with one label value, or none.
func metric(t testing.TB, r *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := m.GetLabel()
			if label != "" && (len(labels) == 0 || labels[0].GetValue() != label) {
				continue
			}
			switch {
			case m.Counter != nil:
				return m.Counter.GetValue()
			case m.Gauge != nil:
				return m.Gauge.GetValue()
			default:
				return float64(m.Histogram.GetSampleCount())
			}
		}
	}
	t.Fatalf("no metric %s %s", name, label)
	return 0
}

// ids lists the ids of the entries that q chooses.
func ids(t testing.TB, s *store.Store, q decisions.Query) []string {
	t.Helper()
	var out []string
	for e, err := range s.Decisions().Entries(q) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e.ID)
	}
	return out
}

// decision is the n-th of a row of entries, one a second.
func decision(n int) decisions.Entry {
	at := noon.Add(time.Duration(n) * time.Second)
	return decisions.Entry{ID: idAt(n), Time: at, Route: "twilio", Provider: "twilio", Mode: "enforce", Config: "c1",
		To: storetest.Person("acme", n), From: "+15559990000", Campaign: "spring", Text: "Spring sale. Reply STOP to opt out.",
		Action: filter.Forward, Enforced: true, Reason: filter.Allowed, Outcome: "answered", Status: 201, Micros: 812}
}

func idAt(n int) string { return fmt.Sprintf("01arz%021d", n) }
