package store

import (
	"fmt"
	"slices"
	"strings"
)

// An ErrandKind is what an errand is about. The zero one is no errand.
type ErrandKind uint8

// The kinds of errands. They are on disk: only append.
const (
	_               ErrandKind = iota
	ErrandRelay                // a webhook of the provider's goes on to the owner's own address
	ErrandAnswer               // the gate writes to a recipient itself
	ErrandScheduled            // a message that the provider is to send later, and that an opt-out cancels
	ErrandCancel               // such a message is to be cancelled
	ErrandDialogue             // a dialogue about consent goes on, or ends for want of an answer
	ErrandReview               // a person should look at what a recipient wrote
)

// ErrandKinds is how many kinds there are with the zero one, for arrays indexed by one.
const ErrandKinds = 7

var errandKinds = []string{"none", "relay", "answer", "scheduled", "cancel", "dialogue", "review"}

// String is the word for k.
func (k ErrandKind) String() string { return wordFor(errandKinds, k) }

// MarshalText writes the word for k.
func (k ErrandKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a word for a kind.
func (k *ErrandKind) UnmarshalText(text []byte) (err error) {
	*k, err = readWord[ErrandKind]("kind of errand", errandKinds, 1, text)
	return err
}

// An ErrandState is how far an errand is. The zero one waits.
type ErrandState uint8

// The states of errands. They are on disk: only append.
const (
	ErrandWaiting ErrandState = iota // nothing of it was done that may not be done again
	ErrandBegun                      // a send may have left: it is never repeated
	ErrandDead                       // given up: a person may have it tried again
)

// ErrandStates is how many states there are, for arrays indexed by one.
const ErrandStates = 3

var errandStates = []string{"waiting", "begun", "dead"}

// String is the word for s.
func (s ErrandState) String() string { return wordFor(errandStates, s) }

// MarshalText writes the word for s.
func (s ErrandState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a word for a state.
func (s *ErrandState) UnmarshalText(text []byte) (err error) {
	*s, err = readWord[ErrandState]("state of an errand", errandStates, 0, text)
	return err
}

func wordFor[T ~uint8](words []string, v T) string {
	if int(v) < len(words) {
		return words[v]
	}
	return fmt.Sprintf("%d", v)
}

// readWord is the opposite of wordFor for the words from first on.
func readWord[T ~uint8](what string, words []string, first int, text []byte) (T, error) {
	i := slices.Index(words[first:], string(text))
	if i < 0 {
		return 0, fmt.Errorf("unknown %s %q: want one of %s", what, text, strings.Join(words[first:], ", "))
	}
	return T(first + i), nil
}
