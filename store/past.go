package store

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/fingerprint"
)

const (
	// pastStep is how many events further back than asked for are looked at in one go.
	pastStep = 4096
	// pastPeople is how many people with events a Past tells from the others, and pastHistories how
	// many histories it holds. With more of them it looks everybody up, and begins anew.
	pastPeople    = 4 << 20
	pastHistories = 1 << 16
)

// A Past tells what decisions of the log knew about their recipients. Of most of them nothing was
// learnt since, and what is known of them now was known then; only of the others is the history
// read. It is for one goroutine, and for entries whose times lie close together.
type Past struct {
	store     *Store
	from, to  uint64                          // numbers of events: those after from up to to have been looked at
	people    map[fingerprint.Person]struct{} // whom they are about
	all       bool                            // there are too many of them
	histories map[filter.Recipient]*timeline
}

// A pastEvent is an event and its number.
type pastEvent struct {
	seq uint64
	filter.Event
}

// Past begins to look back.
func (s *Store) Past() *Past {
	seq := s.Seq()
	return &Past{store: s, from: seq, to: seq, people: map[fingerprint.Person]struct{}{}, histories: map[filter.Recipient]*timeline{}}
}

// Record is what the decision e knew about to, brand and every brand joined. Where something about
// the recipient was recorded while e was decided, unsure is set, and later is the record with it.
func (p *Past) Record(to filter.Recipient, e *decisions.Entry) (rec, later filter.Record, unsure bool, err error) {
	settled, err := p.standing(&rec, to, e.Known)
	if settled || err != nil {
		return rec, rec, false, err
	}
	history, err := p.history(to)
	if err != nil {
		return rec, rec, false, err
	}
	n := history.known(e)
	rec = history.at(n)
	later = rec
	if end := e.Time.Add(time.Duration(e.Micros) * time.Microsecond); e.Known > 0 {
		for _, h := range history.events[n:] {
			if !h.Recorded.After(end) {
				later, unsure = later.After(h.Event), true
			}
		}
	}
	return rec, later, unsure, nil
}

// A timeline is what was learnt about a recipient, in the order in which it was kept, and the record
// before every markStep-th of it.
type timeline struct {
	events []pastEvent
	marks  []filter.Record
}

const markStep = 16

// known is how many of the events the decision e surely knew. An entry that does not say goes by its
// time.
func (l *timeline) known(e *decisions.Entry) int {
	return sort.Search(len(l.events), func(i int) bool {
		if h := &l.events[i]; e.Known > 0 {
			return h.seq > e.Known
		} else {
			return h.Recorded.After(e.Time)
		}
	})
}

// at is the record that the first n events make.
func (l *timeline) at(n int) filter.Record {
	rec := l.marks[n/markStep]
	for i := n / markStep * markStep; i < n; i++ {
		rec = rec.After(l.events[i].Event)
	}
	return rec
}

// mark sorts the events and makes the marks.
func (l *timeline) mark() {
	slices.SortFunc(l.events, func(a, b pastEvent) int { return cmp.Compare(a.seq, b.seq) })
	var rec filter.Record
	for i := range l.events {
		if i%markStep == 0 {
			l.marks = append(l.marks, rec)
		}
		rec = rec.After(l.events[i].Event)
	}
	if len(l.events)%markStep == 0 {
		l.marks = append(l.marks, rec)
	}
}

// standing reads into r what is known of to, and reports whether it is what was known when the event
// with the number known was the last.
func (p *Past) standing(r *filter.Record, to filter.Recipient, known uint64) (settled bool, err error) {
	for {
		before := p.store.publishing.Load()
		if before%2 != 0 {
			runtime.Gosched()
			continue
		}
		if err := p.store.ReadInto(r, to, filter.NeedRecord); err != nil {
			return false, err
		}
		if err := p.reach(known); err != nil {
			return false, err
		}
		if p.store.publishing.Load() == before {
			break
		}
	}
	_, changed := p.people[p.store.keys.Person(to.Address)]
	return !changed && !p.all && p.store.index.Load() != nil, nil // the database may be ahead of the number
}

// reach looks at the events from the one after known to the last.
func (p *Past) reach(known uint64) error {
	if last := p.store.Seq(); last > p.to {
		if err := p.look(p.to, last); err != nil {
			return err
		}
		p.to = last
		clear(p.histories)
	}
	if known < p.from {
		from := known - min(known, pastStep)
		if err := p.look(from, p.from); err != nil {
			return err
		}
		p.from = from
	}
	return nil
}

// look takes in whom the events after one number, up to another, are about.
func (p *Past) look(after, last uint64) error {
	if p.all {
		return nil
	}
	err := p.store.view(func(txn *badger.Txn) error {
		return eachPiece(txn, after+1, func(piece *piece) (bool, error) {
			for i := range piece.links {
				fp := piece.links[i].id.recipient()
				p.people[fp.Person()] = struct{}{}
			}
			p.all = len(p.people) > pastPeople
			return !p.all && piece.before.Seq+uint64(len(piece.links)) < last, nil
		})
	})
	if err != nil {
		return fmt.Errorf("reading the events after number %d: %w", after, err)
	}
	if p.all {
		p.people = nil
	}
	return nil
}

// history is every event about to, of the brand and of every brand.
func (p *Past) history(to filter.Recipient) (*timeline, error) {
	if h, ok := p.histories[to]; ok {
		return h, nil
	}
	h := new(timeline)
	places := []filter.Recipient{to, to.Everywhere()}
	if to.Brand == "" {
		places = places[:1]
	}
	for _, who := range places {
		fp, ok := p.store.recipient(who)
		if !ok {
			continue
		}
		err := p.store.view(func(txn *badger.Txn) error {
			return eachEvent(txn, fp, func(_ *eventID, k *keptEvent) error {
				h.events = append(h.events, pastEvent{k.seq, k.Event})
				return nil
			})
		})
		if err != nil {
			return nil, fmt.Errorf("reading a recipient's history: %w", err)
		}
	}
	if len(p.histories) >= pastHistories {
		clear(p.histories)
	}
	h.mark()
	p.histories[to] = h
	return h, nil
}
