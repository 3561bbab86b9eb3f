package filter

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// asker asks in English and German, and knows what is yes in Danish and Polish.
var asker = Brand{
	Topics: map[string]Category{"offers": Marketing, Privacy: Service}, Business: "Acme", PolicyURL: "https://acme.example/privacy", Evidence: Strict,
	Dialogues: map[string]DialogueConfig{Privacy: {}, "offers": {
		Purposes: map[string]string{"en": "weekly offers"}, Window: 48 * time.Hour, Tries: 2, Joined: true,
	}},
}

var askerTexts = []DialogueText{
	{Language: "en", Policy: "policy of {business}: {policy_url}", Question: "{business} asks by {channel}: {purpose}? {agree} or {refuse}", Again: "again",
		Granted: "granted", Refused: "refused", Unanswered: "unanswered", Failed: "failed", Privacy: "the handling of your data",
		Agree: []string{"AGREE & PROCEED", "agree", "yes"}, Refuse: []string{"NO", "no thanks"}},
	{Language: "de", Policy: "Regeln von {business}: {policy_url}", Question: "{business} fragt per {channel}: {purpose}? {agree} oder {refuse}", Again: "nochmal",
		Granted: "erteilt", Refused: "abgelehnt", Unanswered: "keine Antwort", Failed: "gescheitert", Privacy: "die Verarbeitung Ihrer Daten",
		Agree: []string{"ICH STIMME ZU", "ja"}, Refuse: []string{"NEIN"}},
	{Language: "da", Agree: []string{"ja"}, Refuse: []string{"nej"}},
	{Language: "pl", Agree: []string{"tak"}, Refuse: []string{"nie"}},
}

func newAsker(t *testing.T, topic string) *Script {
	t.Helper()
	s, err := NewScript(asker, topic, askerTexts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A move is what happens after some time: an answer, or with Leave an opt-out, or nothing at all.
type move struct {
	after time.Duration
	say   string // "" for time alone
	how   Answer // what is not usual about it
	leave bool
}

// play begins a dialogue and makes the moves. It returns the dialogue, and the texts and events in their order.
func play(s *Script, d Dialogue, moves []move) (_ Dialogue, said []string, events []Event) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	turn := Turn{}
	take := func() {
		said = append(said, turn.Say...)
		events = append(events, turn.Events...)
	}
	d, turn = s.Begin(d, now)
	take()
	for i, m := range moves {
		now = now.Add(m.after)
		switch {
		case m.leave:
			d = d.Leave(now)
			continue
		case m.say == "" && m.how.Payload == "":
			d, turn = s.Wait(d, now)
		default:
			a := m.how
			a.Text = m.say
			if a.ID == "" {
				a.ID = fmt.Sprint("SM", i)
			}
			if a.Time.IsZero() {
				a.Time = now
			}
			d, turn = s.Hear(d, a, now)
		}
		take()
	}
	return d, said, events
}

var dialoguePaths = []struct {
	name     string
	topic    string
	language string
	moves    []move
	state    DialogueState
	said     string // the first words of each text
	events   string
}{
	{"3.4 the link to the policy goes first, then the question", "", "", nil, Pending, "policy Acme", "asked"},
	{"3.5 AGREE & PROCEED agrees", "", "", []move{{after: time.Minute, say: "AGREE & PROCEED"}}, Agreed, "policy Acme granted", "asked opted-in"},
	{"3.5 in small letters, with a dot, it agrees too", "", "", []move{{after: time.Minute, say: "Agree & proceed."}}, Agreed, "policy Acme granted", "asked opted-in"},
	{"3.5 a button agrees by what stands on it", "", "", []move{{say: "Agree", how: Answer{Payload: "button-1"}}}, Agreed, "policy Acme granted", "asked opted-in"},
	{"a button without a text agrees by its payload", "", "", []move{{how: Answer{Payload: "agree"}}}, Agreed, "policy Acme granted", "asked opted-in"},
	{"a button that reads otherwise does not agree by its payload", "", "", []move{{say: "Tell me more", how: Answer{Payload: "agree"}}}, Pending, "policy Acme again", "asked"},
	{"a button whose payload is no does not agree", "", "", []move{{say: "Agree", how: Answer{Payload: "NO"}}}, Declined, "policy Acme refused", "asked refused"},
	{"a yes with a condition is no yes", "", "", []move{{say: "yes but only on Mondays"}}, Pending, "policy Acme again", "asked"},
	{"a yes with a question mark is no yes", "", "", []move{{say: "Yes?"}}, Pending, "policy Acme again", "asked"},
	{"a yes beside a picture that says otherwise is no yes", "", "", []move{{say: "yes 🚫"}}, Pending, "policy Acme again", "asked"},
	{"a yes with a thumb is one", "", "", []move{{say: "Yes! 👍"}}, Agreed, "policy Acme granted", "asked opted-in"},
	{"a thumb alone is none", "", "", []move{{say: "👍"}}, Pending, "policy Acme again", "asked"},
	{"no is a refusal", "", "", []move{{say: "No"}}, Declined, "policy Acme refused", "asked refused"},
	{"a word that is no in many mouths is a refusal", "", "", []move{{say: "cancel", how: Answer{Declines: true}}}, Declined, "policy Acme refused", "asked refused"},
	{"3.6 a yes within five minutes counts", "", "", []move{{after: 5*time.Minute - time.Second, say: "yes"}}, Agreed, "policy Acme granted", "asked opted-in"},
	{"3.6 a yes after five minutes does not, and closes", "", "", []move{{after: 5 * time.Minute, say: "yes"}}, NoAnswer, "policy Acme unanswered", "asked unanswered"},
	{"3.6 the window may be days", "offers", "", []move{{after: 47 * time.Hour, say: "yes"}}, Agreed, "policy granted", "asked opted-in"},
	{"3.6 the window runs from the last question", "", "", []move{{after: 4 * time.Minute, say: "what?"}, {after: 4 * time.Minute, say: "yes"}}, Agreed, "policy Acme again granted", "asked opted-in"},
	{"3.7 the third answer that is none fails", "", "", []move{{say: "what?"}, {say: "why?"}, {say: "hm"}}, NoAnswer, "policy Acme again again failed", "asked unanswered"},
	{"3.7 a fourth attempt is refused", "", "", []move{{say: "what?"}, {say: "why?"}, {say: "hm"}, {say: "yes"}}, NoAnswer, "policy Acme again again failed", "asked unanswered"},
	{"3.7 the third answer may agree", "", "", []move{{say: "what?"}, {say: "why?"}, {say: "yes"}}, Agreed, "policy Acme again again granted", "asked opted-in"},
	{"3.7 the number of questions can be lowered", "offers", "", []move{{say: "what?"}, {say: "why?"}}, NoAnswer, "policy again failed", "asked unanswered"},
	{"3.8 silence closes the dialogue", "", "", []move{{after: 5 * time.Minute}}, NoAnswer, "policy Acme unanswered", "asked unanswered"},
	{"3.8 time closes it once", "", "", []move{{after: 5 * time.Minute}, {after: time.Hour}, {after: time.Hour}}, NoAnswer, "policy Acme unanswered", "asked unanswered"},
	{"3.8 before its time nothing happens", "", "", []move{{after: 4 * time.Minute}}, Pending, "policy Acme", "asked"},
	{"3.8 a yes after the end does not count", "", "", []move{{after: 6 * time.Minute}, {after: time.Second, say: "yes"}}, NoAnswer, "policy Acme unanswered", "asked unanswered"},
	{"3.9 a second yes is not acknowledged again", "", "", []move{{say: "yes"}, {say: "yes"}}, Agreed, "policy Acme granted", "asked opted-in"},
	{"3.9 after a yes, silence changes nothing", "", "", []move{{say: "yes"}, {after: time.Hour}}, Agreed, "policy Acme granted", "asked opted-in"},
	{"the same message twice is one answer", "", "", []move{{say: "what?", how: Answer{ID: "SM"}}, {say: "what?", how: Answer{ID: "SM"}}}, Pending, "policy Acme again", "asked"},
	{"what was written before the question answers nothing", "", "", []move{{after: time.Minute, say: "yes", how: Answer{Time: time.Date(2026, 11, 22, 8, 59, 59, 0, time.UTC)}}}, Pending, "policy Acme", "asked"},
	{"a clock that is ahead does not make an answer late", "", "", []move{{after: time.Minute, say: "yes", how: Answer{Time: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)}}}, Agreed, "policy Acme granted", "asked opted-in"},
	{"an opt-out ends it without a word", "", "", []move{{say: "what?"}, {leave: true}, {say: "yes"}, {after: time.Hour}}, Left, "policy Acme again", "asked"},
	{"people are asked in their language", "", "de", []move{{say: "Ich stimme zu!"}}, Agreed, "Regeln Acme erteilt", "asked opted-in"},
	{"a language without texts is asked in English, and answers in its own", "", "da", []move{{say: "Ja"}}, Agreed, "policy Acme granted", "asked opted-in"},
	{"a yes of another language is none: Polish tak is thanks in Danish", "", "da", []move{{say: "tak"}}, Pending, "policy Acme again", "asked"},
	{"a topic without a purpose in a language is asked about in English", "offers", "de", []move{{say: "ja"}}, Agreed, "policy granted", "asked opted-in"},
}

func TestDialogue(t *testing.T) {
	for _, c := range dialoguePaths {
		t.Run(c.name, func(t *testing.T) {
			topic := c.topic
			if topic == "" {
				topic = Privacy
			}
			d, said, events := play(newAsker(t, topic), Dialogue{ID: "d1", To: Recipient{"acme", SMS, "+4915123456789"}, Topic: topic, Language: c.language}, c.moves)
			if d.State != c.state {
				t.Errorf("it is %s, want %s", d.State, c.state)
			}
			for i, text := range said {
				said[i] = strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' })[0]
			}
			if got := strings.Join(said, " "); got != c.said {
				t.Errorf("said %q, want %q", got, c.said)
			}
			var kinds []string
			for _, e := range events {
				kinds = append(kinds, e.Kind.String())
			}
			if got := strings.Join(kinds, " "); got != c.events {
				t.Errorf("events %q, want %q", got, c.events)
			}
		})
	}
	t.Run("3.9 the evidence is what was said, both ways", dialogueEvidence)
	t.Run("whatever happens, the limits hold", dialogueLimits)
}

func dialogueEvidence(t *testing.T) {
	_, _, events := play(newAsker(t, Privacy), Dialogue{ID: "d1", To: Recipient{"acme", WhatsApp, "+4915123456789"}, Topic: Privacy, Sender: "1066"}, []move{
		{after: time.Minute, say: "why?", how: Answer{ID: "wamid.1"}}, {after: time.Minute, say: "Agree & Proceed", how: Answer{ID: "wamid.2"}}})
	at := time.Date(2026, 11, 22, 9, 2, 0, 0, time.UTC)
	question := "Acme asks by WhatsApp: the handling of your data? AGREE & PROCEED or NO"
	want := Event{
		ID: "d1.opted-in", Time: at, To: Recipient{"acme", WhatsApp, "+4915123456789"}, Kind: OptedIn, Scope: OfTopic(Privacy), Basis: Express,
		Source: "gate: consent dialogue",
		Note:   "dialogue d1, asked 2 times\n2026-11-22T09:01:00Z \"why?\" (wamid.1)\n2026-11-22T09:02:00Z \"Agree & Proceed\" (wamid.2)",
		Proof: Evidence{Method: "whatsapp thread", Action: "replied", Wording: "policy of Acme: https://acme.example/privacy\n" + question + "\nagain\n" + question,
			PolicyURL: "https://acme.example/privacy", BusinessName: "Acme", Purpose: "the handling of your data", Language: "en", CapturedAt: at},
	}
	if got := events[len(events)-1]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if found := asker.Lint(want); found != nil {
		t.Errorf("the brand finds %+v", found)
	}
	var rec Record
	for _, e := range events {
		rec = rec.After(e)
	}
	if m := (Message{Category: Marketing, Topic: Privacy}); !rec.Granted(&m, Express).IsZero() {
		t.Error("consent to privacy carries marketing")
	}
	if m := (Message{Category: Service, Topic: Privacy}); !rec.Granted(&m, Express).Equal(at) {
		t.Error("consent to privacy does not carry what is about it")
	}
}

// dialogueLimits plays at random and looks at what must never be.
func dialogueLimits(t *testing.T) {
	words := []string{"yes", "AGREE & PROCEED", "no", "why?", "yes but", "ja", "tak", "", ""}
	for seed := range uint64(5000) {
		random := rand.New(rand.NewPCG(seed, 7))
		var moves []move
		left := -1
		for i := range 1 + random.IntN(8) {
			m := move{after: time.Duration(random.IntN(400)) * time.Second, say: words[random.IntN(len(words))]}
			if m.leave = random.IntN(8) == 0; m.leave && left < 0 {
				left = i
			}
			if random.IntN(4) == 0 {
				m.how.ID = "SM-same"
			}
			moves = append(moves, m)
		}
		d, said, events := play(newAsker(t, Privacy), Dialogue{ID: "d", To: Recipient{"acme", SMS, "+4915123456789"}, Topic: Privacy}, moves)
		count := map[string]int{}
		for _, text := range said {
			count[strings.Fields(text)[0]]++
		}
		closing := count["granted"] + count["refused"] + count["unanswered"] + count["failed"]
		if count["policy"] != 1 || count["Acme"]+count["again"] > 3 || closing > 1 {
			t.Fatalf("seed %d: said %q", seed, said)
		}
		if d.Ended.IsZero() == (closing == 1 || d.State == Left) {
			t.Fatalf("seed %d: %s, ended %s, after %q", seed, d.State, d.Ended, said)
		}
		if left >= 0 && d.State != Left {
			t.Fatalf("seed %d: an opt-out left it %s", seed, d.State)
		}
		agreed := 0
		for _, e := range events {
			if e.Kind == OptedIn {
				agreed++
				last := d.Words[len(d.Words)-2] // before the acknowledgement
				if last.Gate || last.Text != "yes" && last.Text != "AGREE & PROCEED" || !last.Time.Before(d.Asked.Add(DefaultAnswerWindow)) || last.Time.Before(d.Asked) {
					t.Fatalf("seed %d: an opt-in after %+v", seed, d.Words)
				}
			}
		}
		if agreed > 1 || agreed != count["granted"] {
			t.Fatalf("seed %d: %d opt-ins, acknowledged %d times", seed, agreed, count["granted"])
		}
	}
}

// What would not make the consent that it asks for is refused before anybody is asked.
func TestScriptRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Brand, *DialogueConfig)
		want   string
	}{
		{"a topic that is none", func(b *Brand, _ *DialogueConfig) { b.Topics = nil }, "the brand has no topics"},
		{"a brand without a name", func(b *Brand, _ *DialogueConfig) { b.Business = " " }, "give the brand its business"},
		{"no policy", func(b *Brand, _ *DialogueConfig) { b.PolicyURL = "" }, "give the brand a policy_url"},
		{"a window of a second", func(_ *Brand, c *DialogueConfig) { c.Window = time.Second }, "window: 1s: want 1m to 720h0m0s"},
		{"four questions", func(_ *Brand, c *DialogueConfig) { c.Tries = 4 }, "tries: 4: want 1 to 3"},
		{"dialogues without end", func(_ *Brand, c *DialogueConfig) { c.PerDay = 11 }, "per_day: 11: want 1 to 10"},
		{"no purpose", func(_ *Brand, c *DialogueConfig) { c.Purposes = nil }, "language: en: it needs texts, and offers a purpose"},
		{"a purpose in a language nobody knows", func(_ *Brand, c *DialogueConfig) { c.Purposes = map[string]string{"en": "offers", "xx": "offers"} }, "purposes: xx: there are no words"},
		{"a purpose that says nothing", func(_ *Brand, c *DialogueConfig) { c.Purposes = map[string]string{"en": "messages by SMS"} }, "texts: en: what is asked by sms would be no evidence of consent: proof.purpose"},
		{"a question that does not name the business", func(_ *Brand, c *DialogueConfig) {
			c.Texts = []DialogueText{{Language: "en", Question: "{purpose}? {agree}"}}
		}, "texts: en: question: \"{purpose}? {agree}\" does not say {business}"},
		{"a question without its purpose", func(_ *Brand, c *DialogueConfig) {
			c.Texts = []DialogueText{{Language: "en", Question: "{business}? {agree}"}}
		}, "texts: en: question: \"{business}? {agree}\" does not say {purpose}"},
		{"a question that does not name the channel, where evidence is strict", func(_ *Brand, c *DialogueConfig) {
			c.Texts = []DialogueText{{Language: "en", Question: "{business} {purpose}? {agree}"}}
		}, "texts: en: what is asked by sms would be no evidence of consent: proof.wording: it does not say that messages come by sms"},
		{"a first message without the link", func(_ *Brand, c *DialogueConfig) {
			c.Texts = []DialogueText{{Language: "en", Policy: "We have a policy"}}
		}, "texts: en: policy: \"We have a policy\" does not say {policy_url}"},
		{"an unknown variable", func(_ *Brand, c *DialogueConfig) {
			c.Texts = []DialogueText{{Language: "en", Granted: "Thanks {name}"}}
		}, "texts: en: granted: unknown variable {name}"},
		{"one word for yes and no", func(_ *Brand, c *DialogueConfig) {
			c.Texts = []DialogueText{{Language: "en", Refuse: []string{"Yes!"}}}
		}, "texts: en: \"yes\" cannot be yes and no"},
		{"a language that is none", func(_ *Brand, c *DialogueConfig) { c.Texts = []DialogueText{{Language: "english"}} }, "texts[0]: language: \"english\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, cfg := asker, asker.Dialogues["offers"]
			c.change(&b, &cfg)
			b.Dialogues = map[string]DialogueConfig{"offers": cfg}
			if _, err := NewScript(b, "offers", askerTexts, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
