package console

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
)

// postPasses lets blocked messages through at their senders' next try: that of one decision, or those of many.
func (s *Server) postPasses(c *call) error {
	var r PassRequest
	if err := readBody(c, &r); err != nil {
		return err
	}
	c.note(r.Reason)
	c.about("decision", r.Decision)
	lasts, err := passTime(r.Expires)
	if err != nil {
		return err
	}
	g := &granter{s: s, found: map[decisions.Print]int{}, refused: map[string]*PassRefusal{}, pass: store.Pass{Reason: r.Reason, Actor: c.by.name, Behind: c.by.behind,
		Expires: s.now().Add(lasts), FourEyes: s.fourEyes}}
	if r.Decision != "" {
		err = g.one(c, r.Decision)
	} else {
		err = g.many(c)
	}
	if err != nil {
		return err
	}
	a, err := g.grant(r.DryRun)
	if err != nil {
		return err
	}
	c.about("grant", a.Grant)
	c.about("granted", a.Granted)
	if r.DryRun {
		c.about("dry_run", true)
		return answer(c.w, http.StatusOK, a)
	}
	return answer(c.w, http.StatusCreated, a)
}

// passTime is for how long passes are asked for.
func passTime(text string) (time.Duration, error) {
	if text == "" {
		return defaultPassTime, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Minute || d > longestPassTime {
		return 0, bad("expires", "%q: want how long, between 1m and %.0fh", text, longestPassTime.Hours())
	}
	return d, nil
}

// A granter makes the passes of one request: one a message, and as good as the decisions allow.
type granter struct {
	s       *Server
	pass    store.Pass // what all of them share
	passes  []store.Pass
	found   map[decisions.Print]int // where in passes a message is; -1: it has a pass
	refused map[string]*PassRefusal
	looked  int
	already int
}

// one makes a pass for a single decision, which must allow it.
func (g *granter) one(c *call, id string) error {
	if len(c.query) > 0 {
		return bad("decision", "it stands in the place of a filter: want one of the two")
	}
	e, err := g.s.entry("decision", id)
	if err != nil {
		return err
	}
	c.person(e.To)
	g.add(&e)
	for why := range g.refused {
		return errorf(http.StatusConflict, "decision", "nobody can let this message through: %s", why)
	}
	if g.already > 0 {
		p, _ := g.s.store.PassOn(e.Print, g.s.now())
		return errorf(http.StatusConflict, "decision", "pass %s is %s for this message", p.ID, p.State(g.s.now()))
	}
	return nil
}

// many makes the passes for what a filter selects.
func (g *granter) many(c *call) error {
	q, err := g.s.decisionQuery(c)
	if err != nil {
		return err
	}
	if q.Since.IsZero() {
		return bad("since", "missing: want from when on messages are let through, as in 24h; or the id of a decision in the body")
	}
	q.Action = new(filter.Block)
	for e, err := range g.s.store.Decisions().Entries(q.Query) {
		if err != nil {
			return fmt.Errorf("reading the decision log: %w", err)
		}
		if err := c.r.Context().Err(); err != nil {
			return fmt.Errorf("nobody waits for the answer: %w", err)
		}
		g.add(&e)
		if len(g.passes) > maxGrant {
			return bad("", "more than %d messages would be let through at a time: narrow the filter, for example by until, route or campaign", maxGrant)
		}
		if g.looked > maxGrantDecisions {
			return bad("", "more than %d decisions were blocked: narrow the filter, for example by reason, until, route or campaign", maxGrantDecisions)
		}
	}
	return nil
}

// add takes a decision in.
func (g *granter) add(e *decisions.Entry) {
	g.looked++
	if at, known := g.found[e.Print]; known && e.Print != (decisions.Print{}) {
		if at >= 0 && g.passes[at].Past == e.Reason && len(g.passes[at].Decisions) < store.MaxPassDecisions {
			g.passes[at].Decisions = append(g.passes[at].Decisions, e.ID)
		}
		return
	}
	if why := g.s.whyNoPass(e); why != "" {
		if g.refused[why] == nil {
			g.refused[why] = &PassRefusal{Why: why, Example: e.ID}
		}
		g.refused[why].Count++
		return
	}
	if _, open := g.s.store.PassOn(e.Print, g.s.now()); open {
		g.found[e.Print] = -1
		g.already++
		return
	}
	p := g.pass
	p.To, p.Route, p.Category, p.Topic, p.Campaign = e.To, e.Route, e.Category, e.Topic, e.Campaign
	p.Print, p.Past, p.Decisions = e.Print, e.Reason, []string{e.ID}
	g.found[e.Print] = len(g.passes)
	g.passes = append(g.passes, p)
}

// whyNoPass says in a sentence why the message of e cannot be let through; empty: it can.
func (s *Server) whyNoPass(e *decisions.Entry) string {
	d := filter.Decision{Reason: e.Reason, Rule: e.Rule}
	switch {
	case e.Erased || e.To.Address == "" && e.Reason != filter.BadAddress && e.Fault == "":
		return "the recipient was erased"
	case e.Action != filter.Block:
		return "it was not held back"
	case !e.Enforced:
		return "it was not held back: the mode of its route was " + e.Mode
	}
	if why := d.WhyNoPass(e.Category); why != "" {
		return why
	}
	switch {
	case e.Fault != "":
		return "its request could not be changed as decided, which would be so again"
	case e.Print == decisions.Print{}:
		return "the log does not say how to know the message again"
	}
	m := messageOf(e)
	now, known, err := s.gate.Judge(e.Route, m, time.Time{})
	if err != nil {
		return "it cannot be judged now: " + err.Error()
	}
	if now.Reason == filter.Suspended { // which is told before anything else
		if since, _ := known.OptedOut(&m); !since.IsZero() {
			now.Reason = filter.HasOptedOut
		}
	}
	if now.Reason == filter.HasOptedOut {
		return now.WhyNoPass(e.Category)
	}
	return ""
}

// messageOf is the message of e, as far as the log holds it.
func messageOf(e *decisions.Entry) filter.Message {
	return filter.Message{To: e.To, From: e.From, Service: e.Service, Anonymous: e.From == "" && e.Service == "", Category: e.Category, Topic: e.Topic, Campaign: e.Campaign,
		Template: e.Template, Text: e.Text, Room: e.Room, MarketingOnly: e.MarketingOnly, SendAt: e.SendAt, Movable: e.Movable}
}

// grant grants what was found, unless it is only to be told.
func (g *granter) grant(dry bool) (PassGrant, error) {
	a := PassGrant{DryRun: dry, FourEyes: g.pass.FourEyes, Expires: g.pass.Expires.UTC(), Decisions: g.looked, Already: g.already, Refused: []PassRefusal{}}
	for _, r := range g.refused {
		a.Refused = append(a.Refused, *r)
	}
	slices.SortFunc(a.Refused, func(a, b PassRefusal) int { return b.Count - a.Count })
	if dry || len(g.passes) == 0 {
		a.Granted, a.Passes = len(g.passes), []Pass{}
		return a, nil
	}
	granted, err := g.s.store.Grant(g.passes)
	if err != nil && len(granted) > 0 {
		return a, errorf(http.StatusInternalServerError, "", "%d of %d passes were granted, under the id %s; then the disk failed, and the log says why",
			len(granted), len(g.passes), granted[0].Grant)
	}
	if err != nil {
		return a, passError(err)
	}
	a.Granted, a.Already, a.Passes = len(granted), a.Already+len(g.passes)-len(granted), g.s.showPasses(granted, false)
	if len(granted) > 0 {
		a.Grant = granted[0].Grant
	}
	return a, nil
}
