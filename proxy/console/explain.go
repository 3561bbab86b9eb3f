package console

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// A Question asks what the gate would decide about one message.
type Question struct {
	Route    string           `json:"route"`
	To       filter.Recipient `json:"to"`
	Region   string           `json:"region,omitempty"` // country of a number without a country code
	From     string           `json:"from,omitempty"`
	Category *filter.Category `json:"category,omitempty"` // left out: what the route takes it for
	Topic    string           `json:"topic,omitempty"`
	Template string           `json:"template,omitempty"`
	Text     string           `json:"text,omitempty"`
	SendAt   time.Time        `json:"send_at,omitzero"` // asked delivery time; zero: at once
	At       time.Time        `json:"at,omitzero"`      // the moment of the send; zero: now
}

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
	Zone    string    `json:"zone"`             // always UTC today
	Inbound time.Time `json:"inbound,omitzero"` // the recipient's last message before: it opens windows
}

// A Judgement is a decision that nobody acted on.
type Judgement struct {
	Action filter.Action `json:"action"`
	Reason filter.Reason `json:"reason"`
	Rule   string        `json:"rule,omitempty"`
	Until  time.Time     `json:"until,omitzero"`
	Why    string        `json:"why,omitempty"` // rows of data, clocks and zones that the rule went by
	Record filter.Record `json:"record"`        // what it was decided from
	At     time.Time     `json:"at"`
	Says   string        `json:"says"`
	// Problem says why nothing could be decided, as when the route is gone.
	Problem string `json:"problem,omitempty"`
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
	m := filter.Message{To: e.To, From: e.From, Category: e.Category, Topic: e.Topic, Campaign: e.Campaign,
		Template: e.Template, Text: e.Text, Room: e.Room, MarketingOnly: e.MarketingOnly, SendAt: e.SendAt, Movable: e.Movable}
	known := e.Time
	if !at.IsZero() {
		known = at
	}
	if err := s.recall(&x, &m, known, full && c.by.role >= Reviewer); err != nil {
		return err
	}
	x.Now = s.judgement(e.Route, m, at)
	d := show(e, full)
	x.Decision = &d
	x.Says = slices.Concat(tell(&d), s.suspended(&e, &m), x.Says)
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
	x := Explanation{Clock: clock(q.At, q.SendAt)}
	if err := s.recall(&x, &m, q.At, c.by.role >= Reviewer); err != nil {
		return err
	}
	x.Now = s.judgement(q.Route, m, asked)
	x.Says = append([]string{fmt.Sprintf("Category %s, through route %s to brand %s's recipient on %s, at %s: %s", m.Category, q.Route, m.To.Brand, m.To.Channel, moment(q.At), x.Now.Says)}, x.Says...)
	if q.At.Before(now) {
		x.Says = append(x.Says, knownThen)
	}
	return answer(c.w, http.StatusOK, s.seen(c, x, true))
}

// knownThen says what a judgement of the past is made from.
const knownThen = "This is judged from what was known at that moment, by the configuration of today."

// asked is the message that q is about: as the route would see it, but for what q says itself.
func (s *Server) asked(q *Question) (m filter.Message, err error) {
	switch {
	case q.Route == "":
		return m, bad("route", "missing: GET /api/v1/routes lists them")
	case !slices.Contains(s.gate.Routes(), q.Route):
		return m, bad("route", "unknown route %q: GET /api/v1/routes lists them", q.Route)
	}
	m = filter.Message{To: q.To, From: q.From, Template: q.Template, Text: q.Text, Room: roomToAsk, SendAt: q.SendAt}
	if err := s.gate.Classify(q.Route, &m); err != nil {
		return m, bad("route", "%v", err)
	}
	if q.To.Brand != "" {
		m.To.Brand = q.To.Brand
	}
	if q.Category != nil {
		m.Category = *q.Category
	}
	if q.Topic != "" {
		m.Topic = q.Topic
	}
	m.To, err = canonical("to.", m.To, q.Region)
	return m, err
}

// roomToAsk is the room for a footer that a question supposes: it has no provider's limit to
// measure against.
const roomToAsk = 1 << 16

// seen is x as the asker may see it.
func (s *Server) seen(c *call, x Explanation, full bool) Explanation {
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
	k := Clock{Decided: decided.UTC(), Judged: decided.UTC(), Zone: "UTC"}
	if !sendAt.IsZero() {
		k.SendAt, k.Judged = sendAt.UTC(), sendAt.UTC()
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
			if !e.Recorded.After(at) && (e.Kind == filter.Wrote || e.Scope.Covers(m.Category, m.Topic, m.From)) {
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

// whenItPasses says when a message passes, if waiting helps.
func whenItPasses(a filter.Action, until time.Time) string {
	switch {
	case until.IsZero():
		return ""
	case a == filter.Rewrite:
		return "The provider is asked to deliver it at " + moment(until) + "."
	}
	return "The same message would pass after " + moment(until) + "."
}

func because(r filter.Reason, rule string) string {
	if rule == "" {
		return r.Text()
	}
	return fmt.Sprintf("%s (rule %s)", r.Text(), rule)
}

// judgement asks the gate what it would decide at a moment, the zero one for now.
func (s *Server) judgement(route string, m filter.Message, at time.Time) *Judgement {
	d, rec, err := s.gate.Judge(route, m, at)
	if at.IsZero() {
		at = s.now()
	}
	if err != nil {
		return &Judgement{At: at, Problem: err.Error(), Says: "nothing can be decided: " + err.Error() + "."}
	}
	says := fmt.Sprintf("%s, because %s.", d.Action, because(d.Reason, d.Rule))
	if d.Why != "" {
		says += " It goes by " + d.Why + "."
	}
	if passes := whenItPasses(d.Action, d.Until); passes != "" {
		says += " " + passes
	}
	return &Judgement{Action: d.Action, Reason: d.Reason, Rule: d.Rule, Until: d.Until, Why: d.Why, Record: rec, At: at, Says: says}
}
