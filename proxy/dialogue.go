package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/dialogue"
	"github.com/sendgate/sendgate/store/errands"
)

// script makes rt ready to ask. Errors name the key.
func (rt *route) script(cfg *RouteConfig, scripts map[string]*filter.Script) error {
	rt.dialogue = dialogue.Route{Name: rt.name, Brand: rt.brand, Region: rt.region, Scripts: scripts, Declared: rt.labels.declared, Policy: &rt.policy,
		Able: rt.pen.credentials != nil && rt.webhook != nil, Buttons: rt.speaks == "whatsapp", Began: &rt.count.dialogues, Unasked: &rt.count.unasked}
	if cfg.Dialogue == nil {
		return nil
	}
	rt.dialogue.Config = *cfg.Dialogue
	rt.dialogue.From = filter.Sender(rt.dialogue.From, rt.region)
	topics := strings.Join(slices.Sorted(maps.Keys(scripts)), ", ")
	switch {
	case len(scripts) == 0:
		return errors.New("dialogue: its brand has no dialogues")
	case scripts[rt.dialogue.Topic] == nil:
		return fmt.Errorf("dialogue: topic: %q: want one of the brand's dialogues: %s", rt.dialogue.Topic, topics)
	case rt.pen.credentials == nil:
		return errors.New("dialogue: the gate asks with credentials of the route: give it some")
	case rt.webhook == nil:
		return errors.New("dialogue: answers come by the webhook of the route: give it one")
	}
	return nil
}

// dialogueRoute is what a route is for dialogues.
func (g *Gate) dialogueRoute(name string) (*dialogue.Route, error) {
	rt, err := g.route(name)
	if err != nil {
		return nil, err
	}
	return &rt.dialogue, nil
}

// Asker asks people for their consent, where the routes say so and when it is told to.
func (g *Gate) Asker() *dialogue.Asker { return g.asker }

// said is the errand that has m sent on a route, which is said in a dialogue. It has no ID yet.
func (g *Gate) said(route string, m *providers.Outgoing, now time.Time) (errands.Errand, error) {
	body, err := json.Marshal(own{Rule: dialogue.Rule, To: m.To, From: m.From, Service: m.Service, Text: m.Text, Buttons: m.Buttons})
	return errands.Errand{Kind: errands.Answer, Route: route, People: []filter.Recipient{m.To}, Lanes: []string{ownLane(m.To)},
		Added: now, Due: now, Until: now.Add(answerWithin), Body: body}, err
}

// left reports whether whom o is for has opted out of all, or of its sender: then nobody is asked.
func (g *Gate) left(rt *route, o *own) (bool, error) {
	rec, err := g.store.Read(o.To, filter.NeedOptOut)
	at, _ := rec.OptedOut(&filter.Message{To: o.To, From: o.From, Service: o.Service, Category: filter.Service})
	return !at.IsZero(), err
}
