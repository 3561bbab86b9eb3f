package proxy

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

const (
	breakerShards = 32

	// maxCircuits is how many senders and campaigns are watched: clients name campaigns, and may name
	// any number of them.
	maxCircuits = 16_384

	// sweepEvery is how often, where there is no more room, it is looked for some.
	sweepEvery = time.Minute

	// retryEvery is how far apart the attempts are to keep a switch that could not be kept.
	retryEvery = 10 * time.Second
)

// A breaker keeps the circuits of a gate: what providers answered, by sender and by campaign of a
// brand. Two brands may well write as the same name, and one is not paused for the other.
//
// What a route in mode report sends, really is sent, and refused; but to people whom a route that
// enforces keeps out, and no pause stops it. So it is counted apart, for that route: its circuits show
// what would be paused, and open for no other. A sender that a provider throttles as a whole finds its own
// refusals on the routes that enforce.
//
// A breaker outlives reloads; what it goes by is the route's. Its methods are safe for concurrent use.
type breaker struct {
	store *store.Store
	log   *zap.Logger
	seed  maphash.Seed

	opened    atomic.Uint64
	unwatched atomic.Uint64 // messages whose circuit there was no room for, or that no switch can pause

	shards [breakerShards]breakerShard

	rating sync.Mutex // one Quality at a time
}

type breakerShard struct {
	mu       sync.Mutex
	circuits map[filter.Target]*circuit
	swept    time.Time // when it was last looked for those that nobody uses any more
}

func (b *breaker) shard(on filter.Target) *breakerShard {
	return &b.shards[maphash.Comparable(b.seed, on)%breakerShards]
}

func newBreaker(st *store.Store, log *zap.Logger) *breaker {
	b := &breaker{store: st, log: log, seed: maphash.MakeSeed()}
	for i := range b.shards {
		b.shards[i].circuits = map[filter.Target]*circuit{}
	}
	for _, sw := range st.Switches().InForce() {
		if sw.Cause == filter.Refusals {
			s := b.shard(sw.On)
			b.circuit(s, sw.On, new(filter.Breaker), time.Time{})
		}
	}
	return b
}

// targets are what m is counted for: each of its senders, and its campaign.
func (rt *route) targets(m *filter.Message) (all [3]filter.Target, n int) {
	on := filter.Target{Brand: rt.brand}
	if rt.mode != Enforce {
		on.Route = rt.name
	}
	for _, sender := range [...]string{m.From, m.Service} {
		if sender != "" {
			all[n] = on
			all[n].Sender = sender
			n++
		}
	}
	if m.Campaign != "" {
		all[n] = on
		all[n].Campaign = m.Campaign
		n++
	}
	return all, n
}

// tries reports whether what rt sends is among what shows whether to lift sw.
func (rt *route) tries(sw *filter.Switch) bool { return rt.mode == Enforce || sw.On.Route == rt.name }

// observe takes in the provider's answer to m: code is the one that it refused it with, or 0. What the
// gate itself refused is never among these.
func (g *Gate) observe(rt *route, m *filter.Message, code int, now time.Time) {
	if rt.breaker == nil || !rt.breaker.Watches(m.Category) {
		return
	}
	g.watch(rt, m, 1, code, now)
}

// refusedLater takes in a refusal that a provider tells of later: the message itself was counted when it was handed
// over. m is its senders and its campaign, as far as they are known. The route has a breaker.
func (g *Gate) refusedLater(rt *route, m filter.Message, code int, now time.Time) {
	m.To.Brand, m.Category = rt.brand, rt.breaker.Categories[0]
	g.watch(rt, &m, 0, code, now)
}

// watch counts messages like m, and a refusal where code is one that counts. What was paused under
// another target, as before the mode of the route was another, is tried all the same.
func (g *Gate) watch(rt *route, m *filter.Message, messages, code int, now time.Time) {
	refusals := 0
	if n := rt.refusals[code]; n != nil {
		n.Add(1)
		refusals = 1
	}
	all, n := rt.targets(m)
	for _, on := range all[:n] {
		if _, problem := on.Problem(); problem != "" { // clients name campaigns as they like
			g.breaker.unwatched.Add(1)
			continue
		}
		g.breaker.count(rt.breaker, on, messages, refusals, code, now)
	}
	force := g.store.Switches().InForce()
	for i := range force {
		if s := &force[i]; s.Trial(now) && rt.tries(s) && s.Covers(rt.name, m) && !slices.Contains(all[:n], s.On) {
			g.breaker.count(rt.breaker, s.On, messages, refusals, code, now)
		}
	}
}

// count takes in what became of messages of on, and turns its switch where that has to be. The
// store is asked without a lock.
func (b *breaker) count(by *filter.Breaker, on filter.Target, messages, refusals, code int, now time.Time) {
	s := b.shard(on)
	s.mu.Lock()
	c := b.circuit(s, on, by, now)
	if c == nil {
		s.mu.Unlock()
		b.unwatched.Add(1)
		return
	}
	if refusals > 0 {
		c.code = code
	}
	to := c.count(by, messages, refusals, now)
	if since := now.Sub(c.failed); since >= 0 && since < retryEvery {
		to = stay
	}
	id, because := c.id, ""
	if to != stay {
		c.busy, because = true, c.because(to, by)
	}
	s.mu.Unlock()
	if to == stay {
		return
	}
	next, done := b.turn(by, on, to, id, because, now)
	s.mu.Lock()
	c.busy, c.failed = false, now
	if done {
		*c = circuit{code: c.code, id: next.ID, until: next.Until}
	}
	s.mu.Unlock()
}

// circuit is the circuit of on. It is nil where there are too many, or no switch may be for it as it reads as if
// it named a person; not where one is in force all the same, as from before that was asked. The caller holds the
// lock of its shard. After a restart it begins where the switch of on says. One whose switch somebody lifted is
// closed, and has seen nothing.
func (b *breaker) circuit(s *breakerShard, on filter.Target, by *filter.Breaker, now time.Time) *circuit {
	force := b.store.Switches().InForce()
	if c := s.circuits[on]; c != nil {
		if c.id != "" && !c.busy && force.Find(c.id) == nil {
			*c = circuit{}
		}
		return c
	}
	if len(s.circuits) >= maxCircuits/breakerShards {
		s.sweep(by, now)
	}
	c := new(circuit)
	for i := range force {
		if force[i].Cause == filter.Refusals && force[i].On == on {
			c.id, c.until = force[i].ID, force[i].Until
		}
	}
	if c.id == "" && (len(s.circuits) >= maxCircuits/breakerShards || filter.ShowsNumber(on.Campaign)) {
		return nil
	}
	on.Sender, on.Campaign = strings.Clone(on.Sender), strings.Clone(on.Campaign)
	s.circuits[on] = c
	return c
}

// sweep forgets the circuits of which nothing was heard within the window. It looks at all of them, so
// it does so once in a while.
func (s *breakerShard) sweep(by *filter.Breaker, now time.Time) {
	if since := now.Sub(s.swept); since >= 0 && since < sweepEvery {
		return
	}
	s.swept = now
	for on, c := range s.circuits {
		if c.window.move(by.Window, now); c.id == "" && !c.busy && c.window == (window{newest: c.window.newest}) {
			delete(s.circuits, on)
		}
	}
}

// turn sets or lifts the switch of on. done is false where that could not be kept: an answer
// after retryEvery tries again.
func (b *breaker) turn(by *filter.Breaker, on filter.Target, to turnout, id, because string, now time.Time) (next filter.Switch, done bool) {
	if to != shut {
		var err error
		if next, err = b.store.Switches().Pause(filter.Switch{On: on, Categories: by.Categories, Reason: because, Actor: filter.ByBreaker,
			Cause: filter.Refusals, Until: now.Add(by.Pause)}, ""); err != nil {
			b.log.Error("a provider refuses too much, and the pause that this calls for could not be kept", zap.String("because", because), zap.Error(err))
			return filter.Switch{}, false
		}
		b.opened.Add(1)
	}
	if to != open {
		if _, err := b.store.Switches().Lift(id, filter.ByBreaker, because); err != nil {
			b.log.Error("the end of a pause could not be kept", zap.String("switch", id), zap.Error(err))
			return next, to == reopen // the earlier one has ended by itself
		}
	}
	return next, true
}

// admits reports whether m may go out in spite of the switches that are on trial. What goes in the stead of ahead, which
// may, is tried with that one; nil: m goes for itself.
func (g *Gate) admits(rt *route, m, ahead *filter.Message, now time.Time) bool {
	if rt.breaker == nil {
		return true
	}
	force := g.store.Switches().InForce()
	for i := range force {
		s := &force[i]
		if !s.Trial(now) || !rt.tries(s) || !s.Covers(rt.name, m) || ahead != nil && s.Covers(rt.name, ahead) {
			continue
		}
		if !g.breaker.admit(s, rt.breaker, now) {
			return false
		}
	}
	return true
}

func (b *breaker) admit(sw *filter.Switch, by *filter.Breaker, now time.Time) bool {
	s := b.shard(sw.On)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := b.circuit(s, sw.On, by, now)
	return c == nil || c.id != sw.ID || c.admit(now)
}

// Circuits lists the senders and campaigns of which a provider refused anything lately, or that are
// paused for it: the worst first. It is empty where the configuration has no breaker.
func (g *Gate) Circuits() []filter.Circuit {
	by, now := g.table.Load().breaker, g.clock()
	all := []filter.Circuit{}
	for i := range g.breaker.shards {
		s := &g.breaker.shards[i]
		s.mu.Lock()
		for on, c := range s.circuits {
			if show := c.show(on, &by, now); show.Refusals > 0 || show.State != "closed" {
				all = append(all, show)
			}
		}
		s.mu.Unlock()
	}
	slices.SortFunc(all, func(a, b filter.Circuit) int {
		return cmp.Or(-strings.Compare(a.State, b.State), b.Refusals-a.Refusals, strings.Compare(a.On.String(), b.On.String()))
	})
	return all
}
