package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// syncsOf opens a store whose syncs wait: each says on the first channel that it was asked for, and
// goes on, or fails, with what comes on the second. The third tells of commits.
func syncsOf(t *testing.T) (s *store.Store, asked chan struct{}, end chan error, committed chan struct{}) {
	t.Helper()
	s, err := store.OpenAlone(store.Config{Dir: t.TempDir()})
	storetest.Must(t, err)
	t.Cleanup(func() { closeStore(t, s) })
	asked, end, committed = make(chan struct{}), make(chan error), make(chan struct{}, 100)
	store.FailCommits(s, func(real func() error) error {
		err := real()
		committed <- struct{}{}
		return err
	})
	store.FailSyncs(s, func(real func() error) error {
		asked <- struct{}{}
		if err := <-end; err != nil {
			return err
		}
		return real()
	})
	return s, asked, end, committed
}

// goAppend appends events, and forty of others so that it is worth to make the next batch ready
// meanwhile.
func goAppend(s *store.Store, events ...filter.Event) chan error {
	for i := range 40 {
		events = append(events, optOut(storetest.Person("acme", 100+i), events[0].ID))
	}
	answer := make(chan error, 1)
	go func() { answer <- s.Append(context.Background(), events...) }()
	return answer
}

func unanswered(t *testing.T, what string, answer chan error) {
	t.Helper()
	select {
	case err := <-answer:
		t.Fatalf("%s was answered, with %v", what, err)
	default:
	}
}

// While one append is being synced the next is committed, and each is acknowledged, and seen, only
// after its own sync. A repetition of what is not on disk yet waits for that too.
func TestAppendsAreAcknowledgedAfterTheirOwnSync(t *testing.T) {
	s, asked, end, committed := syncsOf(t)
	ana, ben := storetest.Person("acme", 1), storetest.Person("acme", 2)
	first := goAppend(s, optOut(ana, "first"))
	<-committed
	<-asked
	second := goAppend(s, optOut(ben, "second"), optIn(ana, "third"))
	<-committed
	unanswered(t, "an append that is being synced", first)
	unanswered(t, "an append that is not synced", second)
	if s.Head().Seq != 0 || barred(t, s, ana) || barred(t, s, ben) {
		t.Error("what is not on disk yet is seen")
	}
	end <- nil
	storetest.Must(t, <-first)
	<-asked
	unanswered(t, "an append that is being synced", second)
	if s.Head().Seq != 41 || !barred(t, s, ana) || barred(t, s, ben) {
		t.Error("an append that was acknowledged must be seen, and the next not yet")
	}
	repeated := goAppend(s, optOut(ben, "second"))
	unanswered(t, "the repetition of an append that is being synced", repeated)
	end <- nil
	storetest.Must(t, <-second)
	storetest.Must(t, <-repeated)
	if r := read(t, s, ana, filter.NeedRecord); s.Head().Seq != 83 || len(r.Consents) != 1 || r.Consents[0].Granted[filter.Express].IsZero() {
		t.Errorf("the second append was not made from what the first left: %+v", r)
	}
	storetest.Must(t, store.CompareIndex(s))
	go func() {
		for range asked {
			end <- nil
		}
	}()
	sound(t, s)
}

// A sync that fails is a failure of what was committed behind it as well: none of it is acknowledged,
// and the store begins again from what is on disk.
func TestFailedSyncFailsWhatFollows(t *testing.T) {
	s, asked, end, committed := syncsOf(t)
	ana, ben := storetest.Person("acme", 1), storetest.Person("acme", 2)
	first := goAppend(s, optOut(ana, "first"))
	<-committed
	<-asked
	second := goAppend(s, optOut(ben, "second"))
	<-committed
	end <- errors.New("input/output error")
	for name, answer := range map[string]chan error{"first": first, "second": second} {
		if err := <-answer; err == nil || !strings.Contains(err.Error(), "input/output error") {
			t.Errorf("the %s append returns %v", name, err)
		}
	}
	go func() {
		for range asked {
			end <- nil
		}
	}()
	eventually(t, "the store is well", func() bool { return s.Healthy() == nil })
	storetest.Must(t, store.CompareIndex(s))
	keep(t, s, optOut(ana, "first"), optOut(ben, "second"))
	if !barred(t, s, ana) || !barred(t, s, ben) {
		t.Error("both opted out")
	}
	storetest.Must(t, store.CompareIndex(s))
	sound(t, s)
}

// Many append at once to few recipients while syncs and commits fail now and then: what was
// acknowledged is there, memory says what the disk says, and the chain is whole, before and after
// the store is opened again.
func TestAppendsThroughFailures(t *testing.T) {
	cfg := store.Config{Dir: t.TempDir()}
	s := open(t, cfg)
	var spared atomic.Bool
	sometimes := func(each int64) func(func() error) error {
		var calls atomic.Int64
		return func(real func() error) error {
			if calls.Add(1)%each == 0 && !spared.Load() {
				return errors.New("input/output error")
			}
			return real()
		}
	}
	store.FailCommits(s, sometimes(11))
	store.FailSyncs(s, sometimes(7))
	const writers, each = 96, 15
	acknowledged := make([][]filter.Event, writers)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 3))
			for i := range each {
				e := optOut(storetest.Person("acme", random.IntN(40)), fmt.Sprint(w, "-", i))
				if err := s.Append(context.Background(), e); err == nil {
					acknowledged[w] = append(acknowledged[w], e)
				} else {
					eventually(t, "the store is well", func() bool { return s.Healthy() == nil })
				}
			}
		})
	}
	all.Wait()
	spared.Store(true)
	eventually(t, "what was asked of the store before is behind an append", func() bool {
		return s.Append(context.Background(), optOut(storetest.Person("acme", 40), "last")) == nil
	})
	kept := 0
	for range 2 {
		storetest.Must(t, store.CompareIndex(s))
		sound(t, s)
		kept = 0
		for _, events := range acknowledged {
			for _, e := range events {
				kept++
				if known, err := s.Has(e.To, e.ID); err != nil || !known {
					t.Fatalf("event %s was acknowledged and is missing: %v", e.ID, err)
				}
			}
		}
		closeStore(t, s)
		s = open(t, cfg)
	}
	if kept == 0 || kept == writers*each {
		t.Errorf("%d of %d appends were acknowledged: want some to fail", kept, writers*each)
	}
}
