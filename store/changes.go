package store

import (
	"encoding/binary"
	"fmt"
	"iter"
	"slices"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
)

// A Change is one event with its place in the chain. Where the recipient was erased since, Event is
// what is left of it: kind, basis, scope, times, brand and channel.
type Change struct {
	Link  Link         `json:"link"`
	Event filter.Event `json:"event"`
}

// changesPage is from how many links on no further piece of the chain is read at once.
const changesPage = 256

// Changes walks the events that were kept after the one with the number since, in the order in
// which they were kept, up to the last that is known when the walk gets there; 0 walks all. The
// number of the last one seen, Link.Seq, is where to go on later: nothing is left out and nothing
// comes twice, however many are appended meanwhile. Numbers whose events are gone altogether,
// because the time to keep an erased recipient is over, are passed over. The walk ends with the
// first error. Memory is constant.
func (s *Store) Changes(since uint64) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		var page []Change
		for more := true; more; {
			var err error
			page, since, more, err = s.changesAfter(since, page[:0])
			for _, c := range page {
				if !yield(c, nil) {
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

// changesAfter reads one page of changes; last is the number of the last link it came to, and more
// says that there were others.
func (s *Store) changesAfter(since uint64, page []Change) (_ []Change, last uint64, more bool, err error) {
	last = since
	err = s.view(func(txn *badger.Txn) error {
		head, err := readHead(txn)
		if err != nil {
			return err
		}
		err = eachPiece(txn, since+1, func(p *piece) (bool, error) {
			head := p.before
			if head.Seq > last {
				return false, fmt.Errorf("the chain has no link %d: %w", last+1, errDamaged)
			}
			for i := range p.links {
				l := &p.links[i]
				head = l.after(head)
				if head.Seq <= since {
					continue
				}
				k, found, err := getEvent(txn, &l.id)
				if err != nil {
					return false, fmt.Errorf("event %d: %w", head.Seq, err)
				}
				last = head.Seq
				if found {
					page = append(page, Change{l.shown(&head), k.Event})
				}
			}
			return last-since < changesPage, nil
		})
		more = last < head.Seq
		if err == nil && more && last == since {
			err = fmt.Errorf("the chain has no link %d: %w", since+1, errDamaged)
		}
		return err
	})
	return page, last, more, err
}

// eachPiece walks the pieces of the chain from the one with link number seq on, while f wants more.
func eachPiece(txn *badger.Txn, seq uint64, f func(*piece) (more bool, err error)) error {
	opt := badger.DefaultIteratorOptions
	opt.Prefix, opt.PrefetchSize = []byte{kindPiece}, 8
	it := txn.NewIterator(opt)
	defer it.Close()
	for it.Seek(pieceKey(seq)); it.Valid(); it.Next() {
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

// readPiece reads a piece, which must be at the place that its key says.
func readPiece(item *badger.Item) (p piece, err error) {
	err = item.Value(func(value []byte) error {
		p, err = decodePiece(value)
		return err
	})
	last, ok := pieceEnd(item)
	if err == nil && (!ok || p.before.Seq+uint64(len(p.links)) != last) {
		err = errDamaged
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
		err = fmt.Errorf("link %d: %w", seq, errDamaged)
	}
	return found, err
}
