package filter

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A ceiling is a Cap made ready.
type ceiling struct {
	quota
	row Cap
}

func newCeiling(row Cap) (*ceiling, error) {
	switch {
	case row.Most < 1:
		return nil, fmt.Errorf("most: %d: want at least one message", row.Most)
	case row.Within < time.Second || row.Within > longestWithin:
		return nil, fmt.Errorf("within: %s: want between a second and %d hours", row.Within, longestWithin/time.Hour)
	case row.Category != nil && *row.Category >= Categories:
		return nil, fmt.Errorf("category: there is no category %s", *row.Category)
	}
	if row.Place = placeName(row.Place); row.Place == "*" {
		row.Place = ""
	}
	if row.Place != "" {
		if err := checkPlace(row.Place, false); err != nil {
			return nil, err
		}
	}
	if err := checkReview(row.Reviewed, row.Confidence); err != nil {
		return nil, err
	}
	c := &ceiling{row: row, quota: quota{most: row.Most, within: row.Within, only: allButCodes}}
	if row.Topic != "" {
		c.only = [Categories]bool{true, true, true, true}
	}
	if row.Category != nil {
		c.only = [Categories]bool{}
		c.only[*row.Category] = true
	}
	return c, nil
}

// binds reports whether c is about somebody at a place: one that it names, that is within it or of which
// nobody knows.
func (c *ceiling) binds(at spot) bool {
	place := c.row.Place
	return place == "" || place == at.place || place == at.country || at.country == "" ||
		at.place == at.country && strings.HasPrefix(place, at.country+"-")
}

// applies reports whether c is about m, wherever its recipient is.
func (c *ceiling) applies(m *Message) bool {
	return c.only[m.Category] && (c.row.Topic == "" || c.row.Topic == m.Topic || slices.Contains(m.Others[:], c.row.Topic))
}

// subjects appends to list the numbers of the topics of m that c counts, each for itself: anyTopic alone where
// c counts whatever messages are about, and none where it does not apply.
func (c *ceiling) subjects(list []int, m *Message) []int {
	switch {
	case !c.applies(m):
		return list
	case c.row.Topic == "" && !c.row.SameTopic:
		return append(list, anyTopic)
	}
	for i := range m.topics() {
		if c.row.Topic == "" || c.row.Topic == m.topic(i) {
			list = append(list, i)
		}
	}
	return list
}

// maxSubjects is how many topics a message has at most.
const maxSubjects = 1 + len(Message{}.Others)

// room is the first moment from due on at which c has room for m under each of its topics, as seen from due:
// where there are several, one may be taken again by then.
func (c *ceiling) room(m *Message, t Tally, due time.Time) time.Time {
	var list [maxSubjects]int
	for _, topic := range c.subjects(list[:0], m) {
		due = c.free(t, topic, due)
	}
	return due
}

// counted is how many messages count within the time of c before and after due, of the topic of m that has
// most of them.
func (c *ceiling) counted(m *Message, t Tally, due time.Time) (most int) {
	var list [maxSubjects]int
	for _, topic := range c.subjects(list[:0], m) {
		n := 0
		for i := range t {
			if s := &t[i]; c.counts(s, topic) && s.At.After(due.Add(-c.within)) && s.At.Before(due.Add(c.within)) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// describe is a row in words, with its source.
func (c *Cap) describe() string {
	text := fmt.Sprintf("at most %d", c.Most)
	if c.Category != nil {
		text += " " + c.Category.String()
	}
	if c.Topic != "" {
		text += " of topic " + c.Topic
	}
	if c.SameTopic {
		text += " of one topic"
	}
	text += " in " + spell(c.Within)
	if c.Place != "" {
		text += " to " + c.Place
	}
	if c.Source == "" {
		return text + ", by this gate's own configuration"
	}
	return text + cite(c.Source, c.Reviewed, c.Confidence)
}

// spell writes a duration without the units that are nothing: 24h and not 24h0m0s.
func spell(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
