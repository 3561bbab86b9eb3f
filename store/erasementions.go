package store

import (
	"context"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/spelling"
)

// mentions counts the events of others in which the address of j is written. They stay as they are: they prove what
// others agreed to, and are the others' to have erased.
func (s *Store) mentions(ctx context.Context, j *journal) (n int, err error) {
	m := mentioner{sp: spelling.Of(j.To.Address), journal: j}
	for from := []byte{kindEvent}; from != nil; {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		err := s.view(func(txn *badger.Txn) error {
			it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kindEvent}})
			defer it.Close()
			it.Seek(from)
			from = nil
			for page := 0; it.Valid(); it.Next() {
				if page++; page > verifyPage {
					from = it.Item().KeyCopy(nil)
					break
				}
				found, err := m.in(it.Item())
				if err != nil {
					return err
				}
				if found {
					n++
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// A mentioner looks for the address of a journal in events.
type mentioner struct {
	sp      *spelling.Spelling
	journal *journal
	last    [18]string // what was looked at last, by field: the same wording and source stand in very many
}

// in reports whether the address is written in an event of somebody else. One that does not read tells nothing.
func (m *mentioner) in(item *badger.Item) (found bool, err error) {
	key := item.Key()[1:]
	if len(key) != len(eventID{}) {
		return false, nil
	}
	id := eventID(key)
	err = item.Value(func(value []byte) error {
		k, err := decodeEvent(value, &id)
		if err != nil || k.To.Address == m.journal.To.Address {
			return nil
		}
		texts := evidenceFields(&k.Proof)
		for i, text := range append(texts[:], textField{"note", &k.Note}, textField{"source", &k.Source}) {
			if *text.value == "" || *text.value == m.last[i] {
				continue
			}
			if found = m.sp.In(*text.value); found {
				break
			}
			m.last[i] = *text.value
		}
		return nil
	})
	return found, err
}
