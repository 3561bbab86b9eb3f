package console

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
)

func TestTurns(t *testing.T) {
	b := newBench(t)
	for range 2000 {
		b.store.Decisions().Add(decisions.Entry{ID: ulid.New(noon), Time: noon, Route: "twilio", To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+12125550123"}, Text: strings.Repeat("Sale ", 50)})
	}
	ana := b.server.As("ana", Admin)

	t.Run("who does not read an answer keeps nobody from theirs", func(t *testing.T) {
		for range 2 * cap(b.server.turns.free) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://console/api/v1/decisions/export?format=jsonl", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := inProcess{b.server, actor{name: "slow", role: Admin}}.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
		}
		if _, _, err := ana.Routes(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("what asks waits for its turn, and what tells the gate something does not", func(t *testing.T) {
		all := make([]worker, cap(b.server.turns.free))
		for i := range all {
			all[i].turns = b.server.turns
			all[i].take()
		}
		asked := make(chan error, 1)
		go func() {
			_, _, err := ana.Routes(t.Context())
			asked <- err
		}()
		if _, err := ana.Record(t.Context(), Notice{To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+12125550124"}, Kind: filter.OptedOut, Time: noon.Add(-time.Hour)}); err != nil {
			t.Error(err)
		}
		select {
		case err := <-asked:
			t.Errorf("it was answered out of turn: %v", err)
		default:
		}
		for i := range all {
			all[i].pass()
		}
		if err := <-asked; err != nil {
			t.Error(err)
		}
	})
}

func TestTurnsRestWhileMessagesAreSent(t *testing.T) {
	for _, c := range []struct {
		name        string
		sends       uint64 // that come in meanwhile, one a millisecond of work
		work        time.Duration
		least, most time.Duration // how long it takes
	}{
		{"a page takes no longer than it takes where nothing is sent", 0, 50 * time.Millisecond, 50 * time.Millisecond, 50 * time.Millisecond},
		{"so does whatever else, however long", 0, 10 * time.Second, 10 * time.Second, 10 * time.Second},
		{"a page takes half of a processor while messages are sent", 1, 50 * time.Millisecond, 99 * time.Millisecond, 101 * time.Millisecond},
		{"a hammered console takes a quarter of one", 1, 10 * time.Second, 38 * time.Second, 41 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent uint64
				w := worker{turns: newTurns(func() uint64 { return sent })}
				begin := time.Now()
				w.take()
				for range c.work / time.Millisecond {
					time.Sleep(time.Millisecond) // works
					sent += c.sends
					for range 16 {
						w.pause()
					}
				}
				w.pass()
				if took := time.Since(begin); took < c.least || took > c.most {
					t.Errorf("%v of work took %v", c.work, took)
				}
			})
		})
	}
	for _, c := range []struct {
		name string
		idle time.Duration // between a long wait for a lock and the next page
		most time.Duration // for the next page
	}{
		{name: "who waited for a lock makes nobody wait as long again", most: 50 * time.Millisecond},
		{name: "what was worked long ago is rested", idle: time.Minute, most: time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent uint64
				turns := newTurns(func() uint64 { sent++; return sent })
				w := worker{turns: turns}
				w.take()
				time.Sleep(2 * time.Second) // without a pause
				w.pass()
				time.Sleep(c.idle)
				begin := time.Now()
				w.take()
				for range 16 {
					w.pause()
				}
				w.pass()
				if took := time.Since(begin); took > c.most {
					t.Errorf("the next page took %v", took)
				}
			})
		})
	}
	t.Run("each turn rests, whoever sees first that something was sent", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var sent atomic.Uint64
			turns := &turns{free: make(chan *turn, 2), sends: sent.Load}
			turns.free <- &turn{ease: ease}
			turns.free <- &turn{ease: ease}
			sent.Add(1)
			begin := time.Now()
			var both sync.WaitGroup
			for range 2 {
				both.Go(func() {
					w := worker{turns: turns}
					w.take()
					time.Sleep(10 * time.Millisecond) // works
					for range 16 {
						w.pause()
					}
					w.pass()
					if took := time.Since(begin); took < 20*time.Millisecond {
						t.Errorf("10 ms of work took %v", took)
					}
				})
			}
			both.Wait()
		})
	})
	t.Run("visits that are short each rest together", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var sent uint64
			turns := newTurns(func() uint64 { sent++; return sent })
			begin := time.Now()
			for range 400 {
				w := worker{turns: turns}
				w.take()
				time.Sleep(100 * time.Microsecond)
				w.pass()
			}
			if took := time.Since(begin); took < 75*time.Millisecond {
				t.Errorf("40 ms of work and as long a rest took %v", took)
			}
		})
	})
}
