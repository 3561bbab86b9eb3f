package filter

import "time"

// A Tally is what was sent to a recipient lately, and what is on its way or scheduled, as seen from the
// message that is judged: oldest first.
type Tally []Sent

// A Sent is one message of a tally.
type Sent struct {
	// At is when it was delivered, or is to be: see [Message.Due].
	At       time.Time `json:"at"`
	Category Category  `json:"category"`
	// SameTopic says that Topic of the message that is judged is among its topics, or that neither has any,
	// and SameOthers which of Others are.
	SameTopic   bool                        `json:"same_topic,omitempty"`
	SameOthers  [len(Message{}.Others)]bool `json:"same_others,omitzero"`
	SameContent bool                        `json:"same_content,omitempty"` // Template, Text and Extra are those of the message that is judged
}

// about reports whether s has topic number i of the message that is judged: Topic is 0, and Others follow.
func (s *Sent) about(i int) bool {
	if i == 0 {
		return s.SameTopic
	}
	return s.SameOthers[i-1]
}

// Due is when m takes its place in a tally: a scheduled message at the moment it is scheduled for, any
// other now. A tally knows whole milliseconds.
func (m *Message) Due(now time.Time) time.Time { return m.at(now).Truncate(time.Millisecond) }

// A quota is how many messages of a kind may be due within a time, wherever that time begins.
type quota struct {
	most    int
	within  time.Duration
	only    [Categories]bool
	content bool // those with the same content
}

// anyTopic stands for the number of a topic where messages count whatever they are about.
const anyTopic = -1

// counts reports whether s counts as a message of one of the topics of the message that is judged.
func (q *quota) counts(s *Sent, topic int) bool {
	return q.only[s.Category] && (topic == anyTopic || s.about(topic)) && (!q.content || s.SameContent)
}

// free is the first moment from due on at which one more message of a topic is within the quota: no time of
// that length has more than most of t and it in it, neither before that moment nor, where messages are
// scheduled, after it.
func (q *quota) free(t Tally, topic int, due time.Time) time.Time {
	n, first := 0, 0
	for last := range t {
		if !q.counts(&t[last], topic) {
			continue
		}
		if n++; n < q.most {
			continue
		}
		for !q.counts(&t[first], topic) {
			first++
		}
		from, until := t[first].At, t[last].At // of as many as there may be
		first++
		if later(due, until).Sub(earlier(due, from)) < q.within {
			due = from.Add(q.within)
		}
	}
	return due
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Lookback is how far back the rules of p count what was sent; 0 where none does.
func (p Policy) Lookback() (longest time.Duration) {
	for _, rule := range p {
		if counts, ok := rule.(interface{ lookback() time.Duration }); ok {
			longest = max(longest, counts.lookback())
		}
	}
	return longest
}

// Counts reports whether a rule goes by the tally of r for m, so that m takes its place in it if it is sent.
// Who the row of a place is for follows from what the recipient stated too, so that it can be told only
// once the record is known; [Policy.Need] is NeedTally wherever it may be so.
func (p Policy) Counts(m *Message, r *Record) bool {
	for _, rule := range p {
		if goes, ok := rule.(interface {
			// tallies reports whether the rule goes by the tally of r for m.
			tallies(m *Message, r *Record) bool
		}); ok && goes.tallies(m, r) {
			return true
		}
	}
	return false
}

// longestWithin bounds how far back is counted: what was sent is held in memory for so long.
const longestWithin = 366 * 24 * time.Hour

// allButCodes are the categories that are counted unless something else is said. A code to sign in is
// asked for by the recipient, who waits for it.
var allButCodes = [Categories]bool{Marketing: true, Utility: true, Service: true}
