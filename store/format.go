package store

import (
	"fmt"

	"github.com/sendgate/sendgate/store/wire"
)

const (
	metaFormat = "format"
	// format is that of the folder: of the database, and of what lies beside it. It goes up with every change that an
	// older program, or this one, would misread: then the older one refuses the folder, before it loses or erases what
	// it cannot read.
	format = 5
	// oldest is the first that this program reads, and raises. Format 3 has no links and nothing of what nobody
	// answered, and no errands beside it; format 4 has no passes, and no decisions of clients.
	oldest = 3
)

// checkFormat refuses a folder of another format than this program reads.
func (s *Store) checkFormat() error {
	value, err := getMeta(s.db, metaFormat)
	if err != nil || len(value) == 1 && oldest <= value[0] && value[0] <= format {
		return err
	}
	if value == nil {
		check, err := getMeta(s.db, metaCheck)
		if check == nil || err != nil {
			return err // an empty one, or not ours: openKeys tells
		}
		value = []byte{1} // what was written before there were numbers
	}
	if len(value) != 1 {
		return fmt.Errorf("the format of consent/: %w", wire.ErrDamaged)
	}
	if value[0] < oldest {
		return fmt.Errorf("consent/ has format %d, which an older version of this program wrote, and this one reads formats %d to %d: "+
			"export the consents with that version, and import them into a new folder", value[0], oldest, format)
	}
	return fmt.Errorf("consent/ has format %d, which a newer version of this program wrote: use that, "+
		"or go back to a backup that this one made", value[0])
}

// raiseFormat has older programs refuse the folder from now on. It comes late in Open: what cannot be opened is left
// to the program that could. So is what is only looked into, unless an erasure has to be finished there.
func (s *Store) raiseFormat() error {
	value, err := getMeta(s.db, metaFormat)
	if err != nil || len(value) == 1 && value[0] == format {
		return err
	}
	if s.cfg.Still {
		if begun, err := s.readJournal(); begun == nil || err != nil {
			return nil // what is wrong with it is told by whoever reads it to go on
		}
	}
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	if err := txn.Set(metaKey(metaFormat), []byte{format}); err != nil {
		return err
	}
	return s.commitSynced(txn)
}
