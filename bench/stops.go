package bench

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"
)

// Stops are the opt-outs that the gate learns of while a broadcast runs, and what they bind: a send
// that begins after one was acknowledged must be blocked, and one that was under way by then may go
// either way.
//
// The gate learns of them in two ways: it is told of everybody who answers a message with STOP (see
// [Stops.Hear]), and the provider may refuse a message because its recipient left there (see
// [Stops.Sender]). Its exported fields are set first; otherwise Stops is safe for concurrent use.
type Stops struct {
	// OptOut tells the gate that this recipient left, and returns when the gate has acknowledged it.
	OptOut func(ctx context.Context, r Recipient) error
	// Delay is how long people take to answer STOP. Nil: no time.
	Delay func() time.Duration
	// Learns says that the gate learns from a provider's refusal before it passes it on, so that it
	// binds the next send.
	Learns bool

	once  sync.Once
	mu    sync.Mutex
	known map[string]*stop // by address
	again []Recipient      // who is to be written to again
	done  StopCounts

	ctx     context.Context // of those who have not told the gate yet
	end     context.CancelFunc
	over    bool           // nobody else leaves
	leaving sync.WaitGroup // those who are about to tell the gate
	waiting int            // how many they are
	tellers chan struct{}  // one for each STOP that is being told
}

// A stop is one recipient who left, or will.
type stop struct {
	told    time.Time // since then the gate may know; zero: not yet
	bound   time.Time // since then it must; zero: not yet
	unheard time.Time // since then it may know from an answer of the provider that never came here; zero: it does not
	heard   bool      // it was a STOP, and no refusal
	before  int64     // sends that began before it was bound
	arrived int64     // messages that the provider took
}

// StopCounts are the opt-outs of a run, and the sends they were about.
type StopCounts struct {
	Told         int64  `json:"told"`                // STOPs that the gate was told of
	Acknowledged int64  `json:"acknowledged"`        // of these
	Refused      int64  `json:"refused,omitempty"`   // people of whom the provider said that they had left
	After        int64  `json:"after"`               // sends that began after an acknowledgement: all of them must be blocked
	Meanwhile    int64  `json:"meanwhile,omitempty"` // sends that were under way before it: either way is right
	Late         int64  `json:"late,omitempty"`      // messages that the provider took, and that began after it
	Why          string `json:"why,omitempty"`       // the first that was not acknowledged, and why not
}

// String is s in a sentence or two.
func (s StopCounts) String() string {
	text := fmt.Sprintf("%d people opted out in mid-broadcast: the gate acknowledged %d. %d sends to them began after that, %d were under way.",
		s.Told, s.Acknowledged, s.After, s.Meanwhile)
	if s.Refused > 0 {
		text += fmt.Sprintf(" %d times the provider said that somebody had left.", s.Refused)
	}
	if s.Late > 0 {
		text += fmt.Sprintf(" %d MESSAGES WENT OUT AFTER AN OPT-OUT.", s.Late)
	}
	return text
}

const (
	maxTellers = 16      // STOPs told at once
	maxWaiting = 10_000  // people who are about to leave; a message to one more is not answered
	maxUnheard = 1 << 20 // people of whom it is kept that an answer did not come
)

func (s *Stops) begin() {
	s.once.Do(func() {
		s.ctx, s.end = context.WithCancel(context.Background())
		s.known, s.tellers = map[string]*stop{}, make(chan struct{}, maxTellers)
	})
}

// Hear is a message that arrived at somebody who answers STOP. Only the first counts.
func (s *Stops) Hear(r Recipient) {
	s.begin()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.of(r.Address)
	st.arrived++
	if st.heard || s.over || s.waiting == maxWaiting {
		return
	}
	st.heard = true
	s.waiting++
	s.leaving.Go(func() { s.leave(r) })
}

// of is what is known of an address; the caller holds the lock.
func (s *Stops) of(address string) *stop {
	st := s.known[address]
	if st == nil {
		st = &stop{}
		s.known[address] = st
	}
	return st
}

// leave tells the gate that r left, after a while.
func (s *Stops) leave(r Recipient) {
	wait := time.NewTimer(0)
	if s.Delay != nil {
		wait.Reset(s.Delay())
	}
	defer wait.Stop()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.waiting--
	}()
	select {
	case <-wait.C:
	case <-s.ctx.Done():
		return
	}
	select {
	case s.tellers <- struct{}{}:
		s.optOut(r)
		<-s.tellers
	case <-s.ctx.Done():
	}
}

// optOut tells the gate that r left, and has r written to again: while the gate is told, and when it
// has acknowledged.
func (s *Stops) optOut(r Recipient) {
	s.mu.Lock()
	if st := s.of(r.Address); st.told.IsZero() { // else the provider was first
		st.told = time.Now()
	}
	s.again = append(s.again, r)
	s.done.Told++
	s.mu.Unlock()

	limit, cancel := context.WithTimeout(context.Background(), defaultTimeout)
	defer cancel()
	err := s.OptOut(limit, r)

	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.done.Why = cmp.Or(s.done.Why, err.Error())
		return
	}
	if st := s.of(r.Address); st.bound.IsZero() {
		st.bound = now
	}
	s.again = append(s.again, r)
	s.done.Acknowledged++
}

// Again are people, and before the next of them whoever has just left.
func (s *Stops) Again(people Recipients) Recipients { return &again{people, s} }

type again struct {
	Recipients
	stops *Stops
}

func (a *again) Next() (Recipient, error) {
	a.stops.mu.Lock()
	defer a.stops.mu.Unlock()
	if all := a.stops.again; len(all) > 0 {
		a.stops.again = all[1:]
		return all[0], nil
	}
	return a.Recipients.Next()
}

// Sender is sender, with an eye on the refusals of the provider.
func (s *Stops) Sender(d *Dialect, sender Sender) Sender {
	s.begin()
	return &refusalSender{sender, s, d}
}

type refusalSender struct {
	Sender
	stops   *Stops
	dialect *Dialect
}

func (o *refusalSender) Send(r *Recipient) (Answer, error) {
	began := time.Now()
	a, err := o.Sender.Send(r)
	sure, perhaps := o.dialect.left(a)
	switch {
	case err != nil:
	case a.Status == 0, perhaps:
		o.stops.missed(r.Address, began)
	case sure:
		o.stops.refused(r.Address, began, time.Now())
	}
	return a, err
}

// refused notes that the provider said, in a send from began to ended, that a recipient had left.
func (s *Stops) refused(address string, began, ended time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.of(address)
	if st.told.IsZero() || began.Before(st.told) {
		st.told = began
	}
	if s.Learns && (st.bound.IsZero() || ended.Before(st.bound)) {
		st.bound = ended
	}
	s.done.Refused++
}

// missed notes that the answer of a send that began then did not come, or can be read in two ways. It may have been a
// refusal that the gate has read.
func (s *Stops) missed(address string, began time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxUnheard {
		return
	}
	if st := s.of(address); st.unheard.IsZero() || began.Before(st.unheard) {
		st.unheard = began
	}
}

// Finish gives up STOPs that nobody told the gate of yet, and waits for the others. Messages that
// arrive later are counted, and nobody answers them.
func (s *Stops) Finish() {
	s.begin()
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.end()
	s.leaving.Wait()
}

// Counts are the opt-outs so far.
func (s *Stops) Counts() StopCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.done
	for _, st := range s.known {
		if st.heard && !st.bound.IsZero() {
			c.Late += max(0, st.arrived-st.before)
		}
	}
	return c
}

// left is what must become of a message to somebody who opted out.
var left = Want{block, "opted-out"}

// wants is what may become of r: what it wanted, a block because its recipient left, or either.
// First says that it is asked for the first time.
func (s *Stops) wants(r Result, first bool) []Want {
	want := r.Recipient.Want
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.known[r.Recipient.Address]
	if st == nil {
		return []Want{want}
	}
	before := st.bound.IsZero() || r.Began.Before(st.bound)
	meanwhile := before && !st.told.IsZero() && !r.Began.Add(r.Took).Before(st.told)
	if first {
		switch {
		case before:
			st.before++
		default:
			s.done.After++
		}
		if meanwhile {
			s.done.Meanwhile++
		}
	}
	unheard := !st.unheard.IsZero() && !r.Began.Add(r.Took).Before(st.unheard)
	switch {
	case want.Action == "", before && !meanwhile && !unheard:
		return []Want{want}
	case before, want.Action == block:
		return []Want{want, left}
	default:
		return []Want{left}
	}
}
