package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sendgate/sendgate/proxy/runner/runnertest"
	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
)

// workerOf is a worker that does what is in a box.
func workerOf(b *runnertest.Box, run Func) *Worker {
	return New(Config{Store: b, Runs: map[errands.Kind]Func{testErrand: run},
		Places: func(errands.Kind, string) int { return Places }, Key: func(id string) string { return id },
		Log: zap.NewNop(), Now: time.Now, Random: func() float64 { return 1 }, Panics: new(atomic.Uint64)})
}

// working runs a worker over a box until the test ends.
func working(t *testing.T, b *runnertest.Box, run Func) *Worker {
	w := workerOf(b, run)
	w.Start()
	t.Cleanup(func() { w.Shutdown(t.Context()) })
	return w
}

func errandOf(id string, lanes ...string) errands.Errand {
	return errands.Errand{ID: id, Kind: testErrand, Route: "twilio", Lanes: lanes, Added: time.Now(), Due: time.Now()}
}

// testErrand is the kind of the errands of tests.
const testErrand = errands.Review

var errAway = errors.New("nobody is there")

func TestLanes(t *testing.T) {
	t.Run("errands of one lane are done one at a time in their order, whatever others do", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := runnertest.NewBox()
			var mu sync.Mutex
			var order []string
			busy, most := 0, 0
			working(t, b, func(_ context.Context, e *errands.Errand) End {
				mu.Lock()
				busy++
				most = max(most, busy)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				defer mu.Unlock()
				busy--
				order = append(order, e.ID)
				return End{}
			})
			for i := range 5 {
				b.Add(errandOf(fmt.Sprintf("ana %d", i), "ana"), errandOf(fmt.Sprintf("bea %d", i), "bea"))
			}
			time.Sleep(5500 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			if most != 2 || len(order) != 10 || len(b.Left()) != 0 {
				t.Errorf("%d at a time, done %v, left %v: want two at a time and all done after 5 s", most, order, b.Left())
			}
			ana := slices.DeleteFunc(slices.Clone(order), func(id string) bool { return id[:3] != "ana" })
			if !slices.IsSorted(ana) {
				t.Errorf("done in the order %v", ana)
			}
		})
	})
	t.Run("an errand in two lanes waits in both and holds up both", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := runnertest.NewBox()
			done := make(chan string, 10)
			working(t, b, func(_ context.Context, e *errands.Errand) End {
				time.Sleep(time.Second)
				done <- e.ID
				return End{}
			})
			b.Add(errandOf("1", "ana"), errandOf("2", "ana", "bea"), errandOf("3", "bea"))
			for _, want := range []string{"1", "2", "3"} {
				if got := <-done; got != want {
					t.Errorf("%s was done where %s was to be", got, want)
				}
			}
		})
	})
	t.Run("a failing errand holds up its own lane until it is dead, and no other", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := runnertest.NewBox()
			began, done := time.Now(), map[string]time.Duration{}
			var mu sync.Mutex
			working(t, b, func(_ context.Context, e *errands.Errand) End {
				if e.ID == "poison" {
					return End{Err: errAway}
				}
				mu.Lock()
				defer mu.Unlock()
				done[e.ID] = time.Since(began)
				return End{}
			})
			poison := errandOf("poison", "ana")
			poison.Until = time.Now().Add(time.Hour)
			b.Add(poison, errandOf("behind", "ana"), errandOf("beside", "bea"))
			time.Sleep(2 * time.Hour)
			mu.Lock()
			defer mu.Unlock()
			if done["beside"] != 0 || done["behind"] < 55*time.Minute || done["behind"] > time.Hour {
				t.Errorf("done after %v: want the one beside at once, and the one behind when the hour was over", done)
			}
			left := b.Left()
			if len(left) != 1 || left[0].State != errands.Dead || left[0].Error != errAway.Error() || left[0].Tries < 12 || left[0].Tries > 40 {
				t.Errorf("left: %+v, want the poison, dead after some tries", left)
			}
		})
	})
}

func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := runnertest.NewBox()
		began := time.Now()
		var other atomic.Int64
		w := working(t, b, func(ctx context.Context, e *errands.Errand) End {
			if e.Route == "whatsapp" {
				other.Store(int64(time.Since(began)) + 1)
				return End{}
			}
			<-ctx.Done() // hangs
			return End{Err: ctx.Err()}
		})
		for i := range 10 * Places {
			b.Add(errandOf(fmt.Sprint(i)))
		}
		e := errandOf("the other route")
		e.Route = "whatsapp"
		b.Add(e)
		time.Sleep(time.Second)
		if other.Load() != 1 {
			t.Errorf("behind %d errands that hang, one of another route was done after %s", 10*Places, time.Duration(other.Load()))
		}
		if !w.Crowded(testErrand, "twilio") || w.Crowded(testErrand, "whatsapp") {
			t.Error("it is not known that one route waits for places, and the other does not")
		}
	})
}

func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := runnertest.NewBox()
		var tries []time.Time
		w := workerOf(b, func(context.Context, *errands.Errand) End {
			tries = append(tries, time.Now())
			if len(tries) == 5 {
				panic("a fault of our own")
			}
			return End{Err: errAway}
		})
		w.Start()
		b.Add(errandOf("1"))
		time.Sleep(time.Hour)
		w.Shutdown(t.Context())
		want := []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}
		for i, s := range want {
			if got := tries[i+1].Sub(tries[i]); got != s*time.Second {
				t.Errorf("after try %d the next came %s later, want %d s", i+1, got, s)
			}
		}
		if w.cfg.Panics.Load() != 1 {
			t.Errorf("%d panics counted", w.cfg.Panics.Load())
		}
	})
}

func TestKeptLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := runnertest.NewBox()
		runs := 0
		b.Break(errors.New("the disk is full"))
		working(t, b, func(context.Context, *errands.Errand) End { runs++; return End{} })
		b.Add(errandOf("1"))
		time.Sleep(time.Minute)
		writes := b.Break(nil)
		time.Sleep(2 * time.Second)
		if runs != 1 || len(b.Left()) != 0 || writes < 30 || writes > 70 {
			t.Errorf("while its end could not be kept for a minute, an errand ran %d times, with %d tries to keep it; left %v", runs, writes, b.Left())
		}
	})
}

func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := runnertest.NewBox()
		w := workerOf(b, func(ctx context.Context, e *errands.Errand) End {
			if e.ID == "quick" {
				time.Sleep(time.Second)
				return End{}
			}
			<-ctx.Done()
			return End{Err: ErrStopped}
		})
		w.Start()
		b.Add(errandOf("quick"), errandOf("hangs"))
		synctest.Wait()
		b.Add(errandOf("later", "x"))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		w.Shutdown(ctx)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("the shutdown took %s", took)
		}
		w.Start()
		left := b.Left()
		if len(left) != 2 || left[0].ID != "hangs" || left[0].Tries != 0 {
			t.Errorf("left: %+v, want the one that was broken off, as it was, and the one that came later", left)
		}
	})
}
