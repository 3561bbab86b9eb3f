package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/runner"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/ulid"
	"go.uber.org/zap"
)

// asking reports whether the person who sig is from is asked something at now, and was when they wrote it, or answered so
// before: then a word such as CANCEL or NO is an answer.
func (g *Gate) asking(rt *route, sig *providers.Signal, now time.Time) (bool, error) {
	if len(rt.scripts) == 0 {
		return false, nil
	}
	t, err := g.talk(g.partner(rt, sig))
	switch {
	case errors.Is(err, errands.ErrNone):
		return false, nil
	case err != nil || t.Heard(sig.ID):
		return err == nil, err
	case !t.Open(now) || t.elsewhere(sig) || !sig.Time.IsZero() && t.Follows(sig.Time):
		return false, nil
	}
	return g.wasAsked(&t) // who was not asked yet, or cannot be, does not answer
}

// partner is the person who sig is from, under the address by which there is a dialogue with them where one of
// theirs is.
func (g *Gate) partner(rt *route, sig *providers.Signal) filter.Recipient {
	to := sig.From
	to.Brand = rt.brand
	if len(sig.Aliases) == 0 {
		return to
	}
	for _, address := range append([]string{to.Address}, sig.Aliases...) {
		other := to
		other.Address = address
		if _, err := g.talk(other); err == nil {
			return other
		}
	}
	return to
}

// dialogueHears takes in what a person wrote, whose record before it was before, and which was read as r: an
// opt-out where stops is set. What it means for a dialogue is on disk when dialogueHears returns, and follows
// from there. taken reports whether it answered a question, and so nothing else.
func (g *Gate) dialogueHears(ctx context.Context, rt *route, sig *providers.Signal, r filter.Reading, stops bool, before *filter.Record, now time.Time) (taken bool, err error) {
	if len(rt.scripts) == 0 || sig.From.Address == "" {
		return false, nil
	}
	to := g.partner(rt, sig)
	defer g.talks.lock(to)()
	t, err := g.talk(to)
	switch {
	case errors.Is(err, errands.ErrNone):
		return false, g.askWriter(ctx, rt, sig, r, stops, before, now)
	case err != nil:
		return false, err
	case stops || g.gone(rt, &t, before):
		return false, g.leaveTalk(ctx, rt, &t, now)
	case t.Heard(sig.ID):
		return true, g.store.Append(ctx, t.Events...) // which may have failed the first time
	case !t.Open(now):
		return false, g.askWriter(ctx, rt, sig, r, stops, before, now)
	case t.elsewhere(sig), r.Keyword == filter.HelpWord && r.Certainty == filter.Definite, r.Keyword == filter.PrivacyWord && r.Certainty >= filter.Probable:
		return false, nil // answered at any time, and no answer
	}
	if asked, err := g.wasAsked(&t); err != nil || !asked {
		return false, err
	}
	a := filter.Answer{ID: sig.ID, Time: sig.Time, Text: sig.Text, Payload: sig.Payload, Declines: r.Keyword == filter.StopWord && r.Certainty == filter.Ambiguous}
	question, s := t.Question(), rt.scripts[t.Topic]
	if s == nil { // it was taken out of the configuration
		return false, nil
	}
	_, err = g.changeTalk(ctx, rt, to, now, func(t *talk) error {
		lines := len(t.Words)
		if t.Question() != question {
			return errTalkSame // another question was put meanwhile
		}
		d, turn := s.Hear(t.Dialogue, a, now)
		if len(d.Words) == lines {
			return errTalkSame
		}
		taken = true
		t.take(d, turn)
		return nil
	})
	return taken, err
}

// about is a message of the topic of t, from the sender that its question comes from.
func (rt *route) about(to filter.Recipient, topic, from, service string) filter.Message {
	c, _ := rt.labels.declared.Category(topic)
	return filter.Message{To: to, From: from, Service: service, Category: c, Topic: topic}
}

// gone reports whether there is nobody to ask any more, as they opted out of what it is about.
func (g *Gate) gone(rt *route, t *talk, r *filter.Record) bool {
	m := rt.about(t.To, t.Topic, t.Sender, t.Service)
	at, _ := r.OptedOut(&m)
	return !at.IsZero()
}

// left reports whether whom o is for has opted out of all, or of its sender: then nobody is asked.
func (g *Gate) left(rt *route, o *own) (bool, error) {
	rec, err := g.store.Read(o.To, filter.NeedOptOut)
	at, _ := rec.OptedOut(&filter.Message{To: o.To, From: o.From, Service: o.Service, Category: filter.Service})
	return !at.IsZero(), err
}

// leaveTalk ends t because the person opted out: what is still to be said is not, and no answer counts.
func (g *Gate) leaveTalk(ctx context.Context, rt *route, t *talk, now time.Time) error {
	if t.State == filter.Left {
		return nil
	}
	left, err := g.changeTalk(ctx, rt, t.To, now, func(t *talk) error {
		t.Dialogue, t.Unsent = t.Leave(now), nil
		return nil
	})
	if errors.Is(err, errands.ErrNone) { // forgotten just now
		return nil
	}
	if err != nil {
		return err
	}
	for i, line := range left.Words {
		if !line.Gate {
			continue
		}
		if err := g.store.Errands().End(ctx, left.sayID(i)); err != nil && !errors.Is(err, errands.ErrNone) {
			return err
		}
	}
	return nil
}

// runDialogue does an errand that is a dialogue: what follows from the last word, or from silence.
func (g *Gate) runDialogue(ctx context.Context, e *errands.Errand) runner.End {
	t, err := readTalk(e)
	if err != nil { // nobody can go on with it, and it would hold up all that the person writes
		g.log.Error("a consent dialogue cannot be read, and is given up", zap.String("route", e.Route), zap.Error(err))
		return runner.End{}
	}
	defer g.talks.lock(t.To)()
	t, err = g.talk(t.To) // it may have gone on
	switch {
	case errors.Is(err, errands.ErrNone):
		return runner.End{Moved: true}
	case err != nil:
		return runner.End{Err: err}
	}
	// Without a route or a script, which was taken out of the configuration, nobody is left to ask.
	var s *filter.Script
	rt, now := g.table.Load().routes[e.Route], g.clock()
	if rt != nil {
		s = rt.scripts[t.Topic]
	}
	if s == nil || t.settled() && t.State != filter.Pending && !now.Before(t.Ended.Add(talkRest)) {
		// Here, since once it is unlocked another may have begun in its place.
		if err := g.store.Errands().End(ctx, e.ID); err != nil && !errors.Is(err, errands.ErrNone) {
			return runner.End{Err: err}
		}
		return runner.End{Moved: true}
	}
	rec, err := g.store.Read(t.To, filter.NeedRecord)
	if err != nil {
		return runner.End{Err: fmt.Errorf("reading the record of the recipient: %w", err)}
	}
	if t.State != filter.Left && g.gone(rt, &t, &rec) {
		if err := g.leaveTalk(ctx, rt, &t, now); err != nil {
			return runner.End{Err: err}
		}
	}
	if t, err = g.closeTalk(ctx, rt, s, &t, &rec, now); err == nil {
		err = g.settleTalk(ctx, rt, &t, now)
	}
	if errors.Is(err, errands.ErrNone) { // erased meanwhile
		return runner.End{Moved: true}
	}
	if err != nil {
		g.log.Warn("a consent dialogue waits", zap.String("route", rt.name), zap.String("dialogue", t.ID), zap.Error(err))
		return runner.End{Err: err}
	}
	return runner.End{Moved: true}
}

// closeTalk closes a dialogue whose time has run out, and returns how it stands. Its last message is left out where
// it would disturb, or where nothing was asked.
func (g *Gate) closeTalk(ctx context.Context, rt *route, s *filter.Script, t *talk, rec *filter.Record, now time.Time) (talk, error) {
	asked, err := g.wasAsked(t)
	if err != nil {
		return talk{}, err
	}
	question := t.Question()
	return g.changeTalk(ctx, rt, t.To, now, func(t *talk) error {
		d, turn := s.Wait(t.Dialogue, now)
		if len(turn.Events) == 0 {
			return errTalkSame
		}
		if !asked && t.Question() == question || !rt.mayClose(t, rec, now) {
			d.Words, turn.Say = d.Words[:len(d.Words)-1], nil
		}
		t.take(d, turn)
		return nil
	})
}

// wakeful is how long after their last message somebody is taken to be awake.
const wakeful = time.Hour

// mayClose reports whether somebody who did not answer may be told so: in hours that are theirs, unless they
// wrote just now, and on WhatsApp while the customer service window is open.
func (rt *route) mayClose(t *talk, rec *filter.Record, now time.Time) bool {
	if t.To.Channel == filter.WhatsApp && !now.Before(rec.LastInbound.Add(filter.DefaultWindow)) {
		return false
	}
	if now.Before(rec.LastInbound.Add(wakeful)) {
		return true
	}
	m := rt.about(t.To, t.Topic, t.Sender, t.Service)
	m.Category = filter.Marketing
	return rt.policy.Quiet(&m, rec, now).Action == filter.Forward
}

// settleTalk keeps what t tells, and then hands over what is to be said. All of it may be done twice: the
// names of events and errands follow from the dialogue's own.
func (g *Gate) settleTalk(ctx context.Context, rt *route, t *talk, now time.Time) error {
	if err := g.store.Append(ctx, t.Events...); err != nil {
		return fmt.Errorf("keeping %d events: %w", len(t.Events), err)
	}
	says := make([]errands.Errand, 0, len(t.Unsent))
	for _, i := range t.Unsent {
		e, err := t.say(rt, i, now)
		if err != nil {
			return err
		}
		says = append(says, e)
	}
	if _, err := g.store.Errands().Add(ctx, says...); err != nil {
		return err
	}
	events, unsent := len(t.Events), t.Unsent
	_, err := g.changeTalk(ctx, rt, t.To, now, func(now *talk) error {
		if now.ID == t.ID {
			now.Events = now.Events[min(events, len(now.Events)):]
			now.Unsent = slices.DeleteFunc(now.Unsent, func(i int) bool { return slices.Contains(unsent, i) })
		}
		return nil
	})
	return err
}

// askWriter begins a dialogue with somebody who wrote, where the route has it so: not with who said no, agreed
// already, or wrote a word that has its own answer.
func (g *Gate) askWriter(ctx context.Context, rt *route, sig *providers.Signal, r filter.Reading, stops bool, before *filter.Record, now time.Time) error {
	s := rt.scripts[rt.dialogue.Topic]
	if !rt.dialogue.OnInbound || s == nil || stops || r.Keyword != filter.NoKeyword && r.Keyword != filter.StartWord {
		return nil
	}
	to := sig.From
	to.Brand = rt.brand
	m := rt.about(to, rt.dialogue.Topic, sig.Sender, sig.Service)
	if g.store.Switches().InForce().Holding(rt.name, &m, now) != nil {
		return nil
	}
	out, _ := before.OptedOut(&m)
	said, _ := before.Answer(&m)
	if !out.IsZero() || said == filter.Refused || !before.Agreed(&m).IsZero() {
		return nil
	}
	t := talk{Service: sig.Service, Cause: sig.ID, Dialogue: filter.Dialogue{ID: ulid.New(now), To: to, Topic: rt.dialogue.Topic, Sender: sig.Sender,
		Language: cmp.Or(spokenIn(r), s.Language(to, sig.Text))}}
	_, err := g.beginTalk(ctx, rt, s, t, now)
	switch {
	case errors.Is(err, errTalkOpen), errors.Is(err, errTalkOften):
		return nil
	case errors.Is(err, errands.ErrFull): // to ask nobody harms nobody
		rt.count.unasked.Add(1)
		return nil
	}
	return err
}

// spokenIn is the language of a word that was read; empty for one of several.
func spokenIn(r filter.Reading) string {
	if r.Language == "any" {
		return ""
	}
	return r.Language
}
