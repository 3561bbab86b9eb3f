package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

func TestEventErrors(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	good := optIn(storetest.Person("acme", 1), "good")
	for name, c := range map[string]struct {
		field string
		spoil func(*filter.Event)
	}{
		"no kind":                    {"kind", func(e *filter.Event) { e.Kind = 0 }},
		"a kind nobody knows":        {"kind", func(e *filter.Event) { e.Kind = 99 }},
		"no channel":                 {"to.channel", func(e *filter.Event) { e.To.Channel = "" }},
		"no address":                 {"to.address", func(e *filter.Event) { e.To.Address = "" }},
		"an opt-in without basis":    {"basis", func(e *filter.Event) { e.Basis = filter.NoBasis }},
		"a basis nobody knows":       {"basis", func(e *filter.Event) { e.Basis = 9 }},
		"no source":                  {"source", func(e *filter.Event) { e.Source = "" }},
		"a topic without name":       {"scope", func(e *filter.Event) { e.Scope = filter.OfTopic("") }},
		"a category nobody knows":    {"scope", func(e *filter.Event) { e.Scope = filter.OfCategory(77) }},
		"an address that is no text": {"to.address", func(e *filter.Event) { e.To.Address = "\xff" }},
		"an endless id":              {"id", func(e *filter.Event) { e.ID = strings.Repeat("x", 2000) }},
		"an endless note":            {"note", func(e *filter.Event) { e.Note = strings.Repeat("x", 20000) }},
		"an endless proof":           {"proof.wording", func(e *filter.Event) { e.Proof.Wording = strings.Repeat("x", 20000) }},
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			bad.ID = name
			c.spoil(&bad)
			err := s.Append(context.Background(), good, bad)
			var problem *store.EventError
			if !errors.As(err, &problem) || problem.Index != 1 || problem.Field != c.field || problem.Problem == "" {
				t.Fatalf("got %v, want an EventError about event 1, %s", err, c.field)
			}
			if n := len(history(t, s, good.To)); n != 0 {
				t.Errorf("%d events of the refused call were kept", n)
			}
		})
	}
}

func TestTooManyScopesLeaveTheOthersAlone(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	var events []filter.Event
	for i := range 256 {
		e := optIn(storetest.Person("acme", 1), fmt.Sprint(i))
		e.Scope = filter.OfTopic(fmt.Sprintf("%s%d", strings.Repeat("t", 200), i))
		events = append(events, e)
	}
	keep(t, s, events...)
	more := optIn(storetest.Person("acme", 1), "one more")
	more.Scope = filter.OfTopic("one more")
	err := s.Append(context.Background(), optOut(storetest.Person("acme", 2), "fine"), more)
	var problem *store.EventError
	if !errors.As(err, &problem) || problem.Index != 1 || problem.Field != "scope" {
		t.Fatalf("got %v, want an EventError about the scope of event 1", err)
	}
	if !barred(t, s, storetest.Person("acme", 2)) {
		t.Error("the event beside it is missing")
	}
	keep(t, s, optOut(storetest.Person("acme", 1), "everything"))
	if !barred(t, s, storetest.Person("acme", 1)) {
		t.Error("a known recipient with many scopes could not opt out")
	}
}

func TestAppendTooBigForOneTransaction(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	long := strings.Repeat("x", 16<<10)
	var events []filter.Event
	for i := range 300 {
		e := optOut(storetest.Person("acme", i), "stop")
		e.Note = long
		e.Proof = filter.Evidence{Method: long, Action: long, Wording: long}
		events = append(events, e)
	}
	keep(t, s, events...) // 19 MB; a transaction takes 2.4
	for i := range events {
		if !barred(t, s, storetest.Person("acme", i)) {
			t.Fatalf("event %d is missing", i)
		}
	}
}
