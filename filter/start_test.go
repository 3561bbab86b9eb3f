package filter

import (
	"slices"
	"testing"
	"time"
)

// TestStartable: what happened, in minutes, and what START says yes to then.
func TestStartable(t *testing.T) {
	offers, news, orders, shop := OfTopic("offers"), OfTopic("news"), OfTopic("orders"), OfSender("+15005550006")
	marketing, utility, service, codes := OfCategory(Marketing), OfCategory(Utility), OfCategory(Service), OfCategory(Authentication)
	brand := Brand{Topics: map[string]Category{"offers": Marketing, "news": Marketing, "orders": Utility}}
	at := func(minute int, kind Kind, s Scope) Event {
		return Event{Time: time.Date(2026, 11, 22, 10, minute, 0, 0, time.UTC), Kind: kind, Scope: s, Basis: Express}
	}
	bought := at(1, OptedIn, utility)
	bought.Basis = ByTransaction
	for _, c := range []struct {
		name      string
		events    []Event
		withdrawn []Scope
		start     []Scope
		free      []Scope // where marketing needs no consent; left out: withdrawn
	}{
		{name: "a stranger"},
		{name: "somebody who agreed and never left", events: []Event{at(1, OptedIn, All), at(2, Wrote, All)}},
		{name: "somebody who left, and agreed to nothing before", events: []Event{at(1, OptedOut, All)},
			withdrawn: []Scope{All}, start: []Scope{utility, service, codes}},
		{name: "somebody who only bought something", events: []Event{bought, at(2, OptedOut, All)},
			withdrawn: []Scope{All}, start: []Scope{utility, service, codes}},
		{name: "somebody who had agreed to everything", events: []Event{at(1, OptedIn, All), at(2, OptedOut, All)},
			withdrawn: []Scope{All}, start: []Scope{utility, service, codes, All}},
		{name: "to one kind of marketing", events: []Event{at(1, OptedIn, offers), at(2, OptedOut, All)},
			withdrawn: []Scope{All}, start: []Scope{utility, service, codes, offers}},
		{name: "and came back", events: []Event{at(1, OptedOut, offers), at(2, OptedIn, offers)}},
		{name: "and came back to everything", events: []Event{at(1, OptedOut, offers), at(2, OptedIn, All)}},
		{name: "to one of two", events: []Event{at(1, OptedIn, marketing), at(2, OptedOut, offers), at(2, OptedOut, news), at(3, OptedIn, news)},
			withdrawn: []Scope{offers}, start: []Scope{offers}},
		{name: "back at the moment of leaving", events: []Event{at(1, OptedOut, offers), at(1, OptedIn, offers)}, withdrawn: []Scope{offers}, start: []Scope{offers}},
		{name: "somebody who left a topic that they had not asked for", events: []Event{at(1, OptedIn, news), at(2, OptedOut, offers)}, withdrawn: []Scope{offers}},
		{name: "somebody who left what is no marketing", events: []Event{at(2, OptedOut, orders)}, withdrawn: []Scope{orders}, start: []Scope{orders}},
		{name: "somebody who left marketing, and had agreed to a part of it", events: []Event{at(1, OptedIn, offers), at(1, OptedIn, orders), at(2, OptedOut, marketing)},
			withdrawn: []Scope{marketing}, start: []Scope{offers}},
		{name: "somebody who left one sender", events: []Event{at(1, OptedIn, offers), at(2, OptedOut, shop)},
			withdrawn: []Scope{shop}, start: []Scope{utility, service, codes, offers}},
		{name: "somebody erased, of whom it counts no more what they agreed to", events: []Event{at(1, OptedIn, All), at(2, Erased, All)},
			withdrawn: []Scope{All}, start: []Scope{utility, service, codes}},
		{name: "who came back since", events: []Event{at(1, Erased, All), at(2, OptedIn, All)}},
		{name: "somebody who was asked", events: []Event{at(1, Asked, offers)}, start: []Scope{offers}},
		{name: "and said yes", events: []Event{at(1, Asked, offers), at(2, OptedIn, offers)}},
		{name: "and said no", events: []Event{at(1, Asked, offers), at(2, Refused, offers)}},
		{name: "and is asked once more after a no", events: []Event{at(1, Refused, offers), at(2, Asked, offers)}},
		{name: "and left", events: []Event{at(1, Asked, offers), at(2, OptedOut, offers)}, withdrawn: []Scope{offers}},
		{name: "and said STOP, which answers that", events: []Event{at(1, Asked, offers), at(2, OptedOut, All)}, withdrawn: []Scope{All}, start: []Scope{utility, service, codes}},
		{name: "and said STOP to all marketing", events: []Event{at(1, Asked, offers), at(2, OptedOut, marketing)}, withdrawn: []Scope{marketing}},
		{name: "and said STOP to one sender", events: []Event{at(1, Asked, offers), at(2, OptedOut, shop)}, withdrawn: []Scope{shop}, start: []Scope{utility, service, codes}},
		{name: "somebody who left, and was asked since", events: []Event{at(1, OptedOut, All), at(2, Asked, offers)}, withdrawn: []Scope{All}, start: []Scope{utility, service, codes, offers}, free: []Scope{All, offers}},
		{name: "somebody who was asked, and was erased", events: []Event{at(1, Asked, offers), at(2, Erased, All)}, withdrawn: []Scope{All}, start: []Scope{utility, service, codes}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := fold(c.events...)
			if got := r.Withdrawn(); !slices.Equal(got, c.withdrawn) {
				t.Errorf("they withdrew from %v, want %v", got, c.withdrawn)
			}
			start := brand.Startable(&r, false)
			if !slices.Equal(start, c.start) {
				t.Errorf("START says yes to %v, want %v", start, c.start)
			}
			if c.free == nil {
				c.free = c.withdrawn
			}
			if free := brand.Startable(&r, true); len(c.withdrawn) > 0 && !slices.Equal(free, c.free) {
				t.Errorf("where marketing needs no consent, START says yes to %v, want %v", free, c.free)
			}
			for _, s := range start {
				if after := r.After(at(9, OptedIn, s)); !brand.Binds(&r, s) || brand.Binds(&after, s) {
					t.Errorf("%s: something stands against it: %v, and after START: %v", s, brand.Binds(&r, s), brand.Binds(&after, s))
				}
			}
		})
	}
}
