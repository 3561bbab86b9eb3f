package bench

import "time"

// A Result is one send and what became of it.
type Result struct {
	Recipient Recipient
	Answer    Answer

	Began time.Time     // when it began; zero: it never did
	Due   time.Duration // when it was due, from the start of the run; in a closed loop, when it began
	Lag   time.Duration // how long after that it began
	Took  time.Duration // from its beginning to its answer

	// Unsent says that it never began: all workers were busy for longer than its timeout, or the
	// run was stopped while it waited. Lag is how long it waited.
	Unsent bool
}

// Latency is how long after it was due the send was answered or given up. This is what counts.
func (r Result) Latency() time.Duration { return r.Lag + r.Took }
