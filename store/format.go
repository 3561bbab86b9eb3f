package store

import (
	"fmt"
)

const (
	metaFormat = "format"
	// format is that of the database. It goes up with every change that an older program, or this
	// one, would misread.
	format = 4
	// unlinked is the format of a database without links and what nobody answered, and without errands beside it.
	// This program reads it, and raises it: an older one would bind, and erase, a part of what it knows.
	unlinked = 3
)

// checkFormat refuses a database of another format than this program's.
func (s *Store) checkFormat() error {
	value, err := getMeta(s.db, metaFormat)
	if err != nil || len(value) == 1 && value[0] == format {
		return err
	}
	if len(value) == 1 && value[0] == unlinked {
		txn := s.db.NewTransaction(true)
		defer txn.Discard()
		if err := txn.Set(metaKey(metaFormat), []byte{format}); err != nil {
			return err
		}
		return s.commitSynced(txn)
	}
	if value == nil {
		check, err := getMeta(s.db, metaCheck)
		if check == nil || err != nil {
			return err // an empty one, or not ours: openKeys tells
		}
		value = []byte{1} // what was written before there were numbers
	}
	if len(value) == 1 && value[0] < format {
		return fmt.Errorf("consent/ has format %d, which an older version of this program wrote, and this one reads format %d only: "+
			"export the consents with that version, and import them into a new folder", value[0], format)
	}
	return fmt.Errorf("consent/ has format %v, which a newer version of this program wrote: use that", value)
}
