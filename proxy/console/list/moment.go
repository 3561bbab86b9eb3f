package list

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/proxy/console/input"
)

// momentLayouts are how exports write a moment, beside RFC 3339 and a date. Without a zone it is UTC. Dates that some
// countries read in another order, as in 01/02/2026, are not among them, nor zones by letters other than UTC, which
// stand for several each: EST is an hour in America and another in Australia.
var momentLayouts = []string{"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05", "2006-01-02 15:04:05 UTC", "2006-01-02 15:04",
	"2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05 -0700 MST", time.RFC1123Z, "Mon, 02 Jan 2006 15:04:05 GMT", "Mon, 02 Jan 2006 15:04:05 UTC"}

// parseMoment reads a moment of a file. Ten digits, with a fraction or not, are seconds since 1970.
func parseMoment(text string) (time.Time, error) {
	at, err := input.Time(text)
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

func isDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }
