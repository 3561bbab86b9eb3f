package tally

import "github.com/sendgate/sendgate/filter"

// maxTopics is how many topics a message has at most.
const maxTopics = 1 + len(filter.Message{}.Others)

// topicMarks are the fingerprints of the topics of a message, of which there are n: its Topic, which may be
// empty, and the further ones.
type topicMarks struct {
	marks [maxTopics]uint32
	n     int
}

func marksOf(m *filter.Message) (t topicMarks) {
	t.marks[0], t.n = topicMark(m.Topic), 1
	for _, topic := range m.Others {
		if topic == "" {
			break
		}
		t.marks[t.n] = topicMark(topic)
		t.n++
	}
	return t
}

// further are those of the further topics.
func (t *topicMarks) further() []uint32 {
	if t.n == 0 {
		return nil
	}
	return t.marks[1:t.n]
}

// see notes in s, as seen from the message with the topics t, that it is about the topic of a row.
func (t *topicMarks) see(s *filter.Sent, row *sentRow) {
	s.SameTopic = s.SameTopic || t.marks[0] == row.topic()
	for i, mark := range t.further() {
		s.SameOthers[i] = s.SameOthers[i] || mark == row.topic()
	}
}

// topicMark tells topics apart. A brand has few, and their names are no secret.
func topicMark(topic string) uint32 {
	h := fnv1a(fnvBasis, topic)
	return uint32(h ^ h>>32)
}
