package main

import "testing"

func TestGarbageIsBounded(t *testing.T) {
	for _, c := range []struct {
		name string
		live uint64 // MB
		want uint64 // MB, at most a step more
	}{
		{"at the start", 0, 32},
		{"an empty store", 10, 32},
		{"the smallest heap of which a quarter is enough", 128, 32},
		{"ten million people", 200, 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			heap := max(c.live<<20, leastHeap)
			percent := uint64(percentFor(c.live << 20))
			if got, want := heap*percent/100, c.want<<20; got < want || got > want+heap/4 {
				t.Errorf("%d %% make %d MB of garbage, want %d", percent, got>>20, c.want)
			}
		})
	}
}
