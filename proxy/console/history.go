package console

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// History is one page of what was learnt about one recipient, oldest first. A viewer sees it without
// the personal fields of the evidence.
type History struct {
	To filter.Recipient `json:"to"`
	// At is the past moment that was asked about: what was recorded later is left out. Zero: now.
	At     time.Time      `json:"at,omitzero"`
	Events []filter.Event `json:"events"`
	// Next is what after must be for the following page; empty: there is none.
	Next string `json:"next,omitempty"`
}

// getHistory answers the events of exactly this recipient, oldest first.
func (s *Server) getHistory(c *call) error {
	to, hidden, err := s.person(c)
	if err != nil {
		return err
	}
	limit, err := parseLimit(c.query.Get("limit"), maxLimit)
	if err != nil {
		return err
	}
	at, err := s.at(c)
	if err != nil {
		return err
	}
	events, err := s.store.History(to)
	if err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	if !at.IsZero() {
		events = slices.DeleteFunc(events, func(e filter.Event) bool { return e.Recorded.After(at) })
	}
	from, err := follow(events, c.query.Get("after"))
	if err != nil {
		return err
	}
	end := min(from+limit, len(events))
	page := History{To: to, At: at, Events: append([]filter.Event{}, events[from:end]...)}
	if end < len(events) {
		page.Next = nameOf(events, end-1)
	}
	c.person(to)
	if hidden || c.by.role < Reviewer {
		c.masked()
	}
	for i := range page.Events {
		e := &page.Events[i]
		if hidden || c.by.role < Reviewer {
			*e = veil(*e)
		}
		if hidden {
			e.To = hide(e.To)
		}
	}
	if hidden {
		page.To = hide(to)
	}
	return answer(c.w, http.StatusOK, page)
}

// nameOf is how a cursor calls events[i]: by its ID, or where an erasure took that, by its place.
func nameOf(events []filter.Event, i int) string {
	if id := events[i].ID; id != "" {
		return id
	}
	return "#" + strconv.Itoa(i+1)
}

// follow is the place of the event after the one that a cursor names.
func follow(events []filter.Event, after string) (int, error) {
	if after == "" {
		return 0, nil
	}
	for i := range events {
		if nameOf(events, i) == after {
			return i + 1, nil
		}
	}
	return 0, bad("after", "%q is no event of this recipient", after)
}

// parseLimit reads how many a page may have; empty is usual.
func parseLimit(text string, usual int) (int, error) {
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, bad("limit", "%q: want a number from 1 to %d", text, maxLimit)
	}
	return n, nil
}
