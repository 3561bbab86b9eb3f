package configs

import (
	"fmt"
	"strings"

	"github.com/sendgate/sendgate/filter"
)

// A caseEvent is an event as "opted-in express topic:offers 100h ago" or "wrote at 2026-07-15 08:00 Z":
// its kind, then its basis and its scope where it has them, then "stating US-TX" where it says where the
// recipient is, then when.
type caseEvent struct {
	filter.Event
	when caseWhen
}

func (e *caseEvent) UnmarshalText(text []byte) error {
	what, err := e.when.cut(string(text))
	if err != nil {
		return err
	}
	what, place, _ := strings.Cut(what, " stating ")
	if e.Proof.Place, err = filter.ParsePlace(place); err != nil {
		return err
	}
	words := strings.Fields(what)
	if len(words) == 0 {
		return fmt.Errorf("%q names no kind of event", text)
	}
	if err := e.Kind.UnmarshalText([]byte(words[0])); err != nil {
		return err
	}
	for _, word := range words[1:] {
		if e.Basis == filter.NoBasis && e.Basis.UnmarshalText([]byte(word)) == nil {
			continue
		}
		if err := e.Scope.UnmarshalText([]byte(word)); err != nil {
			return err
		}
	}
	return nil
}

// record is what the events of c add up to.
func (c *ruleCase) record() (r filter.Record) {
	for _, e := range c.Events {
		event := e.Event
		event.Time = e.when.at(c.now())
		r = r.After(event)
	}
	return r
}
