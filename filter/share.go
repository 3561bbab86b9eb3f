package filter

import (
	"fmt"
	"strconv"
	"strings"
)

// A Share is a part of a whole in percent.
type Share float64

// String writes s as it is written in the configuration.
func (s Share) String() string { return strconv.FormatFloat(float64(s), 'g', -1, 64) + "%" }

// MarshalText writes s as 20%.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a percentage, as in 20%.
func (s *Share) UnmarshalText(text []byte) error {
	number, percent := strings.CutSuffix(string(text), "%")
	part, err := strconv.ParseFloat(number, 64)
	if err != nil || !percent || !(part > 0 && part <= 100) {
		return fmt.Errorf("%q: want a percentage above 0%% and up to 100%%, such as 20%%", text)
	}
	*s = Share(part)
	return nil
}

// Of is s of n.
func (s Share) Of(n int) float64 { return float64(s) * float64(n) / 100 }
