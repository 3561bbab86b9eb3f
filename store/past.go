package store

import (
	"fmt"
	"runtime"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
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
	from, to  uint64              // numbers of events: those after from up to to have been looked at
	people    map[person]struct{} // whom they are about
	all       bool                // there are too many of them
	histories map[filter.Recipient][]pastEvent
}

// A pastEvent is an event and its number.
type pastEvent struct {
	seq uint64
	filter.Event
}

// Past begins to look back.
func (s *Store) Past() *Past {
	seq := s.Seq()
	return &Past{store: s, from: seq, to: seq, people: map[person]struct{}{}, histories: map[filter.Recipient][]pastEvent{}}
}

// Record is what the decision e knew about to, brand and every brand joined. Where something about
// the recipient was recorded while e was decided, unsure is set, and later is the record with it.
func (p *Past) Record(to filter.Recipient, e *Entry) (rec, later filter.Record, unsure bool, err error) {
	settled, err := p.standing(&rec, to, e.Known)
	if settled || err != nil {
		return rec, rec, false, err
	}
	history, err := p.history(to)
	if err != nil {
		return rec, rec, false, err
	}
	rec = filter.Record{}
	for i := range history {
		if known(&history[i], e) {
			rec = rec.After(history[i].Event)
		}
	}
	later = rec
	if end := e.Time.Add(time.Duration(e.Micros) * time.Microsecond); e.Known > 0 {
		for i := range history {
			if h := &history[i]; h.seq > e.Known && !h.Recorded.After(end) {
				later, unsure = later.After(h.Event), true
			}
		}
	}
	return rec, later, unsure, nil
}

// known reports whether the decision e surely knew h. An entry that does not say goes by its time.
func known(h *pastEvent, e *Entry) bool {
	if e.Known == 0 {
		return !h.Recorded.After(e.Time)
	}
	return h.seq <= e.Known
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
	_, changed := p.people[p.store.keys.person(to.Address)]
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
				p.people[fp.person()] = struct{}{}
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
func (p *Past) history(to filter.Recipient) ([]pastEvent, error) {
	if h, ok := p.histories[to]; ok {
		return h, nil
	}
	var h []pastEvent
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
				h = append(h, pastEvent{k.seq, k.Event})
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
	p.histories[to] = h
	return h, nil
}
