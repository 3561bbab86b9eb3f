package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/switches"
	"github.com/sendgate/sendgate/store/tokens"
)

const journalFile = "erasing"

// A journal says which erasure is going on, in a file beside the database from before its first
// step until after its last. It is the last file to hold the address.
type journal struct {
	ID         string             `json:"id"`
	To         filter.Recipient   `json:"to"` // as asked for
	Recipients []filter.Recipient `json:"recipients"`
	Actor      string             `json:"actor"`
	Reason     string             `json:"reason"`
	// Dropped says that the database is done with, unless it was put back as it was before: what it learns from then on is
	// new, however late the rest is finished.
	Dropped bool `json:"dropped,omitempty"`
}

// readJournal is the erasure that was begun and not finished, or nil.
func (s *Store) readJournal() (*journal, error) {
	if s.cfg.Memory {
		return s.erasure, nil
	}
	text, err := os.ReadFile(s.path(journalFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	j := new(journal)
	if err := json.Unmarshal(text, j); err != nil {
		return nil, fmt.Errorf("reading %s: %w", s.path(journalFile), err)
	}
	return j, nil
}

func (s *Store) writeJournal(j *journal) error {
	if s.cfg.Memory {
		s.erasure = j
		return nil
	}
	if err := s.room(disk.MinFree); err != nil {
		return err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	return disk.Write(filepath.Clean(s.cfg.Dir), journalFile, journalFile+".", text)
}

func (s *Store) removeJournal() error {
	s.erasure = nil
	if s.cfg.Memory {
		return nil
	}
	if err := os.Remove(s.path(journalFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return disk.SyncDir(filepath.Clean(s.cfg.Dir))
}

// removeTemps removes what a crash left half written of the files beside the database.
func (s *Store) removeTemps() error {
	if s.cfg.Memory {
		return nil
	}
	for _, pattern := range []string{journalFile + ".*", keyFile + ".*", snapshotFile + ".*", switches.File + ".*", catalogueFile + ".*", tokens.Temp + "*"} {
		names, err := disk.Glob(filepath.Split(s.path(pattern)))
		for _, name := range names {
			err = errors.Join(err, os.Remove(name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
