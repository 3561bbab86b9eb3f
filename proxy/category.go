package proxy

import (
	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// classify stamps m with what the route knows: the brand, and the category, which is the strictest
// of what is known about it: the list's word about its template, the route's, and the sender's
// claim where it is believed. What nobody classified is marketing.
func (rt *route) classify(m *filter.Message, req *fasthttp.RequestHeader) {
	m.To.Brand = rt.brand
	m.Topic = rt.topic
	if claim := claim(req, "Sendgate-Topic", rt.trusts.topic); len(claim) > 0 {
		m.Topic = string(claim)
	}
	m.Campaign = string(claim(req, "Sendgate-Campaign", rt.trusts.campaign))
	m.Category = filter.Marketing
	if m.MarketingOnly {
		return
	}
	strictest, known := filter.Category(filter.Categories), false
	hear := func(c filter.Category) { strictest, known = min(strictest, c), true }
	switch {
	case m.Template != "":
		if c, listed := rt.templates[m.Template]; listed {
			hear(c)
		}
	case rt.freeForm != nil:
		hear(*rt.freeForm)
	}
	if rt.category != nil {
		hear(*rt.category)
	}
	if claim := claim(req, "Sendgate-Category", rt.trusts.category); len(claim) > 0 {
		var c filter.Category
		if c.UnmarshalText(claim) != nil {
			c = filter.Marketing // a claim that is no word of the four claims nothing
		}
		hear(c)
	}
	if known {
		m.Category = strictest
	}
}

// claim is what the sender says in a header of the gate's, where the route believes it.
func claim(req *fasthttp.RequestHeader, name string, trusted bool) []byte {
	if !trusted {
		return nil
	}
	return req.Peek(name)
}

// undecided is the decision about m while the store cannot be asked.
func (rt *route) undecided(m *filter.Message) filter.Decision {
	if rt.failOpen[m.Category] {
		return filter.Decision{Action: filter.Forward, Reason: filter.Undecided, Rule: "fail-open"}
	}
	return filter.Decision{Action: filter.Block, Reason: filter.Undecided}
}
