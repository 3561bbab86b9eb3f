package proxy

import (
	"fmt"
	"slices"
	"strings"
)

// A Mode says what decisions do on a route.
type Mode uint8

// Enforce is the zero value: a route nobody opened obeys its decisions.
const (
	Enforce Mode = iota // decide, log, and do as decided
	Report              // decide and log, and forward everything
	Open                // forward everything, and count
)

var modeNames = []string{"enforce", "report", "open"}

// String is the word for m in configuration and in the decision log.
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("%d", m)
}

// MarshalText writes the word for m.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads one of the three words.
func (m *Mode) UnmarshalText(text []byte) error {
	i := slices.Index(modeNames, string(text))
	if i < 0 {
		return fmt.Errorf("unknown mode %q: want one of %s", text, strings.Join(modeNames, ", "))
	}
	*m = Mode(i)
	return nil
}
