package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// TestSendKeysRoomComesBack: however the clock went, and whatever was set before, what fills the room
// counts for no longer than keys are kept.
func TestSendKeysRoomComesBack(t *testing.T) {
	for _, c := range []struct {
		name    string
		keep    time.Duration // set before
		at      time.Time     // by the clock, when one key was kept
		restart bool          // and again each time the room was found full
	}{
		{"after the clock was a year ahead", 24 * time.Hour, noon.AddDate(1, 0, 0), false},
		{"after the clock was a year ahead, with a restart", 24 * time.Hour, noon.AddDate(1, 0, 0), true},
		{"after keys were kept for a month", 720 * time.Hour, noon, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			now, dir := storetest.NewClock(c.at), t.TempDir()
			cfg := store.Config{Dir: dir, Now: now.Now, SendKeys: store.SendKeys{Keep: c.keep, Bytes: 2000}}
			s := open(t, cfg)
			storetest.Must(t, sendKey(s, "early", "x").Begin(nil))
			reopen := func() {
				if c.restart {
					closeStore(t, s)
					s = open(t, cfg)
				}
			}
			cfg.SendKeys.Keep = 24 * time.Hour
			now.Set(noon)
			reopen()
			var full error
			for n := 0; full == nil; n++ {
				full = sendKey(s, fmt.Sprint("order-", n), "x").Begin(nil)
			}
			for hour := range 25 { // who finds it full in between does not put the end off
				now.Set(noon.Add(time.Duration(hour) * time.Hour))
				reopen()
				if err := sendKey(s, "late", "x").Begin(nil); hour < 24 && !errors.Is(err, store.ErrSendKeysFull) {
					t.Fatalf("after %d hours: %v", hour, err)
				}
			}
			now.Set(noon.Add(26 * time.Hour))
			storetest.Must(t, sendKey(s, "later", "x").Begin(nil))
		})
	}
}

// TestSendKeysFullOfAnotherTime: the end that a clock put off is drawn nearer once, also where there was
// room for nothing since.
func TestSendKeysFullOfAnotherTime(t *testing.T) {
	now, dir := storetest.NewClock(noon.AddDate(1, 0, 0)), t.TempDir()
	cfg := store.Config{Dir: dir, Now: now.Now, SendKeys: store.SendKeys{Bytes: 1}}
	s := open(t, cfg)
	storetest.Must(t, sendKey(s, "early", "x").Begin(nil))
	for hour := 0; hour < 24; hour += 6 {
		now.Set(noon.Add(time.Duration(hour) * time.Hour))
		closeStore(t, s)
		s = open(t, cfg)
		if err := sendKey(s, "order", "x").Begin(nil); !errors.Is(err, store.ErrSendKeysFull) {
			t.Fatalf("after %d hours: %v", hour, err)
		}
	}
	now.Set(noon.Add(26 * time.Hour))
	storetest.Must(t, sendKey(s, "order", "x").Begin(nil))
}

// TestManySendKeysAtOnce: more at a time than one transaction takes, by number or by size, are kept
// nevertheless.
func TestManySendKeysAtOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		many int
		call func(*store.SendKey) error
	}{
		{"sends begin", 20_000, func(k *store.SendKey) error { return k.Begin(make([]byte, 70)) }},
		{"sends are given back", 20_000, (*store.SendKey).Free},
		{"long answers are kept", 100, func(k *store.SendKey) error { return k.Answer(make([]byte, store.MaxAnswer)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, store.Config{Dir: t.TempDir()})
			arrived, release := make(chan struct{}), make(chan struct{})
			var first sync.Once
			store.FailSyncs(s, func(real func() error) error {
				first.Do(func() { close(arrived); <-release })
				return real()
			})
			var all sync.WaitGroup
			all.Go(func() { storetest.Must(t, sendKey(s, "first", "x").Begin(nil)) })
			<-arrived
			var failed atomic.Int64
			var last atomic.Pointer[error]
			for n := range c.many {
				all.Go(func() {
					if err := c.call(sendKey(s, fmt.Sprint("order-", n), "x")); err != nil {
						failed.Add(1)
						last.Store(&err)
					}
				})
			}
			eventually(t, "all to wait", func() bool { return store.SendsWaiting(s) == c.many })
			close(release)
			all.Wait()
			if n := failed.Load(); n > 0 {
				t.Errorf("%d of %d failed: %v", n, c.many, *last.Load())
			}
		})
	}
}
