package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/wire"
)

// A Change is one event with its place in the chain. Where the recipient was erased since, Event is
// what is left of it: kind, basis, scope, times, brand and channel.
type Change struct {
	Link  Link         `json:"link"`
	Event filter.Event `json:"event"`
}

// changesPage is from how many links on no further piece of the chain is read at once.
const changesPage = 256

// A Lost is a stretch of the chain of which [Store.Changes] cannot tell what was learnt: events that do not read, or
// are missing. What is known of the recipients stands in their records all the same; [Store.Verify] says what is wrong.
type Lost struct {
	First uint64      `json:"first"` // number of the first event
	Last  uint64      `json:"last"`  // and of the last
	Sum   wire.Digest `json:"sum"`   // Link.Sum of the last
	// Link says about whom one event was, and of what kind, where its place in the chain is whole; else nil.
	Link *Link `json:"link,omitempty"`
}

func (l *Lost) Error() string {
	return fmt.Sprintf("events %d to %d were altered or are missing", l.First, l.Last)
}

// Changes walks the events that were kept after the one with the number since, in the order in
// which they were kept, up to the last that is known when the walk gets there; 0 walks all. The
// number of the last one seen, Link.Seq, is where to go on later: nothing is left out and nothing
// comes twice, however many are appended meanwhile. Numbers whose events are gone altogether,
// because the time to keep an erased recipient is over, are passed over. Memory is constant.
//
// An error that is a [*Lost] stands for the events that it names, and the walk goes on behind them, if it may; it ends
// with the first other error.
func (s *Store) Changes(since uint64) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		var page []step
		for more := true; more; {
			var err error
			page, since, more, err = s.changesAfter(since, page[:0])
			for _, at := range page {
				if at.lost != nil && !yield(Change{}, at.lost) || at.lost == nil && !yield(at.change, nil) {
					return
				}
			}
			if err != nil {
				yield(Change{}, fmt.Errorf("reading the changes after number %d: %w", since, err))
				return
			}
		}
	}
}

// A step of [Store.Changes] is a change, or what comes in its place.
type step struct {
	change Change
	lost   *Lost // nil: change was read
}

// changesAfter reads one page of changes; last is the number of the last link it came to, and more
// says that there were others.
func (s *Store) changesAfter(since uint64, page []step) (_ []step, last uint64, more bool, err error) {
	last = since
	err = s.view(func(txn *badger.Txn) error {
		end, err := readHead(txn)
		if err != nil {
			return err
		}
		missing := func(before Head) {
			if before.Seq > last {
				page = append(page, step{lost: &Lost{First: last + 1, Last: before.Seq, Sum: before.Sum}})
				last = before.Seq
			}
		}
		whole, err := eachWholePiece(txn, since+1, func(p *piece) (bool, error) {
			missing(p.before)
			head := p.before
			for i := range p.links {
				l := &p.links[i]
				if head = l.after(head); head.Seq <= last {
					continue
				}
				at, found, err := stepOf(txn, l, &head)
				if err != nil {
					return false, fmt.Errorf("event %d: %w", head.Seq, err)
				}
				last = head.Seq
				if found {
					page = append(page, at)
				}
			}
			return last-since < changesPage, nil
		})
		if err == nil && whole {
			missing(end)
		}
		more = last < end.Seq
		return err
	})
	return page, last, more, err
}

// stepOf is what became of the event of a link, which makes the chain have this head. found says whether there is
// something to tell: nothing is of an event whose recipient was erased, and whose time was over.
func stepOf(txn *badger.Txn, l *link, head *Head) (at step, found bool, err error) {
	shown := l.shown(head)
	k, found, err := getEvent(txn, &l.id)
	switch {
	case found && err == nil:
		return step{change: Change{shown, k.Event}}, true, nil
	case err == nil:
		if gone, err := goneUntil(txn, l.id.recipient()); err != nil || gone >= head.Seq {
			return step{}, false, err
		}
	case !errors.Is(err, wire.ErrDamaged):
		return step{}, false, err
	}
	return step{lost: &Lost{First: head.Seq, Last: head.Seq, Sum: head.Sum, Link: &shown}}, true, nil
}

// eachWholePiece is eachPiece past those that do not read. whole reports that it came to the end of the chain.
func eachWholePiece(txn *badger.Txn, seq uint64, f func(*piece) (more bool, err error)) (whole bool, err error) {
	it := piecesFrom(txn, seq)
	defer it.Close()
	for ; it.Valid(); it.Next() {
		p, err := readPiece(it.Item())
		if errors.Is(err, wire.ErrDamaged) {
			continue // the next one shows what is missing
		}
		if err != nil {
			return false, err
		}
		if more, err := f(&p); !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

// eachPiece walks the pieces of the chain from the one with link number seq on, while f wants more.
func eachPiece(txn *badger.Txn, seq uint64, f func(*piece) (more bool, err error)) error {
	it := piecesFrom(txn, seq)
	defer it.Close()
	for ; it.Valid(); it.Next() {
		p, err := readPiece(it.Item())
		if err != nil {
			return err
		}
		if more, err := f(&p); !more || err != nil {
			return err
		}
	}
	return nil
}

// piecesFrom stands at the piece with link number seq. It is the caller's to close.
func piecesFrom(txn *badger.Txn, seq uint64) *badger.Iterator {
	opt := badger.DefaultIteratorOptions
	opt.Prefix, opt.PrefetchSize = []byte{kindPiece}, 8
	it := txn.NewIterator(opt)
	it.Seek(pieceKey(seq))
	return it
}

// readPiece reads a piece, which must be at the place that its key says.
func readPiece(item *badger.Item) (p piece, err error) {
	err = item.Value(func(value []byte) error {
		p, err = decodePiece(value)
		return err
	})
	last, ok := pieceEnd(item)
	if err == nil && (!ok || p.before.Seq+uint64(len(p.links)) != last) {
		err = wire.ErrDamaged
	}
	if err != nil {
		return piece{}, fmt.Errorf("the piece of the chain that ends with link %d: %w", last, err)
	}
	return p, nil
}

// pieceEnd is the number of the last link, from the key of a piece.
func pieceEnd(item *badger.Item) (last uint64, ok bool) {
	key := item.Key()
	if len(key) != 9 {
		return 0, false
	}
	return binary.BigEndian.Uint64(key[1:]), true
}

// ChainOf is the places in the chain of every event of exactly this recipient, in their order.
func (s *Store) ChainOf(to filter.Recipient) ([]Link, error) {
	var links []Link
	fp, ok := s.recipient(to)
	if !ok {
		return nil, nil
	}
	err := s.view(func(txn *badger.Txn) error {
		var seqs []uint64
		err := eachEvent(txn, fp, func(_ *eventID, k *keptEvent) error {
			seqs = append(seqs, k.seq)
			return nil
		})
		slices.Sort(seqs)
		for _, seq := range seqs {
			if err != nil {
				return err
			}
			var l Link
			l, err = linkAt(txn, seq)
			links = append(links, l)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a recipient's places in the chain: %w", err)
	}
	return links, nil
}

// linkAt is the link with this number.
func linkAt(txn *badger.Txn, seq uint64) (found Link, err error) {
	err = eachPiece(txn, seq, func(p *piece) (bool, error) {
		head := p.before
		for i := range p.links {
			if head = p.links[i].after(head); head.Seq == seq {
				found = p.links[i].shown(&head)
			}
		}
		return false, nil
	})
	if err == nil && found.Seq != seq {
		err = fmt.Errorf("link %d: %w", seq, wire.ErrDamaged)
	}
	return found, err
}
