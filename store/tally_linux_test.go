//go:build !portable

package store_test

import (
	"os"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// Where the system has nothing to put behind the memory of a file, as when the disk fails under it, what
// cannot be written is not counted, and the process lives.
func TestTallyWithoutItsFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	m, r := filter.Message{To: person("acme", 1)}, filter.Record{}
	take(t, s, m, noon)
	must(t, os.Truncate(tallyFiles(t, dir)[0], 0))
	if _, _, err := count(s, nil, &m, &r, noon); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Fatalf("counting returns %v", err)
	}
	if got := len(tallyOf(t, s, m, noon)); got != 1 {
		t.Errorf("%d messages count, want the one that was written", got)
	}
	must(t, os.Truncate(tallyFiles(t, dir)[0], store.TallyFileSize))
	take(t, s, m, noon)
}
