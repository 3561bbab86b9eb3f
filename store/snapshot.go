package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/index"
	"go.uber.org/zap"
)

const (
	// snapshotFile is that of the snapshot of what is in memory of the records, beside the database, so that opening
	// the store need not read them all. It may be lost, or not read: then the records are.
	snapshotFile = "index"

	// A snapshot is written when the store is closed, and while it is open whenever snapshotLinks
	// were added to the chain, or any were snapshotRest ago, but not twice within snapshotEvery.
	snapshotEvery = time.Minute
	snapshotRest  = 10 * time.Minute
	snapshotLinks = 5000
)

// save writes a snapshot. Appends and reads go on: what changes meanwhile is in the chain behind
// the head that it names, and so is read anew.
func (s *Store) save() error {
	if s.cfg.Memory || s.cfg.Still {
		return nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	start := time.Now()
	head := s.Head()
	h := index.SnapshotHead{Seq: head.Seq, Sum: head.Sum, Unchained: s.totals.Load().unchained}
	removals := s.removals.Load()
	if h.Seq == 0 {
		return nil
	}
	if err := s.room(disk.MinFree + 1<<30); err != nil { // room for the largest, too
		return err
	}
	dir := filepath.Clean(s.cfg.Dir)
	f, err := os.CreateTemp(dir, snapshotFile+".*") // made with mode 0600
	if err != nil {
		return err
	}
	size, err := index.WriteSnapshot(f, h, s.optouts, s.index.Load())
	s.renaming.Lock()
	defer s.renaming.Unlock()
	if err == nil && (h.Unchained != s.totals.Load().unchained || removals != s.removals.Load()) {
		err = errStale
	}
	if err := finishFile(f, filepath.Join(dir, snapshotFile), err); err != nil {
		return err
	}
	s.logger.Info("wrote a snapshot of the index", zap.Uint64("link", h.Seq), zap.Uint64("bytes", size),
		zap.Duration("took", time.Since(start)))
	s.saved.Store(h.Seq)
	return disk.SyncDir(dir)
}

// finishFile gives f, written with err, its name, or removes it.
func finishFile(f *os.File, name string, err error) error {
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is the one that explains
	}
	return err
}

// removeSnapshot removes the snapshot, which has somebody who is erased or forgotten. One that is being
// written does not get its name.
func (s *Store) removeSnapshot() error {
	s.renaming.Lock()
	defer s.renaming.Unlock()
	s.saved.Store(0)
	s.removals.Add(1)
	if s.cfg.Memory {
		return nil
	}
	if err := os.Remove(s.path(snapshotFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return disk.SyncDir(filepath.Clean(s.cfg.Dir))
}

// awaitSnapshot waits until no snapshot from before is half written.
func (s *Store) awaitSnapshot() {
	s.writing.Lock()
	defer s.writing.Unlock()
}

// saveLast writes the snapshot of a store that is being closed, unless there is one of it as it is.
func (s *Store) saveLast() {
	if s.Head().Seq == s.saved.Load() {
		return
	}
	if err := s.save(); err != nil {
		s.logger.Warn("writing a snapshot of the index: the next start takes longer", zap.Error(err))
	}
}

// keepSnapshot writes snapshots by and by, until the store is closed.
func (s *Store) keepSnapshot() {
	tick := time.NewTicker(snapshotEvery)
	defer tick.Stop()
	at := time.Now()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		seq, saved := s.Head().Seq, s.saved.Load()
		if seq == saved || seq < saved+snapshotLinks && time.Since(at) < snapshotRest {
			continue
		}
		if err := s.save(); err != nil {
			s.logger.Warn("writing a snapshot of the index: the next start takes longer", zap.Error(err))
			continue
		}
		at = time.Now()
	}
}
