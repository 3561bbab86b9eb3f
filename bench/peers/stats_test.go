package main

import (
	"slices"
	"testing"
)

func TestSpread(t *testing.T) {
	for name, c := range map[string]struct {
		values []float64
		want   spread
	}{
		"nothing has no spread":                            {nil, spread{}},
		"one value is all of it":                           {[]float64{3}, spread{1, 3, 3, 3, 3, 3}},
		"the order of the rounds does not matter":          {[]float64{5, 1, 4, 2, 3}, spread{5, 1, 2, 3, 4, 5}},
		"between two values it is interpolated":            {[]float64{1, 2, 3, 4}, spread{4, 1, 1.75, 2.5, 3.25, 4}},
		"one wild round moves the end and not the median":  {[]float64{1, 1, 1, 1, 100}, spread{5, 1, 1, 1, 1, 100}},
		"eight rounds, as a default run has, are in order": {[]float64{8, 7, 6, 5, 4, 3, 2, 1}, spread{8, 1, 2.75, 4.5, 6.25, 8}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := spreadOf(c.values); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestPaired(t *testing.T) {
	t.Run("a machine that is twice as slow in one round leaves the ratio as it is", func(t *testing.T) {
		slow := map[int]float64{0: 10, 1: 20, 2: 10}
		fast := map[int]float64{0: 5, 1: 10, 2: 5}
		if got := spreadOf(paired(fast, slow, ratio)); got != (spread{3, 0.5, 0.5, 0.5, 0.5, 0.5}) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a round that only one of two has is in no pair", func(t *testing.T) {
		got := paired(map[int]float64{0: 6, 1: 8, 4: 1}, map[int]float64{1: 2, 0: 3, 7: 1}, difference)
		if slices.Sort(got); !slices.Equal(got, []float64{3, 6}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestAgrees(t *testing.T) {
	of := func(q1, q3 float64) spread { return spread{N: 8, Q1: q1, Median: (q1 + q3) / 2, Q3: q3} }
	for name, c := range map[string]struct {
		a, b spread
		want bool
	}{
		"ranges that overlap agree":       {of(0.8, 0.9), of(0.85, 1.0), true},
		"ranges that touch agree":         {of(0.8, 0.9), of(0.9, 1.0), true},
		"one range within another agrees": {of(0.8, 1.2), of(0.9, 1.0), true},
		"ranges apart do not agree":       {of(0.8, 0.9), of(0.91, 1.0), false},
		"nothing agrees with nothing":     {spread{}, of(0, 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			if c.a.agrees(c.b) != c.want || c.b.agrees(c.a) != c.want {
				t.Errorf("%+v and %+v: want %v both ways", c.a, c.b, c.want)
			}
		})
	}
}

func TestShuffled(t *testing.T) {
	names := func(turns []turn) (all []string) {
		for _, u := range turns {
			all = append(all, u.situation.Name+" "+u.peer)
		}
		return all
	}
	first := names(shuffled(situations, 7, 0))
	t.Run("the same seed and round give the same order", func(t *testing.T) {
		if again := names(shuffled(situations, 7, 0)); !slices.Equal(first, again) {
			t.Errorf("got %v, then %v", first, again)
		}
	})
	t.Run("another round, and another seed, give another order", func(t *testing.T) {
		if slices.Equal(first, names(shuffled(situations, 7, 1))) || slices.Equal(first, names(shuffled(situations, 8, 0))) {
			t.Errorf("always %v", first)
		}
	})
	t.Run("each peer comes once in each case, next to those it is compared with", func(t *testing.T) {
		want := 0
		for _, s := range situations {
			want += len(s.peers)
		}
		if sorted := slices.Compact(slices.Sorted(slices.Values(first))); len(first) != want || len(sorted) != want {
			t.Errorf("got %d turns, %d of them different, want %d", len(first), len(sorted), want)
		}
		turns, seen := shuffled(situations, 7, 0), map[string]bool{}
		for i, u := range turns {
			if name := u.situation.Name; i == 0 || turns[i-1].situation.Name != name {
				if seen[name] {
					t.Errorf("%s comes again after others", name)
				}
				seen[name] = true
			}
		}
	})
	t.Run("the first place is not always the same peer's", func(t *testing.T) {
		leads := map[string]int{}
		for round := range 200 {
			leads[shuffled(situations[:1], 1, round)[0].peer]++
		}
		for _, p := range situations[0].peers {
			if leads[p] < 10 {
				t.Errorf("%s leads in %d of 200 rounds", p, leads[p])
			}
		}
	})
}
