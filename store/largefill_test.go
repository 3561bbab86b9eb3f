package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/ristretto/v2/z"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
)

// FillLarge makes a new store in cfg.Dir in which each of n recipients of one brand and channel has one
// event, as appends of 5,000 each would leave it, in the order of the fingerprints. It writes the tables of
// the database themselves, sorted: appends of a hundred million would take hours. The snapshot is not made.
func FillLarge(cfg Config, n int, event func(i int) filter.Event) error {
	s, err := OpenAlone(cfg)
	if err != nil {
		return err
	}
	if err := s.Append(context.Background(), event(0)); err != nil { // gives the place its number
		return errors.Join(err, s.Close())
	}
	f := largeFill{store: s, event: event, place: s.fingerprintOf(event(0).To), people: make([]numbered, n)}
	const table = 8 << 20 // bytes, as where many are stored
	opt := s.db.Opts().WithBaseTableSize(table).WithDir(s.path("consent")).WithValueDir(s.path("consent"))
	if err := errors.Join(s.Close(), os.Remove(s.path("index"))); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f.sort()
	db, err := badger.Open(opt)
	if err != nil {
		return err
	}
	return errors.Join(f.write(db), db.Close())
}

type numbered struct {
	person fingerprint.Person
	number uint32
}

type largeFill struct {
	store  *Store
	event  func(i int) filter.Event
	place  fingerprint.Recipient // of somebody at the place
	people []numbered
	head   Head
	totals totals
}

// sort brings the people into the order of their fingerprints.
func (f *largeFill) sort() {
	for i := range f.people {
		f.people[i] = numbered{f.store.keys.Person(f.event(i).To.Address), uint32(i)}
	}
	slices.SortFunc(f.people, func(a, b numbered) int { return bytes.Compare(a.person[:], b.person[:]) })
}

// write replaces what db holds. What is known of the database itself stays.
func (f *largeFill) write(db *badger.DB) error {
	small := map[string][]byte{}
	err := db.View(func(txn *badger.Txn) error {
		for _, kind := range []byte{kindMeta, kindPlace} {
			it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kind}})
			for it.Rewind(); it.Valid(); it.Next() {
				value, err := it.Item().ValueCopy(nil)
				if err != nil {
					it.Close()
					return err
				}
				small[string(it.Item().KeyCopy(nil))] = value
			}
			it.Close()
		}
		return nil
	})
	if err != nil {
		return err
	}
	w := db.NewStreamWriter()
	if err := w.Prepare(); err != nil {
		return err
	}
	if err := f.stream(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	small[string(metaKey(metaTotals))] = f.totals.encode()
	small[string(metaKey(metaHead))] = appendHead(nil, &f.head)
	return db.Update(func(txn *badger.Txn) error {
		for key, value := range small {
			if err := txn.Set([]byte(key), value); err != nil {
				return err
			}
		}
		return nil
	})
}

// A filled part is what stands for some people, but for their links.
type filled struct {
	rows    *z.Buffer
	links   []link
	optouts int64
	newest  time.Time // opt-in
	err     error
}

// stream writes what stands for the people, in parts that are made side by side.
func (f *largeFill) stream(w *badger.StreamWriter) error {
	const part = 5000
	parts := make(chan chan filled, runtime.GOMAXPROCS(0))
	go func() {
		defer close(parts)
		for from := 0; from < len(f.people); from += part {
			made := make(chan filled, 1)
			parts <- made
			go func() { made <- f.make(from, min(from+part, len(f.people))) }()
		}
	}()
	var failed error
	for made := range parts {
		p := <-made
		if failed = errors.Join(failed, p.err); failed != nil {
			continue
		}
		f.totals.optouts += p.optouts
		if p.newest.After(f.totals.newest) {
			f.totals.newest = p.newest
		}
		var links piece
		for _, l := range p.links {
			f.head = links.add(l, f.head)
		}
		stream(p.rows, 1, pieceKey(f.head.Seq), links.encode())
		failed = errors.Join(w.Write(p.rows), p.rows.Release())
	}
	f.totals.recipients = int64(len(f.people))
	return failed
}

// make makes the rows of some people.
func (f *largeFill) make(from, to int) (p filled) {
	p.rows = z.NewBuffer(4<<20, "fill")
	salts := make([]byte, (to-from)*saltSize)
	if _, p.err = rand.Read(salts); p.err != nil {
		return p
	}
	now := time.Now().Round(0).UTC()
	for i := from; i < to; i++ {
		who := f.people[i]
		it := item{event: f.event(int(who.number))}
		it.event.Recorded = now
		f.store.prepare(&it, it.event.To.Address, nil, (*salt)(salts[(i-from)*saltSize:]))
		it.id = eventOf(who.person.At(f.place.Place()), it.hash)
		value, sum := appendEvent(nil, &it.id, &it.event, uint64(i)+1, &it.secret)
		record := filter.Record{}.After(it.event)
		if record.EverOptedOut() {
			p.optouts++
		} else if it.event.Time.After(p.newest) {
			p.newest = it.event.Time
		}
		fp := it.id.recipient()
		stream(p.rows, 2, it.id.key(kindEvent), value)
		stream(p.rows, 3, recordKey(fp), appendRecord(nil, fp, &record))
		p.links = append(p.links, link{id: it.id, recorded: now, kind: it.event.Kind, digest: sum})
	}
	return p
}

// stream adds a row to those of a stream; the keys of one follow each other.
func stream(rows *z.Buffer, id uint32, key, value []byte) {
	badger.KVToBuffer(&pb.KV{Key: key, Value: value, Version: 1, StreamId: id}, rows)
}
