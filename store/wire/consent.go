package wire

import (
	"time"

	"github.com/sendgate/sendgate/filter"
)

// AppendScope writes a scope in its text form, "all" as nothing.
func AppendScope(b []byte, s filter.Scope) []byte {
	if s == filter.All {
		return append(b, 0)
	}
	return AppendString(b, s.String())
}

// Scope reads what AppendScope wrote.
func (d *Decoder) Scope() (s filter.Scope) {
	text := d.Text()
	if text == "" {
		return filter.All
	}
	if err := s.UnmarshalText([]byte(text)); err != nil {
		d.Fail()
	}
	return s
}

// Moments lists the moments of c in the order they are kept.
func Moments(c *filter.Consent) [7]*time.Time {
	return [...]*time.Time{&c.OptedOut, &c.Asked, &c.Refused,
		&c.Granted[filter.ByInquiry], &c.Granted[filter.ByTransaction], &c.Granted[filter.Express], &c.Noticed}
}
