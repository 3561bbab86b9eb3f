package store

import (
	"bytes"
	"errors"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

// eachEvent walks the events of a recipient, each once: where it was erased and the whole of it is
// not gone yet, what is left of it.
func eachEvent(txn *badger.Txn, fp fingerprint.Recipient, f func(*eventID, *keptEvent) error) error {
	w := walkEvents(txn, fp[:])
	defer w.close()
	for w.next() {
		if err := f(&w.id, &w.event); err != nil {
			return err
		}
	}
	return w.err
}

// An eventWalk walks events in the order of their keys, through both spaces side by side.
type eventWalk struct {
	spaces [2]*badger.Iterator // erased, whole

	id    eventID
	event keptEvent
	size  int // of the value of event
	err   error
}

// walkEvents walks the events whose IDs begin with prefix. close ends the walk.
func walkEvents(txn *badger.Txn, prefix []byte) *eventWalk {
	w := new(eventWalk)
	for i, kind := range [...]byte{kindErased, kindEvent} {
		opt := badger.IteratorOptions{Prefix: append([]byte{kind}, prefix...)}
		w.spaces[i] = txn.NewIterator(opt)
		w.spaces[i].Rewind()
	}
	return w
}

// seek goes on at the first event from id on.
func (w *eventWalk) seek(id []byte) {
	for i, kind := range [...]byte{kindErased, kindEvent} {
		w.spaces[i].Seek(append([]byte{kind}, id...))
	}
}

func (w *eventWalk) close() {
	for _, it := range w.spaces {
		it.Close()
	}
}

// head is the key an iterator stands at, without its first byte; nil at the end.
func (w *eventWalk) head(i int) []byte {
	if !w.spaces[i].Valid() {
		return nil
	}
	return w.spaces[i].Item().Key()[1:]
}

// nearest is the ID of the event that next would read, nil at the end.
func (w *eventWalk) nearest() []byte {
	erased, whole := w.head(0), w.head(1)
	if erased == nil || whole != nil && bytes.Compare(whole, erased) < 0 {
		return whole
	}
	return erased
}

// next reads the next event. It is false at the end, or at an error, behind which it goes on where err is taken away.
func (w *eventWalk) next() bool {
	erased, whole := w.head(0), w.head(1)
	from := w.spaces[0]
	switch {
	case erased == nil && whole == nil:
		return false
	case erased == nil || whole != nil && bytes.Compare(whole, erased) < 0:
		from = w.spaces[1]
	case bytes.Equal(whole, erased):
		w.spaces[1].Next()
	}
	key := from.Item().Key()[1:]
	if len(key) != len(w.id) {
		from.Next()
		w.err = wire.ErrDamaged
		return false
	}
	copy(w.id[:], key)
	w.err = from.Item().Value(func(value []byte) (err error) {
		w.size = len(value)
		w.event, err = decodeEvent(value, &w.id)
		return err
	})
	from.Next()
	return w.err == nil
}

// getEvent is one event, or what is left of it. found says whether there is one. It looks for the
// whole event first, since few are erased; while one is being erased, either may come.
func getEvent(txn *badger.Txn, id *eventID) (k keptEvent, found bool, err error) {
	for _, kind := range [...]byte{kindEvent, kindErased} {
		item, err := txn.Get(id.key(kind))
		if errors.Is(err, badger.ErrKeyNotFound) {
			continue
		}
		if err == nil {
			err = item.Value(func(value []byte) error {
				k, err = decodeEvent(value, id)
				return err
			})
		}
		return k, true, err
	}
	return keptEvent{}, false, nil
}

// Has reports whether an event with this ID is known for exactly this recipient, also when it was
// erased since.
func (s *Store) Has(to filter.Recipient, id string) (found bool, err error) {
	fp, ok := s.recipient(to)
	if !ok {
		return false, nil
	}
	event := eventOf(fp, s.keys.Of(fingerprint.EventID, id))
	err = s.view(func(txn *badger.Txn) error {
		_, found, err = getEvent(txn, &event)
		return err
	})
	return found, err
}
