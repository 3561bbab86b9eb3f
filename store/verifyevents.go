package store

import (
	"bytes"
	"errors"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

// events walks every event and every record, recipient by recipient.
func (v *verifier) events() error {
	var last []byte // the recipient the walk came to
	for more := true; more; {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		err := v.s.view(func(txn *badger.Txn) (err error) {
			last, more, err = v.recipients(txn, last)
			return err
		})
		if err != nil {
			return err
		}
	}
	if v.count > v.found {
		return v.strays()
	}
	return nil
}

// recipients verifies a page of recipients, those behind the fingerprint last.
func (v *verifier) recipients(txn *badger.Txn, last []byte) (_ []byte, more bool, err error) {
	now, err := readHead(txn)
	if errors.Is(err, wire.ErrDamaged) { // reported when the walk began
		now, err = v.s.Head(), nil
	}
	if err != nil {
		return nil, false, err
	}
	places, err := v.places(txn)
	if err != nil {
		return nil, false, err
	}
	events := walkEvents(txn, nil)
	defer events.close()
	opt := badger.IteratorOptions{Prefix: []byte{kindRecord}}
	records := txn.NewIterator(opt)
	defer records.Close()
	if last == nil {
		records.Rewind()
	} else {
		events.seek(append(bytes.Clone(last), bytes.Repeat([]byte{0xff}, len(fingerprint.Recipient{})+1)...))
		records.Seek(append(append([]byte{kindRecord}, last...), 0))
	}
	for n := 0; events.nearest() != nil; {
		if n >= verifyPage {
			return last, true, nil
		}
		if len(events.nearest()) != len(eventID{}) {
			v.report.fault(0, "a key among the events is %d bytes long", 1+len(events.nearest()))
			return last, false, nil
		}
		r := recipientWalk{v: v, fp: fingerprint.Recipient(events.nearest()), head: now}
		r.place, r.placed = places[r.fp.Place()]
		n += r.walk(events)
		v.orphans(records, r.fp[:])
		if err := r.compare(txn, records); err != nil {
			return nil, false, err
		}
		last = bytes.Clone(r.fp[:])
	}
	v.orphans(records, nil)
	return last, false, nil
}

// places is what the numbers of places stand for, in the database itself. One that does not read
// is left out.
func (v *verifier) places(txn *badger.Txn) (map[fingerprint.Place]place, error) {
	found := make(map[fingerprint.Place]place)
	return found, eachPlace(txn, func(n fingerprint.Place, p place, err error) error {
		if err == nil {
			found[n] = p
		}
		return nil
	})
}

// orphans passes over the records before the one of recipient next; nil passes over all.
func (v *verifier) orphans(records *badger.Iterator, next []byte) {
	for ; records.Valid(); records.Next() {
		key := records.Item().Key()[1:]
		if next != nil && bytes.Compare(key, next) >= 0 {
			return
		}
		v.report.fault(0, "the record of recipient %x follows from no event", key)
	}
}

// A recipientWalk folds the events of one recipient.
type recipientWalk struct {
	v      *verifier
	fp     fingerprint.Recipient
	place  place // as its number says
	placed bool  // the number has one
	head   Head  // of the chain when they are read
	record filter.Record
	seq    uint64 // the highest
	hollow uint64 // the highest of those that were emptied by an erasure
	erased uint64 // the highest of the erasures
	broken bool   // one does not read
}

// walk takes in the events of the recipient and returns how many there are.
func (r *recipientWalk) walk(events *eventWalk) (n int) {
	for ; bytes.HasPrefix(events.nearest(), r.fp[:]); n++ {
		if !events.next() {
			r.broken, events.err = true, nil // reported when its link was read
			r.v.count++
			continue
		}
		k := &events.event
		switch {
		case k.seq > r.head.Seq || k.seq == 0:
			r.v.report.fault(k.seq, "an event of recipient %x has the number %d, but the chain ends with %d", r.fp[:], k.seq, r.head.Seq)
		case k.seq <= r.v.until.Seq:
			r.v.count++
		}
		if p := placeOf(&k.To); !r.placed || p != r.place {
			r.v.report.fault(k.seq, "event %d of recipient %x is kept for brand %q on channel %q, and its key says otherwise", k.seq, r.fp[:], p.brand, p.channel)
		}
		r.seq = max(r.seq, k.seq)
		if k.erased {
			r.hollow = max(r.hollow, k.seq)
		}
		if k.Kind == filter.Erased {
			r.erased = max(r.erased, k.seq)
		}
		r.record = r.record.After(k.Event)
	}
	return n
}

// compare holds the record against the events. records stands at the record or behind it.
func (r *recipientWalk) compare(txn *badger.Txn, records *badger.Iterator) error {
	report := &r.v.report
	if r.hollow > r.erased {
		report.fault(r.hollow, "event %d was emptied, but no erasure of its recipient came after it", r.hollow)
	}
	if !records.Valid() || !bytes.Equal(records.Item().Key()[1:], r.fp[:]) {
		gone, err := goneUntil(txn, r.fp)
		if err == nil && gone < r.seq {
			report.fault(r.seq, "the record of recipient %x is missing; event %d is about them", r.fp[:], r.seq)
		}
		return err
	}
	value, err := records.Item().ValueCopy(nil)
	if err != nil {
		return err
	}
	records.Next()
	var kept filter.Record
	if _, err := decodeRecord(value, r.fp, &kept); err != nil {
		report.fault(r.seq, "the record of recipient %x was altered: it does not read; event %d is about them", r.fp[:], r.seq)
	} else if !r.broken && !bytes.Equal(value, appendRecord(nil, r.fp, &r.record)) {
		report.fault(r.seq, "the record of recipient %x does not follow from their events, the last of which is %d", r.fp[:], r.seq)
	}
	if p := r.fp.Person(); r.record.EverOptedOut() && !r.v.s.optouts.Maybe(&p) {
		report.fault(r.seq, "recipient %x opted out, but the Bloom filter in memory does not know it; event %d is about them", r.fp[:], r.seq)
	}
	return nil
}

// strays finds the events that no link leads to, where there are more events than links.
func (v *verifier) strays() error {
	var from []byte
	for more := true; more; {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		err := v.s.view(func(txn *badger.Txn) error {
			events := walkEvents(txn, nil)
			defer events.close()
			events.seek(from)
			for n := 0; events.nearest() != nil; n++ {
				if more = n < verifyPage; !more {
					break
				}
				if !events.next() {
					events.err = nil
				}
				if err := v.stray(txn, events); err != nil {
					return err
				}
			}
			more = events.nearest() != nil
			from = bytes.Clone(events.nearest())
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// stray reports the event just read when no link leads to it.
func (v *verifier) stray(txn *badger.Txn, events *eventWalk) error {
	id, seq := events.id, events.event.seq
	if seq > v.until.Seq {
		return nil
	}
	linked := false
	err := eachPiece(txn, seq, func(p *piece) (bool, error) {
		i := seq - p.first()
		linked = seq >= p.first() && i < uint64(len(p.links)) && p.links[i].id == id
		return false, nil
	})
	if errors.Is(err, wire.ErrDamaged) {
		return nil // reported when the chain was walked
	}
	if err == nil && !linked {
		fp := id.recipient()
		v.report.fault(seq, "an event of recipient %x says it is number %d, but link %d leads to another: it was added past the chain", fp[:], seq, seq)
	}
	return err
}
