package list

import (
	"testing"
	"time"
)

func TestMomentsOfFiles(t *testing.T) {
	three := time.Date(2026, 1, 31, 15, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-01-31T15:00:00Z":            three,
		"2026-01-31 15:00":                three,
		"2026-01-31 15:00:00":             three,
		"2026-01-31 15:00:00 UTC":         three,
		"2026-01-31 15:00:00.5 UTC":       three.Add(500 * time.Millisecond),
		"2026-01-31 17:00:00+02":          three,
		"2026-01-31 15:00:00.25+00":       three.Add(250 * time.Millisecond),
		"2026-01-31T17:00:00.000+0200":    three,
		"2026-01-31 10:00:00 -0500 EST":   three,
		"Sat, 31 Jan 2026 15:00:00 GMT":   three,
		"Sat, 31 Jan 2026 10:00:00 -0500": three,
		"1769871600":                      three,
		"1769871600.5":                    three.Add(500 * time.Millisecond),

		"Sat, 31 Jan 2026 15:00:00 EST": {},
		"2026-01-31 15:00:00 EST":       {},
		"1769871600.5e3":                {},
		"31.01.2026":                    {},
		"01/31/2026 15:00":              {},
	} {
		if at, err := parseMoment(text); (err == nil) != !want.IsZero() || !at.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", text, at, err, want)
		}
	}
}
