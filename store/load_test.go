package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// A store that has fewer records than it was given is not served: whoever is missing may have opted out.
func TestLostRecordsAreNotServed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	for i := range 3 {
		keep(t, s, optOut(storetest.Person("acme", i), "stop"))
	}
	storetest.Must(t, store.LoseRecord(s, storetest.Person("acme", 1)))
	closeStore(t, s)
	storetest.Must(t, os.Remove(filepath.Join(dir, "index"))) // as after an upgrade
	if s, err := store.Open(store.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "1 of the 3 records are lost: restore") {
		if err == nil {
			closeStore(t, s)
		}
		t.Errorf("opening says %v", err)
	}
}
