package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// A message with several topics is one message of the tally, and has each of them, before and after a
// restart, until it is given back.
func TestMessagesHaveAllTheirTopicsInTheTally(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	about := func(topics ...string) filter.Message {
		m := filter.Message{To: person("acme", 1), Topic: topics[0], Text: "Sale"}
		copy(m.Others[:], topics[1:])
		return m
	}
	take(t, s, about("offers", "news", "club", "spring"), noon)
	take(t, s, about("news"), noon.Add(time.Second))
	moved := about("club", "offers")
	moved.SendAt = noon.Add(time.Hour)
	take(t, s, moved, noon)
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
			if got := tallyOf(t, s, c.seen, noon); !slices.Equal(got, c.want) {
				t.Errorf("after %d restarts, as seen from a message about %s %q: %+v, want %+v", restarted, c.seen.Topic, c.seen.Others, got, c.want)
			}
		}
		if restarted == 0 {
			closeStore(t, s)
			s = open(t, store.Config{Dir: dir})
		}
	}
	before := s.Tally().Len()
	slot := take(t, s, about("offers", "news"), noon.Add(time.Minute))
	s.Tally().GiveBack(&slot)
	if got := len(tallyOf(t, s, about("news"), noon)); got != 3 {
		t.Errorf("once one is given back there are %d", got)
	}
	take(t, s, about("offers", "news"), noon.Add(time.Minute))
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir})
	if got := s.Tally().Len(); got != before+2 {
		t.Errorf("after a restart it holds %d messages and further topics, want %d", got, before+2)
	}
}

// Deciding and taking a place costs no memory that the collector has to find, whatever the topics.
func TestReserveAllocatesNothing(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	policy, err := filter.New(filter.Config{Require: map[filter.Category]filter.Basis{filter.Marketing: filter.NoBasis},
		Caps: filter.Caps{Rows: []filter.Cap{{Most: 5, Within: time.Hour, SameTopic: true}, {Most: 9, Within: time.Hour}}}, Duplicates: filter.Duplicates{Within: time.Hour, Categories: []filter.Category{filter.Utility}}})
	must(t, err)
	m := filter.Message{To: person("acme", 1), Topic: "offers", Others: [4]string{"news", "club", "spring"}, Text: "Sale"}
	var r filter.Record
	for range 3 {
		take(t, s, m, noon)
	}
	allocs := testing.AllocsPerRun(1000, func() {
		slot, ok, err := count(s, policy, &m, &r, noon)
		if err != nil || !ok {
			t.Fatal(err)
		}
		s.Tally().GiveBack(&slot)
	})
	if allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}
