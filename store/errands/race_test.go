package errands_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/storetest"
)

// A repeat is acknowledged no earlier than what it repeats, and fails with it.
func TestRepeatWaitsForTheDisk(t *testing.T) {
	broken := errors.New("the disk is broken")
	var once sync.Once
	syncing, end := make(chan struct{}), make(chan struct{})
	j := open(t, errands.Host{Dir: t.TempDir(), Sync: func(*os.File) error {
		once.Do(func() { close(syncing) })
		<-end
		return broken
	}})
	first := make(chan error)
	go func() {
		_, err := j.Add(context.Background(), errand("SM1", storetest.Person("acme", 1)))
		first <- err
	}()
	<-syncing
	repeat := make(chan error)
	go func() {
		_, err := j.Add(context.Background(), errand("SM1", storetest.Person("acme", 1)))
		repeat <- err
	}()
	if got, _ := due(t, j, noon, 10); len(got) > 0 {
		t.Errorf("%v is to be done before it is on disk", got)
	}
	select {
	case err := <-repeat:
		t.Errorf("the repeat was answered with %v while the first was not on disk", err)
	default:
	}
	close(end)
	if err := <-first; !errors.Is(err, broken) {
		t.Errorf("the first: %v", err)
	}
	if err := <-repeat; !errors.Is(err, broken) {
		t.Errorf("the repeat: %v", err)
	}
}

// Many who add, do and end at once lose nothing, do nothing twice, and keep the order of each lane.
func TestAllAtOnce(t *testing.T) {
	on := errands.Host{Dir: t.TempDir()}
	j := open(t, on)
	const lanes, each = 16, 40
	var adders sync.WaitGroup
	for lane := range lanes {
		adders.Go(func() {
			for n := range each {
				add(t, j, errand(fmt.Sprintf("%d-%d", lane, n), storetest.Person("acme", lane)))
			}
		})
	}
	done := map[string]int{} // by lane: how many
	for total := 0; total < lanes*each; {
		all, _, err := j.Due(noon, nil, lanes)
		storetest.Must(t, err)
		var ends sync.WaitGroup
		for _, e := range all {
			var lane, n int
			_, err := fmt.Sscanf(e.ID, "%d-%d", &lane, &n)
			storetest.Must(t, err)
			if done[e.Lanes[0]] != n {
				t.Fatalf("%s came when %d of its lane were done", e.ID, done[e.Lanes[0]])
			}
			done[e.Lanes[0]]++
			total++
			ends.Go(func() {
				storetest.Must(t, j.Change(context.Background(), e.ID, func(e *errands.Errand) error { e.Tries++; return nil }))
				storetest.Must(t, j.End(context.Background(), e.ID))
			})
		}
		ends.Wait()
		storetest.Must(t, errands.Clean(j))
	}
	adders.Wait()
	j.Close()
	j = open(t, on)
	if left := ids(t, j, errands.Query{}); len(left) > 0 {
		t.Errorf("%v came back", left)
	}
	if added := add(t, j, errand("3-7", storetest.Person("acme", 3))); added[0] {
		t.Error("an errand that was done is to be done again")
	}
}

// What many change at once adds up.
func TestChangeIsAtomic(t *testing.T) {
	j := open(t, errands.Host{Dir: t.TempDir()})
	add(t, j, errand("SM1", storetest.Person("acme", 1)))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			storetest.Must(t, j.Change(context.Background(), "SM1", func(e *errands.Errand) error { e.Tries++; return nil }))
		})
	}
	all.Wait()
	if e, err := j.Get("SM1"); err != nil || e.Tries != 20 {
		t.Errorf("it was tried %d times, %v", e.Tries, err)
	}
	select {
	case <-j.Added():
	default:
		t.Error("nobody is told that an errand was changed")
	}
}
