package main

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/bench"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/providers/mock"
	"github.com/sendgate/sendgate/store"
)

// self loads a gate that is started for it, as `sendgate demo` starts one: its store knows what the
// synthetic recipients agreed to, and the mock provider behind it watches what arrives.
func (r *benchRun) self() (s bench.Summary, err error) {
	dir, err := os.MkdirTemp("", "sendgate-bench-")
	if err != nil {
		return bench.Summary{}, err
	}
	defer os.RemoveAll(dir)
	watch := &watcher{crowd: r.crowd}
	provider := mock.New(mock.Config{OnSend: watch.see, Latency: func() time.Duration { return r.Latency }})
	upstream, stopMock, err := provider.Start("127.0.0.1:0")
	if err != nil {
		return bench.Summary{}, fmt.Errorf("starting the mock providers: %w", err)
	}
	defer stopMock()
	gate, err := openDemo(dir, upstream)
	if err != nil {
		return bench.Summary{}, err
	}
	gate.start()
	stop := func() error { return gate.stop() }
	defer func() {
		if stop != nil {
			err = errors.Join(err, stop())
		}
	}()
	if err := r.seed(gate.store); err != nil {
		return bench.Summary{}, err
	}
	// The mock Twilio takes no user but the account of the path, which is the samples' as well.
	r.secret = "Basic " + base64.StdEncoding.EncodeToString([]byte(demoAccount+":secret"))
	if r.Provider == "whatsapp" {
		r.secret = "Bearer bench"
	}
	r.base = "http://" + gate.sends.Addr().String() + "/" + r.Provider
	if s, err = r.load(); err != nil {
		return bench.Summary{}, err
	}
	// The gate finishes what it accepted before the provider's counts are final.
	err, stop = stop(), nil
	s.Upstream = &bench.Upstream{Accepted: provider.Counts().Accepted, Leaked: watch.leaked.Load(), Unedited: watch.unedited.Load()}
	return s, err
}

// seedBatch is how many people are recorded at once.
const seedBatch = 1000

// seed records what the synthetic recipients agreed to.
func (r *benchRun) seed(st *store.Store) error {
	people := r.crowd.Size
	if r.Count > 0 {
		people = min(people, uint64(r.Count)) // the others are never written to
	}
	channel, now := providers.Channel(r.Provider), time.Now()
	var events []filter.Event
	for i := range people {
		person, stand := r.crowd.Person(i)
		events = appendStand(events, filter.Recipient{Brand: demoBrand, Channel: channel, Address: person.Address}, stand, now)
		if len(events) < seedBatch && i+1 < people {
			continue
		}
		if err := st.Append(r.t.ctx, events...); err != nil {
			return fmt.Errorf("recording the synthetic consents: %w", err)
		}
		events = events[:0]
	}
	return nil
}

// appendStand appends the events that put a person where they stand. Whoever agreed has written an
// hour ago as well, so that a WhatsApp message without a template may go to them.
func appendStand(events []filter.Event, to filter.Recipient, stand bench.Stand, now time.Time) []filter.Event {
	if stand == bench.Stranger || stand == bench.Malformed {
		return events
	}
	const day = 24 * time.Hour
	agreed := filter.Event{Time: now.Add(-60 * day), To: to, Kind: filter.OptedIn, Scope: filter.OfCategory(filter.Marketing), Basis: filter.Express, Source: "bench",
		Proof: filter.Evidence{Method: "web form", Action: "ticked box", Wording: "Yes, send me offers by message."}}
	events = append(events, agreed)
	if stand == bench.OptedOut {
		return append(events, filter.Event{Time: now.Add(-2 * day), To: to, Kind: filter.OptedOut, Scope: filter.All, Source: "bench"})
	}
	if to.Channel == filter.WhatsApp {
		events = append(events, filter.Event{Time: now.Add(-time.Hour), To: to, Kind: filter.Wrote, Source: "bench"})
	}
	return events
}

// A watcher sees at the provider what arrives there, and knows what must not.
type watcher struct {
	crowd            bench.Crowd
	leaked, unedited atomic.Int64
}

// see judges one request by its recipient and its text alone.
func (w *watcher) see(s mock.Send) {
	if !s.Accepted {
		return
	}
	person, stand, found := w.crowd.Find(s.To)
	if !found || stand != bench.Agreed {
		w.leaked.Add(1)
		return
	}
	text := cmp.Or(s.Footer, s.Text)
	if strings.Contains(text, demoFooter) != (person.Want.Action == "rewrite") {
		w.unedited.Add(1)
	}
}
