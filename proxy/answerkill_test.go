package proxy

import (
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store"
)

// answerMoments are when a gate is killed that owes somebody a confirmation, and what becomes of it after that.
var answerMoments = map[string]struct {
	told          bool
	before, after int // how often it is sent
	dead          []string
}{
	"before it is sent":                    {true, 0, 1, nil},
	"while the provider has it":            {true, 1, 0, []string{"answer: " + errBegun.Error()}},
	"once the provider has taken it, soon": {true, 1, 0, nil},
}

// answerUntilKilled serves a gate with its store in dir that answers people, and says where it takes webhooks.
func answerUntilKilled(dir, upstream, moment string) error {
	st, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return err
	}
	g, err := New(answering(new(testing.T), upstream, nil), st)
	if err != nil {
		return err
	}
	calls, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if answerMoments[moment].before > 0 {
		g.Start()
	}
	fmt.Println(calls.Addr())
	return g.ServeWebhooks(calls)
}

// TestConfirmationKilled: a gate is killed over a confirmation, and its provider tells it of the opt-out once more.
// Whatever the moment, one confirmation is sent at most; and one is sent unless nobody knows whether it was.
func TestConfirmationKilled(t *testing.T) {
	for moment, want := range answerMoments {
		t.Run(moment, func(t *testing.T) {
			dir := t.TempDir()
			arrived, release := make(chan struct{}, 10), make(chan struct{})
			if want.dead == nil {
				close(release)
			}
			base := play(t, loopback(t), func(c net.Conn) {
				echoEach(c, func(wire) string {
					arrived <- struct{}{}
					<-release
					return answerOf(201, `{"sid":"SM00000000000000000000000000000009","status":"queued"}`)
				})
			})
			child, addrs := spawn(t, dir, upstreamVariable+"="+base, momentVariable+"="+moment)
			stop := texted(t, "SM1", "+14155550100", "stop please")
			callBack(t, addrs[0], stop, 200)
			for range want.before {
				<-arrived
			}
			kill(t, child)
			if want.dead != nil {
				close(release)
			}

			st, err := store.Open(store.Config{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = st.Close() })
			cfg := answering(t, base, nil)
			cfg.Now = func() time.Time { return time.Now().Add(time.Minute) }
			g, _, calls := startHooked(t, cfg, st)
			callBack(t, calls, stop, 200)
			errandsDone(t, g)
			callBack(t, calls, texted(t, "SM2", "+14155550100", "stop please"), 200)
			errandsDone(t, g)
			if n := len(arrived); n != want.after {
				t.Errorf("after the kill it was sent %d times, want %d", n, want.after)
			}
			if dead := deadLetters(t, st); !slices.Equal(dead, want.dead) && !(moment == "once the provider has taken it, soon" && len(dead) == 1) {
				t.Errorf("given up: %q, want %q", dead, want.dead)
			}
		})
	}
}
