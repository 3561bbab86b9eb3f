package decisions_test

import (
	"os"
	"testing"

	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

// A log in memory has no files, whatever lies in the folder where the process works.
func TestALogInMemoryHasNoFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{decisions.TailName, "00000000000000000000.log"} {
		storetest.Must(t, os.WriteFile(name, []byte("somebody else's"), 0o600))
	}
	l := open(t, decisions.Config{})
	l.Add(decision(1))
	if tail, err := l.Tail(); len(tail) > 0 || err != nil {
		t.Errorf("its tail is %q, %v", tail, err)
	}
	if paths, err := l.Segments(); len(paths) > 0 || err != nil {
		t.Errorf("it has %q, %v", paths, err)
	}
}
