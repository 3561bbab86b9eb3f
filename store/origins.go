package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/wire"
)

// Origins are the opt-outs that were recorded in a time, by the source of the consent that each of them ended.
type Origins struct {
	// Reached is from when on everything was looked at. While Complete it is the time that was asked for; otherwise
	// more was recorded than one call looks at, and what came before Reached is left out.
	Reached  time.Time
	Complete bool
	Sources  map[string]Origin
	Erased   Origin // of those who were erased since: where their consent came from is gone
	// NoConsent are opt-outs of people who had agreed to nothing that they could end, and Repeated those of
	// people who had opted out of the same before: these ended nothing more.
	NoConsent, Repeated int
}

// An Origin is what was recorded about the consents of one source.
type Origin struct {
	OptOuts  int // which ended such a consent, whenever it was given
	Consents int // which were given
}

// An OriginQuery says whose opt-outs and consents to look at.
type OriginQuery struct {
	Since, Until time.Time // from when, and until before when they were recorded
	Brand        string    // as given; empty: all
	Most         int       // how many events are looked at, with those of histories, and of the time after Until
}

// Where a walk back along the chain ends.
var (
	errFar    = errors.New("it has come to the end")
	errEnough = errors.New("it has seen as many events as it may")
)

// Origins looks at what q asks for, the newest first. The consent that an opt-out ended is the newest opt-in known
// before it, of the brand or of every brand, with the same scope, or where one of the two is for everything. What was
// copied from another address of the same person counts where it ended a consent. Reads of the database are short,
// and ctx is heeded between them.
func (s *Store) Origins(ctx context.Context, q OriginQuery) (*Origins, error) {
	w := originWalk{OriginQuery: q, found: &Origins{Reached: q.Until, Sources: map[string]Origin{}}}
	var p piece
	err := s.view(func(txn *badger.Txn) (err error) {
		p.before, err = readHead(txn)
		return err
	})
	for err == nil {
		if err = ctx.Err(); err != nil {
			break
		}
		err = s.view(func(txn *badger.Txn) error {
			if len(p.links) == 0 {
				return p.back(txn)
			}
			return w.page(txn, &p)
		})
	}
	switch {
	case errors.Is(err, errFar):
		w.found.Complete, w.found.Reached = true, q.Since
	case !errors.Is(err, errEnough):
		return nil, fmt.Errorf("reading where consents came from: %w", err)
	}
	return w.found, nil
}

// back makes p the piece before it.
func (p *piece) back(txn *badger.Txn) error {
	last := p.before.Seq
	if last == 0 {
		return errFar
	}
	item, err := txn.Get(pieceKey(last))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return fmt.Errorf("the chain has no piece that ends with link %d: %w", last, wire.ErrDamaged)
	}
	if err == nil {
		*p, err = readPiece(item)
	}
	return err
}

// An originWalk goes back along the chain. Its Most is how many events it may still look at.
type originWalk struct {
	OriginQuery
	found *Origins
}

// page looks at the last links of p, about changesPage events with histories, and takes them off it.
func (w *originWalk) page(txn *badger.Txn, p *piece) error {
	for end := w.Most - changesPage; len(p.links) > 0 && w.Most > end; {
		l := p.links[len(p.links)-1]
		if l.recorded.Before(w.Since) {
			return errFar
		}
		if w.Most <= 0 {
			return errEnough
		}
		p.links = p.links[:len(p.links)-1]
		w.Most--
		if !l.recorded.Before(w.Until) {
			continue
		}
		w.found.Reached = l.recorded
		if l.kind != filter.OptedIn && l.kind != filter.OptedOut {
			continue
		}
		k, found, err := getEvent(txn, &l.id)
		if err == nil && found && (w.Brand == "" || k.To.Brand == w.Brand) {
			err = w.count(txn, &l.id, &k)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// count counts one event.
func (w *originWalk) count(txn *badger.Txn, id *eventID, k *keptEvent) error {
	if k.Kind == filter.OptedIn {
		if k.Basis != filter.NoBasis {
			w.add(k, Origin{Consents: 1})
		}
		return nil
	}
	before, err := w.before(txn, id, k)
	switch {
	case err != nil:
		return err
	case before != nil && before.Kind == filter.OptedIn:
		w.add(before, Origin{OptOuts: 1})
	case k.Source == LinkSource: // nobody said it of this address
	case before != nil:
		w.found.Repeated++
	default:
		w.found.NoConsent++
	}
	return nil
}

// add counts for the source of a consent.
func (w *originWalk) add(consent *keptEvent, more Origin) {
	if consent.erased {
		w.found.Erased = w.found.Erased.plus(more)
		return
	}
	w.found.Sources[consent.Source] = w.found.Sources[consent.Source].plus(more)
}

func (o Origin) plus(more Origin) Origin {
	return Origin{o.OptOuts + more.OptOuts, o.Consents + more.Consents}
}

// before is where the person stood whom the opt-out k is about: the opt-in that it ended, or the earlier no that had
// ended it already; nil where they had said neither.
func (w *originWalk) before(txn *badger.Txn, id *eventID, k *keptEvent) (last *keptEvent, err error) {
	fp := id.recipient()
	p := fp.Person()
	events := walkEvents(txn, p[:])
	defer events.close()
	for events.next() {
		w.Most--
		if e := &events.event; e.seq < k.seq && !e.Time.After(k.Time) && precedes(e, k) && (last == nil || newer(e, last)) {
			one := *e
			last = &one
		}
	}
	return last, events.err
}

// precedes reports whether e is an opt-in that the opt-out k can end, or a no that says as much as k.
func precedes(e, k *keptEvent) bool {
	if e.To.Channel != k.To.Channel || e.To.Brand != k.To.Brand && e.To.Brand != "" && k.To.Brand != "" {
		return false
	}
	switch e.Kind {
	case filter.OptedIn:
		return e.Basis != filter.NoBasis && (e.Scope == k.Scope || e.Scope == filter.All || k.Scope == filter.All)
	case filter.OptedOut:
		return (e.Scope == k.Scope || e.Scope == filter.All) && (e.To.Brand == k.To.Brand || e.To.Brand == "")
	case filter.Erased:
		return e.To.Brand == k.To.Brand || e.To.Brand == ""
	}
	return false
}

// newer reports whether a happened after b. At equal times a no is the newer one.
func newer(a, b *keptEvent) bool {
	if at := a.Time.Compare(b.Time); at != 0 {
		return at > 0
	}
	if no := a.Kind != filter.OptedIn; no != (b.Kind != filter.OptedIn) {
		return no
	}
	return a.seq > b.seq
}
