package pages

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often somebody may fail to log in: at once, and then one more in each while. A name has more than an
// address, so that nobody is kept out by what one other tries with their name; and a browser that logged in
// before, which its cookie tells, has a count of its own, whatever many others try.
var (
	perAddress = allowance{10, 10 * time.Second}
	perName    = allowance{40, 5 * time.Second}
	perDevice  = allowance{10, 30 * time.Second}
	inTotal    = allowance{50, 200 * time.Millisecond} // all strangers together: what they cost the gate's processor
)

// An allowance is so many at once, and one more each while.
type allowance struct {
	burst int
	each  time.Duration
}

func (a allowance) limiter() *rate.Limiter { return rate.NewLimiter(rate.Every(a.each), a.burst) }

// A throttle counts attempts to log in. It is safe for concurrent use.
type throttle struct {
	mu        sync.Mutex
	total     *rate.Limiter
	addresses counts
	names     counts
	devices   counts
}

func newThrottle() *throttle {
	return &throttle{total: inTotal.limiter(), addresses: newCounts(perAddress), names: newCounts(perName), devices: newCounts(perDevice)}
}

// An attempt is one that was let through.
type attempt struct {
	mu    *sync.Mutex
	at    time.Time
	taken []*rate.Reservation
}

// giveBack gives back what the attempt took: only failures count.
func (a *attempt) giveBack() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.taken {
		r.CancelAt(a.at) // later, the limiter takes it for used
	}
}

// try counts an attempt of a name, which may be empty, from an address; device is the one that has logged in as
// that name before, or empty. Where the attempt is too many, it is none, and wait is when to try again.
func (t *throttle) try(now time.Time, name, address, device string) (a *attempt, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var limiters []*rate.Limiter
	if device != "" {
		limiters = append(limiters, t.devices.of(device, now))
	} else {
		limiters = append(limiters, t.addresses.of(address, now), t.total)
		if name != "" {
			limiters = append(limiters, t.names.of(name, now))
		}
	}
	a = &attempt{mu: &t.mu, at: now}
	for _, l := range limiters {
		r := l.ReserveN(now, 1)
		wait = max(wait, r.DelayFrom(now))
		a.taken = append(a.taken, r)
	}
	if wait == 0 {
		return a, 0
	}
	for _, r := range a.taken {
		r.CancelAt(now)
	}
	return nil, wait
}

// counts are limiters by what they count, as few as are needed: one that is full again says nothing that a
// new one does not.
type counts struct {
	allowance
	by map[string]*rate.Limiter
}

// mostCounts bounds the limiters of a kind. In the time that one needs to fill up, those together that bound
// all strangers, inTotal, and the devices of those who logged in, let through fewer.
const mostCounts = 4096

func newCounts(a allowance) counts { return counts{a, map[string]*rate.Limiter{}} }

func (c *counts) of(key string, now time.Time) *rate.Limiter {
	if l := c.by[key]; l != nil {
		return l
	}
	if len(c.by) >= mostCounts {
		for k, l := range c.by {
			if l.TokensAt(now) >= float64(c.burst) {
				delete(c.by, k)
			}
		}
	}
	l := c.limiter()
	if len(c.by) < mostCounts { // else this one is forgotten at once, and the total alone counts
		c.by[key] = l
	}
	return l
}

// networkOf is what of a remote address belongs to one customer of a network: all of version 4, and the first
// 64 bits of version 6.
func networkOf(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return p.String()
}
