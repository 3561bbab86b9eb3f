package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
)

// An Inbox is what the console asks of the gate about what people wrote. Its methods are safe for concurrent use.
type Inbox interface {
	// Covered is e, an opt-out of somebody who wrote to a sender on a route, which may be of a messaging service, as one
	// event for each thing that it covers there.
	Covered(route string, e filter.Event, sender, service string) ([]filter.Event, error)
}

// A Review is what a person wrote that may be an opt-out, what it was read as, and what was done.
type Review struct {
	Text       string           `json:"text"` // left out where it is masked
	TextLength int              `json:"text_length"`
	Message    string           `json:"message,omitempty"` // the provider's id, which may hold a number; likewise
	Sender     string           `json:"sender"`            // whom they wrote to
	Service    string           `json:"service,omitempty"` // the messaging service that this is a number of
	Time       time.Time        `json:"time"`
	Keyword    filter.Keyword   `json:"keyword"`
	Certainty  filter.Certainty `json:"certainty"`
	Match      string           `json:"match,omitempty"` // the words that it was read from
	Language   string           `json:"language,omitempty"`
	OptedOut   bool             `json:"opted_out"` // whether it was taken for an opt-out at once
}

// A Verdict is what a reviewer makes of what a person wrote.
type Verdict struct {
	OptOut bool   `json:"opt_out"`        // false: it is none
	Note   string `json:"note,omitempty"` // kept with the opt-out
}

// A Reviewed is the answer to a verdict, once what follows from it is on disk.
type Reviewed struct {
	Events []filter.Event `json:"events"` // that were recorded
}

// reviewOf is what an errand of the kind review holds.
func reviewOf(e *errands.Errand, full bool) *Review {
	r := new(Review)
	if err := json.Unmarshal(e.Body, r); err != nil {
		return nil
	}
	r.TextLength = utf8.RuneCountInString(r.Text)
	if !full {
		r.Text, r.Match, r.Message = "", "", ""
	}
	return r
}

// postReview ends a review: as an opt-out, of all that one covers on its route, or as nothing. The opt-out counts since
// the person wrote, so that a later opt-in of theirs stands.
func (s *Server) postReview(c *call) error {
	var v Verdict
	if err := readBody(c, &v); err != nil {
		return err
	}
	e, err := s.errand(c)
	if err != nil {
		return err
	}
	r := reviewOf(&e, true)
	if e.Kind != errands.Review || r == nil || len(e.People) == 0 {
		return errorf(http.StatusConflict, "id", "this is of the kind %s, and nobody's to review", e.Kind)
	}
	c.about("opt_out", v.OptOut)
	c.note(v.Note)
	ctx := context.WithoutCancel(c.r.Context())
	events := []filter.Event{}
	if v.OptOut {
		if events, err = s.withdrawn(c, &e, r, v.Note); err != nil {
			return err
		}
		if err := s.store.Append(ctx, events...); err != nil {
			return fmt.Errorf("recording an opt-out: %w", err)
		}
	}
	if err := s.store.Errands().End(ctx, e.ID); err != nil {
		return errandError(err)
	}
	s.log.Info("what a person wrote was reviewed", zap.String("actor", c.by.name), zap.Bool("opt_out", v.OptOut), zap.String("errand", c.r.PathValue("id")))
	return answer(c.w, http.StatusOK, Reviewed{Events: events})
}

// withdrawn is the opt-out that a reviewer found in a message, with the words as its evidence.
func (s *Server) withdrawn(c *call, e *errands.Errand, r *Review, note string) ([]filter.Event, error) {
	to := e.People[0]
	method := string(to.Channel)
	if to.Channel == filter.WhatsApp {
		method = "whatsapp thread"
	}
	read := fmt.Sprintf("message %s, to %s: read as %s (%s), and taken for an opt-out on review", r.Message, r.Sender, r.Keyword, r.Certainty)
	one := filter.Event{ID: "review." + s.store.Errands().Key(e.ID), Time: r.Time, To: to, Kind: filter.OptedOut, Source: "api: " + c.by.name,
		Note:  strings.TrimSuffix(read+": "+note, ": "),
		Proof: filter.Evidence{Method: method, Action: "replied", Wording: r.Text, Language: r.Language, CapturedAt: r.Time}}
	if s.inbox == nil {
		return []filter.Event{one}, nil
	}
	all, err := s.inbox.Covered(e.Route, one, r.Sender, r.Service)
	if err != nil {
		return nil, errorf(http.StatusConflict, "id", "what it covers is not known any more: %v; record it as a notice of its own, and dismiss this", err)
	}
	return all, nil
}
