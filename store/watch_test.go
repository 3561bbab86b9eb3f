package store_test

import (
	"context"
	"testing"

	"github.com/sendgate/sendgate/store"
)

func TestWatch(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	s.Decisions().Add(decision(0)) // before: not seen
	odd := store.Query{Campaign: "odd"}
	watch := s.Decisions().Watch(context.Background(), odd)
	const n = 5000 // several blocks: the slow watcher reads from disk
	for i := 1; i <= n; i++ {
		e := decision(i)
		if i%2 == 1 {
			e.Campaign = "odd"
		}
		s.Decisions().Add(e)
	}
	store.FlushLog(s)
	want := 1
	for e, err := range watch {
		if err != nil || e.ID != idAt(want) {
			t.Fatalf("the watcher saw %s, %v, want %s", e.ID, err, idAt(want))
		}
		if want += 2; want > n && want < n+20 { // caught up: now live
			live := decision(want)
			live.Campaign = "odd"
			go s.Decisions().Add(live)
		}
		if want >= n+20 {
			break
		}
	}
}

func TestWatchEnds(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int)
	watch := func(ctx context.Context, q store.Query) {
		seen := 0
		for range s.Decisions().Watch(ctx, q) {
			seen++
		}
		ended <- seen
	}
	go watch(ctx, store.Query{})
	cancel()
	if seen := <-ended; seen != 0 {
		t.Errorf("a cancelled watcher saw %d entries", seen)
	}
	go watch(context.Background(), store.Query{})
	closeStore(t, s)
	<-ended // closing the store ends it
}
