package store

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/switches"
	"github.com/sendgate/sendgate/store/wire"
)

// OpenAlone opens a store that does nothing but what it is asked for.
func OpenAlone(cfg Config) (*Store, error) {
	s := newStore(cfg)
	if err := s.open(); err != nil {
		return nil, err
	}
	s.serving = true
	go s.write()
	return s, nil
}

// FailCommits makes every commit go through f, which is given the real one.
func FailCommits(s *Store, f func(real func() error) error) {
	s.commit = func(txn *badger.Txn) error { return f(txn.Commit) }
}

// FailSyncs makes every sync of what was committed go through f, which is given the real one.
func FailSyncs(s *Store, f func(real func() error) error) {
	real := s.sync
	s.sync = func(file *os.File) error { return f(func() error { return real(file) }) }
}

// NoteSyncs tells note the name of each file to which something was committed, before it is synced.
func NoteSyncs(s *Store, note func(file string)) {
	real := s.sync
	s.sync = func(file *os.File) error { note(file.Name()); return real(file) }
}

// Free makes the disk look as if it had so many bytes left.
func Free(cfg Config, free func() int64) (*Store, error) {
	s := newStore(cfg)
	s.free = func(string) (int64, error) { return free(), nil }
	if err := s.open(); err != nil {
		return nil, err
	}
	s.start()
	return s, nil
}

// FlushLog writes out what the decision log would write by and by.
func FlushLog(s *Store) { _, _ = s.decisions.Tail() }

// Sweep does what is done once a day.
func Sweep(s *Store) error { return errors.Join(s.sweep(), s.audit.Sweep()) }

// FinishErasure does what is done once an hour.
func FinishErasure(s *Store) { s.finishLate() }

// FailAudit makes every sync of the files of the audit go through f, which is given the real one.
func FailAudit(s *Store, f func(real func() error) error) {
	s.trail = func(file *os.File) error { return f(file.Sync) }
}

// MayHaveOptedOut asks the Bloom filter alone.
func MayHaveOptedOut(s *Store, to filter.Recipient) bool {
	p := s.keys.Person(to.Address)
	return s.optouts.Maybe(&p)
}

// CompareIndex says where the index, the Bloom filter or the totals differ from what the database
// holds. Nobody may write meanwhile.
func CompareIndex(s *Store) error {
	ix, t := s.index.Load(), totals{}
	err := s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kindRecord}})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			fp := fingerprint.Recipient(it.Item().Key()[1:])
			var want, got filter.Record
			if _, err := readRecord(txn, fp, &want); err != nil {
				return err
			}
			t.recipients++
			p := fp.Person()
			if want.EverOptedOut() {
				if t.optouts++; !s.optouts.Maybe(&p) {
					return fmt.Errorf("the Bloom filter does not know %x, who opted out", fp)
				}
			}
			if ix == nil {
				continue
			}
			if known, elsewhere := ix.Get(&fp, &got); !known || elsewhere {
				return fmt.Errorf("the index does not hold %x", fp)
			}
			if !reflect.DeepEqual(got, want) {
				return fmt.Errorf("the index says %+v of %x, the database %+v", got, fp, want)
			}
		}
		return nil
	})
	if err == nil && ix != nil && ix.Len() != t.recipients {
		err = fmt.Errorf("the index has %d records, the database %d", ix.Len(), t.recipients)
	}
	if now := s.totals.Load(); err == nil && (now.recipients != t.recipients || now.optouts != t.optouts) {
		err = fmt.Errorf("the totals say %+v, the database %+v", now, t)
	}
	return err
}

// Indexed reports whether the store holds the records in memory.
func Indexed(s *Store) bool { return s.index.Load() != nil }

// fingerprintOf is that of a recipient about whom something is known.
func (s *Store) fingerprintOf(to filter.Recipient) fingerprint.Recipient {
	fp, ok := s.recipient(to)
	if !ok {
		panic("nothing was ever kept for this brand and channel")
	}
	return fp
}

// DecodeRecord and DecodeEvent read what is on disk, as of a recipient and an ID of zeros.
func DecodeRecord(b []byte) (r filter.Record, err error) {
	placed, err := decodeRecord(b, fingerprint.Recipient{}, &r)
	if placed {
		r.Place = "where the events say"
	}
	return r, err
}
func DecodeEvent(b []byte) (filter.Event, error) {
	k, err := decodeEvent(b, &eventID{})
	return k.Event, err
}

// EncodeRecord and EncodeEvent write it.
func EncodeRecord(r filter.Record) []byte { return appendRecord(nil, fingerprint.Recipient{}, &r) }
func EncodeEvent(e filter.Event) []byte {
	_, s := appendSecret(nil, &e, new(salt))
	value, _ := appendEvent(nil, &eventID{}, &e, 1, &s)
	return value
}

// RecordValue is the value of the record of a recipient.
func RecordValue(s *Store, to filter.Recipient, r filter.Record) []byte {
	return appendRecord(nil, s.fingerprintOf(to), &r)
}

// Overwrite puts value in the place of the record of a recipient, and makes the index follow, as
// opening the store would.
func Overwrite(s *Store, to filter.Recipient, value []byte) error {
	fp := s.fingerprintOf(to)
	err := s.db.Update(func(txn *badger.Txn) error { return txn.Set(recordKey(fp), value) })
	return errors.Join(err, s.refresh(s.db, []fingerprint.Recipient{fp}))
}

// Sum ends the value of a record of a recipient of zeros with its checksum, and SumEvent that of an
// event, for a fuzzer that could never guess it.
func Sum(b []byte) []byte      { return wire.AppendSum(b, 0, make([]byte, len(fingerprint.Recipient{}))...) }
func SumEvent(b []byte) []byte { return wire.AppendSum(b, 0, make([]byte, len(eventID{}))...) }

// FailNthCommit makes one commit to come fail.
func FailNthCommit(s *Store, n int) {
	var count atomic.Int64
	s.commit = func(txn *badger.Txn) error {
		if count.Add(1) == int64(n) {
			return errors.New("input/output error")
		}
		return txn.Commit()
	}
}

// SendValue is what is kept of a send, and SetSendValue puts something else in its place.
func SendValue(s *Store, k *SendKey) (value []byte) {
	_ = s.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(k.key())
		if err == nil {
			value, err = item.ValueCopy(nil)
		}
		return err
	})
	return value
}

// SendEnds is when the database drops what is kept of a send.
func SendEnds(s *Store, k *SendKey) (at time.Time) {
	_ = s.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(k.key())
		if err == nil {
			at = time.Unix(int64(item.ExpiresAt()), 0)
		}
		return err
	})
	return at
}

func SetSendValue(s *Store, k *SendKey, value []byte) error {
	return s.db.Update(func(txn *badger.Txn) error { return txn.Set(k.key(), value) })
}

// SendsWaiting is how many changes of keys of sends wait for the writer.
func SendsWaiting(s *Store) int {
	s.sends.mu.Lock()
	defer s.sends.mu.Unlock()
	return len(s.sends.waiting)
}

// BeforeSwitches calls f before each sync of the file of switches.
func BeforeSwitches(s *Store, f func()) (err error) {
	s.switches.Close()
	s.switches, err = switches.Open(switches.Config{Dir: s.cfg.Dir, Now: s.now, Closed: ErrClosed, Logger: s.logger,
		Sync: func(file *os.File) error { f(); return file.Sync() }})
	return err
}

// LoseRecord takes the record of a recipient out of the database, and nothing else.
func LoseRecord(s *Store, to filter.Recipient) error {
	fp := s.fingerprintOf(to)
	return s.db.Update(func(txn *badger.Txn) error { return txn.Delete(recordKey(fp)) })
}

// SpoilPass damages a pass on disk.
func SpoilPass(s *Store, id string) error {
	return s.db.Update(func(txn *badger.Txn) error { return txn.Set(passKey(id), []byte("x")) })
}

// Revoking reports whether somebody began to revoke all passes of a grant.
func Revoking(s *Store, grant string) bool {
	s.passes.mu.Lock()
	defer s.passes.mu.Unlock()
	return s.passes.revokers[grant] != ""
}
