package tally_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tally"
)

// A message with several topics is one message of the tally, and has each of them, before and after a
// restart, until it is given back.
func TestMessagesHaveAllTheirTopicsInTheTally(t *testing.T) {
	dir := t.TempDir()
	b := open(t, tally.Config{Dir: dir})
	about := func(topics ...string) filter.Message {
		m := filter.Message{To: storetest.Person("acme", 1), Topic: topics[0], Text: "Sale"}
		copy(m.Others[:], topics[1:])
		return m
	}
	take(t, b, about("offers", "news", "club", "spring"), noon)
	take(t, b, about("news"), noon.Add(time.Second))
	moved := about("club", "offers")
	moved.SendAt = noon.Add(time.Hour)
	take(t, b, moved, noon)
	at := func(seconds int, topic bool, others ...bool) filter.Sent {
		sent := filter.Sent{At: noon.Add(time.Duration(seconds) * time.Second), SameTopic: topic, SameContent: true}
		copy(sent.SameOthers[:], others)
		return sent
	}
	for restarted := range 2 {
		for _, c := range []struct {
			seen filter.Message
			want filter.Tally
		}{
			{about("offers"), filter.Tally{at(0, true), at(1, false), at(3600, true)}},
			{about("spring"), filter.Tally{at(0, true), at(1, false), at(3600, false)}},
			{about("news", "club"), filter.Tally{at(0, true, true), at(1, true), at(3600, false, true)}},
			{about("autumn", "news", "spring"), filter.Tally{at(0, false, true, true), at(1, false, true), at(3600, false)}},
			{about(""), filter.Tally{at(0, false), at(1, false), at(3600, false)}},
		} {
			if got := tallyOf(t, b, c.seen, noon); !slices.Equal(got, c.want) {
				t.Errorf("after %d restarts, as seen from a message about %s %q: %+v, want %+v", restarted, c.seen.Topic, c.seen.Others, got, c.want)
			}
		}
		if restarted == 0 {
			storetest.Must(t, b.Close())
			b = open(t, tally.Config{Dir: dir})
		}
	}
	before := b.Len()
	slot := take(t, b, about("offers", "news"), noon.Add(time.Minute))
	b.GiveBack(&slot)
	if got := len(tallyOf(t, b, about("news"), noon)); got != 3 {
		t.Errorf("once one is given back there are %d", got)
	}
	take(t, b, about("offers", "news"), noon.Add(time.Minute))
	storetest.Must(t, b.Close())
	b = open(t, tally.Config{Dir: dir})
	if got := b.Len(); got != before+2 {
		t.Errorf("after a restart it holds %d messages and further topics, want %d", got, before+2)
	}
}
