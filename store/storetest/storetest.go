// Package storetest is what the tests of the store and of its parts share.
package storetest

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/tokens"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// Must ends the test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Equal fails the test where two lists differ, and says what they are of, with the first of each.
func Equal(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %d %q…, want %d %q…", what, len(got), got[:min(len(got), 6)], len(want), want[:min(len(want), 6)])
	}
}

// Glob lists the files in dir that match a pattern.
func Glob(t testing.TB, dir, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	Must(t, err)
	return names
}

// A Clock is a clock that a test sets. Its methods are safe for concurrent use.
type Clock struct{ at atomic.Pointer[time.Time] }

// NewClock is a clock that stands at a moment.
func NewClock(at time.Time) *Clock {
	c := new(Clock)
	c.Set(at)
	return c
}

// Set has the clock stand at another moment.
func (c *Clock) Set(at time.Time) { c.at.Store(&at) }

// Now is where the clock stands.
func (c *Clock) Now() time.Time { return *c.at.Load() }

// Observed is a logger, and what was written to it from warnings on.
func Observed() (*zap.Logger, *observer.ObservedLogs) {
	core, logs := observer.New(zap.WarnLevel)
	return zap.New(core), logs
}

// Person is the n-th recipient of a brand, by SMS.
func Person(brand string, n int) filter.Recipient {
	return filter.Recipient{Brand: brand, Channel: filter.SMS, Address: fmt.Sprintf("+1555%07d", n)}
}

// Token is a credential of the admin API that ana made.
func Token(name string) tokens.Token {
	return tokens.Token{Name: name, Role: "viewer", Hash: sha256.Sum256([]byte("secret of " + name)), MadeBy: "ana"}
}

// Pause is a switch for a campaign, which ends at a moment; the zero time: never.
func Pause(campaign string, until time.Time) filter.Switch {
	return filter.Switch{On: filter.Target{Campaign: campaign}, Reason: "wrong link", Actor: "ana", Until: until}
}

// Paused lists the campaigns that are paused at a moment.
func Paused(all filter.Switches, now time.Time) (campaigns []string) {
	for _, sw := range all {
		if m := (filter.Message{Campaign: sw.On.Campaign}); all.Holding("", &m, now) != nil {
			campaigns = append(campaigns, sw.On.Campaign)
		}
	}
	return campaigns
}
