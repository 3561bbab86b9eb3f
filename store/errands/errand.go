package errands

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
)

// MaxBody is the longest body of an errand, in bytes. A webhook of Meta's has up to 3 MB.
const MaxBody = 4 << 20

// maxName is the longest ID, route, lane or address of one, with brand and channel, in bytes.
const maxName = 1 << 10

// maxNamed is what the people and the lanes of an errand may take together, in bytes, with perName for each: Meta
// tells of many people at once.
const (
	maxNamed = 2 << 20
	perName  = 8
)

// An Errand is something that the gate still has to do after it acknowledged something. It is on disk, synced,
// before [Journal.Add] returns, and there until it was ended, whatever becomes of the process.
type Errand struct {
	ID     string             `json:"id"` // the same ID twice is one errand
	Kind   Kind               `json:"kind"`
	Route  string             `json:"route,omitempty"`
	People []filter.Recipient `json:"people,omitempty"` // whom it is about: erasing any of them removes it
	// Lanes: errands that share one are done one at a time, in the order in which they were added. One without any
	// waits for nobody.
	Lanes []string  `json:"lanes,omitempty"`
	Added time.Time `json:"added"`          // zero: now
	Due   time.Time `json:"due"`            // not to be done before; zero: at once
	Until time.Time `json:"until,omitzero"` // to be given up by who does it after that; zero: never
	// Changed is when it was added or last changed, as the journal says.
	Changed time.Time `json:"changed"`
	Body    []byte    `json:"body,omitempty"` // up to [MaxBody]
	State   State     `json:"state"`
	Tries   int       `json:"tries,omitempty"`
	Error   string    `json:"error,omitempty"` // of the last try
	// Number is its place in the order in which all were added, as the journal says.
	Number uint64 `json:"number"`
	// Remember is for how long after its end its ID is still known, so that a repeat is nothing new.
	Remember time.Duration `json:"remember,omitempty"`
}

// Cancellation is the errand that has the message of e, a scheduled one, cancelled. It is about nobody: it outlives
// the erasure of whom the message is for, who is to get it no more than somebody who opted out.
func (e *Errand) Cancellation() Errand {
	return Errand{ID: "cancel." + e.ID, Kind: Cancel, Route: e.Route, Until: e.Due, Body: e.Body}
}

// check says what is wrong with an errand.
func (e *Errand) check() error {
	if err := checkName("id", e.ID); err != nil {
		return err
	}
	if err := checkName("route", e.Route); err != nil {
		return err
	}
	named := 0
	for _, to := range e.People {
		size := len(to.Brand) + len(to.Channel) + len(to.Address)
		if size > maxName {
			return fmt.Errorf("people: a recipient of more than %d bytes", maxName)
		}
		named += size + perName
	}
	for _, lane := range e.Lanes {
		if err := checkName("lanes", lane); err != nil {
			return err
		}
		named += len(lane) + perName
	}
	switch {
	case e.ID == "":
		return errors.New("id: it is missing")
	case e.Kind == 0 || e.Kind >= Kinds:
		return fmt.Errorf("kind: %d is none", e.Kind)
	case e.State >= States:
		return fmt.Errorf("state: %d is none", e.State)
	case named > maxNamed:
		return fmt.Errorf("people, lanes: %d bytes are too many: want at most %d", named, maxNamed)
	case len(e.Body) > MaxBody:
		return fmt.Errorf("body: %d bytes are too long: want at most %d", len(e.Body), MaxBody)
	case e.Remember < 0:
		return fmt.Errorf("remember: %s is negative", e.Remember)
	}
	return nil
}

func checkName(field, text string) error {
	if len(text) > maxName || !utf8.ValidString(text) {
		return fmt.Errorf("%s: want valid UTF-8 of at most %d bytes", field, maxName)
	}
	return nil
}
