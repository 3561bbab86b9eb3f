package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/runner"
	"github.com/sendgate/sendgate/proxy/runner/runnertest"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// A shop is an owner's endpoint in memory.
type shop struct {
	connect func() error      // whether anybody is there
	answer  func(wire) string // to one call; nothing: the connection ends
	mu      sync.Mutex
	got     []wire
	busy    int
	most    int // calls at a time
}

func (s *shop) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if s.connect != nil {
		if err := s.connect(); err != nil {
			return nil, err
		}
	}
	here, there := net.Pipe()
	go func() {
		defer there.Close()
		echoEach(there, func(w wire) string {
			s.mu.Lock()
			s.busy++
			s.most = max(s.most, s.busy)
			s.mu.Unlock()
			text := s.answer(w)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.busy--
			if strings.HasPrefix(text, "HTTP/1.1 2") {
				s.got = append(s.got, w)
			}
			return text
		})
	}()
	return here, nil
}

// signsLength signs a call with the length of its URL, which is enough to see what was signed.
type signsURL struct{ providers.Caller }

func (signsURL) Sign(req *fasthttp.Request, w *providers.Webhook) {
	req.SetRequestURI(w.URL)
	req.Header.Set("X-Twilio-Signature", w.URL)
}

// A relaying is a gate's relay alone, before a shop and under the clock of a test.
type relaying struct {
	gate  *Gate
	route *route
	box   *runnertest.Box
}

// workerOf is a worker that does the errands of a kind that are in a box.
func workerOf(b *runnertest.Box, kind errands.Kind, run runner.Func, places func(errands.Kind, string) int) *runner.Worker {
	return runner.New(runner.Config{Store: b, Runs: map[errands.Kind]runner.Func{kind: run}, Places: places, Key: func(id string) string { return id },
		Log: zap.NewNop(), Now: time.Now, Random: func() float64 { return 1 }, Panics: new(atomic.Uint64)})
}

func relayTo(t *testing.T, cfg RelayConfig, to *shop) *relaying {
	t.Helper()
	b, g := runnertest.NewBox(), new(Gate)
	own := newOwner("twilio", zap.NewNop(), func() bool { return g.errands.Crowded(errands.Relay, "twilio") }, b.In)
	hook := &webhook{caller: signsURL{}, known: providers.Webhook{Secrets: []string{"12345"}}}
	r, err := newRelay(&cfg, hook, own)
	if err != nil {
		t.Fatal(err)
	}
	r.upstream.Through(to.dial)
	rt := &route{name: "twilio", brand: "acme", webhook: hook}
	hook.relay = r
	g.table.Store(&table{routes: map[string]*route{"twilio": rt}})
	g.errands = workerOf(b, errands.Relay, g.runRelay, g.errandPlaces)
	g.errands.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		g.errands.Shutdown(ctx)
		r.upstream.Close()
		time.Sleep(2 * time.Hour) // by then, who hangs has given up
	})
	return &relaying{g, rt, b}
}

// hook is one webhook about people: it returns the owner's answer and how long it took.
func (r *relaying) hook(t *testing.T, method, target, body string, people ...string) ([]byte, time.Duration) {
	t.Helper()
	began := time.Now()
	return r.keep(t, r.errand(t, method, target, body, people...), r.route.relay().wait).answer(), time.Since(began)
}

// unread is one whose answer nobody reads.
func (r *relaying) unread(t *testing.T, n int, people ...string) {
	t.Helper()
	r.keep(t, r.errand(t, "POST", "/twilio", fmt.Sprintf("n=%d&to=%s", n, strings.Join(people, ",")), people...), 0)
}

// keep has an errand done, as the gate does.
func (r *relaying) keep(t *testing.T, e errands.Errand, wait time.Duration) *awaited {
	t.Helper()
	rl := r.route.relay()
	a := rl.owner.await(&e, wait, rl.inFlight)
	r.box.Add(e)
	return a
}

// errand is that of a webhook.
func (r *relaying) errand(t *testing.T, method, target, body string, people ...string) errands.Errand {
	t.Helper()
	var req fasthttp.Request
	req.Header.SetMethod(method)
	req.Header.SetRequestURI(target)
	req.Header.SetHost("gate.example")
	req.Header.SetContentType("application/x-www-form-urlencoded")
	req.Header.Set("X-Twilio-Signature", "that of the gate's own URL")
	req.Header.Set("I-Twilio-Idempotency-Token", "a-b-c")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("Sendgate-Category", "marketing")
	req.SetBodyString(body)
	var signals []providers.Signal
	for _, p := range people {
		signals = append(signals, providers.Signal{Kind: providers.Message, From: filter.Recipient{Channel: filter.SMS, Address: p}})
	}
	e, ok := r.route.relayErrand(&req, signals, time.Now())
	if !ok {
		t.Fatal("the route relays nothing")
	}
	return e
}

const ownAnswer = "<Response><Message>We open at nine.</Message></Response>"

var taken = "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: " + fmt.Sprint(len(ownAnswer)) + "\r\n\r\n" + ownAnswer

func TestRelayOutage(t *testing.T) {
	const outage, refuses, fails, hangs = time.Hour, "refuses connections", "answers 500", "hangs"
	for _, how := range []string{refuses, fails, hangs} {
		t.Run("an owner who "+how+" for an hour loses nothing, and keeps no webhook waiting", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opened := time.Now()
				gone := func() bool { d := time.Since(opened); return d >= time.Minute && d < time.Minute+outage }
				own := &shop{
					connect: func() error {
						if how == refuses && gone() {
							return errors.New("connection refused")
						}
						return nil
					},
					answer: func(wire) string {
						if how == hangs && gone() {
							time.Sleep(time.Minute)
							return ""
						}
						if how == fails && gone() {
							return "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
						}
						time.Sleep(20 * time.Millisecond)
						return taken
					},
				}
				r := relayTo(t, RelayConfig{URL: "http://127.0.0.1:1/hook", InFlight: 4}, own)
				const people, every = 10, 2 * time.Second
				var slow, answered, late int
				sent := map[string]int{}
				var all sync.WaitGroup
				var mu sync.Mutex
				for i := 0; time.Since(opened) < outage+2*time.Minute; i++ {
					who := fmt.Sprintf("+1415555010%d", i%people)
					both := []string{who}
					if i%7 == 0 { // Meta puts several people into one call
						both = append(both, fmt.Sprintf("+1415555010%d", (i+3)%people))
					}
					body := fmt.Sprintf("n=%d&to=%s", i, strings.Join(both, ","))
					for _, p := range both {
						sent[p]++
					}
					at := time.Since(opened)
					all.Go(func() {
						xml, took := r.hook(t, "POST", "/twilio", body, both...)
						mu.Lock()
						defer mu.Unlock()
						if string(xml) == ownAnswer {
							answered++
						}
						if took > 50*time.Millisecond {
							slow++
							if took > defaultRelayWait || at < time.Minute || at > time.Minute+defaultRelayWait {
								late++
								t.Errorf("a webhook %s after the start was answered after %s", at, took)
							}
						}
					})
					time.Sleep(every)
				}
				all.Wait()
				if allowed := map[string]int{hangs: int(defaultRelayWait/every) + 1}[how]; slow > allowed {
					t.Errorf("%d webhooks were answered late, want at most %d", slow, allowed)
				}
				time.Sleep(2 * runner.Longest)
				if left := r.box.Left(); len(left) != 0 {
					t.Errorf("%d calls are left 10 minutes after the owner came back: %s", len(left), left[0].Error)
				}
				if answered < 30 {
					t.Errorf("%d webhooks got the owner's answer while they were there", answered)
				}
				if how != hangs && own.most > 4 {
					t.Errorf("%d calls were made at a time, want at most 4", own.most)
				}
				own.inOrder(t, sent)
			})
		})
	}
}

// inOrder checks that the owner took of each person as many calls as were sent, in their order.
func (s *shop) inOrder(t *testing.T, sent map[string]int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	got := map[string][]int{}
	for _, w := range s.got {
		var n int
		var to string
		if _, err := fmt.Sscanf(w.body, "n=%d&to=%s", &n, &to); err != nil {
			t.Fatalf("%v: %q", err, w.body)
		}
		for _, p := range strings.Split(to, ",") {
			got[p] = append(got[p], n)
		}
	}
	for p, n := range sent {
		if once := slices.Compact(slices.Clone(got[p])); len(once) != n || !slices.IsSorted(once) {
			t.Errorf("of %d calls about %s the owner took %d, in the order %v", n, p, len(once), once)
		}
	}
}
