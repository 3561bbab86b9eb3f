package notify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
	"go.uber.org/zap"
)

var (
	noon  = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	carol = filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+14155550100"}
)

// A receiver takes POSTs as its script says, and anything once the script is over.
type receiver struct {
	t      *testing.T
	script []func(http.ResponseWriter, *http.Request) // nil: take it
	done   chan struct{}                              // closed when changes up to last were acknowledged
	last   uint64

	mu    sync.Mutex
	tries [][]uint64 // the numbers in each POST
	taken []uint64   // those that were acknowledged
}

func newReceiver(t *testing.T, last uint64, script ...func(http.ResponseWriter, *http.Request)) (*receiver, string) {
	r := &receiver{t: t, script: script, last: last, done: make(chan struct{})}
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	return r, srv.URL
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender went away
	}
	var page Changes
	if err := json.Unmarshal(body, &page); err != nil {
		r.t.Errorf("the body does not read: %v", err)
	}
	sent, _, _ := strings.Cut(strings.TrimPrefix(req.Header.Get(SignatureHeader), "t="), ",")
	at, err := time.ParseDuration(sent + "s")
	if err != nil || req.Header.Get(SignatureHeader) != Signature(secret, time.Unix(0, 0).Add(at), body) {
		r.t.Errorf("the signature %q is not of the body", req.Header.Get(SignatureHeader))
	}
	r.mu.Lock()
	n := len(r.tries)
	r.tries = append(r.tries, numbersIn(page))
	if n < len(r.script) && r.script[n] != nil {
		r.mu.Unlock()
		r.script[n](w, req)
		return
	}
	defer r.mu.Unlock()
	r.taken = append(r.taken, numbersIn(page)...)
	w.WriteHeader(http.StatusNoContent)
	if page.Next >= r.last {
		select {
		case <-r.done:
		default:
			close(r.done)
		}
	}
}

// seen is what came so far.
func (r *receiver) seen() (tries [][]uint64, taken []uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tries, r.taken
}

// A chain is a store that events are put into.
type chain struct {
	t     *testing.T
	store *store.Store
}

func newChain(t *testing.T) *chain {
	t.Helper()
	return openChain(t, store.Config{Memory: true})
}

func openChain(t *testing.T, cfg store.Config) *chain {
	t.Helper()
	st, err := store.Open(cfg)
	storetest.Must(t, err)
	t.Cleanup(func() {
		if err := st.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
			t.Error(err)
		}
	})
	return &chain{t, st}
}

// learn adds an event.
func (c *chain) learn(e filter.Event) {
	c.t.Helper()
	e.Source = "test"
	storetest.Must(c.t, c.store.Append(c.t.Context(), e))
}

// learnMany adds n opt-outs.
func (c *chain) learnMany(n int) {
	c.t.Helper()
	for i := range n {
		c.learn(filter.Event{To: carol, Kind: filter.OptedOut, Time: noon.Add(time.Duration(i) * time.Minute)})
	}
}

// quick makes a notifier that does not make a test wait.
func (c *chain) quick(url, dir string, change func(*Config)) *Notifier {
	c.t.Helper()
	cfg := Config{URL: url, Secret: secret, Batch: 3, Every: time.Millisecond,
		Retry: Backoff{First: time.Millisecond, Most: 2 * time.Millisecond}}
	if change != nil {
		change(&cfg)
	}
	n, err := New(cfg, c.store, Options{Dir: dir, Veil: unnoted, Log: zap.NewNop(), Now: time.Now})
	storetest.Must(c.t, err)
	return n
}

// unnoted is e without its note.
func unnoted(e filter.Event) filter.Event {
	e.Note = ""
	return e
}

// during runs n until wait is over, and then stops it.
func during(t *testing.T, n *Notifier, wait <-chan struct{}) {
	t.Helper()
	quit, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { n.Run(quit, t.Context()); close(ended) }()
	select {
	case <-wait:
	case <-time.After(20 * time.Second):
		t.Errorf("gave up waiting: %+v", n.Status())
	}
	stop()
	<-ended
}

// numbersIn are those of the changes of a page.
func numbersIn(page Changes) (all []uint64) {
	for _, c := range page.Changes {
		all = append(all, c.Link.Seq)
	}
	return all
}

func numbers(from, to uint64) (all []uint64) {
	for ; from <= to; from++ {
		all = append(all, from)
	}
	return all
}

// Whatever a receiver does, nothing is lost, what it acknowledged never comes again, and nothing
// comes before what it did not acknowledge.
func TestALyingReceiver(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Error("a redirect was followed")
	}))
	defer elsewhere.Close()
	hijack := func(say string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, say)
			_ = conn.Close()
		}
	}
	status := func(code int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(code)
		}
	}
	for name, lie := range map[string]struct {
		tell func(http.ResponseWriter, *http.Request)
		want string // in the status
	}{
		"500":                              {status(500), "the receiver answered 500 Internal Server Error"},
		"404":                              {status(404), "the receiver answered 404 Not Found"},
		"a redirect":                       {status(302), "the receiver answered 302 Found, and redirects are not followed"},
		"a redirect that keeps the method": {status(308), "redirects are not followed"},
		"200, then the connection is cut":  {hijack("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok"), "the receiver's answer broke off: unexpected EOF"},
		"200, cut between two chunks":      {hijack("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"), "the receiver's answer broke off: unexpected EOF"},
		"closed without an answer":         {hijack(""), "reaching the receiver: EOF"},
		"something that is no HTTP":        {hijack("220 smtp.example.com ESMTP\r\n"), "reaching the receiver: "},
		"a header without end":             {hijack("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 64<<10)), "reaching the receiver: "},
		"an answer that never comes":       {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "context deadline exceeded"},
		"200 at once, and a body without end": {func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, "the receiver's answer broke off: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newChain(t)
			b.learnMany(8)
			r, url := newReceiver(t, 8, nil, lie.tell, lie.tell)
			n := b.quick(url, "", func(c *Config) { c.Timeouts.Answer = 100 * time.Millisecond })
			first, _ := n.step(t.Context())
			if !first {
				t.Fatalf("the first batch was not taken: %+v", n.Status())
			}
			_, err := n.step(t.Context())
			if err == nil || !strings.Contains(err.Error(), lie.want) || strings.Contains(err.Error(), url) {
				t.Errorf("got %v, want %q", err, lie.want)
			}
			n.cfg.Timeouts.Answer = DefaultAnswer
			if strings.Contains(lie.want, "deadline") {
				r.script[2] = nil
			}
			during(t, n, r.done)
			tries, taken := r.seen()
			if !reflect.DeepEqual(taken, numbers(1, 8)) {
				t.Errorf("acknowledged %v, want 1 to 8 once each", taken)
			}
			for i, try := range tries[1 : len(tries)-1] {
				if !reflect.DeepEqual(try, numbers(4, 6)) {
					t.Errorf("try %d had %v, want what was not acknowledged, 4 to 6", i+2, try)
				}
			}
		})
	}
}

func TestAReceiverThatIsNotThere(t *testing.T) {
	b := newChain(t)
	b.learnMany(1)
	srv := httptest.NewServer(nil)
	srv.Close()
	n := b.quick(srv.URL, "", nil)
	if _, err := n.step(t.Context()); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
	}
}

// pretend makes n see a chain of so many events, one a page. A test with a clock of its own cannot
// share the store's goroutines.
func (n *Notifier) pretend(events uint64) {
	n.head = func() store.Head { return store.Head{Seq: events} }
	n.read = func(since uint64) (Changes, store.Head, error) {
		at := store.Head{Seq: since + 1}
		return Changes{Changes: []store.Change{{Link: store.Link{Seq: at.Seq}}}, Next: at.Seq, Head: events}, at, nil
	}
}

// A roundTrip plays the network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func replied(status int, header http.Header) *http.Response {
	return &http.Response{StatusCode: status, Header: header, Body: http.NoBody}
}

// Tries come later and later, up to a bound; a receiver that asks for time gets it, up to the same
// bound; and after a success the first wait is short again.
func TestRetriesBackOff(t *testing.T) {
	b := newChain(t)
	synctest.Test(t, func(t *testing.T) {
		var times []time.Duration
		start := time.Now()
		quit, stop := context.WithCancel(t.Context())
		n := b.quick("https://crm.example.com/", "", func(c *Config) { c.Batch, c.Retry = 1, Backoff{time.Second, time.Minute} })
		n.pretend(2)
		n.random = func() float64 { return 1 }
		n.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			times = append(times, time.Since(start))
			switch len(times) {
			case 9:
				return replied(503, http.Header{"Retry-After": {"45"}}), nil
			case 10:
				return replied(429, http.Header{"Retry-After": {"86400"}}), nil
			case 11:
				return replied(200, nil), nil
			case 13:
				stop()
				return replied(200, nil), nil
			}
			return nil, errors.New("no route to host")
		})
		ended := make(chan struct{})
		go func() { n.Run(quit, t.Context()); close(ended) }()
		time.Sleep(3 * time.Second) // of the test's own clock: tries were at 0, 1 and 3 seconds
		synctest.Wait()
		if s := n.Status(); s.Failures != 3 || s.Behind != 2 || s.Error != "reaching the receiver: no route to host" ||
			!s.NextTry.Equal(time.Now().Add(4*time.Second)) || s.Host != "https://crm.example.com" || !s.Acknowledged.IsZero() {
			t.Errorf("while it fails: got %+v", s)
		}
		<-ended
		if s := n.Status(); s.Failures != 0 || s.Behind != 0 || s.Error != "" || !s.NextTry.IsZero() || s.Cursor != 2 || !s.Acknowledged.Equal(time.Now()) {
			t.Errorf("after it worked: got %+v", s)
		}
		var gaps []time.Duration
		for i := 1; i < 13; i++ {
			gaps = append(gaps, (times[i]-times[i-1])/time.Second)
		}
		if want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 0, 1}; !reflect.DeepEqual(gaps, want) {
			t.Errorf("seconds between tries: got %d, want %d", gaps, want)
		}
		if n.changes != 2 || n.taken != 2 || n.failed != 11 {
			t.Errorf("counted %d changes in %d POSTs and %d failures", n.changes, n.taken, n.failed)
		}
	})
}

// A gate that dies in the middle goes on where it was: what was acknowledged does not come again.
func TestARestartGoesOnWhereItWas(t *testing.T) {
	b := newChain(t)
	b.learnMany(8)
	dir := t.TempDir()
	die, dead := context.WithCancel(t.Context())
	r, url := newReceiver(t, 8, nil, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		func(_ http.ResponseWriter, req *http.Request) { dead(); <-req.Context().Done() })
	b.quick(url, dir, nil).Run(die, die) // until it dies within its third POST
	if got := readCursor(t, dir); !strings.HasPrefix(got, `{"seq":3,"sum":"`) {
		t.Errorf("kept %s, want 3", got)
	}
	b.learnMany(1) // nothing new, but another event
	during(t, b.quick(url, dir, nil), r.done)
	if _, taken := r.seen(); !reflect.DeepEqual(taken[:8], numbers(1, 8)) {
		t.Errorf("acknowledged %v, want 1 to 8 once each", taken)
	}
}

func readCursor(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, cursorName))
	storetest.Must(t, err)
	return string(text)
}
