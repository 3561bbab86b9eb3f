package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// A Notifier sends the changes of one store to one receiver. One goroutine runs it; how far it is
// may be asked from any.
type Notifier struct {
	cfg    Config
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

// Options are what a notifier has of the gate that it is in.
type Options struct {
	Dir  string                          // has a file with how far the webhook is; empty: none has
	Veil func(filter.Event) filter.Event // an event without what is personal in it
	Log  *zap.Logger
	Now  func() time.Time
}

// New makes the notifier that cfg describes, which goes on where the file says.
func New(cfg Config, st *store.Store, in Options) (*Notifier, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	n := &Notifier{cfg: cfg.withDefaults(), head: st.Head, file: newCursorFile(in.Dir), log: in.Log, now: in.Now, random: rand.Float64, hurry: make(chan chan struct{})}
	n.client = newPoster(n.cfg.Timeouts.Connect)
	n.read = func(since uint64) (Changes, store.Head, error) {
		var show func(*store.Change)
		if !n.cfg.Evidence {
			show = func(c *store.Change) { c.Event = in.Veil(c.Event) }
		}
		return After(st, since, n.cfg.Batch, show)
	}
	var err error
	if n.cursor, err = n.file.read(st, in.Log); err != nil {
		return nil, fmt.Errorf("reading how far the webhook is: %w", err)
	}
	return n, nil
}

// A Status is how far the webhook is.
type Status struct {
	On     bool   `json:"on"`             // whether there is one
	Host   string `json:"host,omitempty"` // scheme, host and port; a path may be a secret
	Cursor uint64 `json:"cursor"`         // the number of the last event that was acknowledged
	Head   uint64 `json:"head"`           // the number of the last event there is
	Behind uint64 `json:"behind"`         // how many events wait
	// Acknowledged is when the last POST was; zero: none since the start.
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Failures     int       `json:"failures,omitempty"` // tries in a row that failed
	Error        string    `json:"error,omitempty"`    // why the last of them did
	NextTry      time.Time `json:"next_try,omitzero"`  // when it is tried again
}

// Status is how far the notifier is.
func (n *Notifier) Status() Status {
	head := n.head().Seq
	n.mu.Lock()
	defer n.mu.Unlock()
	s := Status{On: true, Cursor: n.cursor.Seq, Head: head, Acknowledged: n.acknowledged,
		Failures: n.failures, Error: n.problem, NextTry: n.next}
	if head > s.Cursor {
		s.Behind = head - s.Cursor
	}
	if u, err := url.Parse(n.cfg.URL); err == nil {
		s.Host = u.Scheme + "://" + u.Host
	}
	return s
}

// Counts are how many changes and how many POSTs were acknowledged, and how many POSTs were not.
func (n *Notifier) Counts() (changes, taken, failed uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.changes, n.taken, n.failed
}

// Run sends until quit ends. A try that is under way then goes on, until abort ends.
func (n *Notifier) Run(quit, abort context.Context) {
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
func (n *Notifier) turn(abort context.Context) (wait time.Duration, more bool) {
	if n.Status().Behind == 0 {
		return n.cfg.Every, false
	}
	more, err := n.step(abort)
	if err != nil && abort.Err() == nil { // else the peer did nothing wrong
		return n.fail(err), false
	}
	return n.cfg.Every, more
}

// TryNow has what waits be tried at once, and returns when it was, or ctx or quit ended before.
func (n *Notifier) TryNow(ctx, quit context.Context) {
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
func (n *Notifier) step(ctx context.Context) (more bool, err error) {
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
	TellLost(n.log, "receiver of the webhook", page.Lost...)
	n.succeed(at, len(page.Changes))
	return page.Next < page.Head, nil
}

// succeed moves the cursor to at.
func (n *Notifier) succeed(at store.Head, changes int) {
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
func (n *Notifier) fail(err error) time.Duration {
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
