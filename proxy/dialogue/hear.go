package dialogue

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

// Awaits reports whether the person who sig is from is asked something at now, and was when they wrote it, or answered so
// before: then a word such as CANCEL or NO is an answer.
func (a *Asker) Awaits(rt *Route, sig *providers.Signal, now time.Time) (bool, error) {
	if len(rt.Scripts) == 0 {
		return false, nil
	}
	t, err := a.talk(a.partner(rt, sig))
	switch {
	case errors.Is(err, errands.ErrNone):
		return false, nil
	case err != nil || t.Heard(sig.ID):
		return err == nil, err
	case !t.Open(now) || t.elsewhere(sig) || !sig.Time.IsZero() && t.Follows(sig.Time):
		return false, nil
	}
	return a.wasAsked(&t) // who was not asked yet, or cannot be, does not answer
}

// partner is the person who sig is from, under the address by which there is a dialogue with them where one of
// theirs is.
func (a *Asker) partner(rt *Route, sig *providers.Signal) filter.Recipient {
	to := sig.From
	to.Brand = rt.Brand
	if len(sig.Aliases) == 0 {
		return to
	}
	for _, address := range append([]string{to.Address}, sig.Aliases...) {
		other := to
		other.Address = address
		if _, err := a.talk(other); err == nil {
			return other
		}
	}
	return to
}

// Hear takes in what a person wrote, whose record before it was before, and which was read as r: an
// opt-out where stops is set. What it means for a dialogue is on disk when Hear returns, and follows
// from there. taken reports whether it answered a question, and so nothing else.
func (a *Asker) Hear(ctx context.Context, rt *Route, sig *providers.Signal, r filter.Reading, stops bool, before *filter.Record, now time.Time) (taken bool, err error) {
	if len(rt.Scripts) == 0 || sig.From.Address == "" {
		return false, nil
	}
	to := a.partner(rt, sig)
	defer a.locks.lock(to)()
	t, err := a.talk(to)
	switch {
	case errors.Is(err, errands.ErrNone):
		return false, a.askWriter(ctx, rt, sig, r, stops, before, now)
	case err != nil:
		return false, err
	case stops || a.gone(rt, &t, before):
		return false, a.leaveTalk(ctx, rt, &t, now)
	case t.Heard(sig.ID):
		return true, a.needs.Store.Append(ctx, t.Events...) // which may have failed the first time
	case !t.Open(now):
		return false, a.askWriter(ctx, rt, sig, r, stops, before, now)
	case t.elsewhere(sig), r.Keyword == filter.HelpWord && r.Certainty == filter.Definite, r.Keyword == filter.PrivacyWord && r.Certainty >= filter.Probable:
		return false, nil // answered at any time, and no answer
	}
	if asked, err := a.wasAsked(&t); err != nil || !asked {
		return false, err
	}
	said := filter.Answer{ID: sig.ID, Time: sig.Time, Text: sig.Text, Payload: sig.Payload, Declines: r.Keyword == filter.StopWord && r.Certainty == filter.Ambiguous}
	question, s := t.Question(), rt.Scripts[t.Topic]
	if s == nil { // it was taken out of the configuration
		return false, nil
	}
	_, err = a.changeTalk(ctx, rt, to, now, func(t *talk) error {
		lines := len(t.Words)
		if t.Question() != question {
			return errTalkSame // another question was put meanwhile
		}
		d, turn := s.Hear(t.Dialogue, said, now)
		if len(d.Words) == lines {
			return errTalkSame
		}
		taken = true
		t.take(d, turn)
		return nil
	})
	return taken, err
}

// About is a message about a topic, from the sender that its question comes from.
func (rt *Route) About(to filter.Recipient, topic, from, service string) filter.Message {
	c, _ := rt.Declared.Category(topic)
	return filter.Message{To: to, From: from, Service: service, Category: c, Topic: topic}
}

// gone reports whether there is nobody to ask any more, as they opted out of what it is about.
func (a *Asker) gone(rt *Route, t *talk, r *filter.Record) bool {
	m := rt.About(t.To, t.Topic, t.Sender, t.Service)
	at, _ := r.OptedOut(&m)
	return !at.IsZero()
}

// leaveTalk ends t because the person opted out: what is still to be said is not, and no answer counts.
func (a *Asker) leaveTalk(ctx context.Context, rt *Route, t *talk, now time.Time) error {
	if t.State == filter.Left {
		return nil
	}
	left, err := a.changeTalk(ctx, rt, t.To, now, func(t *talk) error {
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
		if err := a.needs.Store.Errands().End(ctx, left.sayID(i)); err != nil && !errors.Is(err, errands.ErrNone) {
			return err
		}
	}
	return nil
}

// Run does an errand that is a dialogue: what follows from the last word, or from silence.
func (a *Asker) Run(ctx context.Context, e *errands.Errand) runner.End {
	t, err := readTalk(e)
	if err != nil { // nobody can go on with it, and it would hold up all that the person writes
		a.needs.Log.Error("a consent dialogue cannot be read, and is given up", zap.String("route", e.Route), zap.Error(err))
		return runner.End{}
	}
	defer a.locks.lock(t.To)()
	t, err = a.talk(t.To) // it may have gone on
	switch {
	case errors.Is(err, errands.ErrNone):
		return runner.End{Moved: true}
	case err != nil:
		return runner.End{Err: err}
	}
	// Without a route or a script, which was taken out of the configuration, nobody is left to ask.
	var s *filter.Script
	rt, err := a.needs.Route(e.Route)
	if err == nil {
		s = rt.Scripts[t.Topic]
	}
	now := a.needs.Now()
	if s == nil || t.settled() && t.State != filter.Pending && !now.Before(t.Ended.Add(rest)) {
		// Here, since once it is unlocked another may have begun in its place.
		if err := a.needs.Store.Errands().End(ctx, e.ID); err != nil && !errors.Is(err, errands.ErrNone) {
			return runner.End{Err: err}
		}
		return runner.End{Moved: true}
	}
	rec, err := a.needs.Store.Read(t.To, filter.NeedRecord)
	if err != nil {
		return runner.End{Err: fmt.Errorf("reading the record of the recipient: %w", err)}
	}
	if t.State != filter.Left && a.gone(rt, &t, &rec) {
		if err := a.leaveTalk(ctx, rt, &t, now); err != nil {
			return runner.End{Err: err}
		}
	}
	if t, err = a.closeTalk(ctx, rt, s, &t, &rec, now); err == nil {
		err = a.settleTalk(ctx, rt, &t, now)
	}
	if errors.Is(err, errands.ErrNone) { // erased meanwhile
		return runner.End{Moved: true}
	}
	if err != nil {
		a.needs.Log.Warn("a consent dialogue waits", zap.String("route", rt.Name), zap.String("dialogue", t.ID), zap.Error(err))
		return runner.End{Err: err}
	}
	return runner.End{Moved: true}
}

// closeTalk closes a dialogue whose time has run out, and returns how it stands. Its last message is left out where
// it would disturb, or where nothing was asked.
func (a *Asker) closeTalk(ctx context.Context, rt *Route, s *filter.Script, t *talk, rec *filter.Record, now time.Time) (talk, error) {
	asked, err := a.wasAsked(t)
	if err != nil {
		return talk{}, err
	}
	question := t.Question()
	return a.changeTalk(ctx, rt, t.To, now, func(t *talk) error {
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
func (rt *Route) mayClose(t *talk, rec *filter.Record, now time.Time) bool {
	if t.To.Channel == filter.WhatsApp && !now.Before(rec.LastInbound.Add(filter.DefaultWindow)) {
		return false
	}
	if now.Before(rec.LastInbound.Add(wakeful)) {
		return true
	}
	m := rt.About(t.To, t.Topic, t.Sender, t.Service)
	m.Category = filter.Marketing
	return rt.Policy.Quiet(&m, rec, now).Action == filter.Forward
}

// settleTalk keeps what t tells, and then hands over what is to be said. All of it may be done twice: the
// names of events and errands follow from the dialogue's own.
func (a *Asker) settleTalk(ctx context.Context, rt *Route, t *talk, now time.Time) error {
	if err := a.needs.Store.Append(ctx, t.Events...); err != nil {
		return fmt.Errorf("keeping %d events: %w", len(t.Events), err)
	}
	says := make([]errands.Errand, 0, len(t.Unsent))
	for _, i := range t.Unsent {
		e, err := a.say(rt, t, i, now)
		if err != nil {
			return err
		}
		says = append(says, e)
	}
	if _, err := a.needs.Store.Errands().Add(ctx, says...); err != nil {
		return err
	}
	events, unsent := len(t.Events), t.Unsent
	_, err := a.changeTalk(ctx, rt, t.To, now, func(now *talk) error {
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
func (a *Asker) askWriter(ctx context.Context, rt *Route, sig *providers.Signal, r filter.Reading, stops bool, before *filter.Record, now time.Time) error {
	s := rt.Scripts[rt.Topic]
	if !rt.OnInbound || s == nil || stops || r.Keyword != filter.NoKeyword && r.Keyword != filter.StartWord {
		return nil
	}
	to := sig.From
	to.Brand = rt.Brand
	m := rt.About(to, rt.Topic, sig.Sender, sig.Service)
	if a.needs.Store.Switches().InForce().Holding(rt.Name, &m, now) != nil {
		return nil
	}
	out, _ := before.OptedOut(&m)
	said, _ := before.Answer(&m)
	if !out.IsZero() || said == filter.Refused || !before.Agreed(&m).IsZero() {
		return nil
	}
	t := talk{Service: sig.Service, Cause: sig.ID, Dialogue: filter.Dialogue{ID: ulid.New(now), To: to, Topic: rt.Topic, Sender: sig.Sender,
		Language: cmp.Or(spokenIn(r), s.Language(to, sig.Text))}}
	_, err := a.beginTalk(ctx, rt, s, t, now)
	switch {
	case errors.Is(err, errTalkOpen), errors.Is(err, errTalkOften):
		return nil
	case errors.Is(err, errands.ErrFull): // to ask nobody harms nobody
		rt.Unasked.Add(1)
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
