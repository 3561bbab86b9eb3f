package access

import (
	"net/netip"
	"sync"
	"time"
)

// Guesses counts wrong tokens by who brought them. A right one is always let in, so that nobody can lock others
// out; from the tenth wrong one within a minute on, each ends its connection, and costs whoever guesses a new one.
// The log hears of an address once a minute.
type Guesses struct {
	mu    sync.Mutex
	since time.Time
	by    map[netip.Prefix]*guess
}

type guess struct {
	wrong int
	told  bool
}

const (
	guessWithin = time.Minute
	guessMost   = 10
	guessers    = 4096 // who is kept; all others count as one
)

// of is what is counted of an address: an IPv6 network counts as one. g.mu is held.
func (g *Guesses) of(from netip.Addr, now time.Time) *guess {
	if now.Sub(g.since) >= guessWithin || g.by == nil {
		g.since, g.by = now, make(map[netip.Prefix]*guess)
	}
	bits := 32
	if from.Is6() {
		bits = 64
	}
	at, _ := from.Prefix(bits) // the zero prefix for no address
	if g.by[at] == nil && len(g.by) >= guessers {
		at = netip.Prefix{}
	}
	if g.by[at] == nil {
		g.by[at] = new(guess)
	}
	return g.by[at]
}

// Wrong counts a wrong token, and reports whether its connection is to end.
func (g *Guesses) Wrong(from netip.Addr, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := g.of(from, now)
	who.wrong++
	return who.wrong >= guessMost
}

// Tell reports whether the log is to hear of an address.
func (g *Guesses) Tell(from netip.Addr, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := g.of(from, now)
	first := !who.told
	who.told = true
	return first
}
