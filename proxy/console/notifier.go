package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// A notifier sends the changes of one store to one receiver. One goroutine runs it; status may be
// asked from any.
type notifier struct {
	cfg    Notify
	head   func() store.Head                               // of the chain
	read   func(since uint64) (Changes, store.Head, error) // the next changes, and where they end
	file   *cursorFile
	client *http.Client
	log    *zap.Logger
	now    func() time.Time
	random func() float64     // from 0 up to 1
	hurry  chan chan struct{} // whoever wants the next try now; what they send is closed once it was made

	mu           sync.Mutex
	cursor       store.Head // the last change that was acknowledged; Time is not kept
	acknowledged time.Time
	failures     int
	problem      string
	next         time.Time // of the next try after a failure
	taken        uint64    // POSTs that were acknowledged
	failed       uint64    // and those that were not
	changes      uint64    // changes that were acknowledged
}

// newNotifier makes the notifier that cfg describes, which goes on where the file says.
func newNotifier(cfg Notify, st *store.Store, dir string, log *zap.Logger, now func() time.Time) (*notifier, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	n := &notifier{cfg: cfg.withDefaults(), head: st.Head, file: newCursorFile(dir), log: log, now: now, random: rand.Float64, hurry: make(chan chan struct{})}
	n.client = newPoster(n.cfg.Timeouts.Connect)
	n.read = func(since uint64) (Changes, store.Head, error) {
		var show func(*store.Change)
		if !n.cfg.Evidence {
			show = func(c *store.Change) { c.Event = veil(c.Event) }
		}
		return changesAfter(st, since, n.cfg.Batch, show)
	}
	var err error
	if n.cursor, err = n.file.read(st, log); err != nil {
		return nil, fmt.Errorf("reading how far the webhook is: %w", err)
	}
	return n, nil
}

// newPoster makes a client that goes where it is told and nowhere else.
func newPoster(connect time.Duration) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: connect}).DialContext,
			TLSHandshakeTimeout:    connect,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // what an answer says does not matter
			MaxConnsPerHost:        1,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: 16 << 10,
		},
		// What is signed for one receiver is not for another.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// status is how far the notifier is.
func (n *notifier) status() Notified {
	head := n.head().Seq
	n.mu.Lock()
	defer n.mu.Unlock()
	s := Notified{On: true, Cursor: n.cursor.Seq, Head: head, Acknowledged: n.acknowledged,
		Failures: n.failures, Error: n.problem, NextTry: n.next}
	if head > s.Cursor {
		s.Behind = head - s.Cursor
	}
	if u, err := url.Parse(n.cfg.URL); err == nil {
		s.Host = u.Scheme + "://" + u.Host
	}
	return s
}

// run sends until quit ends. A try that is under way then goes on, until abort ends.
func (n *notifier) run(quit, abort context.Context) {
	defer n.client.CloseIdleConnections()
	var done chan struct{}
	for quit.Err() == nil && abort.Err() == nil {
		wait, more := n.turn(abort)
		if done != nil {
			close(done)
			done = nil
		}
		if more {
			continue
		}
		pause := time.NewTimer(wait)
		select {
		case <-quit.Done():
		case <-pause.C:
		case done = <-n.hurry:
		}
		pause.Stop()
	}
}

// turn makes one try, if anything waits, and says whether more does, or how long to wait until the next.
func (n *notifier) turn(abort context.Context) (wait time.Duration, more bool) {
	if n.status().Behind == 0 {
		return n.cfg.Every, false
	}
	more, err := n.step(abort)
	if err != nil && abort.Err() == nil { // else the peer did nothing wrong
		return n.fail(err), false
	}
	return n.cfg.Every, more
}

// tryNow has what waits be tried at once, and returns when it was, or ctx or quit ended before.
func (n *notifier) tryNow(ctx, quit context.Context) {
	done := make(chan struct{})
	select {
	case n.hurry <- done:
	case <-ctx.Done():
		return
	case <-quit.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	case <-quit.Done():
	}
}

// step sends the next changes. They are read anew at each try: who was erased since the last one
// is not told of any more. more reports whether there are others.
func (n *notifier) step(ctx context.Context) (more bool, err error) {
	page, at, err := n.read(n.cursor.Seq)
	if err != nil {
		return false, err
	}
	if len(page.Changes)+len(page.Lost) > 0 {
		body, err := json.Marshal(page)
		if err != nil {
			return false, fmt.Errorf("writing the changes: %w", err)
		}
		if err := n.post(ctx, body); err != nil {
			return false, err
		}
	}
	tellLost(n.log, "receiver of the webhook", page.Lost...)
	n.succeed(at, len(page.Changes))
	return page.Next < page.Head, nil
}

// succeed moves the cursor to at.
func (n *notifier) succeed(at store.Head, changes int) {
	if err := n.file.write(at); err != nil {
		n.log.Warn("how far the webhook is could not be kept: after a restart changes are sent again", zap.Error(err))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.failures > 0 {
		n.log.Info("the webhook's receiver takes changes again", zap.Int("failures", n.failures))
	}
	n.cursor, n.failures, n.problem, n.next = at, 0, "", time.Time{}
	if changes > 0 {
		n.acknowledged = n.now().UTC()
		n.taken++
		n.changes += uint64(changes)
	}
}

// fail notes a failure and returns how long to wait.
func (n *notifier) fail(err error) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.failures++
	n.failed++
	wait := n.cfg.Retry.wait(n.failures, n.random())
	if e, ok := errors.AsType[*refusal](err); ok {
		wait = max(wait, min(e.after, n.cfg.Retry.Most))
	}
	n.problem, n.next = err.Error(), n.now().Add(wait).UTC()
	n.log.Warn("changes were not acknowledged", zap.Error(err), zap.Uint64("after", n.cursor.Seq),
		zap.Int("failures", n.failures), zap.Duration("wait", wait))
	return wait
}

// wait is how long to wait after so many failures in a row; random is from 0 up to 1.
func (b Backoff) wait(failures int, random float64) time.Duration {
	d := b.First
	for i := 1; i < failures && d < b.Most; i++ {
		d *= 2
	}
	d = min(d, b.Most)
	return d/2 + time.Duration(random*float64(d-d/2))
}

// A refusal is an answer other than 2xx.
type refusal struct {
	status int
	after  time.Duration // how long the receiver wants to be left alone
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("the receiver answered %d %s", r.status, http.StatusText(r.status))
	if r.status/100 == 3 {
		text += ", and redirects are not followed"
	}
	return text
}

// maxAnswer is how much of an answer is read. What it says does not matter, but that it ends does:
// a receiver that breaks off in the middle may have broken off its work too.
const maxAnswer = 64 << 10

// post sends one body. It returns nil once the receiver has acknowledged it. Errors do not hold
// the URL.
func (n *notifier) post(ctx context.Context, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.Timeouts.Answer)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the URL cannot be posted to")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "sendgate")
	req.Header.Set(SignatureHeader, Signature(n.cfg.Secret, n.now(), body))
	resp, err := n.client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return fmt.Errorf("reaching the receiver: %w", err)
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	switch {
	case resp.StatusCode/100 != 2:
		r := &refusal{status: resp.StatusCode}
		if seconds, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 31); err == nil {
			r.after = time.Duration(seconds) * time.Second
		}
		return r
	case err != nil:
		return fmt.Errorf("the receiver's answer broke off: %w", err)
	}
	return nil
}
