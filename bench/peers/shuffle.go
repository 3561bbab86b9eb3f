package main

import "math/rand/v2"

// A turn is one cell to come.
type turn struct {
	situation situation
	peer      string
}

// shuffled is the order of a round: the cases one after the other in random order, and in each the
// peers in random order, so that those who are compared are measured within a short time. The same
// seed and round give the same order.
func shuffled(cases []situation, seed uint64, round int) (turns []turn) {
	random := rand.New(rand.NewPCG(seed, uint64(round)))
	for _, i := range random.Perm(len(cases)) {
		for _, j := range random.Perm(len(cases[i].peers)) {
			turns = append(turns, turn{cases[i], cases[i].peers[j]})
		}
	}
	return turns
}
