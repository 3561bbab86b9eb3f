package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

const starvedEvents = 600

// A process that has no descriptors left while it compacts loses none of what it acknowledged.
func TestStarvedOfDescriptors(t *testing.T) {
	dir := t.TempDir()
	child, out := spawn(t, "starved", dir, "")
	undone := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "undone") {
			undone++
		}
	}
	if err := child.Wait(); err != nil || undone == 0 {
		t.Fatalf("the child ended with %v, and undid compactions: %v", err, undone > 0)
	}
	storetest.Must(t, os.Remove(filepath.Join(dir, "index")))
	s := open(t, store.Config{Dir: dir})
	for n := range starvedEvents {
		if len(history(t, s, storetest.Person("acme", n))) != 1 || !barred(t, s, storetest.Person("acme", n)) {
			t.Errorf("opt-out %d of %d was acknowledged and is missing", n, starvedEvents)
		}
	}
}

// starved is the child: it compacts while now and then there is no descriptor left, until a
// compaction was undone, and then goes on with as many as it likes.
func starved(dir string) error {
	s, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return err
	}
	for n := range starvedEvents {
		if err := s.Append(context.Background(), bulky(n)); err != nil {
			return err
		}
	}
	for store.Undone(s) == 0 {
		release, err := starve()
		if err != nil {
			return err
		}
		_ = store.Compact(s) // it may fail
		if err := release(); err != nil {
			return err
		}
	}
	fmt.Println("undone", store.Undone(s))
	if err := store.Compact(s); err != nil {
		return err
	}
	if err := s.Healthy(); err != nil {
		return err
	}
	return s.Close()
}

// starve leaves this process without descriptors, but for a few that come and go, until release.
func starve() (release func() error, err error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil, err
	}
	few := limit
	few.Cur = 200
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		return nil, err
	}
	var taken []*os.File
	take := func() {
		for {
			f, err := os.Open(os.DevNull)
			if err != nil {
				return
			}
			taken = append(taken, f)
		}
	}
	give := func(n int) {
		for ; n > 0 && len(taken) > 0; n-- {
			_ = taken[len(taken)-1].Close() // it was only there
			taken = taken[:len(taken)-1]
		}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			take()
			select {
			case <-stop:
				return
			default:
				give(6)
			}
		}
	}()
	return func() error {
		close(stop)
		<-stopped
		give(len(taken))
		return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}, nil
}

func init() { roles["starved"] = starved }
