package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

// logAbout logs n decisions, every tenth of which is about gonePerson, and returns their ids.
func logAbout(s *store.Store, n int) (about []string) {
	for i := range n {
		e := decision(i)
		if i%10 == 3 {
			e.To, e.Text = gonePerson, "Hello Ana Ejemplo"
			about = append(about, e.ID)
		}
		s.Decisions().Add(e)
		if i%512 == 0 {
			store.FlushLog(s)
		}
	}
	store.FlushLog(s)
	return about
}

// aboutGone is the entries that still tell who they are about.
func aboutGone(t testing.TB, s *store.Store) []string {
	t.Helper()
	return ids(t, s, decisions.Query{To: filter.Recipient{Address: gonePerson.Address}})
}

// An erasure that fails is finished by the next one, or the next time the store is opened.
func TestInterruptedErasure(t *testing.T) {
	for name, finish := range map[string]func(t *testing.T, s *store.Store, dir string) *store.Store{
		"by the next erasure": func(t *testing.T, s *store.Store, _ string) *store.Store {
			eventually(t, "another erasure works", func() bool {
				_, err := s.Erase(context.Background(), storetest.Person("acme", 9), "ana", "asked")
				return err == nil
			})
			return s
		},
		"by opening the store again": func(t *testing.T, s *store.Store, dir string) *store.Store {
			_ = s.Close()
			return open(t, store.Config{Dir: dir})
		},
	} {
		for n := 1; n <= 3; n++ {
			t.Run(fmt.Sprint(name, ", commit ", n), func(t *testing.T) {
				dir := t.TempDir()
				s := open(t, store.Config{Dir: dir})
				var events []filter.Event
				for i := range 300 {
					events = append(events, telling(gonePerson, fmt.Sprint(i), ""))
				}
				keep(t, s, events...)
				logAbout(s, 100)
				closeStore(t, s)
				s = open(t, store.Config{Dir: dir}) // with a snapshot
				store.FailNthCommit(s, n)
				_, err := s.Erase(context.Background(), gonePerson, "ana", "asked")
				if err == nil || !strings.Contains(err.Error(), "input/output error") {
					t.Fatalf("Erase returns %v", err)
				}
				s = finish(t, s, dir)
				judgeErased(t, s, gonePerson)
				if files := found(t, dir); len(files) > 0 {
					t.Error(files)
				}
				if len(aboutGone(t, s)) > 0 {
					t.Error("the decision log was left as it was")
				}
				sound(t, s)
				closeStore(t, s)
				if files := found(t, dir); len(files) > 0 {
					t.Error("after closing:", files)
				}
			})
		}
	}
}

// Nobody who reads, verifies or walks while somebody is erased sees half of it.
func TestReadingWhileErasing(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir(), Now: time.Now})
	var events []filter.Event
	for i := range 3000 {
		events = append(events, optOut(storetest.Person("acme", i%60), fmt.Sprint(i)))
	}
	keep(t, s, events...)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := range 20 {
			erase(t, s, storetest.Person("acme", i))
		}
	}()
	for done := false; !done; {
		select {
		case <-ended:
			done = true
		default:
		}
		for i := range 20 {
			if !barred(t, s, storetest.Person("acme", i)) {
				t.Fatalf("recipient %d may be written to", i)
			}
			if n := len(history(t, s, storetest.Person("acme", i))); n < 50 || n > 51 {
				t.Fatalf("recipient %d has %d events", i, n)
			}
		}
		if r := verify(t, s); !r.OK() {
			t.Fatal(r.Faults)
		}
		if n := len(changes(t, s, 0)); n < 3000 {
			t.Fatalf("%d changes", n)
		}
		n := 0
		for _, err := range s.Records() {
			storetest.Must(t, err)
			n++
		}
		if n != 60 {
			t.Fatalf("%d records", n)
		}
	}
	if r := sound(t, s); r.Erased != 1000 {
		t.Errorf("the chain has %+v", r)
	}
}
