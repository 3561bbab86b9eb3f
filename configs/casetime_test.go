package configs

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A caseTime is a moment by the clock of some zone. "never" is the zero time, given.
type caseTime struct {
	time.Time
	given bool
}

func (t *caseTime) UnmarshalText(text []byte) error {
	t.given = true
	if string(text) == "never" {
		return nil
	}
	clock, zone, ok := cutLast(string(text))
	if !ok {
		return fmt.Errorf("%q: want a moment such as 2026-07-15 08:00 America/Chicago, or never", text)
	}
	if zone == "Z" {
		zone = "UTC"
	}
	where, err := time.LoadLocation(zone)
	if err != nil {
		return err
	}
	layout := "2006-01-02 15:04"
	if strings.Count(clock, ":") > 1 {
		layout = time.DateTime
	}
	t.Time, err = time.ParseInLocation(layout, clock, where)
	return err
}

func cutLast(s string) (before, last string, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// A caseWhen is when something was, as "100h ago", "3h ahead" or "at 2026-07-15 08:00 Z", behind what it was.
// A day is 24 hours, as in 731d.
type caseWhen struct {
	moment caseTime      // not given: it is ago before now
	ago    time.Duration // below zero: ahead
}

// cut takes the time off the end of text, and returns what stands before it.
func (w *caseWhen) cut(text string) (what string, err error) {
	for suffix, sign := range map[string]time.Duration{" ago": 1, " ahead": -1} {
		before, ok := strings.CutSuffix(text, suffix)
		if !ok {
			continue
		}
		what, length, _ := cutLast(before)
		if days, ok := strings.CutSuffix(length, "d"); ok {
			n, err := strconv.Atoi(days)
			w.ago = sign * time.Duration(n) * 24 * time.Hour
			return what, err
		}
		w.ago, err = time.ParseDuration(length)
		w.ago *= sign
		return what, err
	}
	what, moment, ok := strings.Cut(" "+text, " at ")
	if !ok {
		return "", fmt.Errorf("%q: want when it was: 100h ago, 731d ago, or at 2026-07-15 08:00 Z", text)
	}
	return strings.TrimSpace(what), w.moment.UnmarshalText([]byte(moment))
}

// at is the moment, as seen from now.
func (w *caseWhen) at(now time.Time) time.Time {
	if w.moment.given {
		return w.moment.Time
	}
	return now.Add(-w.ago)
}
