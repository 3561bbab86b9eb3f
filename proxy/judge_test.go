package proxy

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// TestJudgeOfThePast: a past moment is judged from what was known then, now and later from what is
// known now.
func TestJudgeOfThePast(t *testing.T) {
	start := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	var hours atomic.Int64
	now := func() time.Time { return start.Add(time.Duration(hours.Load()) * time.Hour) }
	st, err := store.Open(store.Config{Memory: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	g, err := New(Config{Now: now, Routes: map[string]RouteConfig{"twilio": {}}}, st)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []filter.Kind{filter.OptedIn, filter.OptedOut} {
		e := filter.Event{To: person, Kind: kind, Source: "test"}
		if kind == filter.OptedIn {
			e.Basis = filter.Express
		}
		if err := st.Append(context.Background(), e); err != nil {
			t.Fatal(err)
		}
		hours.Add(1)
	}
	clock := now()
	for at, want := range map[time.Time]filter.Reason{
		clock.Add(-3 * time.Hour):    filter.NoConsent,
		clock.Add(-90 * time.Minute): filter.Allowed,
		clock.Add(-time.Minute):      filter.HasOptedOut,
		clock:                        filter.HasOptedOut,
		clock.Add(time.Hour):         filter.HasOptedOut,
		{}:                           filter.HasOptedOut,
	} {
		if d, _, err := g.Judge("twilio", filter.Message{To: person, Text: "Sale"}, at); err != nil || d.Reason != want {
			t.Errorf("at %s: %+v, %v; want %s", at, d, err, want)
		}
	}
}
