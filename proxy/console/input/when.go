package input

import (
	"fmt"
	"time"
)

// wholeDay is the zone of a moment that was given as a date alone, until it is settled which moment of that day
// it stands for. Until then it is the first one, in UTC.
var wholeDay = time.FixedZone("UTC", 0)

// DayAlone reports whether t was given as a date alone.
func DayAlone(t time.Time) bool { return t.Location() == wholeDay }

// EndOfDay is the last moment of the day that begins at t: when somebody opted out of whom the day alone is known.
func EndOfDay(t time.Time) time.Time { return t.AddDate(0, 0, 1).Add(-1).UTC() }

// EndsDay reports whether t is the last moment of its day in UTC.
func EndsDay(t time.Time) bool { return t.Equal(EndOfDay(t.Truncate(24 * time.Hour))) }

// Time reads a moment as people write it: RFC 3339, or a date, see [DayAlone].
func Time(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UTC(), nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, wholeDay); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: want a date (2026-01-31) or RFC 3339 (2026-01-31T09:30:00Z)", text)
}
