package decisions_test

import (
	"context"
	"testing"

	"github.com/sendgate/sendgate/store/decisions"
)

func TestWatch(t *testing.T) {
	l := open(t, decisions.Config{Dir: t.TempDir()})
	l.Add(decision(0)) // before: not seen
	odd := decisions.Query{Campaign: "odd"}
	watch := l.Watch(context.Background(), odd)
	const n = 5000 // several blocks: the slow watcher reads from disk
	for i := 1; i <= n; i++ {
		e := decision(i)
		if i%2 == 1 {
			e.Campaign = "odd"
		}
		l.Add(e)
	}
	decisions.Flush(l)
	want := 1
	for e, err := range watch {
		if err != nil || e.ID != idAt(want) {
			t.Fatalf("the watcher saw %s, %v, want %s", e.ID, err, idAt(want))
		}
		if want += 2; want > n && want < n+20 { // caught up: now live
			live := decision(want)
			live.Campaign = "odd"
			go l.Add(live)
		}
		if want >= n+20 {
			break
		}
	}
}

func TestWatchEnds(t *testing.T) {
	l := open(t, decisions.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int)
	watch := func(ctx context.Context, q decisions.Query) {
		seen := 0
		for range l.Watch(ctx, q) {
			seen++
		}
		ended <- seen
	}
	go watch(ctx, decisions.Query{})
	cancel()
	if seen := <-ended; seen != 0 {
		t.Errorf("a cancelled watcher saw %d entries", seen)
	}
	go watch(context.Background(), decisions.Query{})
	closeLog(t, l)
	<-ended // closing the log ends it
}
