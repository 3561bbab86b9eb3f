package upstream

// An Outcome is what became of a request that was to be forwarded.
type Outcome uint8

const (
	Answered Outcome = iota // the upstream gave a complete answer
	NotSent                 // no byte of the request left the gate
	Unknown                 // the request, or a part of it, left, and no complete answer came
	Outcomes = iota
)

var names = [Outcomes]string{"answered", "not-sent", "unknown"}

func (o Outcome) String() string { return names[o] }
