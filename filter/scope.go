package filter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Scope is what an opt-in or opt-out covers: everything (the zero value), one category, one
// topic, or what comes from one sender. Its text form is "all", a category's name, "topic:" and a
// topic's name, or "sender:" and a sender's.
type Scope struct {
	over     extent
	category Category
	name     string // of the topic or sender
}

type extent uint8

const (
	overAll extent = iota
	overCategory
	overTopic
	overSender
)

// All is the scope that covers every message.
var All Scope

// OfCategory is the scope of all messages of category c, whatever their topic.
func OfCategory(c Category) Scope { return Scope{over: overCategory, category: c} }

// OfTopic is the scope of one topic, which has a name. Topics belong to a brand, as recipients do.
func OfTopic(topic string) Scope { return Scope{over: overTopic, name: topic} }

// OfSender is the scope of everything that comes from one sender, named as [Sender] writes it.
func OfSender(sender string) Scope { return Scope{over: overSender, name: sender} }

// Covers reports whether m lies within s, by any of its topics and senders.
func (s Scope) Covers(m *Message) bool {
	switch s.over {
	case overAll:
		return true
	case overCategory:
		return s.category == m.Category
	case overTopic:
		return s.name == m.Topic || slices.Contains(m.Others[:], s.name)
	default:
		return m.isFrom(s.name)
	}
}

// binds reports whether an opt-out of s keeps m back.
func (s Scope) binds(m *Message) bool {
	return s.Covers(m) || s.over == overSender && m.Anonymous
}

// Topic is the topic that s is the scope of, if it is one's.
func (s Scope) Topic() (topic string, ok bool) { return s.name, s.over == overTopic }

// Sender is the sender that s is the scope of, if it is one's.
func (s Scope) Sender() (sender string, ok bool) { return s.name, s.over == overSender }

// Named reports whether s is that of a topic or sender, of which there may be any number.
func (s Scope) Named() bool { return s.name != "" }

// Clone copies the name in s, which may point into a request.
func (s Scope) Clone() Scope { s.name = strings.Clone(s.name); return s }

// compare orders scopes, so that a record has one form.
func (s Scope) compare(t Scope) int {
	return cmp.Or(cmp.Compare(s.over, t.over), cmp.Compare(s.category, t.category), strings.Compare(s.name, t.name))
}

// String is the text form of s.
func (s Scope) String() string {
	switch s.over {
	case overAll:
		return "all"
	case overCategory:
		return s.category.String()
	case overTopic:
		return "topic:" + s.name
	default:
		return "sender:" + s.name
	}
}

// MarshalText writes the text form of s. A topic or sender without a name, and a category that is
// none, have no text form.
func (s Scope) MarshalText() ([]byte, error) {
	var back Scope
	text := []byte(s.String())
	if err := back.UnmarshalText(text); err != nil {
		return nil, err
	}
	return text, nil
}

// UnmarshalText reads the text form of a scope; empty text is everything.
func (s *Scope) UnmarshalText(text []byte) error {
	if len(text) == 0 || string(text) == "all" {
		*s = All
		return nil
	}
	if kind, name, ok := strings.Cut(string(text), ":"); ok && (kind == "topic" || kind == "sender") {
		switch {
		case name == "":
			return fmt.Errorf("scope %q names no %s", text, kind)
		case kind == "topic":
			*s = OfTopic(name)
		default:
			*s = OfSender(name)
		}
		return nil
	}
	var c Category
	if err := c.UnmarshalText(text); err != nil {
		return fmt.Errorf("unknown scope %q: want all, a category (%s), topic:NAME or sender:NAME",
			text, strings.Join(categoryNames, ", "))
	}
	*s = OfCategory(c)
	return nil
}
