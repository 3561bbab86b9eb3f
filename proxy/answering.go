package proxy

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/dialogue"
	"github.com/sendgate/sendgate/proxy/runner"
	"github.com/sendgate/sendgate/store/errands"
)

const (
	// confirmWithin is how long after an opt-out it is still confirmed. What comes within five minutes
	// counts as no message of its own: https://www.ecfr.gov/current/title-47/section-64.1200 (a)(12).
	confirmWithin = 5 * time.Minute
	// answerWithin is how long other answers are tried.
	answerWithin = 15 * time.Minute
	// conversation is for how long an opt-out is confirmed once, however often it is said.
	conversation = 24 * time.Hour
	// answerRule is the rule that the decision log names with an answer.
	answerRule = "answer"
)

// answersTo is what the gate has to write to a person who wrote what was read, before which their record was
// before: one errand at most. What the provider answers is never answered, too.
func (g *Gate) answersTo(rt *route, sig *providers.Signal, r filter.Reading, before *filter.Record, now time.Time) []errands.Errand {
	if rt.pen.book == nil || rt.pen.credentials == nil || sig.Kind != providers.Message || sig.From.Address == "" {
		return nil
	}
	if !sig.Time.IsZero() && now.Sub(sig.Time) > conversation-time.Hour { // the provider told it a day late
		return nil
	}
	if !rt.asksFor(sig, r, before, now) || rt.answers(sig) != filter.NoKeyword {
		return nil
	}
	to := sig.From
	to.Brand = rt.brand
	o := own{Rule: answerRule, Word: r.Keyword, To: to, From: sig.Sender, Service: sig.Service,
		Text: rt.pen.book.Text(r.Keyword, r.Scope, r.Language, to)}
	body, err := json.Marshal(o)
	if err != nil {
		return nil // strings and words: it cannot fail
	}
	covers := r.Scope
	if rt.stop == filter.StopSender && covers == filter.All { // to stop another number is another thing
		covers = filter.OfSender(sig.Sender)
	}
	e := errands.Errand{
		ID: answerID(&o, sig, covers, before, now), Kind: errands.Answer, Route: rt.name, People: []filter.Recipient{to},
		Lanes: []string{ownLane(to)}, Added: now, Due: now, Until: now.Add(answerWithin), Body: body, Remember: conversation,
	}
	if r.Keyword == filter.StopWord {
		e.Until = now.Add(confirmWithin)
	}
	return []errands.Errand{e}
}

// asksFor reports whether sig, which was read as r and is of somebody whose record was before, has an answer. What comes so
// late that it has no effect any more is not confirmed; and that messages come again is told to those alone who had
// stopped them.
func (rt *route) asksFor(sig *providers.Signal, r filter.Reading, before *filter.Record, now time.Time) bool {
	switch r.Keyword {
	case filter.StopWord:
		return rt.stops(r) && !cameBack(before, withdrawn(sig.Time, before))
	case filter.StartWord:
		return r.Certainty == filter.Definite && rt.takesBack(before, cmp.Or(sig.Time, now))
	case filter.HelpWord:
		return r.Certainty == filter.Definite
	case filter.PrivacyWord:
		return r.Certainty >= filter.Probable
	}
	return false
}

// cameBack reports whether somebody whose record is r agreed to anything after a moment; zero is now.
func cameBack(r *filter.Record, at time.Time) bool {
	return !at.IsZero() && slices.ContainsFunc(r.Consents, func(c filter.Consent) bool { return c.Granted[filter.Express].After(at) })
}

// answers is what the provider took a message for, and answered by itself: as it says, or as it does by default.
func (rt *route) answers(sig *providers.Signal) filter.Keyword {
	if sig.Word != filter.NoKeyword {
		return sig.Word
	}
	return rt.byDefault(sig.From.Channel, sig.Sender, sig.Text)
}

// answerID names an answer. An opt-out is confirmed once within a conversation, whatever comes again: the
// same call, or the same word. An opt-in in between begins another. Else each message has its answer.
func answerID(o *own, sig *providers.Signal, covers filter.Scope, before *filter.Record, now time.Time) string {
	if o.Word != filter.StopWord {
		return "answer." + errands.Digest(o.Word.String(), o.To.Brand, sig.ID)
	}
	at := now
	if !sig.Time.IsZero() {
		at = sig.Time
	}
	if at.Nanosecond() == 0 { // a provider that tells whole seconds: an opt-in of the same second counts as before it
		at = at.Add(time.Second - 1)
	}
	var granted time.Time
	for i := range before.Consents {
		for _, t := range before.Consents[i].Granted {
			if t.After(granted) && !t.After(at) {
				granted = t
			}
		}
	}
	return "answer." + errands.Digest(o.Word.String(), o.To.Brand, string(o.To.Channel), o.To.Address, covers.String(), granted.UTC().Format(time.RFC3339Nano))
}

// ownLane is where what the gate writes to somebody waits: one message at a time.
func ownLane(to filter.Recipient) string {
	return "own " + errands.Digest(to.Brand, string(to.Channel), to.Address)
}

// runAnswer does an errand that is an answer.
func (g *Gate) runAnswer(ctx context.Context, e *errands.Errand) runner.End {
	var o own
	if err := json.Unmarshal(e.Body, &o); err != nil {
		return runner.End{Err: fmt.Errorf("reading what is to be written: %w", err), Dead: true}
	}
	rt, err := g.route(e.Route)
	if err != nil {
		return runner.End{Err: err, Dead: true}
	}
	if e.State == errands.Waiting {
		barred, err := g.barred(rt, &o)
		left := false
		if err == nil && o.Rule == dialogue.Rule {
			left, err = g.left(rt, &o)
		}
		switch {
		case err != nil:
			return runner.End{Err: err}
		case left:
			g.hush(rt, e, "the person opted out before it was said")
			return runner.End{}
		case barred:
			g.hush(rt, e, errBarred.Error())
			if o.Rule == dialogue.Rule { // kept, as else a question would count as put
				return runner.End{Err: errBarred, Dead: true}
			}
			return runner.End{}
		}
	}
	return g.writeOwn(ctx, rt, e, &o)
}

// barred reports whether the provider itself refuses o, because whom it is for opted out with it: by a word that
// it acts on at that sender, or as its answer to an earlier message said. To ask again would be one more of the
// refusals that it holds against its customers.
func (g *Gate) barred(rt *route, o *own) (bool, error) {
	var last time.Time
	stopped := false
	for _, who := range []filter.Recipient{o.To, o.To.Everywhere()} {
		events, err := g.store.History(who)
		if err != nil {
			return false, err
		}
		for i := range events {
			word := rt.acted(&events[i], o.From)
			if word != filter.NoKeyword && !events[i].Time.Before(last) {
				last, stopped = events[i].Time, word == filter.StopWord
			}
		}
	}
	return stopped, nil
}

// acted is what the provider did by itself about what an event tells, as far as it is about a sender.
func (rt *route) acted(e *filter.Event, sender string) filter.Keyword {
	switch {
	case e.To.Channel != filter.SMS:
		return filter.NoKeyword
	case e.Kind == filter.OptedOut && (e.Source == rt.speaks+" answer" || e.Source == rt.speaks+" receipt"):
		return filter.StopWord
	case e.Kind != filter.OptedOut && e.Kind != filter.OptedIn || e.Source != rt.speaks+" webhook":
		return filter.NoKeyword
	}
	return rt.byDefault(e.To.Channel, sender, e.Proof.Wording)
}

// byDefault is the keyword that the provider takes text for and answers, unless it was told to leave that to us:
// then the network still does for a toll-free number.
func (rt *route) byDefault(on filter.Channel, sender, text string) filter.Keyword {
	if rt.pen.alone && !filter.TollFree(sender) {
		return filter.NoKeyword
	}
	return rt.keywords.Answered(rt.speaks, on, sender, text)
}
