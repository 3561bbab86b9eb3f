package proxy

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sendgate/sendgate/store/errands"
)

const (
	declines = "HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n"
	ana      = "+14155550100"
	bea      = "+14155550101"
)

// hooks makes a webhook with a number in its body, and returns whether the owner's answer came, and when.
func (r *relaying) hooks(t *testing.T, n int, people ...string) (answered bool, took time.Duration) {
	t.Helper()
	xml, took := r.hook(t, "POST", "/twilio", fmt.Sprintf("n=%d&to=%s", n, strings.Join(people, ",")), people...)
	return string(xml) == ownAnswer, took
}

// has reports whether a call has this number.
func (w wire) has(n int) bool { return strings.HasPrefix(w.body, fmt.Sprintf("n=%d&", n)) }

func TestWhoWaitsForTheOwner(t *testing.T) {
	slowly := func(w wire) string { time.Sleep(2 * time.Second); return taken }
	for _, c := range []struct {
		name   string
		answer func(wire) string
		cfg    RelayConfig
		calls  func(t *testing.T, r *relaying)
	}{
		{"an owner who takes his time is waited for, by many at once", slowly, RelayConfig{}, func(t *testing.T, r *relaying) {
			var all sync.WaitGroup
			for i := range 30 {
				all.Go(func() {
					if ok, took := r.hooks(t, i, fmt.Sprintf("+141555501%02d", i)); !ok || took != 2*time.Second {
						t.Errorf("webhook %d got the answer: %t, after %s", i, ok, took)
					}
				})
			}
			all.Wait()
		}},
		{"somebody who writes twice gets both answers, one after the other", slowly, RelayConfig{}, func(t *testing.T, r *relaying) {
			var both sync.WaitGroup
			both.Go(func() { r.hooks(t, 1, ana) })
			time.Sleep(time.Millisecond)
			if ok, took := r.hooks(t, 2, ana); !ok || took.Round(time.Second) != 4*time.Second {
				t.Errorf("the second got the answer: %t, after %s", ok, took)
			}
			both.Wait()
		}},
		{"who writes while a receipt of theirs is brought gets the answer", slowly, RelayConfig{}, func(t *testing.T, r *relaying) {
			r.unread(t, 1, ana)
			if ok, _ := r.hooks(t, 2, ana); !ok {
				t.Error("there was no answer")
			}
		}},
		{"what an owner cannot take of one person costs others no answer", func(w wire) string {
			if w.has(1) {
				return declines
			}
			return taken
		}, RelayConfig{}, func(t *testing.T, r *relaying) {
			r.hooks(t, 1, ana)
			if ok, took := r.hooks(t, 2, ana); ok || took != 0 {
				t.Errorf("behind it the same person's got the answer: %t, after %s", ok, took)
			}
			for n := range 100 {
				if ok, _ := r.hooks(t, 3+n, bea); !ok {
					t.Errorf("webhook %d of another got none", n)
				}
				time.Sleep(30 * time.Second)
			}
			if n := len(r.box.Left()); n != 2 {
				t.Errorf("%d calls are left, want those of the one person", n)
			}
		}},
		{"an owner who hangs keeps as many waiting as calls are made at a time, and for no longer than is allowed", func(wire) string {
			time.Sleep(time.Hour)
			return ""
		}, RelayConfig{InFlight: 4}, func(t *testing.T, r *relaying) {
			var all sync.WaitGroup
			var mu sync.Mutex
			waited := 0
			for n := range 1000 {
				all.Go(func() {
					if _, took := r.hooks(t, n, fmt.Sprintf("+1415555%04d", n)); took > 0 {
						mu.Lock()
						defer mu.Unlock()
						if waited++; took > defaultRelayWait {
							t.Errorf("webhook %d waited %s", n, took)
						}
					}
				})
				time.Sleep(100 * time.Millisecond)
			}
			all.Wait()
			if waited != 4 {
				t.Errorf("%d webhooks waited, want 4", waited)
			}
		}},
		{"nobody waits who is not to", slowly, RelayConfig{Wait: new(time.Duration)}, func(t *testing.T, r *relaying) {
			if ok, took := r.hooks(t, 1, ana); ok || took != 0 {
				t.Errorf("the answer came: %t, after %s", ok, took)
			}
		}},
		{"who writes while a receipt of theirs is declined does not wait", func(w wire) string {
			time.Sleep(20 * time.Millisecond)
			return declines
		}, RelayConfig{}, func(t *testing.T, r *relaying) {
			r.unread(t, 1, ana, bea)
			var both sync.WaitGroup
			both.Go(func() {
				time.Sleep(time.Millisecond)
				if ok, took := r.hooks(t, 2, bea, "+14155550102"); ok || took > 20*time.Millisecond {
					t.Errorf("the answer came: %t, after %s", ok, took)
				}
			})
			time.Sleep(2 * time.Millisecond)
			if ok, took := r.hooks(t, 3, "+14155550102"); ok || took > 20*time.Millisecond {
				t.Errorf("behind that, the answer came: %t, after %s", ok, took)
			}
			both.Wait()
		}},
		{"who has calls waiting since before the start does not wait", slowly, RelayConfig{}, func(t *testing.T, r *relaying) {
			r.box.Add(errands.Errand{ID: "earlier", Kind: errands.Relay, Route: "twilio", Lanes: []string{"relay twilio sms " + ana}, Added: time.Now(),
				Due: time.Now().Add(time.Minute), Body: []byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")})
			if ok, took := r.hooks(t, 1, ana); ok || took != 0 {
				t.Errorf("the answer came: %t, after %s", ok, took)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.cfg.URL = "http://127.0.0.1:1/hook"
				c.calls(t, relayTo(t, c.cfg, &shop{answer: c.answer}))
			})
		})
	}
}

func TestWhatTheOwnerSays(t *testing.T) {
	const tooBusy = "HTTP/1.1 503 Busy\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"
	for _, c := range []struct {
		name, answer string
		tries        int // in an hour
		dead         bool
		want         string
	}{
		{"that it is gone for good", "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", 1, true, "the owner answered 410 Gone"},
		{"that it is too large", "HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n", 1, true, "the owner answered 413 Request Entity Too Large"},
		{"that it is elsewhere", "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 20, false, "the owner answered 301 Moved Permanently, and redirects are not followed"},
		{"that it is not allowed", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", 20, false, "the owner answered 403 Forbidden"},
		{"when to come again", tooBusy, 30, false, "the owner answered 503 Service Unavailable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				r := relayTo(t, RelayConfig{URL: "http://127.0.0.1:1/hook"}, &shop{answer: func(wire) string { tries++; return c.answer }})
				r.hooks(t, 1, ana)
				time.Sleep(time.Hour - time.Second)
				left := r.box.Left()
				if len(left) != 1 || (left[0].State == errands.Dead) != c.dead || left[0].Error != c.want || tries != c.tries {
					t.Errorf("after an hour with %d tries, want %d, is left %s %q", tries, c.tries, left[0].State, left[0].Error)
				}
			})
		})
	}
}
