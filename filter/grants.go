package filter

import (
	"encoding/json"
	"fmt"
	"time"
)

// Grants is when the recipient last agreed on each [Basis]; zero for never, and always zero at
// NoBasis. Its JSON holds what was given, by name: {"express":"2026-01-02T15:04:05Z"}.
type Grants [Bases]time.Time

// MarshalJSON writes the bases that were given.
func (g Grants) MarshalJSON() ([]byte, error) {
	given := make(map[Basis]time.Time, Bases)
	for b, at := range g {
		if !at.IsZero() {
			given[Basis(b)] = at
		}
	}
	return json.Marshal(given)
}

// UnmarshalJSON reads what MarshalJSON writes. Bases left out were never given.
func (g *Grants) UnmarshalJSON(text []byte) error {
	var given map[Basis]time.Time
	if err := json.Unmarshal(text, &given); err != nil {
		return err
	}
	if _, ok := given[NoBasis]; ok {
		return fmt.Errorf("granted: consent cannot be given on the basis %q", NoBasis)
	}
	*g = Grants{}
	for b, at := range given {
		g[b] = at
	}
	return nil
}
