package bench

import (
	"fmt"
	"strings"
)

// What a gate does with a message, in the words of its Sendgate-Decision header.
const (
	forward = "forward"
	rewrite = "rewrite"
	block   = "block"
)

// A Want is what the gate must do with a message. The zero Want expects nothing, and nothing is
// compared with it.
type Want struct {
	Action string // forward, rewrite, block
	Reason string // a word of the gate's list, such as opted-out; empty: any
}

// ParseWant reads an expectation as it stands in a file: "forward", "rewrite", "block", or the
// reason of a block, such as "no-consent". Empty expects nothing.
func ParseWant(text string) (Want, error) {
	switch text = strings.ToLower(strings.TrimSpace(text)); {
	case text == "":
		return Want{}, nil
	case text == forward || text == rewrite || text == block:
		return Want{Action: text}, nil
	case knownReason(text):
		return Want{Action: block, Reason: text}, nil
	}
	return Want{}, fmt.Errorf("%q is neither forward, rewrite nor block, nor a reason to block such as opted-out", text)
}

// String is w as [ParseWant] reads it.
func (w Want) String() string {
	if w.Action == block && w.Reason != "" {
		return w.Reason
	}
	return w.Action
}

// A Recipient is one person of a broadcast.
type Recipient struct {
	Address string // as the sender writes it
	Sample  string // whose request is sent to them; empty: the dialect's first
	Topic   string // what it is about, claimed in the Sendgate-Topic header; empty: nothing is claimed
	Want    Want
	Row     int64 // which one it is, from 1: its place in the file, or in the list
}

// Recipients are the people of a broadcast, one after the other. They are used by one goroutine.
type Recipients interface {
	// Next is the next recipient, or io.EOF after the last; any other error ends the run.
	Next() (Recipient, error)
}
