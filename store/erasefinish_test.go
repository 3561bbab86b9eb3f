package store_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/storetest"
	"go.uber.org/zap/zapcore"
)

// openOn opens a store on a disk with so many bytes left.
func openOn(t testing.TB, cfg store.Config, free *atomic.Int64) *store.Store {
	t.Helper()
	s, err := store.Free(cfg, free.Load)
	storetest.Must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// On a disk with room for consent, but not for writing the decision log anew, an erasure waits until there is. It keeps
// no gate from starting meanwhile.
func TestErasureThatCannotBeFinishedKeepsNoStoreClosed(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	logger, logs := storetest.Observed()
	cfg := store.Config{Dir: t.TempDir(), Logger: logger}
	s := openOn(t, cfg, &free)
	keep(t, s, telling(gonePerson, "a", ""), optIn(storetest.Person("acme", 1), "b"))
	logAbout(s, 2000)
	free.Store(200 << 20)
	if _, err := s.Erase(context.Background(), gonePerson, "ana", "asked"); err == nil || !strings.Contains(err.Error(), "is full") {
		t.Fatalf("Erase returns %v", err)
	}
	closeStore(t, s)

	s = openOn(t, cfg, &free)
	if !barred(t, s, gonePerson) || barred(t, s, storetest.Person("acme", 1)) {
		t.Error("who was erased may be written to, or somebody else may not")
	}
	if logs.FilterMessageSnippet("an erasure is not finished").FilterLevelExact(zapcore.ErrorLevel).Len() == 0 {
		t.Error("nobody is told that it is not finished")
	}
	keep(t, s, optOut(storetest.Person("acme", 1), "c"))

	free.Store(1 << 40)
	store.FinishErasure(s)
	judgeErased(t, s, gonePerson)
	if files := found(t, cfg.Dir); len(files) > 0 || len(aboutGone(t, s)) > 0 {
		t.Errorf("%d decisions and %v still say who was erased", len(aboutGone(t, s)), files)
	}
	sound(t, s)
	storetest.Equal(t, "acts", acts(t, s, audit.Query{}), []string{"gate consent-erase done"})
}

// Who agrees again while their erasure waits for room is not erased once more when it is finished: how they agreed stays.
func TestWhatIsLearntWhileAnErasureWaitsStays(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	now := storetest.NewClock(noon)
	s := openOn(t, store.Config{Dir: t.TempDir(), Now: now.Now}, &free)
	keep(t, s, telling(gonePerson, "a", ""))
	logAbout(s, 2000)
	free.Store(200 << 20)
	if _, err := s.Erase(context.Background(), gonePerson, "ana", "asked"); err == nil {
		t.Fatal("the erasure was to fail")
	}
	now.Set(noon.Add(time.Hour))
	again := optIn(gonePerson, "asked to be back")
	again.Proof.Wording = "Offers by SMS, yes"
	keep(t, s, again)

	free.Store(1 << 40)
	store.FinishErasure(s)
	if barred(t, s, gonePerson) || len(aboutGone(t, s)) > 0 {
		t.Error("they are barred, or the decision log still says who was erased")
	}
	kept := false
	for _, e := range history(t, s, gonePerson) {
		kept = kept || e.ID == again.ID && e.Proof.Wording == again.Proof.Wording
	}
	if !kept {
		t.Errorf("nobody can say how they agreed: %+v", history(t, s, gonePerson))
	}
	sound(t, s)
}

// One that waits is begun anew where the database is put back as it was before.
func TestErasureThatWaitsOutlivesABackupOfBefore(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	cfg := store.Config{Dir: t.TempDir()}
	s := openOn(t, cfg, &free)
	keep(t, s, telling(gonePerson, "a", ""))
	logAbout(s, 2000)
	closeStore(t, s)
	restore := backup(t, cfg.Dir)
	s = openOn(t, cfg, &free)
	free.Store(200 << 20)
	if _, err := s.Erase(context.Background(), gonePerson, "ana", "asked"); err == nil {
		t.Fatal("the erasure was to fail")
	}
	_ = s.Close() // which has no room for the decision log
	restore()
	judgeErased(t, openOn(t, cfg, &free), gonePerson)
}

// Nor does one that is done again, for who came back with a backup, where the decision log has no room.
func TestErasureDoneAgainWithoutRoomKeepsNoStoreClosed(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	cfg := store.Config{Dir: t.TempDir()}
	s := openOn(t, cfg, &free)
	keep(t, s, telling(gonePerson, "a", ""))
	logAbout(s, 2000)
	closeStore(t, s)
	restore := backup(t, cfg.Dir, "decisions")
	s = openOn(t, cfg, &free)
	eraseAudited(t, s, gonePerson)
	closeStore(t, s)
	restore()
	free.Store(200 << 20)
	s = openOn(t, cfg, &free)
	judgeErased(t, s, gonePerson)
	free.Store(1 << 40)
	store.FinishErasure(s)
	if files := found(t, cfg.Dir); len(files) > 0 || len(aboutGone(t, s)) > 0 {
		t.Errorf("%d decisions and %v still say who was erased", len(aboutGone(t, s)), files)
	}
	sound(t, s)
}
