package console

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
)

// An Explanation is what stands behind a decision.
type Explanation struct {
	// Decision is the logged one; nil where a Question was asked.
	Decision *Decision `json:"decision,omitempty"`
	// Then is the record as it was known at that moment, brand and every brand joined, and
	// Events what it was made of, as far as it bears on this message.
	Then   filter.Record  `json:"then"`
	Events []filter.Event `json:"events"`
	Clock  Clock          `json:"clock"`
	// Config is the version of the configuration in force at the decision.
	Config string `json:"config,omitempty"`
	// Again is what the configuration of today decides about the logged message from what was known then. Its Why
	// tells rows of data, their source, clocks and zones. It is nil where a Question or a past moment was asked about.
	Again *Judgement `json:"again,omitempty"`
	// Now is what would be decided now, from what is known now; where a past moment was asked for,
	// what would have been decided then, from what was known then, by the configuration of today.
	Now *Judgement `json:"now,omitempty"`
	// Says tells all this in sentences.
	Says []string `json:"says"`
}

// A Clock is the time that a decision was judged by. All times are UTC.
type Clock struct {
	Decided time.Time `json:"decided"`          // when the send came in
	SendAt  time.Time `json:"send_at,omitzero"` // when it was to be delivered, if that was asked for
	Judged  time.Time `json:"judged"`           // the moment that windows were measured at
	Zone    string    `json:"zone"`             // of these times, which are UTC
	Zones   []string  `json:"zones,omitempty"`  // that the recipient may be in, as far as anybody can tell
	Inbound time.Time `json:"inbound,omitzero"` // the recipient's last message before: it opens windows
}

// explainDecision explains an entry of the decision log by what was known when it was taken, or at
// another past moment.
func (s *Server) explainDecision(c *call) error {
	full, err := s.full(c)
	if err != nil {
		return err
	}
	at, err := s.at(c)
	if err != nil {
		return err
	}
	id := c.query.Get("decision")
	if id == "" {
		return bad("decision", "missing: want the id of a decision, as in the header Sendgate-Id")
	}
	e, err := s.entry("decision", id)
	if err != nil {
		return err
	}
	x := Explanation{Config: e.Config, Clock: clock(e.Time, e.SendAt)}
	m := messageOf(&e)
	known := e.Time
	if !at.IsZero() {
		known = at
	}
	if err := s.recall(&x, &m, known, full && c.by.role >= Reviewer); err != nil {
		return err
	}
	x.Now = s.judgement(c.by.role, e.Route, m, at)
	if at.IsZero() {
		x.Again = s.recalled(c.by.role, &e)
	}
	s.locate(c, &x, e.Route, &m)
	c.person(e.To)
	if !full && (c.by.role < Reviewer || len(x.Events) == 0) {
		c.masked()
	}
	d := show(e, full)
	x.Decision = &d
	x.Says = slices.Concat(tell(&d), s.moved(&e), s.suspended(&e, &m), s.aboutPasses(&e), x.Says)
	if at.IsZero() {
		x.Says = append(x.Says, "Now: "+x.Now.Says)
	} else {
		x.Says = append(x.Says, fmt.Sprintf("At %s it would have been: %s", moment(at), x.Now.Says), knownThen)
	}
	return answer(c.w, http.StatusOK, s.seen(c, x, full))
}

// explainMessage explains what would be decided about a message that was not sent.
func (s *Server) explainMessage(c *call) error {
	var q Question
	if err := readBody(c, &q); err != nil {
		return err
	}
	m, err := s.asked(&q)
	if err != nil {
		return err
	}
	now, asked := s.now(), q.At
	if q.At.IsZero() {
		q.At = now
	}
	x := Explanation{Clock: clock(q.At, m.SendAt)}
	if err := s.recall(&x, &m, q.At, c.by.role >= Reviewer); err != nil {
		return err
	}
	c.person(m.To)
	if c.by.role < Reviewer || len(x.Events) == 0 {
		c.masked()
	}
	x.Now = s.judgement(c.by.role, q.Route, m, asked)
	s.locate(c, &x, q.Route, &m)
	x.Says = append([]string{fmt.Sprintf("Category %s, through route %s to brand %s's recipient on %s, at %s: %s", m.Category, q.Route, m.To.Brand, m.To.Channel, moment(q.At), x.Now.Says)}, x.Says...)
	if !q.SendAt.Equal(m.SendAt) {
		x.Says = append(x.Says, sentAtOnce)
	}
	if s.judge != nil {
		if rules := s.judge.Unforeseen(q.Route, &m); len(rules) > 0 {
			x.Says = append(x.Says, "Not foreseen is what these rules would do, which go by more than was asked about: "+strings.Join(rules, ", ")+".")
		}
	}
	if q.At.Before(now) {
		x.Says = append(x.Says, knownThen)
	}
	return answer(c.w, http.StatusOK, s.seen(c, x, true))
}

// knownThen says what a judgement of the past is made from.
const knownThen = "This is judged from what was known at that moment, by the configuration of today."

// sentAtOnce says what becomes of a delivery time that the provider would not read.
const sentAtOnce = "The provider takes no delivery time for such a message, so it is judged as one that is sent at once."

// locate tells on which clocks the recipient of m lives, unless that would tell where they stated to be to somebody
// who may not know.
func (s *Server) locate(c *call, x *Explanation, route string, m *filter.Message) {
	if s.judge != nil && (c.by.role >= Reviewer || x.Then.Place == "") {
		x.Clock.Zones = s.judge.Zones(route, m, &x.Then)
	}
}

// seen is x as the asker may see it.
func (s *Server) seen(c *call, x Explanation, full bool) Explanation {
	if c.by.role < Reviewer {
		x.Then = veilRecord(x.Then)
	}
	for i, e := range x.Events {
		if c.by.role < Reviewer {
			e = veil(e)
		}
		if !full {
			e.To.Address = filter.Mask(e.To.Address)
			e.Note = ""
		}
		x.Events[i] = e
	}
	return x
}

func clock(decided, sendAt time.Time) Clock {
	k := Clock{Decided: decided.UTC(), SendAt: sendAt.UTC(), Judged: decided.UTC(), Zone: "UTC"}
	if sendAt.After(decided) { // nothing is delivered in the past
		k.Judged = k.SendAt
	}
	return k
}

// recall fills in what was known of the recipient of m at a moment, and tells it, in the words that were
// noted if the asker may see them.
func (s *Server) recall(x *Explanation, m *filter.Message, at time.Time, words bool) error {
	var err error
	to := m.To
	if x.Then, err = s.store.RecordAt(to, at); err != nil {
		return fmt.Errorf("reading the record: %w", err)
	}
	x.Clock.Inbound = x.Then.LastInbound
	x.Events = []filter.Event{}
	for _, who := range []filter.Recipient{to, to.Everywhere()} {
		events, err := s.store.History(who)
		if err != nil {
			return fmt.Errorf("reading the history: %w", err)
		}
		for _, e := range events {
			if !e.Recorded.After(at) && (e.Kind == filter.Wrote || e.Scope.Covers(m)) {
				x.Events = append(x.Events, e)
			}
		}
		if to.Brand == "" {
			break // the two are one
		}
	}
	slices.SortStableFunc(x.Events, func(a, b filter.Event) int { return a.Time.Compare(b.Time) })
	if len(x.Events) == 0 {
		x.Says = append(x.Says, "Nothing was known about the recipient that bears on this message.")
	}
	for i := range x.Events {
		e := &x.Events[i]
		x.Says = append(x.Says, fmt.Sprintf("Known from %q, recorded %s: %s%s%s.", e.Source, moment(e.Recorded), describe(e), proof(e), noted(e, words)))
	}
	return nil
}

// moved tells of a message by a template what its provider told of the template, where that is why it is what it is.
func (s *Server) moved(e *decisions.Entry) []string {
	t := s.store.Template(e.To.Brand, e.Provider, e.Template)
	if t == nil || t.Category != e.Category || t.Time.After(e.Time) {
		return nil
	}
	return []string{fmt.Sprintf("The provider told %s that template %q is %s, which no list of the route makes less strict.", moment(t.Time), t.Name, t.Category)}
}

// noted is what was written down with e, as the person's own words are, if it may be told.
func noted(e *filter.Event, may bool) string {
	if !may || e.Note == "" {
		return ""
	}
	return fmt.Sprintf(", noted: %q", e.Note)
}

// proof says what kind of evidence e carries.
func proof(e *filter.Event) string {
	switch {
	case e.Proof.Method != "" && e.Proof.Action != "":
		return fmt.Sprintf(", proven by %s: %s", e.Proof.Method, e.Proof.Action)
	case e.Proof.Method != "":
		return ", proven by " + e.Proof.Method
	case e.Proof != (filter.Evidence{}):
		return ", with evidence"
	}
	return ""
}

// tell is a logged decision in sentences.
func tell(d *Decision) []string {
	says := []string{fmt.Sprintf("Decision %s, %s: %s on %s through route %s to %s: %s, because %s.", d.ID, moment(d.Time),
		d.Category, d.To.Channel, d.Route, d.To.Address, d.Action, because(d.Reason, d.Rule))}
	if why, changing := strings.CutPrefix(d.Fault, "rewriting: "); changing {
		says = append(says, "The request could not be changed as decided: "+why+".")
	} else if d.Fault != "" {
		says = append(says, "The request could not be read: "+d.Fault+".")
	}
	if !d.Enforced && d.Action != filter.Forward {
		says = append(says, fmt.Sprintf("It was not obeyed: the route's mode was %s.", d.Mode))
	}
	if passes := whenItPasses(d.Action, d.Until); passes != "" {
		says = append(says, passes)
	}
	return append(says, fmt.Sprintf("It was judged by the clock at %s, with configuration %s.", moment(clock(d.Time, d.SendAt).Judged), d.Config))
}

// describe names e for a person, without its address.
func describe(e *filter.Event) string {
	if e.Basis != filter.NoBasis {
		return fmt.Sprintf("%s %s (%s) on %s", e.Kind, e.Scope, e.Basis, moment(e.Time))
	}
	return fmt.Sprintf("%s %s on %s", e.Kind, e.Scope, moment(e.Time))
}
