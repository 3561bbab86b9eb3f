package bench

import (
	"math/rand/v2"
	"time"
)

// A Pacer says when sends are due. It is used by one goroutine.
type Pacer interface {
	// Next is when the next send is due, counted from the start of the run, never earlier than the
	// one before; false when there are no more.
	Next() (time.Duration, bool)
}

// A Schedule is the pacer of phases one after the other.
type Schedule struct {
	phases []Phase
	random *rand.Rand // nil: evenly spaced

	next float64       // the next send, as a position on the scale of sends that were due
	done float64       // sends due in the phases that are over
	past time.Duration // how long these lasted
}

// NewSchedule paces sends evenly through phases.
func NewSchedule(phases []Phase) *Schedule { return &Schedule{phases: phases} }

// NewPoisson paces sends through phases as independent senders would: the gaps are exponentially
// distributed around what the rate says. The same seed gives the same schedule.
func NewPoisson(phases []Phase, seed uint64) *Schedule {
	s := &Schedule{phases: phases, random: rand.New(rand.NewPCG(seed, 0))}
	s.next = s.random.ExpFloat64()
	return s
}

// Next is the next moment at which the sum of the rate reaches the next send.
func (s *Schedule) Next() (time.Duration, bool) {
	for len(s.phases) > 0 && s.next-s.done >= s.phases[0].area() {
		s.done += s.phases[0].area()
		s.past += s.phases[0].For
		s.phases = s.phases[1:]
	}
	if len(s.phases) == 0 {
		return 0, false
	}
	due := s.past + time.Duration(s.phases[0].when(s.next-s.done)*float64(time.Second))
	if s.random == nil {
		s.next++
	} else {
		s.next += s.random.ExpFloat64()
	}
	return due, true
}
