package dialogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store/errands"
)

// A talk is a consent dialogue with one person as it is kept, the body of an errand, with what of it has
// still to be done. A person has one at most on a channel of a brand: two questions would share their yes.
type talk struct {
	filter.Dialogue
	Service string      `json:"service,omitempty"`
	Cause   string      `json:"cause,omitempty"` // what it was begun by: the same again begins no other
	Starts  []time.Time `json:"starts"`          // of the dialogues with this person within rest, this one last

	Events []filter.Event `json:"events,omitempty"` // still to be kept
	Unsent []int          `json:"unsent,omitempty"` // places in Words of what is still to be handed over
}

const (
	// rest is how long a dialogue is still known after its end: so far back those with one person are counted.
	rest = 24 * time.Hour
	// Rule is the rule that the decision log names with what the gate says in a dialogue.
	Rule = "dialogue"
	// longestTitle is how many characters WhatsApp shows of a button.
	longestTitle = 20
)

var (
	errTalkSame  = errors.New("nothing changed")
	errTalkOpen  = errors.New("a dialogue with this person is open")
	errTalkOften = errors.New("this person had as many dialogues as they are to have within 24 hours")
)

// talkID names the errand of the dialogues with somebody.
func talkID(to filter.Recipient) string {
	return "dialogue." + errands.Digest(to.Brand, string(to.Channel), to.Address)
}

// A talkLock keeps what was said from being answered before it is known that it was said: who hears an answer
// waits until what went before it is settled.
type talkLock struct{ mu [64]sync.Mutex }

// lock locks the dialogues with somebody, and with others, until unlock is called.
func (l *talkLock) lock(to filter.Recipient) (unlock func()) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(to.Address))
	mu := &l.mu[h.Sum32()%uint32(len(l.mu))]
	mu.Lock()
	return mu.Unlock
}

// take makes t what d is, with what follows from it.
func (t *talk) take(d filter.Dialogue, turn filter.Turn) {
	t.Dialogue = d
	t.Events = append(t.Events, turn.Events...)
	for i := len(d.Words) - len(turn.Say); i < len(d.Words); i++ {
		t.Unsent = append(t.Unsent, i)
	}
}

// settled reports whether nothing of t is still to be done.
func (t *talk) settled() bool { return len(t.Events) == 0 && len(t.Unsent) == 0 }

// write puts t into e, which is due when something is to be done.
func (t *talk) write(e *errands.Errand, now time.Time) (err error) {
	switch {
	case !t.settled():
		e.Due = now
	case t.State == filter.Pending:
		e.Due = t.Until
	default:
		e.Due = t.Ended.Add(rest)
	}
	e.Body, err = json.Marshal(t)
	return err
}

// readTalk is the talk that an errand holds.
func readTalk(e *errands.Errand) (t talk, err error) {
	if err = json.Unmarshal(e.Body, &t); err != nil {
		err = fmt.Errorf("reading a dialogue: %w", err)
	}
	return t, err
}

// talk is the dialogue with somebody that is kept; the error is [errands.ErrNone] where there is none.
func (a *Asker) talk(to filter.Recipient) (talk, error) {
	e, err := a.needs.Store.Errands().Get(talkID(to))
	if err != nil {
		return talk{}, err
	}
	return readTalk(&e)
}

// changeTalk changes the dialogue with somebody, and returns it once that is on disk: what it came to binds whoever
// sends from then on. After errTalkSame from change it is as it was, and that is no error.
func (a *Asker) changeTalk(ctx context.Context, rt *Route, to filter.Recipient, now time.Time, change func(*talk) error) (t talk, err error) {
	was := filter.Dialogue{}
	err = a.needs.Store.Errands().Change(ctx, talkID(to), func(e *errands.Errand) (err error) {
		if t, err = readTalk(e); err != nil {
			return err
		}
		was = t.Dialogue
		if err = change(&t); err != nil {
			return err
		}
		e.State, e.Tries, e.Error = errands.Waiting, 0, ""
		return t.write(e, now)
	})
	switch {
	case errors.Is(err, errTalkSame):
		err = nil
	case err == nil && (t.State != was.State || t.ID != was.ID):
		if err = a.needs.Store.Append(ctx, t.Events...); err != nil {
			return t, fmt.Errorf("keeping %d events: %w", len(t.Events), err)
		}
		rt.Began[t.State].Add(1)
	}
	return t, err
}

// beginTalk begins a dialogue on rt, as which t is given with its Dialogue not begun, and returns it once it is
// on disk; what it says first follows from there. The same cause again finds the dialogue that it began.
func (a *Asker) beginTalk(ctx context.Context, rt *Route, s *filter.Script, t talk, now time.Time) (talk, error) {
	t.take(s.Begin(t.Dialogue, now))
	t.Starts = []time.Time{now}
	e := errands.Errand{ID: talkID(t.To), Kind: errands.Dialogue, Route: rt.Name, People: []filter.Recipient{t.To}, Added: now}
	for range 2 {
		if err := t.write(&e, now); err != nil {
			return talk{}, err
		}
		added, err := a.needs.Store.Errands().Add(ctx, e)
		if err == nil && added[0] {
			rt.Began[filter.Pending].Add(1)
		}
		if err != nil || added[0] {
			return t, err
		}
		known, err := a.changeTalk(ctx, rt, t.To, now, func(was *talk) error {
			since := slices.DeleteFunc(slices.Clone(was.Starts), func(at time.Time) bool { return !at.After(now.Add(-rest)) })
			switch {
			case t.Cause != "" && was.Cause == t.Cause:
				return errTalkSame
			case was.State == filter.Pending || !was.settled():
				return errTalkOpen
			case len(since) >= s.PerDay():
				return errTalkOften
			}
			next := t
			next.Starts = append(since, now)
			*was = next
			return nil
		})
		if !errors.Is(err, errands.ErrNone) { // it was over just now
			return known, err
		}
	}
	return talk{}, errands.ErrNone
}

// sayID names the errand that has something sent which was said in a dialogue.
func (t *talk) sayID(i int) string { return "dialogue." + errands.Digest(t.ID, strconv.Itoa(i)) }

// say is the errand that sends what stands in Words at i.
func (a *Asker) say(rt *Route, t *talk, i int, now time.Time) (errands.Errand, error) {
	m := providers.Outgoing{To: t.To, From: t.Sender, Service: t.Service, Text: t.Words[i].Text}
	if t.Words[i].Asks {
		m.Buttons = rt.talkButtons(t)
	}
	e, err := a.needs.Write(rt.Name, &m, now)
	e.ID, e.Remember = t.sayID(i), 2*rest
	if t.Words[i].Asks && t.State == filter.Pending && t.Until.Before(e.Until) {
		e.Until = t.Until
	}
	return e, err
}

// talkButtons are those below a question, where the service has any.
func (rt *Route) talkButtons(t *talk) []providers.Button {
	s := rt.Scripts[t.Topic]
	if s == nil || !rt.Buttons {
		return nil
	}
	agree, refuse := s.Labels(t.Language)
	if len([]rune(agree)) > longestTitle || len([]rune(refuse)) > longestTitle {
		return nil
	}
	return []providers.Button{{ID: t.button("agree"), Title: agree}, {ID: t.button("refuse"), Title: refuse}}
}

// button is what a button below the questions of t carries.
func (t *talk) button(answer string) string { return answer + "." + errands.Digest(t.ID) }

// elsewhere reports whether sig is about anything but t: it came to another of the brand's numbers, is an older message that
// was changed, a piece of a longer one, or a button of a message of the owner's, or of an earlier dialogue.
func (t *talk) elsewhere(sig *providers.Signal) bool {
	return t.another(sig) || sig.Edited || !sig.Part.Whole() || sig.Payload != "" && sig.Payload != t.button("agree") && sig.Payload != t.button("refuse")
}

// another reports whether sig came to another number than those that t may have been asked from: any of one service.
func (t *talk) another(sig *providers.Signal) bool {
	if sig.Service != "" && (sig.Service == t.Service || sig.Service == t.Sender) {
		return false
	}
	return isNumeric(t.Sender) && isNumeric(sig.Sender) && t.Sender != sig.Sender
}

// isNumeric reports whether a sender is a number, or an id of WhatsApp's, which is one to those who write to it.
func isNumeric(sender string) bool {
	return sender != "" && strings.Trim(strings.TrimPrefix(sender, "+"), "0123456789") == ""
}

// wasAsked reports whether the last question of t went out, as far as anybody knows: what was said before
// that answers something else.
func (a *Asker) wasAsked(t *talk) (bool, error) {
	i := t.Question()
	if i < 0 || slices.Contains(t.Unsent, i) {
		return false, nil
	}
	e, err := a.needs.Store.Errands().Get(t.sayID(i))
	if errors.Is(err, errands.ErrNone) {
		return true, nil // sent: what cannot be is kept, as dead
	}
	return e.State == errands.Begun, err
}
