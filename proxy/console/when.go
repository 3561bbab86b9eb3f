package console

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// wholeDay is the zone of a moment that was given as a date alone, until [date] has settled which moment of that day
// it stands for. Until then it is the first one, in UTC.
var wholeDay = time.FixedZone("UTC", 0)

// EndOfDay is the last moment of the day that begins at t: when somebody opted out of whom the day alone is known.
func EndOfDay(t time.Time) time.Time { return t.AddDate(0, 0, 1).Add(-1).UTC() }

// endsDay reports whether t is the last moment of its day in UTC.
func endsDay(t time.Time) bool { return t.Equal(EndOfDay(t.Truncate(24 * time.Hour))) }

// parseTime reads a moment as people write it: RFC 3339, or a date, in wholeDay.
func parseTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UTC(), nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, wholeDay); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: want a date (2026-01-31) or RFC 3339 (2026-01-31T09:30:00Z)", text)
}

// momentLayouts are how exports write a moment, beside RFC 3339 and a date. Without a zone it is UTC. Dates that some
// countries read in another order, as in 01/02/2026, are not among them, nor zones by letters other than UTC, which
// stand for several each: EST is an hour in America and another in Australia.
var momentLayouts = []string{"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05", "2006-01-02 15:04:05 UTC", "2006-01-02 15:04",
	"2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 -0700 MST", time.RFC1123Z, "Mon, 02 Jan 2006 15:04:05 GMT", "Mon, 02 Jan 2006 15:04:05 UTC"}

// parseMoment reads a moment of a file. Ten digits, with a fraction or not, are seconds since 1970.
func parseMoment(text string) (time.Time, error) {
	at, err := parseTime(text)
	if err == nil {
		return at, nil
	}
	if whole, part, _ := strings.Cut(text, "."); len(whole) == 10 && isDigits(whole+part) {
		if seconds, err := strconv.ParseFloat(text, 64); err == nil {
			whole, part := math.Modf(seconds)
			return time.Unix(int64(whole), int64(part*1e6)*1e3).UTC(), nil
		}
	}
	for _, layout := range momentLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return at, err
}
