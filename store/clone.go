package store

import (
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/ulid"
)

// A cloner copies the strings of events into one piece of memory: the caller's may point into a
// request that is gone before the writer is done.
type cloner struct{ text strings.Builder }

// grow makes room for the strings of events.
func (c *cloner) grow(events []filter.Event) {
	n := 0
	for i := range events {
		e := &events[i]
		n += len(e.To.Brand) + len(e.To.Channel) + privateSize(e)
	}
	c.text.Grow(n)
}

// clone makes e independent of the memory it came from.
func (c *cloner) clone(e *filter.Event) {
	for _, s := range [...]*string{&e.ID, &e.To.Brand, (*string)(&e.To.Channel), &e.To.Address, &e.Source, &e.Note} {
		c.copy(s)
	}
	if e.Scope.Named() {
		e.Scope = e.Scope.Clone()
	}
	if e.Proof == (filter.Evidence{}) {
		return
	}
	for _, field := range evidenceFields(&e.Proof) {
		c.copy(field.value)
	}
	e.Proof.CapturedAt = e.Proof.CapturedAt.Round(0).UTC()
	e.Proof.ReferenceDate = e.Proof.ReferenceDate.Round(0).UTC()
}

func (c *cloner) copy(s *string) {
	if *s != "" {
		start := c.text.Len()
		c.text.WriteString(*s)
		*s = c.text.String()[start:]
	}
}

// privateSize is about how many bytes the private part of e takes.
func privateSize(e *filter.Event) int {
	n := 8 + ulid.Length + len(e.ID) + len(e.To.Address) + len(e.Source) + len(e.Note)
	if e.Proof != (filter.Evidence{}) {
		for _, field := range evidenceFields(&e.Proof) {
			n += 2 + len(*field.value)
		}
	}
	return n
}
