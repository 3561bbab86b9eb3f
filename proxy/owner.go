package proxy

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sendgate/sendgate/proxy/runner"
	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
)

// ownerFailures is how many calls are answered with other than 2xx, and none with 2xx, before the owner counts as
// away. One person's call alone may be what the owner cannot take.
const ownerFailures = 3

// An owner is how whoever gets the relayed calls of a route does, and which webhooks wait for them. It outlives
// reloads.
//
// A webhook waits for the owner only while they are there: the last try was answered, no webhook has waited in
// vain since, there is a place for the call, and nothing stands before it in its lanes but calls that are being
// made for the first time. So an owner who goes away keeps webhooks waiting no longer than a refusal takes.
// Where they hang, nobody can know before one has waited in vain: those that came until then wait too, each
// up to the relay's wait, and at most as many as calls are made at a time.
type owner struct {
	route   string
	crowded func() bool           // calls are due and wait for a place
	ahead   func(lane string) int // how many calls of a lane are to be made
	log     *zap.Logger

	mu       sync.Mutex
	away     bool
	declined map[string]bool     // calls that were since the last that was taken; by errand
	fresh    map[string]*awaited // calls that were not tried before, behind others of that kind alone; by errand
	lanes    map[string]int      // how many of fresh are in a lane
	waiting  int                 // how many of fresh a webhook waits for

	ends [relayEnds]uint64 // of tries
}

// A relayEnd is what became of one try.
type relayEnd uint8

const (
	relayDelivered relayEnd = iota // the owner took the call
	relayFailed                    // not yet: it is tried again
	relayDead                      // and never will by itself
	relayEnds      = iota
)

var relayNames = [relayEnds]string{"delivered", "failed", "dead"}

func newOwner(route string, log *zap.Logger, crowded func() bool, ahead func(lane string) int) *owner {
	return &owner{route: route, crowded: crowded, ahead: ahead, log: log,
		declined: make(map[string]bool), fresh: make(map[string]*awaited), lanes: make(map[string]int)}
}

// tally is how many tries ended in each way.
func (o *owner) tally() [relayEnds]uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ends
}

// isAway is 1 while the owner is away, and else 0.
func (o *owner) isAway() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.away {
		return 1
	}
	return 0
}

// An awaited is a call that is about to be kept and made, and the owner's answer to it.
type awaited struct {
	owner *owner
	id    string
	lanes []string
	wait  time.Duration
	xml   chan []byte // gets the TwiML, or nil where there is none; nil: nobody waits
	open  bool        // who waits was not told yet
}

// await takes note of e, which is not yet in the store. Where places, which is how many calls are made at a
// time, allow it and the owner is there, a webhook may wait for the answer.
func (o *owner) await(e *errands.Errand, wait time.Duration, places int) *awaited {
	o.mu.Lock()
	defer o.mu.Unlock()
	a := &awaited{owner: o, id: e.ID, lanes: e.Lanes, wait: wait}
	if o.away || o.fresh[e.ID] != nil {
		return a
	}
	for _, lane := range e.Lanes {
		if o.ahead(lane) > o.lanes[lane] {
			return a
		}
	}
	o.fresh[e.ID] = a
	for _, lane := range e.Lanes {
		o.lanes[lane]++
	}
	if wait > 0 && o.waiting < places && !o.crowded() {
		a.xml, a.open = make(chan []byte, 1), true
		o.waiting++
	}
	return a
}

// answer waits until the owner has answered, or the time for that is over, and returns the TwiML of the answer,
// if there is one.
func (a *awaited) answer() []byte {
	if a.xml == nil {
		return nil
	}
	timer := time.NewTimer(a.wait)
	defer timer.Stop()
	select {
	case xml := <-a.xml:
		return xml
	case <-timer.C:
		a.owner.mu.Lock()
		defer a.owner.mu.Unlock()
		a.tell(nil)
		a.owner.leaves(errors.New("the owner did not answer while the provider waited"))
		return nil
	}
}

// forget is for a call that was not kept, or is known already.
func (a *awaited) forget() {
	a.owner.mu.Lock()
	defer a.owner.mu.Unlock()
	a.tell(nil)
	a.settle()
}

// tell gives who waits the answer, and does nothing the second time. The owner is locked.
func (a *awaited) tell(xml []byte) {
	if a.open {
		a.xml <- xml
		a.open = false
		a.owner.waiting--
	}
}

// settle takes a out of what is fresh, and does nothing the second time. The owner is locked.
func (a *awaited) settle() {
	o := a.owner
	if o.fresh[a.id] != a {
		return
	}
	delete(o.fresh, a.id)
	for _, lane := range a.lanes {
		if o.lanes[lane]--; o.lanes[lane] == 0 {
			delete(o.lanes, lane)
		}
	}
}

// leaves notes that the owner is away. o is locked.
func (o *owner) leaves(why error) {
	if !o.away {
		o.away = true
		o.log.Warn("webhooks go on to their owner later: nobody there takes them", zap.String("route", o.route), zap.Error(why))
	}
}

// tried notes what became of a try that took so long. said is nil where the owner did not answer. What it returns is
// to be called once the store knows.
func (o *owner) tried(e *errands.Errand, said *word, end runner.End, took, wait time.Duration) (kept func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.fresh[e.ID]
	if a != nil && said != nil {
		a.tell(said.xml)
	} else if a != nil {
		a.tell(nil)
	}
	if end.Err == nil {
		o.ends[relayDelivered]++
		clear(o.declined)
		if o.away && (wait == 0 || took < wait) {
			o.away = false
			o.log.Info("the owner takes webhooks again", zap.String("route", o.route))
		}
		return func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			if a != nil {
				a.settle()
			}
		}
	}
	if end.Dead {
		o.ends[relayDead]++
	} else {
		o.ends[relayFailed]++
	}
	if !o.away {
		o.declined[e.ID] = true
	}
	if said == nil || len(o.declined) >= ownerFailures {
		o.leaves(end.Err)
	}
	if a != nil && end.Dead {
		a.settle()
	} else if a != nil {
		o.block(a)
	}
	return nil
}

// block has nobody wait for a call that is to be tried again, nor for those behind it. o is locked.
func (o *owner) block(a *awaited) {
	a.tell(nil)
	a.settle()
	for _, b := range o.fresh {
		if slices.ContainsFunc(b.lanes, func(lane string) bool { return slices.Contains(a.lanes, lane) }) {
			o.block(b)
		}
	}
}
