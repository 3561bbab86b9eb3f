package filter

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Dialogue is where the gate stands with one person whom it asks to agree to one topic. It is a value:
// what a [Script] makes of it is another, and shares nothing with it that is written to.
type Dialogue struct {
	ID       string    `json:"id"` // of this dialogue; the events and messages of it are named after it
	To       Recipient `json:"to"`
	Topic    string    `json:"topic"`
	Sender   string    `json:"sender,omitempty"`   // the number or service that the gate writes from
	Language string    `json:"language,omitempty"` // the person's, in ISO 639; it says which answers are understood

	State     DialogueState `json:"state"`
	Questions int           `json:"questions"`       // how often the question was asked
	Began     time.Time     `json:"began,omitzero"`  // zero: nothing was said yet
	Asked     time.Time     `json:"asked,omitzero"`  // when the question was last asked
	Until     time.Time     `json:"until,omitzero"`  // from then on no answer counts; zero once it ended
	Ended     time.Time     `json:"ended,omitzero"`  // zero: it is open
	Words     []Line        `json:"words,omitempty"` // all that was said, both ways, in this order
}

// A Line is one thing that was said in a [Dialogue].
type Line struct {
	ID   string    `json:"id,omitempty"` // the service's id of what the person wrote; the gate's own have none
	Time time.Time `json:"time"`
	Gate bool      `json:"gate,omitempty"` // the gate said it
	Asks bool      `json:"asks,omitempty"` // and it is the question
	Text string    `json:"text"`
}

// A DialogueState is how far a [Dialogue] got.
type DialogueState uint8

// The states of a dialogue. All but Pending are ends.
const (
	Pending        DialogueState = iota // an answer is awaited
	Agreed                              // the person said yes
	Declined                            // the person said no
	NoAnswer                            // nothing came in time, or nothing that is an answer
	Left                                // the person opted out meanwhile, or there was nobody to ask any more
	DialogueStates = iota               // how many there are, for arrays indexed by one
)

var dialogueStateNames = []string{"pending", "granted", "refused", "no-answer", "opted-out"}

// String is the word for s.
func (s DialogueState) String() string { return name(dialogueStateNames, s) }

// MarshalText writes the word for s.
func (s DialogueState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a word for the state of a dialogue.
func (s *DialogueState) UnmarshalText(text []byte) (err error) {
	*s, err = word[DialogueState]("state of a dialogue", dialogueStateNames, text)
	return err
}

// An Answer is what the person wrote, or the button they pressed, while a [Dialogue] was open.
type Answer struct {
	ID      string    // the service's: the same again is the same answer
	Time    time.Time // when it was written, as the service says; zero: nobody says
	Text    string    // as it was written; of a button what stands on it
	Payload string    // what a button carries
	// Declines is set where the words are no in many mouths, as CANCEL, and opt out of nothing while a
	// question is open.
	Declines bool
}

// ErrNoDialogue is for a question that cannot be put as things are configured.
var ErrNoDialogue = errors.New("nobody can be asked")

// A Turn is what follows from an input: what is to be kept, and only then what is to be sent, each in
// this order.
type Turn struct {
	Events []Event  `json:"events,omitempty"`
	Say    []string `json:"say,omitempty"`
}

// longestLine bounds what is kept of one answer, in bytes. An answer that counts is far shorter.
const longestLine = 1000

// Begin opens d, of which ID, To, Topic, Sender and Language are given: first the link to the policy,
// then the question.
func (s *Script) Begin(d Dialogue, now time.Time) (Dialogue, Turn) {
	d.State, d.Questions, d.Began, d.Ended, d.Words = Pending, 0, now, time.Time{}, nil
	texts := s.text(d.Language)
	say := []string{s.fill(texts.Policy, &d), s.fill(texts.Question, &d)}
	if s.joined {
		say = []string{say[0] + "\n" + say[1]}
	}
	d, turn := s.ask(d, say, now)
	turn.Events = []Event{s.event(&d, Asked, now)}
	return d, turn
}

// ask says texts, the last of which is the question, and awaits the answer from now on.
func (s *Script) ask(d Dialogue, texts []string, now time.Time) (Dialogue, Turn) {
	d.Questions++
	d.Asked, d.Until = now, now.Add(s.window)
	d = d.say(now, texts...)
	d.Words[len(d.Words)-1].Asks = true
	return d, Turn{Say: texts}
}

// Hear takes what the person wrote. An answer counts while d is pending and its time has not run out,
// and each but once. A late one closes d as [Script.Wait] does; one from before the question answers
// nothing.
func (s *Script) Hear(d Dialogue, a Answer, now time.Time) (Dialogue, Turn) {
	at := a.Time
	if at.IsZero() || at.After(now) {
		at = now
	}
	switch {
	case d.State != Pending || d.Began.IsZero() || d.Heard(a.ID):
		return d, Turn{}
	case !now.Before(d.Until):
		return s.Wait(d, now)
	case d.Follows(at):
		return d, Turn{}
	}
	d.Words = append(slices.Clip(d.Words), Line{ID: a.ID, Time: at, Text: cut(strings.ToValidUTF8(a.words(), "\uFFFD"), longestLine)})
	text := s.text(d.Language)
	switch s.means(&d, &a) {
	case Agreed:
		yes := s.event(&d, OptedIn, at)
		yes.Basis = Express
		return s.end(d, Agreed, text.Granted, now, yes)
	case Declined:
		return s.end(d, Declined, text.Refused, now, s.event(&d, Refused, at))
	}
	if d.Questions >= s.tries {
		return s.end(d, NoAnswer, text.Failed, now, s.event(&d, Unanswered, now))
	}
	return s.ask(d, []string{s.fill(text.Again, &d) + "\n" + s.fill(text.Question, &d)}, now)
}

// Wait closes d once its time has run out.
func (s *Script) Wait(d Dialogue, now time.Time) (Dialogue, Turn) {
	if d.State != Pending || d.Began.IsZero() || now.Before(d.Until) {
		return d, Turn{}
	}
	return s.end(d, NoAnswer, s.text(d.Language).Unanswered, now, s.event(&d, Unanswered, d.Until))
}

// end closes d with a last text.
func (s *Script) end(d Dialogue, state DialogueState, text string, now time.Time, e Event) (Dialogue, Turn) {
	d.State, d.Ended, d.Until = state, now, time.Time{}
	last := s.fill(text, &d)
	return d.say(now, last), Turn{Events: []Event{e}, Say: []string{last}}
}

// Leave ends d, in whatever state it is, because the person opted out: nothing more is said in it.
func (d Dialogue) Leave(now time.Time) Dialogue {
	if d.Ended.IsZero() {
		d.Ended = now
	}
	d.State, d.Until = Left, time.Time{}
	return d
}

// Open reports whether d awaits an answer at now.
func (d *Dialogue) Open(now time.Time) bool {
	return d.State == Pending && !d.Began.IsZero() && now.Before(d.Until)
}

// Follows reports whether the question of d was asked only after at, by the clock of a service that tells whole seconds.
// What was written then answers nothing.
func (d *Dialogue) Follows(at time.Time) bool { return at.Before(d.Asked.Truncate(time.Second)) }

// Question is the place in Words of the question that was asked last; -1: none was.
func (d *Dialogue) Question() int {
	for i := len(d.Words) - 1; i >= 0; i-- {
		if d.Words[i].Asks {
			return i
		}
	}
	return -1
}

// Heard reports whether the answer of that id was taken before.
func (d *Dialogue) Heard(id string) bool {
	return id != "" && slices.ContainsFunc(d.Words, func(l Line) bool { return !l.Gate && l.ID == id })
}

func (d Dialogue) say(now time.Time, texts ...string) Dialogue {
	d.Words = slices.Clip(d.Words)
	for _, text := range texts {
		d.Words = append(d.Words, Line{Time: now, Gate: true, Text: text})
	}
	return d
}

// words are what the person read or wrote, and the payload only where nothing else came.
func (a *Answer) words() string {
	if a.Text == "" {
		return a.Payload
	}
	return a.Text
}

// event is what d says about its person at a moment, with all that was said until then as its proof.
func (s *Script) event(d *Dialogue, kind Kind, at time.Time) Event {
	e := Event{
		ID: d.ID + "." + kind.String(), Time: at, To: d.To, Kind: kind, Scope: OfTopic(d.Topic),
		Source: "gate: consent dialogue", Note: d.transcript(),
		Proof: Evidence{
			Method: dialogueMethod(d.To.Channel), Wording: d.asked(), PolicyURL: s.policyURL, BusinessName: s.business,
			Purpose: s.purpose(d.Language), Language: s.text(d.Language).Language, CapturedAt: at,
		},
	}
	if kind == OptedIn || kind == Refused {
		e.Proof.Action = "replied"
	}
	return e
}

// dialogueMethod is the word of [EvidenceMethods] for an answer on a channel.
func dialogueMethod(channel Channel) string {
	switch channel {
	case SMS:
		return "sms"
	case WhatsApp:
		return "whatsapp thread"
	}
	return "other: " + string(channel) + " thread"
}

// asked is what the gate said until the person's last words: the very text that was agreed to.
func (d *Dialogue) asked() string {
	var said []string
	for _, l := range d.Words {
		if l.Gate {
			said = append(said, l.Text)
		}
	}
	return strings.Join(said, "\n")
}

// transcript is the words of the person, each with its time and the service's id.
func (d *Dialogue) transcript() string {
	var out strings.Builder
	fmt.Fprintf(&out, "dialogue %s, asked %s", d.ID, times(d.Questions))
	for _, l := range d.Words {
		if !l.Gate {
			fmt.Fprintf(&out, "\n%s %q", l.Time.UTC().Format(time.RFC3339), l.Text)
			if l.ID != "" {
				fmt.Fprintf(&out, " (%s)", l.ID)
			}
		}
	}
	return out.String()
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}

// cut is at most n bytes of text, of whole letters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "") + "…"
}
