package console

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/store/ulid"
	"go.uber.org/zap"
)

// A Notice is something to record about a recipient.
type Notice struct {
	To     filter.Recipient `json:"to"`               // an opt-out without brand holds for every brand
	Region string           `json:"region,omitempty"` // country of a number without a country code, as in "US"
	Kind   filter.Kind      `json:"kind"`
	Scope  filter.Scope     `json:"scope,omitzero"`
	Basis  filter.Basis     `json:"basis,omitzero"`   // of an opt-in
	Time   time.Time        `json:"time,omitzero"`    // when it happened, a date alone as [date] says; zero: when the proof of an opt-in was captured, or now
	Source string           `json:"source,omitempty"` // who says so; empty: "api: " and the token's name
	Note   string           `json:"note,omitempty"`
	Proof  filter.Evidence  `json:"proof,omitzero"`
	// AllowResubscribe lets an opt-in lift an opt-out, a refusal or an erasure, if it is newer and
	// its proof has a method, and a wording or an action.
	AllowResubscribe bool `json:"allow_resubscribe,omitempty"`
}

// A Receipt is the answer to a recorded notice, given once it is on disk.
type Receipt struct {
	Event    filter.Event     `json:"event"`
	Consent  Consent          `json:"consent"`            // what is known with it
	Warnings []filter.Finding `json:"warnings,omitempty"` // what is doubtful about it
}

// postConsent records one notice, opt-in or opt-out, and answers once it is on disk. With an
// Idempotency-Key the same notice is recorded once, however often it is sent.
func (s *Server) postConsent(c *call) error {
	var n Notice
	if err := readBody(c, &n); err != nil {
		return err
	}
	id, keyed, err := c.by.eventID(c.r.Header.Get(keyHeader), &n)
	if err != nil {
		return err
	}
	e, err := s.event(c, &n)
	if err != nil {
		return err
	}
	c.person(e.To)
	c.about("kind", e.Kind)
	c.about("scope", e.Scope)
	doubts, err := s.lint(&e)
	if err != nil {
		return err
	}
	if keyed {
		if was, done, err := s.replayed(e.To, id); err != nil || done {
			return s.again(c, was, doubts, err)
		}
		if err := s.keys.claim(id, s.now()); err != nil {
			return err
		}
		e.ID = id
	}
	if err := s.mayRecord(c, &e, n.AllowResubscribe); err != nil {
		return err
	}
	// What was asked for is finished even if the asker hangs up: half a change helps nobody.
	err = s.store.AppendIf(context.WithoutCancel(c.r.Context()), e, func(e *filter.Event, r *filter.Record) error {
		if e.Kind != filter.OptedIn || tellsNothing(e, r) {
			return nil
		}
		return mayOptIn(s.brands()[e.To.Brand], e, r, n.AllowResubscribe) // once more: a no may have come meanwhile
	})
	if err != nil {
		return fmt.Errorf("recording consent: %w", err)
	}
	s.log.Info("consent recorded", append(eventFields(&e), zap.String("actor", c.by.name))...)
	return s.receipt(c, e, doubts)
}

// again answers a notice that was recorded before.
func (s *Server) again(c *call, e filter.Event, doubts []filter.Finding, err error) error {
	if err != nil {
		return err
	}
	c.w.Header().Set("Idempotency-Replayed", "true")
	return s.receipt(c, e, doubts)
}

// event is what n says.
func (s *Server) event(c *call, n *Notice) (filter.Event, error) {
	to, err := input.Recipient("to.", n.To, n.Region)
	if err != nil {
		return filter.Event{}, err
	}
	e := filter.Event{ID: ulid.New(s.now()), Time: n.Time, To: to, Kind: n.Kind, Scope: n.Scope, Basis: n.Basis,
		Source: n.Source, Note: n.Note, Proof: n.Proof}
	date(&e)
	if err := s.checkEvent(&e, n.Region); err != nil {
		return e, err
	}
	if e.Source == "" {
		e.Source = "api: " + c.by.name
	}
	if e.Note == "" && n.To.Address != to.Address {
		e.Note = "given as " + n.To.Address
	}
	return e, nil
}

// date makes consent run from when its proof was captured, and one that a transaction implies from the day of that
// transaction, not from the day on which somebody entered it. A day alone is its beginning, but for an opt-out its end:
// else who agreed in the morning and left in the evening would still be written to.
func date(e *filter.Event) {
	if e.Kind == filter.OptedOut && input.DayAlone(e.Time) {
		e.Time = input.EndOfDay(e.Time)
	}
	if e.Kind == filter.OptedIn && e.Time.IsZero() {
		e.Time = e.Proof.CapturedAt
	}
	if day := e.Proof.ReferenceDate; e.Basis == filter.ByTransaction && !day.IsZero() && (e.Time.IsZero() || day.Before(e.Time)) {
		e.Time = day
	}
	for _, at := range []*time.Time{&e.Time, &e.Proof.CapturedAt, &e.Proof.ReferenceDate} {
		*at = at.UTC()
	}
}

// mayRecord keeps staff from undoing what a recipient said, and a client from opting many in or out.
func (s *Server) mayRecord(c *call, e *filter.Event, again bool) error {
	rec, err := s.store.Read(e.To, filter.NeedRecord)
	if err != nil {
		return fmt.Errorf("reading the record: %w", err)
	}
	at := *e
	if at.Time.IsZero() {
		at.Time = s.now()
	}
	one := totals{}
	switch {
	case tellsNothing(&at, &rec), e.Kind == filter.OptedOut && standsOut(&rec, e.Scope):
		return nil
	case e.Kind == filter.OptedIn:
		if err := mayOptIn(s.brands()[e.To.Brand], &at, &rec, again); err != nil {
			return err
		}
		one.ins = 1
	case silences(e.Kind):
		one.outs = 1
	default:
		return nil
	}
	return s.passBrake(c, one)
}

// passBrake lets t through and counts it, unless the token of c has done too much within the window
// and nobody confirmed that.
func (s *Server) passBrake(c *call, t totals) error {
	used := s.brake.used(c.by.name)
	would := totals{used.outs + t.outs, used.ins + t.ins}
	if s.brake.may(would.outs, would.ins) {
		problem := s.brake.over(would)
		about := "notices since " + s.brake.began(c.by.name)
		switch {
		case problem == "":
		case c.by.confirms(c.query.Get("confirm"), about, would):
			s.log.Warn("the brake was released", zap.String("actor", c.by.name), zap.String("problem", problem))
			s.brake.release(c.by.name)
		default:
			token := c.by.token(about, would)
			held := errorf(http.StatusConflict, "confirm", "the brake holds: %s; nothing was recorded. If that is right, go on with confirm=%s", problem, token)
			held.Confirm = token
			return held
		}
	}
	s.brake.add(c.by.name, t)
	return nil
}

// receipt answers with e as it was kept, and what is known with it.
func (s *Server) receipt(c *call, e filter.Event, doubts []filter.Finding) error {
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
	everywhere, err := s.store.History(e.To.Everywhere())
	if err != nil {
		return fmt.Errorf("reading what holds for every brand: %w", err)
	}
	doubts = append(doubts, stillOut(&e, events, everywhere)...)
	c.about("event", e.ID)
	return answer(c.w, http.StatusCreated, Receipt{Event: e, Consent: known, Warnings: doubts})
}

// stillOut is the doubt whether the opt-in e reaches the provider: one that was itself told of an opt-out goes on
// refusing that person, whatever is recorded here, until they take it back there.
func stillOut(e *filter.Event, histories ...[]filter.Event) []filter.Finding {
	if e.Kind != filter.OptedIn {
		return nil
	}
	var last filter.Event // of what came from a provider
	for _, k := range slices.Concat(histories...) {
		by, how, _ := strings.Cut(k.Source, " ")
		told := !strings.HasSuffix(by, ":") && (how == "webhook" || how == "answer" || how == "receipt")
		if told && (k.Kind == filter.OptedOut || k.Kind == filter.OptedIn) && !k.Time.Before(last.Time) {
			last = k
		}
	}
	if last.Source == "" || last.Kind != filter.OptedOut {
		return nil
	}
	return []filter.Finding{{Field: "kind", Severity: filter.Warn, Problem: fmt.Sprintf(
		"they opted out with the provider itself (%s, %s), which may refuse them until they take that back there: by SMS with START", last.Source, moment(last.Time))}}
}

// checkEvent refuses what no notice and no row of an import may say, and names a sender as messages do: written
// otherwise, an opt-out would bind nothing. region is the country of one without a country code.
func (s *Server) checkEvent(e *filter.Event, region string) error {
	if sender, ok := e.Scope.Sender(); ok {
		if sender = filter.Sender(sender, region); sender == "" {
			return bad("scope", "it names no sender")
		}
		e.Scope = filter.OfSender(sender)
	}
	switch e.Kind {
	case filter.OptedIn:
		if e.Basis == filter.NoBasis {
			return bad("basis", "missing: an opt-in needs the basis it was given on: want one of inquiry, transaction, express")
		}
	case filter.OptedOut, filter.Wrote, filter.Asked, filter.Refused, filter.Noticed, filter.Unanswered:
		if e.Basis != filter.NoBasis {
			return bad("basis", "%s has no basis: it belongs to an opt-in", e.Kind)
		}
	case filter.Erased:
		return bad("kind", "erased is recorded by an erasure alone")
	default:
		return bad("kind", "missing: want one of opted-in, opted-out, wrote, asked, refused, noticed, unanswered")
	}
	place, err := filter.ParsePlace(e.Proof.Place)
	switch {
	case err != nil && e.Kind != filter.OptedOut:
		return bad("proof.place", "%v", err)
	case err != nil: // nothing that goes with an opt-out keeps it out
		e.Note = strings.TrimPrefix(e.Note+"; place given as "+e.Proof.Place, "; ")
	}
	e.Proof.Place = place
	if e.Kind == filter.Wrote && e.Scope != filter.All {
		return bad("scope", "wrote has no scope: an inbound message is no consent")
	}
	if e.To.Brand == "" && e.Kind != filter.OptedOut {
		return bad("to.brand", "missing: people opt in and write to one brand; only an opt-out may hold for every brand")
	}
	if brands := s.gate.Brands(); e.To.Brand != "" && len(brands) > 0 && !slices.Contains(brands, e.To.Brand) {
		return bad("to.brand", "no route writes as %q, so this would bind nothing: want one of %s", e.To.Brand, strings.Join(brands, ", "))
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
