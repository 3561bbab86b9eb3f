package console

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/sendgate/sendgate/filter"
)

// History is one page of what was learnt about one recipient, oldest first. A viewer sees it without
// the personal fields of the evidence.
type History struct {
	To     filter.Recipient `json:"to"`
	Events []filter.Event   `json:"events"`
	// Next is what after must be for the following page; empty: there is none.
	Next string `json:"next,omitempty"`
}

// getHistory answers the events of exactly this recipient, oldest first.
func (s *Server) getHistory(c *call) error {
	to, err := c.recipient()
	if err != nil {
		return err
	}
	limit, err := parseLimit(c.query.Get("limit"), maxLimit)
	if err != nil {
		return err
	}
	events, err := s.store.History(to)
	if err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	if after := c.query.Get("after"); after != "" {
		i := slices.IndexFunc(events, func(e filter.Event) bool { return e.ID == after })
		if i < 0 {
			return bad("after", "%q is no event of this recipient", after)
		}
		events = events[i+1:]
	}
	page := History{To: to, Events: append([]filter.Event{}, events[:min(limit, len(events))]...)}
	if len(events) > limit {
		page.Next = page.Events[limit-1].ID
	}
	if c.by.role < Reviewer {
		for i := range page.Events {
			page.Events[i] = veil(page.Events[i])
		}
	}
	return answer(c.w, http.StatusOK, page)
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
