package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/wire"
)

// ErrSendKeysFull is for the key of a send where store.send_keys.bytes are taken.
var ErrSendKeysFull = errors.New("the keys of sends take all the room that store.send_keys.bytes gives them")

const (
	metaSends = "sends"

	// sendSpans is into how many parts the time is cut that keys are kept: what ran out of the
	// oldest makes room at once.
	sendSpans = 24
	// sendEntry is what an entry takes on disk besides its key and value, about, in bytes.
	sendEntry = 32
)

// A sendWrite is one change of what is kept of a send. A nil value removes it.
type sendWrite struct {
	key, value []byte
	begins     bool       // it may be refused for want of room; what follows it has to fit
	done       chan error // takes one answer without waiting
}

// sends is what waits to be written of the keys of sends, and how much was.
type sends struct {
	convoy[*sendWrite]
	spans []sendSpan // oldest first; only the writer changes it, and who brings the database back
}

// A sendSpan is how many bytes were written that count until a moment.
type sendSpan struct{ until, bytes int64 }

// writeSend has the writer keep w, and waits until it is on disk.
func (s *Store) writeSend(w *sendWrite) error {
	s.sends.write(s, s.commitSends, w)
	return <-w.done
}

func (w *sendWrite) answer(err error) { w.done <- err }

// size is what w takes on disk, about, in bytes.
func (w *sendWrite) size() int64 { return int64(len(w.key) + len(w.value) + sendEntry) }

// commitSends is one transaction. It answers each of batch and returns the error of
// the transaction.
func (s *Store) commitSends(db *badger.DB, batch []*sendWrite) error {
	now := s.now()
	spans, used, moved := s.sends.counted(now, s.cfg.SendKeys.Keep)
	full := used >= s.cfg.SendKeys.Bytes
	txn := db.NewTransaction(true)
	defer txn.Discard()
	var written int64
	kept := make([]*sendWrite, 0, len(batch))
	var err error
	for _, w := range batch {
		switch {
		case w.begins && full:
			w.answer(ErrSendKeysFull)
			continue
		case err == nil && w.value == nil:
			err = txn.Delete(w.key)
		case err == nil:
			// Badger drops what ran out by itself, by the machine's clock.
			err = txn.SetEntry(badger.NewEntry(w.key, w.value).WithTTL(s.cfg.SendKeys.Keep))
			written += w.size()
			full = used+written >= s.cfg.SendKeys.Bytes
		}
		kept = append(kept, w)
	}
	if len(kept) == 0 && !moved {
		return nil
	}
	spans = addSpan(spans, spanEnd(now, s.cfg.SendKeys.Keep), written)
	if err == nil {
		err = txn.Set(metaKey(metaSends), encodeSpans(spans))
	}
	if err == nil {
		if err = s.commitOrBreak(txn); err == nil {
			s.sends.mu.Lock()
			s.sends.spans = spans
			s.sends.mu.Unlock()
		}
	}
	for _, w := range kept {
		w.answer(err)
	}
	return err
}

// counted is what still counts at a moment, and its bytes. Nothing counts for longer than what is
// kept from that moment on: what does was written by a clock that was ahead, or when keys were kept
// for longer, and moved says that its end was drawn nearer. That has to be kept, or it would never
// come.
func (q *sends) counted(now time.Time, keep time.Duration) (spans []sendSpan, bytes int64, moved bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	last := spanEnd(now, keep)
	for _, one := range q.spans {
		if one.until > now.Unix() {
			moved = moved || one.until > last
			spans = addSpan(spans, min(one.until, last), one.bytes)
			bytes += one.bytes
		}
	}
	return spans, bytes, moved
}

// spanEnd is until when that counts which is kept from now on.
func spanEnd(now time.Time, keep time.Duration) int64 {
	part := max(int64(keep/time.Second)/sendSpans, 1)
	return (now.Add(keep).Unix()/part + 1) * part
}

// addSpan counts bytes until a moment, which is none before those of spans.
func addSpan(spans []sendSpan, until, bytes int64) []sendSpan {
	if n := len(spans); n > 0 && spans[n-1].until == until {
		spans[n-1].bytes += bytes
		return spans
	}
	return append(spans, sendSpan{until, bytes})
}

func encodeSpans(spans []sendSpan) []byte {
	b := []byte{metaVersion}
	for _, one := range spans {
		b = binary.AppendVarint(binary.AppendVarint(b, one.until), one.bytes)
	}
	return wire.AppendSum(b, 0)
}

// loadSends reads how much is kept of the keys of sends.
func (s *Store) loadSends(db *badger.DB) error {
	value, err := getMeta(db, metaSends)
	if err != nil {
		return err
	}
	var spans []sendSpan
	if value != nil {
		d := wire.NewDecoder(value, metaVersion)
		for len(d.Rest) > 0 && !d.Bad {
			spans = append(spans, sendSpan{d.Varint(), d.Varint()})
		}
		if d.End() != nil {
			return fmt.Errorf("how much is kept of the keys of sends: %w", wire.ErrDamaged)
		}
	}
	s.sends.mu.Lock()
	s.sends.spans = spans
	s.sends.mu.Unlock()
	return nil
}
