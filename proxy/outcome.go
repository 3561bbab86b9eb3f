package proxy

// An Outcome is what became of a request that was to be forwarded.
type outcome uint8

const (
	answered outcome = iota // the upstream gave a complete answer
	notSent                 // no byte of the request left the gate
	unknown                 // the request, or a part of it, left, and no complete answer came
	outcomes = iota
)

var outcomeNames = [outcomes]string{"answered", "not-sent", "unknown"}

func (o outcome) String() string { return outcomeNames[o] }
