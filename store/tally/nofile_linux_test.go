//go:build !portable

package tally_test

import (
	"os"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tally"
)

// Where the system has nothing to put behind the memory of a file, as when the disk fails under it, what
// cannot be written is not counted, and the process lives.
func TestWithoutItsFile(t *testing.T) {
	dir := t.TempDir()
	b := open(t, tally.Config{Dir: dir})
	m, r := filter.Message{To: storetest.Person("acme", 1)}, filter.Record{}
	take(t, b, m, noon)
	storetest.Must(t, os.Truncate(tallyFiles(t, dir)[0], 0))
	if _, _, err := count(b, nil, &m, &r, noon); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Fatalf("counting returns %v", err)
	}
	if got := len(tallyOf(t, b, m, noon)); got != 1 {
		t.Errorf("%d messages count, want the one that was written", got)
	}
	storetest.Must(t, os.Truncate(tallyFiles(t, dir)[0], tally.FileSize))
	take(t, b, m, noon)
}
