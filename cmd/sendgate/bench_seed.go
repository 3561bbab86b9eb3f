package main

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/bench"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// seedBatch is how many events are recorded at once, and a few more.
const seedBatch = 1000

// seed records what the synthetic recipients agreed to in a store in dir.
func (r *benchRun) seed(dir string) (err error) {
	st, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	people := r.crowd.Size
	if r.Count > 0 {
		people = min(people, uint64(r.Count)) // the others are never written to
	}
	var done atomic.Uint64
	defer r.showLine(func() string {
		return fmt.Sprintf("recording what %d people agreed to: %d %%", people, 100*done.Load()/people)
	})()
	now := time.Now()
	var events []filter.Event
	for i := range people {
		person, stand := r.crowd.Person(i)
		events = r.appendStand(events, person, stand, now)
		if len(events) < seedBatch && i+1 < people {
			continue
		}
		if err := st.Append(r.t.ctx, events...); err != nil {
			return fmt.Errorf("recording the synthetic consents: %w", err)
		}
		events = events[:0]
		done.Store(i + 1)
	}
	return nil
}

// appendStand appends the events that put a person where they stand. Whoever agreed has written an
// hour ago as well, where that counts: so that a message without a template may go to them.
func (r *benchRun) appendStand(events []filter.Event, person bench.Recipient, stand bench.Stand, now time.Time) []filter.Event {
	const day = 24 * time.Hour
	to, marketing, topic := r.recipient(person), filter.OfCategory(filter.Marketing), filter.OfTopic(person.Topic)
	yes := func(scope filter.Scope) {
		events = append(events, filter.Event{Time: now.Add(-60 * day), To: to, Kind: filter.OptedIn, Scope: scope, Basis: filter.Express, Source: "bench",
			Proof: filter.Evidence{Method: "web form", Action: "ticked box", Wording: "Yes, send me offers by message."}})
	}
	no := func(scope filter.Scope) {
		events = append(events, filter.Event{Time: now.Add(-2 * day), To: to, Kind: filter.OptedOut, Scope: scope, Source: "bench"})
	}
	switch stand {
	case bench.Stranger, bench.Malformed:
		return events
	case bench.Agreed, bench.Leaving:
		yes(marketing)
	case bench.AgreedTopic:
		yes(topic)
	case bench.OtherTopic:
		yes(filter.OfTopic(r.crowd.OtherTopic(person.Topic)))
	case bench.LeftTopic:
		yes(marketing)
		no(topic)
	case bench.OptedOut:
		yes(marketing)
		no(filter.All)
	}
	if to.Channel != filter.SMS && stand != bench.OptedOut {
		events = append(events, filter.Event{Time: now.Add(-time.Hour), To: to, Kind: filter.Wrote, Source: "bench"})
	}
	return events
}
