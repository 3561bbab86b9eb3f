package console

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/sendgate/sendgate/proxy/console/list"
	"github.com/sendgate/sendgate/store/decisions"
	"go.uber.org/zap"
)

// A Page is one page of the decision log, newest first.
type Page struct {
	Decisions []Decision `json:"decisions"`
	// Next is what Before must be for the page that follows; empty: there is none.
	Next string `json:"next,omitempty"`
}

// full reads the parameter full: whether addresses and texts are shown unmasked. Who asks for it
// needs the role, and is written down.
func (s *Server) full(c *call) (bool, error) {
	full, err := parseBool("full", c.query.Get("full"))
	if err != nil || !full {
		return false, err
	}
	if c.witness != nil {
		c.witness.full = true
	}
	if err := c.by.may(Reviewer, "full=true"); err != nil {
		return false, err
	}
	s.log.Info("decisions shown in full", zap.String("actor", c.by.name), zap.String("path", c.r.URL.Path))
	return true, nil
}

// listDecisions answers one page of the decision log.
func (s *Server) listDecisions(c *call) error {
	q, err := s.decisionQuery(c)
	if err != nil {
		return err
	}
	limit := q.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	q.Pause = c.worker.pause
	q.Limit = limit + 1 // one more tells whether there is a next page
	page := Page{Decisions: []Decision{}}
	for e, err := range s.store.Decisions().Entries(q.Query) {
		if err != nil {
			return fmt.Errorf("reading the decision log: %w", err)
		}
		if len(page.Decisions) == limit {
			page.Next = page.Decisions[limit-1].ID
			break
		}
		page.Decisions = append(page.Decisions, show(e, q.Full))
	}
	return answer(c.w, http.StatusOK, page)
}

// getDecision answers one entry of the decision log.
func (s *Server) getDecision(c *call) error {
	full, err := s.full(c)
	if err != nil {
		return err
	}
	e, err := s.entry("id", c.r.PathValue("id"))
	if err != nil {
		return err
	}
	c.person(e.To)
	return answer(c.w, http.StatusOK, show(e, full))
}

func (s *Server) entry(field, id string) (decisions.Entry, error) {
	e, ok, err := s.store.Decisions().Entry(id)
	switch {
	case err != nil:
		return e, fmt.Errorf("reading the decision log: %w", err)
	case !ok:
		return e, errorf(http.StatusNotFound, field, "no decision %q is in the log: it may be older than the log's retention", id)
	}
	return e, nil
}

// tailDecisions writes decisions as they are taken, one JSON line each, until the client leaves or
// takes nothing for streamPatience. A slow client reads on from the log and holds up nobody.
func (s *Server) tailDecisions(c *call) error {
	q, err := s.decisionQuery(c)
	if err != nil {
		return err
	}
	st, err := newStreamer(c, "jsonl", nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.r.Context())
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	entries := s.store.Decisions().Watch(ctx, q.Query)
	// The answer begins now, not with the first decision: who has it misses nothing from here on.
	if err := st.flush(); err != nil {
		return nil
	}
	for e, err := range entries {
		if ctx.Err() != nil || !s.stillKnown(c.by) {
			return nil
		}
		st.extend() // the last line may be long ago
		if err == nil {
			err = st.write(nil, show(e, q.Full))
		}
		if err == nil {
			err = st.flush()
		}
		if err != nil {
			return s.cut(c, st, err)
		}
	}
	return nil
}

var decisionColumns = []string{"id", "time", "action", "enforced", "reason", "rule", "route", "provider", "mode", "brand",
	"channel", "address", "from", "category", "topic", "campaign", "template", "text", "text_length", "send_at", "until",
	"footer", "fault", "outcome", "status", "micros", "config", "service", "client"}

// exportDecisions writes the selected decisions, newest first, in constant memory.
func (s *Server) exportDecisions(c *call) error {
	q, err := s.decisionQuery(c)
	if err != nil {
		return err
	}
	st, err := newStreamer(c, c.query.Get("format"), decisionColumns)
	if err != nil {
		return err
	}
	q.Pause = c.worker.pause
	for e, err := range s.store.Decisions().Entries(q.Query) {
		if err == nil {
			d := show(e, q.Full)
			err = st.write(d.row(), d)
		}
		if err != nil {
			return s.cut(c, st, err)
		}
	}
	if err := st.flush(); err != nil {
		return s.cut(c, st, err)
	}
	return nil
}

// row is d under decisionColumns.
func (d *Decision) row() []string {
	return []string{d.ID, list.Stamp(d.Time), d.Action.String(), strconv.FormatBool(d.Enforced), d.Reason.String(), d.Rule,
		d.Route, d.Provider, d.Mode, list.Cell(d.To.Brand), string(d.To.Channel), list.Cell(d.To.Address), list.Cell(d.From),
		d.Category.String(), list.Cell(d.Topic), list.Cell(d.Campaign), list.Cell(d.Template), list.Cell(d.Text), strconv.Itoa(d.TextLength),
		list.Stamp(d.SendAt), list.Stamp(d.Until), list.Cell(d.Footer), list.Cell(d.Fault), d.Outcome, strconv.Itoa(d.Status),
		strconv.FormatInt(d.Micros, 10), d.Config, list.Cell(d.Service), list.Cell(d.Client)}
}
