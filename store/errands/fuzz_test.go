package errands_test

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/storetest"
)

// Whatever is in the file of errands, what reads of it is there, and stays there once more was added.
func FuzzJournal(f *testing.F) {
	dir := f.TempDir()
	j := open(f, errands.Host{Dir: dir})
	add(f, j, errand("1", storetest.Person("acme", 1)), errand("2", storetest.Person("acme", 2)))
	storetest.Must(f, j.Change(context.Background(), "1", func(e *errands.Errand) error { e.Tries++; return nil }))
	storetest.Must(f, j.End(context.Background(), "2"))
	j.Close()
	whole, err := os.ReadFile(file(dir, 1))
	storetest.Must(f, err)
	f.Add(whole, 0, byte(0))
	f.Add(whole, 50, byte(1))
	f.Add(whole, len(whole)-60, byte(0x80))
	f.Fuzz(func(t *testing.T, data []byte, at int, flip byte) {
		if data = bytes.Clone(data); at >= 0 && at < len(data) {
			data[at] ^= flip
		}
		dir := t.TempDir()
		storetest.Must(t, os.WriteFile(file(dir, 1), data, 0o600))
		j := open(t, errands.Host{Dir: dir})
		want := ids(t, j, errands.Query{})
		add(t, j, errand("new", storetest.Person("acme", 3)))
		j.Close()
		j = open(t, errands.Host{Dir: dir})
		defer j.Close()
		storetest.Equal(t, "after one more was added", ids(t, j, errands.Query{}), append(want, "new"))
	})
}
