package store_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// What is synced before an append is acknowledged is the file that has the append: also behind the
// end of a write-ahead log, after an erasure, which begins another, and when the store was opened
// again.
func TestAcknowledgedIsInSyncedFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	synced, before, changes := "", "", 0
	note := func(file string) { synced = file }
	store.NoteSyncs(s, note)
	bulk := strings.Repeat("x", 15<<10)
	for n := range 80 {
		switch n {
		case 30, 31:
			erase(t, s, storetest.Person("acme", n-1))
		case 40:
			closeStore(t, s)
			s = open(t, store.Config{Dir: dir})
			store.NoteSyncs(s, note)
		}
		var events []filter.Event
		for i := range 50 {
			e := optIn(storetest.Person("acme", i), fmt.Sprintf("number %d of round %d", i, n))
			e.Proof = filter.Evidence{Wording: bulk}
			events = append(events, e)
		}
		storetest.Must(t, s.Append(context.Background(), events...))
		if synced != before {
			before, changes = synced, changes+1
		}
		log, err := os.ReadFile(synced)
		storetest.Must(t, err)
		if last := events[len(events)-1].ID; !bytes.Contains(log, []byte(last)) {
			t.Fatalf("%q was acknowledged, but it is not in %s, which was synced", last, filepath.Base(synced))
		}
	}
	if changes < 5 {
		t.Errorf("%d files were synced, one after the other: the test is to see several", changes)
	}
}
