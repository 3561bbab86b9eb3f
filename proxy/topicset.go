package proxy

import (
	"hash/maphash"
	"slices"

	"github.com/sendgate/sendgate/filter"
)

// A topicSet is the topics of a message, or hashes of them: its Topic, which may be empty, and Others; the zero
// value where there is none.
type topicSet[T comparable] [1 + len(filter.Message{}.Others)]T

func topicsOf(m *filter.Message) (t topicSet[string]) {
	t[0] = m.Topic
	copy(t[1:], m.Others[:])
	return t
}

// hashed are hashes of the topics of m.
func hashed(seed maphash.Seed, m *filter.Message) (t topicSet[uint64]) {
	t[0] = maphash.String(seed, m.Topic)
	for i, topic := range m.Others {
		if topic != "" {
			t[i+1] = maphash.String(seed, topic)
		}
	}
	return t
}

// mark notes in s, a message with the topics t, which of those of the message that is judged it has.
func (t *topicSet[T]) mark(s *filter.Sent, judged *topicSet[T]) {
	var none T
	s.SameTopic = t[0] == judged[0] || judged[0] != none && slices.Contains(t[:], judged[0])
	for i, topic := range judged[1:] {
		s.SameOthers[i] = topic != none && slices.Contains(t[:], topic)
	}
}
