package dialogue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/ulid"
	"go.uber.org/zap"
)

// Config says when the gate asks people for consent by itself: the `dialogue` section of a route.
type Config struct {
	// Topic is what it asks about: one of the brand's dialogues.
	Topic string `yaml:"topic"`
	// From is the number, messaging service or phone-number id that it asks from where nobody says. Somebody
	// who wrote is asked by whom they wrote to.
	From string `yaml:"from"`
	// OnInbound asks whoever writes and neither agreed nor said no.
	OnInbound bool `yaml:"on_inbound"`
	// OnBlocked asks whom a message was not sent to for want of consent: about the topic of the message, or
	// where that has no dialogue about Topic. Once, in the hours of the policy.
	OnBlocked bool `yaml:"on_blocked"`
}

// mostBlocked is how many blocked messages wait for their question. What comes while so many wait asks nobody.
const mostBlocked = 256

// A blocked is somebody whom a message was not sent to for want of consent.
type blocked struct {
	rt            *Route
	to            filter.Recipient
	topic         string
	from, service string
}

// AskBlocked has those asked whom messages of b were not sent to. It waits for nobody.
func (a *Asker) AskBlocked(rt *Route, b *providers.Batch) {
	for i := range b.Decisions {
		m := &b.Messages[i]
		if d := &b.Decisions[i]; d.Action != filter.Block || d.Reason != filter.NoConsent {
			continue
		}
		topic := rt.Topic
		if rt.Scripts[m.Topic] != nil {
			topic = strings.Clone(m.Topic)
		}
		to := m.To
		to.Address = strings.Clone(to.Address)
		select {
		case a.waiting <- blocked{rt: rt, to: to, topic: topic, from: strings.Clone(m.From), service: strings.Clone(m.Service)}:
		default:
			rt.Unasked.Add(1)
		}
	}
}

// AskThem asks those whom messages were not sent to, until ctx ends.
func (a *Asker) AskThem(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-a.waiting:
			a.askOne(ctx, b)
		}
	}
}

func (a *Asker) askOne(ctx context.Context, b blocked) {
	d := filter.Dialogue{To: b.to, Topic: b.topic, Sender: b.from}
	if _, _, err := a.ask(ctx, b.rt, d, b.service, ""); err != nil {
		b.rt.Unasked.Add(1)
		a.needs.Log.Warn("somebody could not be asked for their consent", zap.String("route", b.rt.Name), zap.Error(err))
	}
}

// Ask begins the dialogue d with somebody on a route: To, Topic, Sender and, where it is known, Language are
// given, and perhaps an ID, with which a repeat begins no other. When it returns a dialogue that has begun,
// that is on disk. Otherwise the decision says why nobody is asked.
func (a *Asker) Ask(ctx context.Context, route string, d filter.Dialogue) (filter.Dialogue, filter.Decision, error) {
	rt, err := a.needs.Route(route)
	if err != nil {
		return d, filter.Decision{}, err
	}
	if d.To.Brand == "" {
		d.To.Brand = rt.Brand
	}
	d.Sender = filter.Sender(cmp.Or(d.Sender, rt.From), rt.Region)
	switch {
	case d.To.Brand != rt.Brand:
		return d, filter.Decision{}, fmt.Errorf("%w: the route %s writes as %s", filter.ErrNoDialogue, route, rt.Brand)
	case d.Sender == "":
		return d, filter.Decision{}, fmt.Errorf("%w: say from which number or service, or give the route a dialogue.from", filter.ErrNoDialogue)
	}
	service := ""
	if strings.HasPrefix(d.Sender, "MG") { // a messaging service of Twilio's
		d.Sender, service = "", d.Sender
	}
	return a.ask(ctx, rt, d, service, d.ID)
}

// ask is Ask on a route of which the answer comes back.
func (a *Asker) ask(ctx context.Context, rt *Route, d filter.Dialogue, service, cause string) (filter.Dialogue, filter.Decision, error) {
	s, now := rt.Scripts[d.Topic], a.needs.Now()
	switch {
	case s == nil:
		return d, filter.Decision{}, fmt.Errorf("%w: the brand %s has no dialogue about %q", filter.ErrNoDialogue, rt.Brand, d.Topic)
	case !rt.Able:
		return d, filter.Decision{}, fmt.Errorf("%w: the route %s lacks credentials to ask with, or a webhook that answers come by", filter.ErrNoDialogue, rt.Name)
	}
	defer a.locks.lock(d.To)()
	if d.ID == "" {
		d.ID = ulid.New(now)
	}
	if d.Language == "" {
		d.Language = s.Language(d.To, "")
	}
	if known, err := a.talk(d.To); err == nil && cause != "" && known.Cause == cause {
		return known.Dialogue, filter.Decision{Action: filter.Forward, Reason: filter.Allowed}, nil
	}
	rec, err := a.needs.Store.Read(d.To, filter.NeedRecord)
	if err != nil {
		return d, filter.Decision{}, fmt.Errorf("reading the record of the recipient: %w", err)
	}
	m := rt.About(d.To, d.Topic, d.Sender, service)
	if no := a.mayAsk(rt, &m, &rec, now); no.Action != filter.Forward {
		return d, no, nil
	}
	t, err := a.beginTalk(ctx, rt, s, talk{Dialogue: d, Service: service, Cause: cause}, now)
	switch {
	case errors.Is(err, errTalkOpen):
		return t.Dialogue, filter.Decision{Action: filter.Block, Reason: filter.Duplicate, Rule: Rule, Until: t.Until, Why: err.Error()}, nil
	case errors.Is(err, errTalkOften):
		return t.Dialogue, filter.Decision{Action: filter.Block, Reason: filter.CapReached, Rule: Rule, Until: t.Starts[0].Add(rest), Why: err.Error()}, nil
	}
	return t.Dialogue, filter.Decision{Action: filter.Forward, Reason: filter.Allowed}, err
}

// mayAsk says why somebody is not to be asked who did not just write. A request for consent counts as marketing
// in Canada and Germany, and goes to nobody who withdrew, said no, or left a first one unanswered.
// Source: https://crtc.gc.ca/eng/com500/guide.htm
func (a *Asker) mayAsk(rt *Route, m *filter.Message, rec *filter.Record, now time.Time) filter.Decision {
	no := func(reason filter.Reason, why string, args ...any) filter.Decision {
		return filter.Decision{Action: filter.Block, Reason: reason, Rule: Rule, Why: fmt.Sprintf(why, args...)}
	}
	marketing := *m
	marketing.Category = filter.Marketing
	if sw := a.needs.Store.Switches().InForce().Holding(rt.Name, &marketing, now); sw != nil {
		return no(filter.Suspended, "%s", sw)
	}
	out, scope := rec.OptedOut(m)
	if out.IsZero() {
		out, scope = rec.OptedOut(&marketing)
	}
	said, since := rec.Answer(m)
	switch {
	case !out.IsZero():
		return no(filter.HasOptedOut, "they opted out of %s on %s", scope, out.Format(time.RFC3339))
	case said == filter.Refused:
		return no(filter.NoConsent, "they said no on %s", since.Format(time.RFC3339))
	case !rec.Agreed(m).IsZero():
		return no(filter.Duplicate, "they agreed to it on %s", rec.Agreed(m).Format(time.RFC3339))
	case said == filter.Asked && !rec.LastInbound.After(since):
		return no(filter.Duplicate, "they were asked on %s and have not written since: who does not answer is not asked again", since.Format(time.RFC3339))
	case m.To.Channel == filter.WhatsApp && !now.Before(rec.LastInbound.Add(filter.DefaultWindow)):
		return no(filter.WindowClosed, "WhatsApp takes a question of one's own words only within %s of their last message", filter.DefaultWindow)
	}
	d := rt.Policy.Quiet(&marketing, rec, now)
	d.Why = d.Reason.Text()
	return d
}

// Dialogues are those with one person, or where to has no address with everybody, that are open or ended within
// a day, in the order in which they were first begun.
func (a *Asker) Dialogues(to filter.Recipient) iter.Seq2[filter.Dialogue, error] {
	return func(yield func(filter.Dialogue, error) bool) {
		for e, err := range a.needs.Store.Errands().All(errands.Query{Kinds: []errands.Kind{errands.Dialogue}, Person: to}) {
			var t talk
			if err == nil {
				t, err = readTalk(&e)
			}
			if !yield(t.Dialogue, err) {
				return
			}
		}
	}
}
