package store

// Undone is how many changes of the tables were taken back.
func Undone(s *Store) uint64 { return s.folder.Tables.Undone() }

// Compact compacts as long as there is anything to do, or until it fails.
func Compact(s *Store) error { return s.db.Flatten(1) }
