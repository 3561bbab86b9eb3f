package switches

import (
	"os"

	"github.com/sendgate/sendgate/store/disk"
)

// FailSyncs makes every sync of the file go through f, which is given the real one, FailFolder every sync of its
// folder, and FailCuts every cut of it.
func FailSyncs(b *Board, f func(real func() error) error) {
	b.file.sync = func(file *os.File) error { return f(file.Sync) }
}

func FailFolder(b *Board, f func(real func() error) error) {
	b.file.syncDir = func(dir string) error { return f(func() error { return disk.SyncDir(dir) }) }
}

func FailCuts(b *Board, f func(real func() error) error) {
	b.file.cut = func(file *os.File, size int64) error { return f(func() error { return file.Truncate(size) }) }
}
