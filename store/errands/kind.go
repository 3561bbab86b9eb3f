package errands

import (
	"fmt"
	"slices"
	"strings"
)

// A Kind is what an errand is about. The zero one is no errand.
type Kind uint8

// The kinds of errands. They are on disk: only append.
const (
	_         Kind = iota
	Relay          // a webhook of the provider's goes on to the owner's own address
	Answer         // the gate writes to a recipient itself
	Scheduled      // a message that the provider is to send later, and that an opt-out cancels
	Cancel         // such a message is to be cancelled
	Dialogue       // a dialogue about consent goes on, or ends for want of an answer
	Review         // a person should look at what a recipient wrote
)

// Kinds is how many kinds there are with the zero one, for arrays indexed by one.
const Kinds = 7

// always reports whether errands of a kind are added also where there is no room: a provider has what they are about
// already. What one cancels ends then.
func (k Kind) always() bool { return k == Scheduled || k == Cancel }

var kindWords = []string{"none", "relay", "answer", "scheduled", "cancel", "dialogue", "review"}

// String is the word for k.
func (k Kind) String() string { return wordFor(kindWords, k) }

// MarshalText writes the word for k.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a word for a kind.
func (k *Kind) UnmarshalText(text []byte) (err error) {
	*k, err = readWord[Kind]("kind of errand", kindWords, 1, text)
	return err
}

// A State is how far an errand is. The zero one waits.
type State uint8

// The states of errands. They are on disk: only append.
const (
	Waiting State = iota // nothing of it was done that may not be done again
	Begun                // a send may have left: it is never repeated
	Dead                 // given up: a person may have it tried again
)

// States is how many states there are, for arrays indexed by one.
const States = 3

var stateWords = []string{"waiting", "begun", "dead"}

// String is the word for s.
func (s State) String() string { return wordFor(stateWords, s) }

// MarshalText writes the word for s.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a word for a state.
func (s *State) UnmarshalText(text []byte) (err error) {
	*s, err = readWord[State]("state of an errand", stateWords, 0, text)
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
