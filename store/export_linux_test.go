package store

// SyncedFile is the file that the last append was synced with.
func SyncedFile(s *Store) string { return s.wal.path(s.wal.number) }
