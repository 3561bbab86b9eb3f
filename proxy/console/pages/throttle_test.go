package pages

import (
	"fmt"
	"testing"
	"time"
)

func TestConsoleSecurityThrottleKeepsNobodyOut(t *testing.T) {
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		case_     string
		attackers int
		name      string // that they try
		device    string // of the person
		kept      bool   // whether the person is kept out while it lasts
	}{
		{"one address tries a name for an hour", 1, "ana", "", false},
		{"one address tries many names for an hour", 1, "", "", false},
		{"a hundred addresses try a name, and its person has logged in before", 100, "ana", "known", false},
		{"a hundred addresses try a name, and its person comes by a new browser", 100, "ana", "", true},
	} {
		t.Run(c.case_, func(t *testing.T) {
			th := newThrottle()
			var kept, guesses int
			for now := start; now.Before(start.Add(time.Hour)); now = now.Add(time.Second) {
				for i := range c.attackers {
					name := c.name
					if name == "" {
						name = fmt.Sprint("user", now.Unix())
					}
					if _, wait := th.try(now, name, fmt.Sprintf("203.0.113.%d", i), ""); wait == 0 {
						guesses++
					}
				}
				if now.Second() == 0 { // the person logs in each minute
					a, wait := th.try(now, "ana", "198.51.100.1", c.device)
					if wait > 0 {
						kept++
						continue
					}
					a.giveBack()
				}
			}
			if (kept > 0) != c.kept {
				t.Errorf("kept out %d times of 60", kept)
			}
			if most := 40 + 3600/5; c.name != "" && guesses > most {
				t.Errorf("%d guesses at one name in an hour, want at most %d", guesses, most)
			}
			later := start.Add(time.Hour + perName.each)
			if _, wait := th.try(later, "ana", "198.51.100.1", ""); wait > 0 {
				t.Errorf("kept out for %v after it is over", wait)
			}
		})
	}
}

func TestThrottleCountsFailuresAlone(t *testing.T) {
	th, now := newThrottle(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for i := range 500 {
		at := now.Add(time.Duration(i) * time.Second) // an office logs in behind one address
		a, wait := th.try(at, fmt.Sprint("user", i%50), "198.51.100.1", "")
		if wait > 0 {
			t.Fatalf("login %d has to wait for %v", i, wait)
		}
		a.giveBack()
	}
}

func TestThrottleRemembersFew(t *testing.T) {
	th, now := newThrottle(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var through int
	for i := range 100_000 {
		now = now.Add(time.Millisecond)
		if _, wait := th.try(now, fmt.Sprint("user", i), networkOf(fmt.Sprintf("[2001:db8:%x:%x::1]:443", i>>16, i&0xffff)), ""); wait == 0 {
			through++
		}
	}
	if len(th.addresses.by) > mostCounts || len(th.names.by) > mostCounts {
		t.Errorf("%d addresses and %d names are remembered, want at most %d", len(th.addresses.by), len(th.names.by), mostCounts)
	}
	if most := inTotal.burst + 100*5 + 1; through > most {
		t.Errorf("%d attempts in 100 seconds were let through, want at most %d", through, most)
	}
}

func TestAttemptsCountByNetwork(t *testing.T) {
	for _, c := range []struct{ case_, remote, want string }{
		{"version 4 by address", "198.51.100.7:1234", "198.51.100.7"},
		{"version 4 inside of version 6", "[::ffff:198.51.100.7]:1234", "198.51.100.7"},
		{"version 6 by what one customer has", "[2001:db8:1:2:3:4:5:6]:1234", "2001:db8:1:2::/64"},
		{"with a zone", "[fe80::1%eth0]:1234", "fe80::/64"},
	} {
		t.Run(c.case_, func(t *testing.T) {
			if got := networkOf(c.remote); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
