//go:build !linux

package store

// badgerSyncs: Badger makes every commit durable by itself.
const badgerSyncs = true

// A wal has nothing to do here.
type wal struct{ dir string }

func (*wal) sync() error { return nil }
func (*wal) forget()     {}
