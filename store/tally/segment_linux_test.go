//go:build linux && !portable

package tally

import (
	"os"
	"path/filepath"
	"testing"
)

// What the operator reads where the system has no room for a file in memory is about the file, and not about
// the program.
func TestJournalWithoutRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tally")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	g := &segment{path: path, file: file}
	var entry [entrySize]byte
	putEntry(entry[:], 1, 2, 3, 4)
	if err := g.put(entry[:], 0); err != nil || g.view == nil {
		t.Fatalf("with room: %v; in memory: %v", err, g.view != nil)
	}
	if err := file.Truncate(0); err != nil { // nothing is behind the memory any more
		t.Fatal(err)
	}
	if err, want := g.put(entry[:], 0), "writing to "+path+": the system has no room for it"; err == nil || err.Error() != want {
		t.Errorf("without room: %v, want %s", err, want)
	}
	if err := g.close(); err != nil {
		t.Error(err)
	}
}
