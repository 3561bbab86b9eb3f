package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// A Brake stops an import, or a client of the API, that would opt many recipients out or in: a wrong
// column, or a provider's fault, must not silence a whole list, nor wake one. What is more than the
// number and more than the share of known recipients is held until somebody confirms it.
type Brake struct {
	// OptOuts and OptIns are how many are let through within Window. Default 10000 each; -1 lets
	// everything through.
	OptOuts Allowance `yaml:"opt_outs"`
	OptIns  Allowance `yaml:"opt_ins"`
	// Share of the known recipients that is let through, whatever the numbers. Default 20%.
	Share filter.Share `yaml:"share"`
	// Window is how long what one token did counts. Default 1h.
	Window time.Duration `yaml:"window"`
}

// An Allowance is how many of something are let through. -1 is any number.
type Allowance int

// Unlimited reports whether a is any number.
func (a Allowance) Unlimited() bool { return a == -1 }

// exceededBy reports whether n are more than a.
func (a Allowance) exceededBy(n int) bool { return !a.Unlimited() && n > int(a) }

// Defaults of [Brake].
const (
	DefaultBrake       = 10_000
	DefaultBrakeShare  = filter.Share(20)
	DefaultBrakeWindow = time.Hour
)

// Check says what is wrong with b. The error begins with the key at fault, as in "window: …".
func (b Brake) Check() error {
	_, err := b.withDefaults()
	return err
}

// withDefaults is b with its defaults, or an error as that of Check.
func (b Brake) withDefaults() (Brake, error) {
	if b.OptOuts == 0 {
		b.OptOuts = DefaultBrake
	}
	if b.OptIns == 0 {
		b.OptIns = DefaultBrake
	}
	if b.Share == 0 {
		b.Share = DefaultBrakeShare
	}
	if b.Window == 0 {
		b.Window = DefaultBrakeWindow
	}
	switch {
	case b.OptOuts < -1:
		return b, fmt.Errorf("opt_outs: %d: want a number of opt-outs, or -1 for no limit", b.OptOuts)
	case b.OptIns < -1:
		return b, fmt.Errorf("opt_ins: %d: want a number of opt-ins, or -1 for no limit", b.OptIns)
	case b.Window < time.Minute:
		return b, fmt.Errorf("window: %s: want at least a minute", b.Window)
	}
	return b, nil
}

// totals is how many new opt-outs and opt-ins.
type totals struct{ outs, ins int }

// count adds n events of a kind, if it is one of either.
func (t *totals) count(kind filter.Kind, n int) {
	switch {
	case kind == filter.OptedIn:
		t.ins += n
	case silences(kind):
		t.outs += n
	}
}

// A brake watches over all tokens. Its methods are safe for concurrent use.
type brake struct {
	cfg   Brake
	store *store.Store
	now   func() time.Time

	mu      sync.Mutex
	windows map[string][]slot // by token, oldest first
}

// A slot is what a token did within a sixtieth of the window.
type slot struct {
	since time.Time
	totals
}

func newBrake(cfg Brake, st *store.Store, now func() time.Time) (*brake, error) {
	cfg, err := cfg.withDefaults()
	return &brake{cfg: cfg, store: st, now: now, windows: map[string][]slot{}}, err
}

// used is what token did within the window.
func (b *brake) used(token string) (sum totals) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.window(token) {
		sum.outs += s.outs
		sum.ins += s.ins
	}
	return sum
}

// window is what is left of a token's slots. The caller holds mu.
func (b *brake) window(token string) []slot {
	slots := b.windows[token]
	for len(slots) > 0 && b.now().Sub(slots[0].since) >= b.cfg.Window {
		slots = slots[1:]
	}
	b.windows[token] = slots
	return slots
}

// add counts what token did.
func (b *brake) add(token string, t totals) {
	b.mu.Lock()
	defer b.mu.Unlock()
	slots := b.window(token)
	if n := len(slots); n == 0 || b.now().Sub(slots[n-1].since) >= b.cfg.Window/60 {
		slots = append(slots, slot{since: b.now()})
	}
	last := &slots[len(slots)-1]
	last.outs += t.outs
	last.ins += t.ins
	b.windows[token] = slots
}

// release forgets what token did: somebody confirmed it.
func (b *brake) release(token string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.windows, token)
}

// began names a token's window, for what confirms going on within it.
func (b *brake) began(token string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slots := b.window(token); len(slots) > 0 {
		return slots[0].since.UTC().Format(time.RFC3339Nano)
	}
	return ""
}

// may reports whether so many opt-outs and opt-ins may be more than is let through.
func (b *brake) may(outs, ins int) bool {
	return b.cfg.OptOuts.exceededBy(outs) || b.cfg.OptIns.exceededBy(ins)
}

// over says what t is more than, or nothing.
func (b *brake) over(t totals) string {
	for _, side := range []struct {
		n    int
		most Allowance
		what string
	}{{t.outs, b.cfg.OptOuts, "opt-outs"}, {t.ins, b.cfg.OptIns, "opt-ins"}} {
		if !side.most.exceededBy(side.n) {
			continue
		}
		known := b.store.Recipients()
		if float64(side.n) > float64(known)*float64(b.cfg.Share)/100 {
			return fmt.Sprintf("%d %s within %s are more than %d and more than %s of the %d known recipients",
				side.n, side.what, b.cfg.Window, side.most, b.cfg.Share, known)
		}
	}
	return ""
}

// token is what a confirms: that what about names may do as much as t, and no more.
func (a actor) token(about string, t totals) string {
	mac := hmac.New(sha256.New, a.hash[:])
	fmt.Fprintf(mac, "%s\n%d %d", about, t.outs, t.ins)
	return fmt.Sprintf("%d-%d-%s", t.outs, t.ins, hex.EncodeToString(mac.Sum(nil)[:12]))
}

// confirms reports whether given is a token for about that allows t.
func (a actor) confirms(given, about string, t totals) bool {
	var allowed totals
	parts := strings.Split(given, "-")
	if len(parts) != 3 {
		return false
	}
	var errs [2]error
	allowed.outs, errs[0] = strconv.Atoi(parts[0])
	allowed.ins, errs[1] = strconv.Atoi(parts[1])
	return errs[0] == nil && errs[1] == nil && t.outs <= allowed.outs && t.ins <= allowed.ins &&
		hmac.Equal([]byte(given), []byte(a.token(about, allowed)))
}
