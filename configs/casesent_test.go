package configs

import (
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/tally"
)

// A caseSent is a message that counts before that of its case, and is like it but for what it says: "3h ago"
// nothing, "utility 3h ago" its category, "topic:offers topic:news 3h ago" how it was labelled, "on another topic
// 3h ago" that it was about something else and "on no topic 3h ago" about nothing, "to +14155550100 3h ago" whom
// it went to, and "saying Hello 3h ago" what it told. "3h ahead" is one that is scheduled.
type caseSent struct {
	when     caseWhen
	category *filter.Category
	labels   []filter.Scope // topics
	topic    *string        // in place of labels
	to, text string
}

func (s *caseSent) UnmarshalText(text []byte) error {
	what, err := s.when.cut(string(text))
	if err != nil {
		return err
	}
	what, s.text, _ = strings.Cut(" "+what, " saying ")
	for phrase, topic := range map[string]string{" on another topic": "another", " on no topic": ""} {
		if before, ok := strings.CutSuffix(what, phrase); ok {
			what, s.topic = before, &topic
		}
	}
	words := strings.Fields(what)
	for i := 0; i < len(words); i++ {
		switch {
		case words[i] == "to" && i+1 < len(words):
			i++
			s.to = words[i]
		case strings.HasPrefix(words[i], "topic:"):
			s.labels = append(s.labels, filter.OfTopic(strings.TrimPrefix(words[i], "topic:")))
		default:
			s.category = new(filter.Category)
			if err := s.category.UnmarshalText([]byte(words[i])); err != nil {
				return err
			}
		}
	}
	return nil
}

// message is s, beside m of the case c.
func (s *caseSent) message(c *ruleCase, m filter.Message) filter.Message {
	if m.SendAt = s.when.at(c.now()); !m.SendAt.After(c.now()) {
		m.SendAt = time.Time{}
	}
	if s.to != "" {
		m.To.Address = s.to
	}
	if s.text != "" {
		m.Text = s.text
	}
	if len(s.labels) > 0 {
		c.Brand.Label(&m, s.labels...)
	}
	if s.topic != nil {
		m.Topic, m.Others = *s.topic, filter.Message{}.Others
	}
	if s.category != nil {
		m.Category = *s.category
	}
	return m
}

// count has a store count what was sent before m, and reads into r what the gate would read for m.
func (c *ruleCase) count(t *testing.T, policy filter.Policy, m *filter.Message, r *filter.Record) {
	t.Helper()
	if len(c.Sent) == 0 {
		return
	}
	st, err := store.Open(store.Config{Memory: true, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	st.Tally().Remember(policy.Lookback())
	for _, s := range c.Sent {
		one, at := s.message(c, *m), s.when.at(c.now())
		if at.After(c.now()) {
			at = c.now()
		}
		turn, err := st.Tally().Turn(&one, &filter.Record{}, at)
		if err != nil {
			t.Fatal(err)
		}
		_, err = turn.Take(&tally.Claims{Place: true})
		turn.End()
		if err != nil {
			t.Fatal(err)
		}
	}
	if !policy.Counts(m, r) {
		return
	}
	if err := st.Tally().Read(m, r, c.now()); err != nil {
		t.Fatal(err)
	}
}

// passesUntil makes sure that what waits for a cap, or as a duplicate, waits no longer than it must.
func passesUntil(t *testing.T, policy filter.Policy, m filter.Message, r *filter.Record, d *filter.Decision, now time.Time) {
	t.Helper()
	if d.Action != filter.Block || d.Rule != "cap" && d.Rule != "duplicate" {
		return
	}
	m.SendAt = d.Until
	if again := policy.Decide(&m, r, now); again.Action != filter.Forward {
		t.Errorf("at %s, when it would pass, it is %+v", when(d.Until), again)
	}
	if m.SendAt = d.Until.Add(-time.Millisecond); policy.Decide(&m, r, now).Action != filter.Block {
		t.Errorf("before %s it would pass, too", when(d.Until))
	}
}
