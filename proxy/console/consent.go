package console

import (
	"fmt"
	"net/http"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// Consent is what is known about one recipient.
type Consent struct {
	To filter.Recipient `json:"to"`
	// At is the past moment that was asked about: all this is what was known then. Zero: now.
	At time.Time `json:"at,omitzero"`
	// Record is the brand's own record joined with the one that holds for every brand: what a
	// send sees. A viewer sees it without its place.
	Record filter.Record `json:"record"`
	// Standing says per category, and per topic or sender with a consent of its own, what that amounts to.
	Standing []Standing `json:"standing"`
}

// A Standing is what a recipient's record says about one scope today. Which basis a message
// needs is up to its route's policy.
type Standing struct {
	Scope    filter.Scope `json:"scope"`
	Alias    string       `json:"alias,omitempty"`    // the brand's other word for a topic
	OptedOut time.Time    `json:"opted_out,omitzero"` // since when; zero: not opted out
	// Answer is refused, or asked where no answer has come, and Asked since when; zero: neither stands.
	Answer filter.Kind  `json:"answer,omitzero"`
	Asked  time.Time    `json:"asked,omitzero"`
	Basis  filter.Basis `json:"basis"`          // the strongest that stands
	Since  time.Time    `json:"since,omitzero"` // when it was given
	// Expires is when it first runs out on a route of the brand, by the configuration of today; zero: it does not.
	Expires time.Time `json:"expires,omitzero"`
	Says    string    `json:"says"` // the same as a sentence
}

// getConsent answers what is known about a recipient. The address is shown to who typed it.
func (s *Server) getConsent(c *call) error {
	to, hidden, err := s.person(c)
	if err != nil {
		return err
	}
	at, err := s.at(c)
	if err != nil {
		return err
	}
	c.person(to)
	var known Consent
	if at.IsZero() {
		known, err = s.consent(to)
	} else {
		known, err = s.consentAt(to, at)
	}
	if err != nil {
		return err
	}
	if hidden {
		known.To = hide(known.To)
	}
	if hidden || c.by.role < Reviewer {
		known.Record = veilRecord(known.Record)
	}
	return answer(c.w, http.StatusOK, known)
}

// at reads the past moment that c asks about, as a time or as a duration before now; zero: none.
func (s *Server) at(c *call) (time.Time, error) {
	at, err := s.parseSince("at", c.query.Get("at"))
	if err == nil && at.After(s.now()) {
		err = bad("at", "%s lies in the future: want a past moment", moment(at))
	}
	return at.UTC(), err
}

// consentAt is what was known at a past moment: what was recorded until then, whenever it happened.
func (s *Server) consentAt(to filter.Recipient, at time.Time) (Consent, error) {
	rec, err := s.store.RecordAt(to, at)
	if err != nil {
		return Consent{}, fmt.Errorf("reading the record of that moment: %w", err)
	}
	return Consent{To: to, At: at, Record: rec, Standing: s.standing(&rec, to)}, nil
}

func (s *Server) consent(to filter.Recipient) (Consent, error) {
	rec, err := s.store.Read(to, filter.NeedRecord)
	if err != nil {
		return Consent{}, fmt.Errorf("reading the record: %w", err)
	}
	return Consent{To: to, Record: rec, Standing: s.standing(&rec, to)}, nil
}

// standing reads rec, that of to, aloud: the four categories, then every topic and sender it speaks of.
func (s *Server) standing(rec *filter.Record, to filter.Recipient) []Standing {
	var all []Standing
	for c := range filter.Category(filter.Categories) {
		all = append(all, s.stand(rec, filter.OfCategory(c), filter.Message{To: to, Category: c}))
	}
	for _, k := range rec.Consents {
		if topic, ok := k.Scope.Topic(); ok {
			c := filter.Marketing
			if topic == filter.Privacy {
				c = filter.Service // it never counts as marketing
			}
			st := s.stand(rec, k.Scope, filter.Message{To: to, Category: c, Topic: topic})
			st.Alias = s.brands()[to.Brand].Alias(topic)
			all = append(all, st)
		}
		if sender, ok := k.Scope.Sender(); ok {
			all = append(all, s.stand(rec, k.Scope, filter.Message{To: to, From: sender}))
		}
	}
	return all
}

// stand says what rec amounts to within scope, in which m lies.
func (s *Server) stand(rec *filter.Record, scope filter.Scope, m filter.Message) Standing {
	st := Standing{Scope: scope}
	by := filter.Scope{}
	st.OptedOut, by = rec.OptedOut(&m)
	st.Answer, st.Asked = rec.Answer(&m)
	for b := filter.Express; b > filter.NoBasis && st.Since.IsZero(); b-- {
		if st.Since = given(rec, m, b); !st.Since.IsZero() {
			st.Basis = b
		}
	}
	if st.Basis == filter.ByTransaction {
		m.Category = filter.Utility // it carries nothing else
	}
	if s.expires != nil && st.Basis != filter.NoBasis && st.OptedOut.IsZero() && st.Answer == 0 {
		st.Expires = s.expires(&m, rec, st.Basis, st.Since)
	}
	switch {
	case !st.OptedOut.IsZero():
		st.Says = fmt.Sprintf("opted out of %s since %s", by, moment(st.OptedOut))
	case st.Answer == filter.Refused:
		st.Says = "refused when asked, since " + moment(st.Asked)
	case st.Answer == filter.Asked:
		st.Says = "asked, and no answer since " + moment(st.Asked)
	case st.Basis == filter.Express:
		st.Says = "opted in expressly since " + moment(st.Since)
	case st.Basis != filter.NoBasis:
		st.Says = fmt.Sprintf("opted in, implied by %s, since %s", st.Basis, moment(st.Since))
	default:
		st.Says = "no consent is known"
	}
	if !st.Expires.IsZero() {
		st.Says += ", until " + moment(st.Expires)
	}
	return st
}

// moment writes t for people.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
