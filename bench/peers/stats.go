package main

import (
	"math"
	"slices"
)

// A spread is what several rounds gave. Its JSON form leaves out nothing: a median alone says little.
type spread struct {
	N      int     `json:"n"`
	Min    float64 `json:"min"`
	Q1     float64 `json:"q1"` // a quarter of the rounds lies below
	Median float64 `json:"median"`
	Q3     float64 `json:"q3"` // a quarter of the rounds lies above
	Max    float64 `json:"max"`
}

// spreadOf is the spread of values. The quartiles are interpolated linearly between the values beside
// them (type 7 of Hyndman and Fan, Sample quantiles in statistical packages, 1996).
func spreadOf(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	if len(v) == 0 {
		return spread{}
	}
	at := func(q float64) float64 {
		i := q * float64(len(v)-1)
		low := math.Floor(i)
		return v[int(low)] + (i-low)*(v[int(math.Ceil(i))]-v[int(low)])
	}
	return spread{len(v), v[0], at(0.25), at(0.5), at(0.75), v[len(v)-1]}
}

// agrees reports whether two spreads are of the same thing as far as they can tell: the ranges
// between their quartiles touch.
func (s spread) agrees(o spread) bool {
	return s.N > 0 && o.N > 0 && s.Q1 <= o.Q3 && o.Q1 <= s.Q3
}

// paired joins what two peers gave in the same rounds.
func paired(a, b map[int]float64, join func(a, b float64) float64) (values []float64) {
	for round, x := range a {
		if y, ok := b[round]; ok {
			values = append(values, join(x, y))
		}
	}
	return values
}

func ratio(a, b float64) float64      { return a / b }
func difference(a, b float64) float64 { return a - b }
