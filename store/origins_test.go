package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// said is an event of person n of acme so many minutes after noon.
func said(n, minute int, kind filter.Kind, source string, change ...func(*filter.Event)) filter.Event {
	e := filter.Event{To: storetest.Person("acme", n), Kind: kind, Source: source, Time: noon.Add(time.Duration(minute) * time.Minute)}
	if kind == filter.OptedIn {
		e.Basis = filter.Express
	}
	for _, f := range change {
		f(&e)
	}
	return e
}

func TestOptOutsByOrigin(t *testing.T) {
	marketing := func(e *filter.Event) { e.Scope = filter.OfCategory(filter.Marketing) }
	news := func(e *filter.Event) { e.Scope = filter.OfTopic("news") }
	everywhere := func(e *filter.Event) { e.To = e.To.Everywhere() }
	elsewhere := func(e *filter.Event) { e.To.Brand = "other" }
	chatting := func(e *filter.Event) { e.To.Channel = filter.WhatsApp }
	const in, out = filter.OptedIn, filter.OptedOut
	for name, c := range map[string]struct {
		said []filter.Event
		want store.Origins
	}{
		"a consent that was ended":             {[]filter.Event{said(1, 1, in, "form"), said(1, 2, out, "STOP")}, store.Origins{Sources: map[string]store.Origin{"form": {1, 1}}}},
		"consents that nobody ended":           {[]filter.Event{said(1, 1, in, "form"), said(2, 1, in, "form")}, store.Origins{Sources: map[string]store.Origin{"form": {0, 2}}}},
		"the newest of two is the one":         {[]filter.Event{said(1, 2, in, "till"), said(1, 1, in, "form"), said(1, 3, out, "STOP")}, store.Origins{Sources: map[string]store.Origin{"form": {0, 1}, "till": {1, 1}}}},
		"somebody who never agreed":            {[]filter.Event{said(1, 1, out, "STOP")}, store.Origins{NoConsent: 1}},
		"an opt-in that is learnt later":       {[]filter.Event{said(1, 2, out, "STOP"), said(1, 1, in, "form")}, store.Origins{NoConsent: 1, Sources: map[string]store.Origin{"form": {0, 1}}}},
		"an opt-in that is newer":              {[]filter.Event{said(1, 2, in, "form"), said(1, 1, out, "a list")}, store.Origins{NoConsent: 1, Sources: map[string]store.Origin{"form": {0, 1}}}},
		"a second no ends nothing":             {[]filter.Event{said(1, 1, in, "form"), said(1, 2, out, "STOP"), said(1, 3, out, "STOP")}, store.Origins{Repeated: 1, Sources: map[string]store.Origin{"form": {1, 1}}}},
		"at one moment the no comes last":      {[]filter.Event{said(1, 1, in, "form"), said(1, 1, out, "STOP"), said(1, 1, out, "again")}, store.Origins{Repeated: 1, Sources: map[string]store.Origin{"form": {1, 1}}}},
		"back and away again":                  {[]filter.Event{said(1, 1, in, "form"), said(1, 2, out, "STOP"), said(1, 3, in, "START"), said(1, 4, out, "STOP")}, store.Origins{Sources: map[string]store.Origin{"form": {1, 1}, "START": {1, 1}}}},
		"consent to everything, a part ended":  {[]filter.Event{said(1, 1, in, "form"), said(1, 2, out, "STOP", marketing)}, store.Origins{Sources: map[string]store.Origin{"form": {1, 1}}}},
		"consent to a part, everything ended":  {[]filter.Event{said(1, 1, in, "form", news), said(1, 2, out, "STOP")}, store.Origins{Sources: map[string]store.Origin{"form": {1, 1}}}},
		"consent to another part":              {[]filter.Event{said(1, 1, in, "form", news), said(1, 2, out, "STOP", marketing)}, store.Origins{NoConsent: 1, Sources: map[string]store.Origin{"form": {0, 1}}}},
		"a part was left before the rest":      {[]filter.Event{said(1, 1, in, "form"), said(1, 2, out, "STOP", news), said(1, 3, out, "STOP")}, store.Origins{Sources: map[string]store.Origin{"form": {2, 1}}}},
		"consent to every brand":               {[]filter.Event{said(1, 1, in, "form", everywhere), said(1, 2, out, "STOP")}, store.Origins{Sources: map[string]store.Origin{"form": {1, 1}}}},
		"consent to another brand":             {[]filter.Event{said(1, 1, in, "form", elsewhere), said(1, 2, out, "STOP")}, store.Origins{NoConsent: 1, Sources: map[string]store.Origin{"form": {0, 1}}}},
		"consent on another channel":           {[]filter.Event{said(1, 1, in, "form", chatting), said(1, 2, out, "STOP")}, store.Origins{NoConsent: 1, Sources: map[string]store.Origin{"form": {0, 1}}}},
		"what is neither yes nor no":           {[]filter.Event{said(1, 1, filter.Wrote, "inbox"), said(1, 2, filter.Asked, "gate")}, store.Origins{}},
		"who says no to every brand, at first": {[]filter.Event{said(1, 1, out, "STOP", everywhere), said(1, 2, out, "STOP")}, store.Origins{NoConsent: 1, Repeated: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			now := storetest.NewClock(noon.Add(time.Hour))
			s := open(t, store.Config{Memory: true, Now: now.Now})
			for _, e := range c.said {
				keep(t, s, e)
			}
			c.want.Complete, c.want.Reached = true, noon
			if c.want.Sources == nil {
				c.want.Sources = map[string]store.Origin{}
			}
			got, err := s.Origins(t.Context(), store.OriginQuery{Since: noon, Until: noon.Add(2 * time.Hour), Most: 1000})
			if err != nil || !reflect.DeepEqual(*got, c.want) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

func TestOptOutsByOriginOfATime(t *testing.T) {
	now := storetest.NewClock(noon)
	s := open(t, store.Config{Memory: true, Now: now.Now})
	keep(t, s, optIn(storetest.Person("acme", 1), "in"), optIn(storetest.Person("other", 2), "in"))
	var many []filter.Event
	for n := range 600 { // longer than what is read at once
		many = append(many, optIn(storetest.Person("acme", 1000+n), "in"))
	}
	now.Set(noon.Add(time.Hour))
	keep(t, s, many...)
	keep(t, s, optOut(storetest.Person("acme", 1), "out"), optOut(storetest.Person("other", 2), "out"), optOut(storetest.Person("acme", 1599), "out"))
	now.Set(noon.Add(2 * time.Hour))
	keep(t, s, optOut(storetest.Person("acme", 1000), "out"))
	all := store.OriginQuery{Since: noon, Until: noon.Add(3 * time.Hour), Most: 10000}
	for name, c := range map[string]struct {
		change func(*store.OriginQuery)
		want   store.Origin
	}{
		"all":                           {func(*store.OriginQuery) {}, store.Origin{OptOuts: 4, Consents: 602}},
		"the consents are from earlier": {func(q *store.OriginQuery) { q.Since = noon.Add(2 * time.Hour) }, store.Origin{OptOuts: 1}},
		"until before the last":         {func(q *store.OriginQuery) { q.Since, q.Until = noon.Add(time.Minute), noon.Add(2*time.Hour) }, store.Origin{OptOuts: 3, Consents: 600}},
		"one brand":                     {func(q *store.OriginQuery) { q.Brand = "other" }, store.Origin{OptOuts: 1, Consents: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			q := all
			c.change(&q)
			got, err := s.Origins(t.Context(), q)
			if err != nil || got.Sources["test"] != c.want || !got.Complete || !got.Reached.Equal(q.Since) {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
	t.Run("too many say how far it came", func(t *testing.T) {
		q := all
		q.Most = 100
		got, err := s.Origins(t.Context(), q)
		if err != nil || got.Complete || !got.Reached.Equal(noon.Add(time.Hour)) || got.Sources["test"].OptOuts != 4 || got.Sources["test"].Consents > 96 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("who leaves ends it", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got, err := s.Origins(ctx, all); !errors.Is(err, context.Canceled) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("of who was erased the source is gone", func(t *testing.T) {
		if _, err := s.Erase(t.Context(), storetest.Person("acme", 1), "ana", "asked"); err != nil {
			t.Fatal(err)
		}
		got, err := s.Origins(t.Context(), all)
		if err != nil || got.Erased != (store.Origin{OptOuts: 1, Consents: 1}) || got.Sources["test"] != (store.Origin{OptOuts: 3, Consents: 601}) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestOptOutsByOriginOfThoseLinked(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	for n := range 2 {
		keep(t, s, optIn(storetest.Person("acme", n), "in"))
		link(t, s, storetest.Person("acme", n), user("acme", n))
	}
	yes := optIn(user("acme", 0), "yes")
	yes.Source = "chat"
	keep(t, s, yes)
	keep(t, s, optOut(storetest.Person("acme", 0), "out"), optOut(storetest.Person("acme", 1), "out"))
	got, err := s.Origins(t.Context(), store.OriginQuery{Until: noon.Add(time.Hour), Most: 1000})
	if want := fmt.Sprint(map[string]store.Origin{"test": {2, 2}, "chat": {1, 1}}); err != nil || fmt.Sprint(got.Sources) != want || got.NoConsent != 0 {
		t.Errorf("got %+v, %v, want %s: a copy counts where it ended something", got, err, want)
	}
}
