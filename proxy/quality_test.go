package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// TestTooManyCampaigns: clients may name campaigns as they like, and memory is bounded all the same.
func TestTooManyCampaigns(t *testing.T) {
	f := blow(t, "")
	rt := f.g.table.Load().routes["twilio"]
	for n := range 3 * maxCircuits {
		f.g.observe(rt, &filter.Message{To: person, Campaign: fmt.Sprint("c", n)}, 0, f.now())
	}
	total := 0
	for i := range f.g.breaker.shards {
		total += len(f.g.breaker.shards[i].circuits)
	}
	if total > maxCircuits || f.g.breaker.unwatched.Load() != uint64(3*maxCircuits-total) {
		t.Errorf("%d circuits, and %d had no room", total, f.g.breaker.unwatched.Load())
	}
	f.wait(2 * time.Hour)
	before := f.g.breaker.unwatched.Load()
	for n := range 1000 {
		f.g.observe(rt, &filter.Message{To: person, Campaign: fmt.Sprint("d", n)}, 0, f.now())
	}
	if f.g.breaker.unwatched.Load() != before {
		t.Error("what nobody uses any more makes no room")
	}
}

func TestQuality(t *testing.T) {
	f := blow(t, "")
	low, err := f.g.Quality("+15005550006", true, "ana", "FLAGGED")
	if err != nil || len(low) != 1 || low[0].Cause != filter.Quality || low[0].Reason != "the provider rates the quality of this sender low: FLAGGED" ||
		!low[0].Until.Equal(f.now().Add(filter.DefaultLowQuality)) {
		t.Fatalf("low: %+v, %v", low, err)
	}
	f.want("the sender is paused", f.send(1), "suspended")
	if again, err := f.g.Quality("+15005550006", true, "ana", "FLAGGED"); err != nil || len(again) != 1 || again[0].ID != low[0].ID {
		t.Errorf("told twice: %+v, %v", again, err)
	}
	other := pause(t, f.store, filter.Target{Sender: "+15005550006"}, time.Time{})
	if up, err := f.g.Quality("+15005550006", false, "ana", "UNFLAGGED"); err != nil || len(up) != 1 || up[0].ID != low[0].ID || up[0].LiftedBy != "ana" {
		t.Errorf("restored: %+v, %v", up, err)
	}
	if force := f.store.Switches().InForce(); len(force) != 1 || force[0].ID != other.ID {
		t.Errorf("what somebody paused must stay: %+v", force)
	}
	if up, err := f.g.Quality("+15005550006", false, "ana", ""); err != nil || len(up) != 0 {
		t.Errorf("restored twice: %+v, %v", up, err)
	}
}

// A pause for bad quality names the source of the consents that people ended: there the campaign, the form or the list
// is found that the trouble comes from.
func TestQualityNamesWherePeopleLeft(t *testing.T) {
	f := blow(t, "")
	n := 0
	joined := func(brand, source string, leave bool) {
		n++
		to := filter.Recipient{Brand: brand, Channel: filter.WhatsApp, Address: fmt.Sprintf("+1415555%04d", n)}
		learn(t, f.store, filter.Event{To: to, Kind: filter.OptedIn, Basis: filter.Express, Source: source, Time: f.now()})
		if leave {
			learn(t, f.store, filter.Event{To: to, Kind: filter.OptedOut, Source: "webhook", Time: f.now().Add(time.Minute)})
		}
	}
	joined("shop", "checkout", true)
	f.wait(8 * 24 * time.Hour) // too long ago to count
	for range 3 {
		joined("shop", "spring raffle", true)
		joined("club", "club form", true)
		joined("club", "club form", true)
	}
	joined("shop", "checkout", true)
	for range 9 {
		joined("shop", "checkout", false)
	}
	joined("shop", "call of +4915123456789", true)
	f.wait(time.Hour)
	low, err := f.g.rate("shop", "1066", true, "whatsapp webhook", "FLAGGED")
	if err != nil || len(low) != 1 || low[0].Reason != `the provider rates the quality of this sender low: FLAGGED; of 5 opt-outs since 2026-03-11 3 ended consents of the source "spring raffle"` {
		t.Errorf("got %+v, %v", low, err)
	}
	any, err := f.g.Quality("+15005550006", true, "ana", "")
	if err != nil || len(any) != 1 || any[0].Reason != `the provider rates the quality of this sender low; of 11 opt-outs since 2026-03-11 6 ended consents of the source "club form"` {
		t.Errorf("of all brands: got %+v, %v", any, err)
	}
	joined("verbose", strings.Repeat("form ", 200), true)
	f.wait(time.Hour)
	long, err := f.g.rate("verbose", "+15005550007", true, "ana", "")
	if err != nil || len(long) != 1 || long[0].Reason != "the provider rates the quality of this sender low" {
		t.Errorf("of a source whose name is longer than a reason may be: got %+v, %v", long, err)
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	f := blow(t, "")
	rt := f.g.table.Load().routes["twilio"]
	m := filter.Message{To: person, From: "+15005550006", Campaign: "spring"}
	now := f.now()
	if n := testing.AllocsPerRun(100, func() { f.g.observe(rt, &m, 0, now); f.g.admits(rt, &m, nil, now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestBadBreaker(t *testing.T) {
	for want, b := range map[string]filter.Breaker{
		"breaker: refusals: -1: want a number of refusals":                                               {Refusals: -1},
		"breaker: trials: -1: want a number of messages":                                                 {Trials: -1},
		"breaker: window: 1s: want at least a minute":                                                    {Window: time.Second},
		"breaker: pause: 1s: want at least a minute":                                                     {Pause: time.Second},
		"breaker: low_quality: 1s: want at least a minute":                                               {LowQuality: time.Second},
		"breaker: categories: utility is no category, or is there twice":                                 {Categories: []filter.Category{filter.Utility, filter.Utility}},
		"breaker: codes: pigeon: unknown provider: want one of " + strings.Join(providers.Names(), ", "): {Codes: map[string][]int{"pigeon": {1}}},
	} {
		cfg := oneRoute("http://127.0.0.1:1", nil)
		cfg.Breaker = &b
		if _, err := New(cfg, memory(t)); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
