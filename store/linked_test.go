package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// user is a user id on WhatsApp.
func user(brand string, n int) filter.Recipient {
	return filter.Recipient{Brand: brand, Channel: filter.WhatsApp, Address: fmt.Sprintf("US.%06d", n)}
}

func link(t testing.TB, s *store.Store, a, b filter.Recipient) {
	t.Helper()
	if err := s.Link(context.Background(), a, b); err != nil {
		t.Fatal(err)
	}
}

// barredFrom reports whether a category is stopped by an opt-out or a refusal.
func barredFrom(t testing.TB, s *store.Store, to filter.Recipient, c filter.Category) bool {
	t.Helper()
	r := read(t, s, to, filter.NeedOptOut)
	m := filter.Message{Category: c}
	at, _ := r.OptedOut(&m)
	kind, _ := r.Answer(&m)
	return !at.IsZero() || kind == filter.Refused
}

// What binds one address of a person binds the others, whether it was said before they were known to be one or after.
func TestLinkBinds(t *testing.T) {
	a, b := storetest.Person("acme", 1), user("acme", 1)
	everyone := func(to filter.Recipient) filter.Recipient { return to.Everywhere() }
	utility := optOut(a, "no")
	utility.Scope = filter.OfCategory(filter.Utility)
	refused := optOut(a, "no")
	refused.Kind, refused.Scope = filter.Refused, filter.OfCategory(filter.Marketing)
	back := optIn(a, "back")
	back.Time = noon.Add(-time.Minute)
	early := optOut(a, "no")
	early.Time = noon.Add(-time.Hour)
	for name, c := range map[string]struct {
		said  []filter.Event
		wide  bool // the link is for every brand
		other filter.Recipient
		want  [2]bool // marketing, utility
	}{
		"an opt-out of everything":                   {said: []filter.Event{optOut(a, "no")}, want: [2]bool{true, true}},
		"an opt-out of a category":                   {said: []filter.Event{utility}, want: [2]bool{false, true}},
		"a refusal":                                  {said: []filter.Event{refused}, want: [2]bool{true, false}},
		"an opt-out that was taken back":             {said: []filter.Event{early, back}},
		"an opt-in is not copied":                    {said: []filter.Event{optIn(a, "yes")}},
		"an opt-out of every brand":                  {said: []filter.Event{optOut(everyone(a), "no")}, want: [2]bool{true, true}},
		"an opt-out of another brand":                {said: []filter.Event{optOut(storetest.Person("other", 1), "no")}},
		"a link for every brand, an opt-out of one":  {said: []filter.Event{optOut(a, "no")}, wide: true, want: [2]bool{true, true}},
		"and another brand stays as it is":           {said: []filter.Event{optOut(a, "no")}, wide: true, other: user("other", 1)},
		"a link for every brand, an opt-out of each": {said: []filter.Event{optOut(everyone(a), "no")}, wide: true, other: user("new", 1), want: [2]bool{true, true}},
	} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, said after: %v", name, after), func(t *testing.T) {
				s := open(t, store.Config{Memory: true})
				one, other := a, b
				if c.wide {
					one, other = everyone(a), everyone(b)
				}
				if !after {
					keep(t, s, c.said...)
				}
				link(t, s, one, other)
				if after {
					keep(t, s, c.said...)
				}
				judged := b
				if c.other.Address != "" {
					judged = c.other
				}
				got := [2]bool{barredFrom(t, s, judged, filter.Marketing), barredFrom(t, s, judged, filter.Utility)}
				if taken := len(c.said) == 2 && after; taken { // it was copied when it was said, and only their own yes undoes it
					c.want = [2]bool{true, true}
				}
				if got != c.want {
					t.Errorf("marketing and utility are barred: %v, want %v", got, c.want)
				}
				if r := read(t, s, judged, filter.NeedRecord); len(r.Consents) > 0 && !r.Consents[0].Granted[filter.Express].IsZero() {
					t.Error("an opt-in was copied")
				}
				before := s.Head().Seq
				link(t, s, one, other)
				link(t, s, other, one)
				if s.Head().Seq != before {
					t.Error("linking again kept something")
				}
				sound(t, s)
			})
		}
	}
}

// A person may have several addresses; each no reaches all of them, once.
func TestLinkedAddresses(t *testing.T) {
	cfg := store.Config{Dir: t.TempDir()}
	s := open(t, cfg)
	a, b, c := storetest.Person("acme", 1), user("acme", 1), storetest.Person("acme", 2)
	keep(t, s, optOut(c, "early"))
	link(t, s, a, b)
	link(t, s, b, c)
	for range 2 {
		for _, to := range []filter.Recipient{a, b, c} {
			all, err := s.Linked(to)
			storetest.Must(t, err)
			want := slices.DeleteFunc([]filter.Recipient{a, b, c}, func(one filter.Recipient) bool { return one == to })
			if len(all) != 2 || !slices.Contains(all, want[0]) || !slices.Contains(all, want[1]) {
				t.Errorf("%v is %v, too", to, all)
			}
			if events := history(t, s, to); !barred(t, s, to) || len(events) != 1 {
				t.Errorf("%v has %+v", to, events)
			}
		}
		closeStore(t, s)
		s = open(t, cfg)
	}
	topic := optOut(b, "later")
	topic.Scope, topic.Note = filter.OfTopic("offers"), "call "+b.Address
	keep(t, s, topic)
	keep(t, s, topic)
	for _, to := range []filter.Recipient{a, c} {
		events := history(t, s, to)
		copied := slices.IndexFunc(events, func(e filter.Event) bool { return e.Scope == topic.Scope })
		if len(events) != 2 || copied < 0 || events[copied].Source != "link" || strings.Contains(events[copied].Note+events[copied].ID, b.Address) {
			t.Errorf("%v has %+v", to, events)
		}
	}
	if all, err := s.Linked(storetest.Person("other", 1)); err != nil || len(all) != 0 {
		t.Errorf("at another brand the same number is %v, %v", all, err)
	}
	sound(t, s)
}

// Somebody with as many topics as fit is opted out of everything where a further one had to be copied.
func TestLinkWithTooManyScopes(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	a, b := storetest.Person("acme", 1), user("acme", 1)
	for i := range 256 {
		e := optIn(b, fmt.Sprint(i))
		e.Scope = filter.OfTopic(fmt.Sprint("topic", i))
		keep(t, s, e)
	}
	link(t, s, a, b)
	no := optOut(a, "no")
	no.Scope = filter.OfTopic("another")
	keep(t, s, no)
	if !barred(t, s, b) {
		t.Error("the opt-out is lost")
	}
}

func TestLinkRefuses(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	a, ctx := storetest.Person("acme", 1), context.Background()
	for name, b := range map[string]filter.Recipient{"itself": a, "another brand": user("other", 1), "nobody": {Brand: "acme", Channel: filter.SMS}} {
		var problem *store.EventError
		if err := s.Link(ctx, a, b); !errors.As(err, &problem) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range 63 {
		link(t, s, a, user("acme", i))
	}
	var problem *store.EventError
	if err := s.Link(ctx, user("acme", 5), user("acme", 100)); !errors.As(err, &problem) || !strings.Contains(err.Error(), "65 addresses") {
		t.Errorf("a person without end: %v", err)
	}
}

// An opt-out that comes while two become one binds both, whichever it names.
func TestLinkRace(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	const pairs = 60
	var all sync.WaitGroup
	for i := range pairs {
		a, b, c := storetest.Person("acme", i), user("acme", i), storetest.Person("acme", 1000+i)
		all.Go(func() { link(t, s, a, b) })
		all.Go(func() { link(t, s, c, b) })
		all.Go(func() { keep(t, s, optOut([]filter.Recipient{a, b, c}[i%3], "no")) })
	}
	all.Wait()
	for i := range pairs {
		for _, to := range []filter.Recipient{storetest.Person("acme", i), user("acme", i), storetest.Person("acme", 1000+i)} {
			if !barred(t, s, to) {
				t.Errorf("%v may be written to", to)
			}
		}
	}
	storetest.Must(t, store.CompareIndex(s))
	sound(t, s)
}

// An erasure of one address binds the others, and leaves nothing of who was who.
func TestEraseLinked(t *testing.T) {
	for name, wide := range map[string]bool{"of one brand": false, "of every brand": true} {
		t.Run(name, func(t *testing.T) {
			cfg := store.Config{Dir: t.TempDir()}
			s := open(t, cfg)
			gone, b, c := gonePerson, user("acme", 1), storetest.Person("acme", 2)
			if wide {
				gone, b = gone.Everywhere(), b.Everywhere()
			}
			link(t, s, gone, b)
			link(t, s, user("acme", 1), c)
			keep(t, s, optIn(user("acme", 1), "yes"))
			if len(found(t, cfg.Dir)) == 0 {
				t.Fatal("the search finds nothing before the erasure either")
			}
			erase(t, s, gone)
			for range 2 {
				if files := found(t, cfg.Dir); len(files) > 0 {
					t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
				}
				for _, to := range []filter.Recipient{gonePerson, user("acme", 1), c} {
					if !barred(t, s, to) {
						t.Errorf("%v may be written to", to)
					}
				}
				if all, err := s.Linked(gone); err != nil || len(all) > 0 {
					t.Errorf("the erased one is %v, too, %v", all, err)
				}
				if all, err := s.Linked(user("acme", 1)); err != nil || len(all) != 1 || all[0] != c {
					t.Errorf("the other one is %v, too, %v", all, err)
				}
				sound(t, s)
				closeStore(t, s)
				s = open(t, cfg)
			}
			link(t, s, gonePerson, storetest.Person("acme", 9)) // as somebody new
			if !barred(t, s, storetest.Person("acme", 9)) {
				t.Error("the erasure was not copied")
			}
		})
	}
}

// A link that was altered is found, and keeps nobody from saying no.
func TestAlteredLink(t *testing.T) {
	for name, alter := range map[string]func(value []byte) []byte{
		"one side is gone":      func([]byte) []byte { return nil },
		"an address is another": func(v []byte) []byte { v[3]++; return v },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, store.Config{Memory: true})
			a, b := storetest.Person("acme", 1), user("acme", 1)
			link(t, s, a, b)
			altered := map[string][]byte{}
			for key, value := range store.Dump(s) {
				if key[0] == 'l' && len(altered) == 0 {
					altered[key] = alter(value)
				}
			}
			storetest.Must(t, store.Put(s, altered))
			if r := verify(t, s); len(r.Faults) != 1 {
				t.Errorf("Verify finds %v", r.Faults)
			}
			keep(t, s, optOut(a, "no"), optIn(b, "yes"))
			if _, err := s.Linked(a); err != nil || !barred(t, s, a) {
				t.Errorf("an opt-out is lost: %v", err)
			}
			link(t, s, a, b)
			if !barred(t, s, b) {
				t.Error("once they are linked again, the opt-out does not bind")
			}
			sound(t, s)
		})
	}
}
