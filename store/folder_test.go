package store_test

import (
	"path/filepath"
	"testing"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/storetest"
)

// What was kept is found again in a folder of any name, also in one that reads like a pattern.
func TestFolderNamedLikeAPattern(t *testing.T) {
	cfg := store.Config{Dir: filepath.Join(t.TempDir(), "[a]*", "data")}
	s := open(t, cfg)
	to, told := storetest.Person("acme", 1), decision(1)
	keep(t, s, optOut(to, "no"))
	addErrands(t, s, errand("waits", to))
	s.Decisions().Add(told)
	closeStore(t, s)
	s = open(t, cfg)
	storetest.Equal(t, "errands", errandIDs(t, s, errands.Query{}), []string{"waits"})
	addErrands(t, s, errand("more", to))
	if !barred(t, s, to) {
		t.Error("the opt-out is lost")
	}
	if _, known, err := s.Decisions().Entry(told.ID); err != nil || !known {
		t.Errorf("the decision is lost: %v", err)
	}
}
