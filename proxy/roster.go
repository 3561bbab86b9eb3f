package proxy

import (
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// A roster is what a list would have sent before the message that is judged: whoever stands in it twice
// gets no more than if it were sent. It takes some fifty bytes for each message.
type roster struct {
	seed  maphash.Seed
	last  map[uint64]uint32 // number of the last message to a recipient, from 1
	sent  []listing
	likes []likeness
}

// A listing is one message, with the number of the one before to the same recipient, or 0.
type listing struct {
	due    int64  // milliseconds since 1970
	like   uint32 // number of its likeness
	before uint32
}

// A likeness is what tells the messages to one recipient apart. A list has few.
type likeness struct {
	category                filter.Category
	topics                  topicSet[string]
	template, text, further string
}

func newRoster() *roster { return &roster{seed: maphash.MakeSeed(), last: map[uint64]uint32{}} }

// read adds to r.Tally what the list would have sent to the recipient of m.
func (l *roster) read(m *filter.Message, r *filter.Record) {
	n := l.last[maphash.Comparable(l.seed, m.To)]
	if n == 0 {
		return
	}
	topics := topicsOf(m)
	for ; n > 0; n = l.sent[n-1].before {
		one := &l.sent[n-1]
		k := &l.likes[one.like]
		s := filter.Sent{At: time.UnixMilli(one.due).UTC(), Category: k.category, SameContent: k.template == m.Template && k.text == m.Text && k.further == m.Extra}
		k.topics.mark(&s, &topics)
		r.Tally = append(r.Tally, s)
	}
	slices.SortFunc(r.Tally, func(a, b filter.Sent) int { return a.At.Compare(b.At) })
}

// add takes in m, which would be sent, and due at a moment.
func (l *roster) add(m *filter.Message, due time.Time) {
	key := maphash.Comparable(l.seed, m.To)
	l.sent = append(l.sent, listing{due.UnixMilli(), l.like(m), l.last[key]})
	l.last[key] = uint32(len(l.sent))
}

// like is the number of the likeness of m.
func (l *roster) like(m *filter.Message) uint32 {
	k := likeness{m.Category, topicsOf(m), m.Template, m.Text, m.Extra}
	at := slices.Index(l.likes, k)
	if at < 0 {
		at = len(l.likes)
		for i, topic := range k.topics {
			k.topics[i] = strings.Clone(topic)
		}
		l.likes = append(l.likes, likeness{k.category, k.topics, strings.Clone(k.template), strings.Clone(k.text), strings.Clone(k.further)})
	}
	return uint32(at)
}
