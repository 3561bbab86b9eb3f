package console

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// Consent is what is known about one recipient.
type Consent struct {
	To filter.Recipient `json:"to"`
	// Record is the brand's own record joined with the one that holds for every brand: what a
	// send sees.
	Record filter.Record `json:"record"`
	// Standing says per category, and per topic with a consent of its own, what that amounts to.
	Standing []Standing `json:"standing"`
}

// A Standing is what a recipient's record says about one scope today. Which basis a message
// needs is up to its route's policy.
type Standing struct {
	Scope    filter.Scope `json:"scope"`
	OptedOut time.Time    `json:"opted_out,omitzero"` // since when; zero: not opted out
	Basis    filter.Basis `json:"basis"`              // the strongest that stands
	Since    time.Time    `json:"since,omitzero"`     // when it was given
	Says     string       `json:"says"`               // the same as a sentence
}

// A Notice is something to record about a recipient.
type Notice struct {
	To     filter.Recipient `json:"to"`               // an opt-out without brand holds for every brand
	Region string           `json:"region,omitempty"` // country of a number without a country code, as in "US"
	Kind   filter.Kind      `json:"kind"`
	Scope  filter.Scope     `json:"scope,omitzero"`
	Basis  filter.Basis     `json:"basis,omitzero"`   // of an opt-in
	Time   time.Time        `json:"time,omitzero"`    // when it happened; zero: now
	Source string           `json:"source,omitempty"` // who says so; empty: "api: " and the token's name
	Note   string           `json:"note,omitempty"`
	Proof  filter.Evidence  `json:"proof,omitzero"`
}

// A Receipt is the answer to a recorded notice, given once it is on disk.
type Receipt struct {
	Event   filter.Event `json:"event"`
	Consent Consent      `json:"consent"` // what is known with it
}

// getConsent answers what is known about a recipient. The address is shown: the asker typed it.
func (s *Server) getConsent(c *call) error {
	to, err := c.recipient()
	if err != nil {
		return err
	}
	known, err := s.consent(to)
	if err != nil {
		return err
	}
	return answer(c.w, http.StatusOK, known)
}

func (s *Server) consent(to filter.Recipient) (Consent, error) {
	rec, err := s.store.Read(to, filter.NeedRecord)
	if err != nil {
		return Consent{}, fmt.Errorf("reading the record: %w", err)
	}
	return Consent{To: to, Record: rec, Standing: standing(&rec)}, nil
}

// standing reads rec aloud: the four categories, then every topic it speaks of.
func standing(rec *filter.Record) []Standing {
	var all []Standing
	for c := range filter.Category(filter.Categories) {
		all = append(all, stand(rec, filter.OfCategory(c), c, ""))
	}
	for _, k := range rec.Consents {
		if topic, ok := strings.CutPrefix(k.Scope.String(), "topic:"); ok {
			c := filter.Marketing
			if topic == filter.Privacy {
				c = filter.Service // it never counts as marketing
			}
			all = append(all, stand(rec, k.Scope, c, topic))
		}
	}
	return all
}

func stand(rec *filter.Record, scope filter.Scope, c filter.Category, topic string) Standing {
	st := Standing{Scope: scope}
	m := &filter.Message{Category: c, Topic: topic}
	by := filter.Scope{}
	st.OptedOut, by = rec.OptedOut(m)
	asked, since := rec.Answer(m)
	for b := filter.Express; b > filter.NoBasis && st.Since.IsZero(); b-- {
		if b == filter.ByTransaction && topic != "" {
			m.Category = filter.Utility // it carries nothing else
		}
		if st.Since = rec.Granted(m, b); !st.Since.IsZero() {
			st.Basis = b
		}
	}
	switch {
	case !st.OptedOut.IsZero():
		st.Says = fmt.Sprintf("opted out of %s since %s", by, moment(st.OptedOut))
	case asked == filter.Refused:
		st.Says = "refused when asked, since " + moment(since)
	case asked == filter.Asked:
		st.Says = "asked, and no answer since " + moment(since)
	case st.Basis == filter.Express:
		st.Says = "opted in expressly since " + moment(st.Since)
	case st.Basis != filter.NoBasis:
		st.Says = fmt.Sprintf("opted in, implied by %s, since %s", st.Basis, moment(st.Since))
	default:
		st.Says = "no consent is known"
	}
	return st
}

// moment writes t for people.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// postConsent records one notice, opt-in or opt-out, and answers once it is on disk.
func (s *Server) postConsent(c *call) error {
	var n Notice
	if err := readBody(c, &n); err != nil {
		return err
	}
	given := n.To.Address
	to, err := canonical("to.", n.To, n.Region)
	if err != nil {
		return err
	}
	e := filter.Event{Time: n.Time, To: to, Kind: n.Kind, Scope: n.Scope, Basis: n.Basis,
		Source: n.Source, Note: n.Note, Proof: n.Proof}
	if err := s.checkEvent(&e); err != nil {
		return err
	}
	if e.Source == "" {
		e.Source = "api: " + c.by.name
	}
	if e.Note == "" && given != to.Address {
		e.Note = "given as " + given
	}
	e.ID = store.NewID(s.now())
	// What was asked for is finished even if the asker hangs up: half a change helps nobody.
	if err := s.store.Append(context.WithoutCancel(c.r.Context()), e); err != nil {
		return fmt.Errorf("recording consent: %w", err)
	}
	s.log.Info("consent recorded", append(eventFields(&e), zap.String("actor", c.by.name))...)
	return s.receipt(c, e)
}

// receipt answers with e as it was kept, and what is known with it.
func (s *Server) receipt(c *call, e filter.Event) error {
	events, err := s.store.History(e.To)
	if err != nil {
		return fmt.Errorf("reading back the event %s, which is kept: %w", e.ID, err)
	}
	if i := slices.IndexFunc(events, func(k filter.Event) bool { return k.ID == e.ID }); i >= 0 {
		e = events[i]
	}
	known, err := s.consent(e.To)
	if err != nil {
		return err
	}
	return answer(c.w, http.StatusCreated, Receipt{Event: e, Consent: known})
}

// checkEvent refuses what no notice and no row of an import may say.
func (s *Server) checkEvent(e *filter.Event) error {
	switch e.Kind {
	case filter.OptedIn:
		if e.Basis == filter.NoBasis {
			return bad("basis", "missing: an opt-in needs the basis it was given on: want one of inquiry, transaction, express")
		}
	case filter.OptedOut, filter.Wrote, filter.Asked, filter.Refused:
		if e.Basis != filter.NoBasis {
			return bad("basis", "%s has no basis: it belongs to an opt-in", e.Kind)
		}
	case filter.Erased:
		return bad("kind", "erased is recorded by an erasure alone")
	default:
		return bad("kind", "missing: want one of opted-in, opted-out, wrote, asked, refused")
	}
	if e.Kind == filter.Wrote && e.Scope != filter.All {
		return bad("scope", "wrote has no scope: an inbound message is no consent")
	}
	if e.To.Brand == "" && e.Kind != filter.OptedOut {
		return bad("to.brand", "missing: people opt in and write to one brand; only an opt-out may hold for every brand")
	}
	if e.Kind != filter.OptedOut && e.Time.After(s.now().Add(clockSkew)) {
		return bad("time", "%s lies in the future", moment(e.Time))
	}
	return nil
}

// clockSkew is how far ahead of ours another machine's clock may be.
const clockSkew = 5 * time.Minute

// eventFields describe e in our log, without a full address or a personal field.
func eventFields(e *filter.Event) []zap.Field {
	return []zap.Field{zap.String("event", e.ID), zap.Stringer("kind", e.Kind), zap.Stringer("scope", e.Scope),
		zap.Stringer("basis", e.Basis), zap.String("brand", e.To.Brand), zap.String("channel", string(e.To.Channel)),
		zap.String("address", filter.Mask(e.To.Address))}
}

// getHistory answers the events of exactly this recipient, oldest first.
func (s *Server) getHistory(c *call) error {
	to, err := c.recipient()
	if err != nil {
		return err
	}
	events, err := s.store.History(to)
	if err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	events = slices.Clone(events)
	if c.by.role < Reviewer {
		for i := range events {
			events[i] = veil(events[i])
		}
	}
	if events == nil {
		events = []filter.Event{}
	}
	return answer(c.w, http.StatusOK, History{To: to, Events: events})
}

// History is what was learnt about one recipient, oldest first. A viewer sees it without the
// personal fields of the evidence.
type History struct {
	To     filter.Recipient `json:"to"`
	Events []filter.Event   `json:"events"`
}
