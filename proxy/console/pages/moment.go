package pages

import (
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

// A moment is one entry of a person's timeline: an event, a decision about a message, or a dialogue.
type moment struct {
	Time       time.Time
	Event      *filter.Event
	Everywhere bool // the event holds for every brand
	Decision   *console.Decision
	Dialogue   *console.Dialogue
}

// order is which of several at once comes first.
func (m moment) order() int {
	switch {
	case m.Event != nil:
		return 1
	case m.Dialogue != nil:
		return 2
	}
	return 3
}

// A fact is something to show under a name of the catalogue.
type fact struct {
	Key  string // under person.evidence
	Text string
}

// Evidence is what proves the event of m.
func (m moment) Evidence() (facts []fact) {
	if m.Event == nil {
		return nil
	}
	p := &m.Event.Proof
	for _, f := range []fact{{"wording", p.Wording}, {"method", p.Method}, {"action", p.Action}, {"business-name", p.BusinessName},
		{"purpose", p.Purpose}, {"language", p.Language}, {"policy-url", p.PolicyURL}, {"full-name", p.FullName}, {"email", p.Email},
		{"postal", p.Postal}, {"place", p.Place}, {"ip", p.IP}, {"user-agent", p.UserAgent}, {"reference", p.Reference},
		{"screenshot-url", p.ScreenshotURL}, {"screenshot-sha256", p.ScreenshotSHA256}} {
		if f.Text != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// Late reports whether the event was learnt a while after it happened.
func (m moment) Late() bool {
	return m.Event != nil && m.Event.Recorded.Sub(m.Event.Time) > time.Minute
}

// scope is what an opt-in or opt-out covers, for people.
func (c *catalogue) scope(s filter.Scope) string {
	if name, ok := s.Topic(); ok {
		return c.text("scope.of-topic", "Name", name)
	}
	if name, ok := s.Sender(); ok {
		return c.text("scope.of-sender", "Name", name)
	}
	return c.text("scope." + s.String())
}
