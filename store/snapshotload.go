package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/index"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// errStale says that a snapshot is whole, and not of this database as it is now.
var errStale = errors.New("it is not of the database as it is now")

// errBefore says that a snapshot knows more than the database: what it does is no part of the chain any more.
var errBefore = errors.New("it knows of events that the database does not have")

// restore makes the Bloom filter and the index: from the snapshot where that is possible, else from
// all records.
func (s *Store) restore(db *badger.DB) error {
	start := time.Now()
	err := s.loadSnapshot(db)
	switch {
	case err == nil:
		s.logger.Info("the index was read", zap.Uint64("link", s.saved.Load()), zap.Duration("took", time.Since(start)))
		return nil
	case errors.Is(err, errBefore):
		s.logger.Error("consent/ is not what it was: it was put back as it was before, or is another store's, or lost its end; "+
			"opt-outs that were acknowledged may be gone", zap.Uint64("ends", s.Head().Seq), zap.Error(err))
	case errors.Is(err, errStale):
		s.logger.Info("the snapshot of the index is not used", zap.Error(err))
	case !errors.Is(err, fs.ErrNotExist):
		s.logger.Warn("the snapshot of the index is not used", zap.Error(err))
	}
	return s.load(db)
}

// loadSnapshot makes the Bloom filter and the index from the snapshot, and brings them up to date.
func (s *Store) loadSnapshot(db *badger.DB) error {
	if s.cfg.Memory {
		return fs.ErrNotExist
	}
	f, err := os.Open(s.path(snapshotFile))
	if err != nil {
		return err
	}
	defer f.Close()
	snapshot, err := index.ReadSnapshot(f)
	if err != nil {
		return err
	}
	h := &snapshot.Head
	indexed := s.totals.Load().recipients <= s.cfg.Index
	if err := s.inChain(db, h); err != nil {
		return err
	}
	if indexed && !h.Indexed || h.Unchained != s.totals.Load().unchained {
		return errStale
	}
	o, ix, err := snapshot.Load(indexed)
	if err != nil {
		return err
	}
	s.optouts = o
	s.adoptIndex(ix)
	if err := s.catchUp(db, h.Seq); err != nil {
		return err
	}
	if n := s.totals.Load().recipients; ix != nil && ix.Len() != n {
		return fmt.Errorf("it has %d records, and the database %d: %w", ix.Len(), n, wire.ErrDamaged)
	}
	s.saved.Store(h.Seq)
	return nil
}

// inChain finds out whether the chain goes through the head of a snapshot.
func (s *Store) inChain(db *badger.DB, h *index.SnapshotHead) error {
	if h.Seq == 0 {
		return errStale
	}
	if h.Seq > s.Head().Seq {
		return fmt.Errorf("link %d: %w", h.Seq, errBefore)
	}
	return db.View(func(txn *badger.Txn) error {
		l, err := linkAt(txn, h.Seq)
		if err == nil && l.Sum != h.Sum {
			err = fmt.Errorf("link %d: %w", h.Seq, errBefore)
		}
		return err
	})
}

// maxCatchUp is how many links of the chain are made good at most, besides an eighth of as many as
// there are recipients: more take longer than to read all records.
const maxCatchUp = 50_000

// catchUp reads anew the records of those about whom the chain has links behind the one numbered.
func (s *Store) catchUp(db *badger.DB, seq uint64) error {
	missing := s.Head().Seq - seq
	if missing == 0 {
		return nil
	}
	if missing > maxCatchUp+uint64(s.totals.Load().recipients)/8 {
		return fmt.Errorf("%d links of the chain came after it: %w", missing, errStale)
	}
	seen := make(map[fingerprint.Recipient]struct{})
	var fps []fingerprint.Recipient
	err := db.View(func(txn *badger.Txn) error {
		return eachPiece(txn, seq+1, func(p *piece) (bool, error) {
			for i := range p.links {
				fp := p.links[i].id.recipient()
				if _, ok := seen[fp]; !ok {
					seen[fp] = struct{}{}
					fps = append(fps, fp)
				}
			}
			return true, nil
		})
	})
	if err != nil {
		return err
	}
	slices.SortFunc(fps, func(a, b fingerprint.Recipient) int { return bytes.Compare(a[:], b[:]) }) // as they lie on disk
	parts := runtime.GOMAXPROCS(0)
	errs := make([]error, parts)
	var workers sync.WaitGroup
	for i := range parts {
		workers.Go(func() { errs[i] = s.refresh(db, fps[i*len(fps)/parts:(i+1)*len(fps)/parts]) })
	}
	workers.Wait()
	return errors.Join(errs...)
}
