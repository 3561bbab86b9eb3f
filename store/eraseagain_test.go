package store_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/storetest"
)

// backup copies the database of a store that is closed, with more of its folders, and returns what puts them back.
func backup(t testing.TB, dir string, more ...string) (restore func()) {
	t.Helper()
	kept, all := t.TempDir(), append(more, "consent")
	for _, name := range all {
		storetest.Must(t, os.CopyFS(filepath.Join(kept, name), os.DirFS(filepath.Join(dir, name))))
	}
	return func() {
		t.Helper()
		for _, name := range all {
			storetest.Must(t, os.RemoveAll(filepath.Join(dir, name)))
			storetest.Must(t, os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join(kept, name))))
		}
	}
}

// Whoever puts back an older database is told that what came since is gone; who stops a gate and starts it, or kills it,
// is not.
func TestABackupOfBeforeIsTold(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	keep(t, s, optIn(storetest.Person("acme", 1), "a"))
	closeStore(t, s)
	restore := backup(t, dir)
	told := func() int {
		logger, logs := storetest.Observed()
		s = open(t, store.Config{Dir: dir, Logger: logger})
		return logs.FilterMessageSnippet("consent/ is not what it was").Len()
	}
	if told() != 0 {
		t.Error("the same database was told of")
	}
	keep(t, s, optOut(storetest.Person("acme", 1), "b"))
	closeStore(t, s)
	if told() != 0 {
		t.Error("what went on was told of")
	}
	closeStore(t, s)
	restore()
	if told() != 1 {
		t.Error("nobody is told that an opt-out is gone")
	}
	keep(t, s, optIn(storetest.Person("acme", 2), "c"), optIn(storetest.Person("acme", 3), "d"))
	closeStore(t, s)
	if told() != 0 {
		t.Error("it is told once more after the index was written anew")
	}
}

// eraseAudited erases as the admin API does.
func eraseAudited(t testing.TB, s *store.Store, to filter.Recipient) {
	t.Helper()
	a := act("olga", audit.ConsentErase)
	a.To = to
	n := begin(t, s, a)
	a.About = map[string]string{"erasure": erase(t, s, to).ID}
	finish(t, s, n, a)
}

// Who was erased does not come back with a backup of before, and is written to no more.
func TestErasureOutlivesABackupOfBefore(t *testing.T) {
	other := gonePerson
	other.Brand = "other"
	for name, of := range map[string]filter.Recipient{"of one brand": gonePerson, "of every brand": gonePerson.Everywhere()} {
		t.Run(name, func(t *testing.T) {
			now := storetest.NewClock(noon)
			dir := t.TempDir()
			cfg := store.Config{Dir: dir, Now: now.Now}
			s := open(t, cfg)
			keep(t, s, telling(gonePerson, "a", putBlob(t, s, picture("picture of ana alone"))), optIn(other, "b"), optIn(storetest.Person("acme", 1), "c"))
			closeStore(t, s)
			restore := backup(t, dir)

			now.Set(noon.Add(time.Hour))
			s = open(t, cfg)
			eraseAudited(t, s, of)
			closeStore(t, s)

			restore()
			now.Set(noon.Add(2 * time.Hour))
			s = open(t, cfg)
			judgeErased(t, s, gonePerson)
			if barred(t, s, other) != (of.Brand == "") || barred(t, s, storetest.Person("acme", 1)) {
				t.Error("others are as they were in the backup, and who was erased of every brand is barred of all")
			}
			sound(t, s)
			if all := acts(t, s, audit.Query{Kind: audit.ConsentErase}); len(all) != 2 || all[0] != "gate consent-erase done" {
				t.Errorf("the audit has %v, want that the gate erased them again", all)
			}

			// What is learnt from then on is new, and stays.
			now.Set(noon.Add(3 * time.Hour))
			keep(t, s, optIn(gonePerson, "asked to be back"))
			closeStore(t, s)
			s = open(t, cfg)
			if barred(t, s, gonePerson) || len(acts(t, s, audit.Query{Kind: audit.ConsentErase})) != 2 {
				t.Error("somebody who agreed again after their erasure was erased once more")
			}
		})
	}
}

// Who was known to the decision log alone when the backup was made, or to nobody, is written to no more either.
func TestErasureOfAStrangerOutlivesABackupOfBefore(t *testing.T) {
	later := storetest.Person("acme", 2)
	for name, of := range map[string]filter.Recipient{"of one brand": gonePerson, "of every brand": gonePerson.Everywhere()} {
		t.Run(name, func(t *testing.T) {
			now := storetest.NewClock(noon)
			cfg := store.Config{Dir: t.TempDir(), Now: now.Now}
			s := open(t, cfg)
			keep(t, s, optIn(storetest.Person("acme", 1), "a"))
			logAbout(s, 100)
			closeStore(t, s)
			restore := backup(t, cfg.Dir, "decisions")

			now.Set(noon.Add(time.Hour))
			s = open(t, cfg)
			keep(t, s, optIn(later, "b"))
			now.Set(noon.Add(2 * time.Hour))
			eraseAudited(t, s, of)
			eraseAudited(t, s, later)
			closeStore(t, s)

			restore()
			now.Set(noon.Add(3 * time.Hour))
			for range 2 { // the second finds it done
				s = open(t, cfg)
				if !barred(t, s, gonePerson) || !barred(t, s, later) || barred(t, s, storetest.Person("acme", 1)) {
					t.Error("somebody who was erased may be written to, or somebody else may not")
				}
				if files := found(t, cfg.Dir); len(files) > 0 || len(aboutGone(t, s)) > 0 {
					t.Errorf("%d decisions and %v still say who was erased", len(aboutGone(t, s)), files)
				}
				if n := len(history(t, s, of)) + len(history(t, s, later)); n != 2 {
					t.Errorf("%d events tell of the two erasures", n)
				}
				sound(t, s)
				closeStore(t, s)
			}
			s = open(t, cfg)
			keep(t, s, optIn(later, "asked to be back"))
			if barred(t, s, later) {
				t.Error("who agreed again is held to be erased")
			}
		})
	}
}

// So it is with an erasure that the end of the process cut short, which nobody was told of.
func TestErasureThatWasFinishedLateOutlivesABackupOfBefore(t *testing.T) {
	now := storetest.NewClock(noon)
	dir := t.TempDir()
	cfg := store.Config{Dir: dir, Now: now.Now}
	s := open(t, cfg)
	keep(t, s, optIn(gonePerson, "a"))
	closeStore(t, s)
	restore := backup(t, dir)

	now.Set(noon.Add(time.Hour))
	s = open(t, cfg)
	store.FailNthCommit(s, 2)
	if _, err := s.Erase(context.Background(), gonePerson, "ana", "asked"); err == nil {
		t.Fatal("the erasure was to fail")
	}
	_ = s.Close()
	closeStore(t, open(t, cfg)) // finishes it

	restore()
	s = open(t, cfg)
	judgeErased(t, s, gonePerson)
	sound(t, s)
}

// However long the audit is: an open reads what came since the database heard of erasures last, which a backup knows
// as of its own time.
func TestErasureAfterManyActsOutlivesABackupOfBefore(t *testing.T) {
	now := storetest.NewClock(noon)
	dir := t.TempDir()
	cfg := store.Config{Dir: dir, Now: now.Now}
	s := open(t, cfg)
	keep(t, s, optIn(gonePerson, "a"))
	var acting sync.WaitGroup
	for range 1100 {
		acting.Go(func() {
			if err := s.Audit().Keep(act("ana", audit.ConsentShow)); err != nil {
				t.Error(err)
			}
		})
	}
	acting.Wait()
	closeStore(t, s)
	closeStore(t, open(t, cfg)) // which hears of no erasure
	restore := backup(t, dir)

	now.Set(noon.Add(time.Hour))
	s = open(t, cfg)
	eraseAudited(t, s, gonePerson)
	closeStore(t, s)

	restore()
	s = open(t, cfg)
	judgeErased(t, s, gonePerson)
	sound(t, s)
}

// Where all was begun anew with the old key, who was erased in the old store and agreed in the new one is left alone.
func TestErasureOfAnotherDatabaseIsNotDoneAgain(t *testing.T) {
	now := storetest.NewClock(noon)
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir, Now: now.Now})
	keep(t, s, optIn(gonePerson, "a"))
	eraseAudited(t, s, gonePerson)
	closeStore(t, s)
	storetest.Must(t, os.RemoveAll(filepath.Join(dir, "consent")))
	now.Set(noon.Add(time.Hour))
	s = open(t, store.Config{Dir: dir, Now: now.Now})
	keep(t, s, optIn(gonePerson, "b"))
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir, Now: now.Now})
	if barred(t, s, gonePerson) {
		t.Error("what they agreed to after the erasure is gone")
	}
}

// Each time that the same backup is restored somebody is erased again once, whoever did that before.
func TestErasureOutlivesEachRestoreOfABackup(t *testing.T) {
	now := storetest.NewClock(noon)
	cfg := store.Config{Dir: t.TempDir(), Now: now.Now}
	s := open(t, cfg)
	keep(t, s, optIn(gonePerson, "a"))
	closeStore(t, s)
	restore := backup(t, cfg.Dir)
	now.Set(noon.Add(time.Hour))
	s = open(t, cfg)
	eraseAudited(t, s, gonePerson)
	closeStore(t, s)
	for round := range 3 {
		restore()
		now.Set(noon.Add(time.Duration(round+2) * time.Hour))
		s = open(t, cfg)
		judgeErased(t, s, gonePerson)
		if n := len(acts(t, s, audit.Query{Kind: audit.ConsentErase})); n != round+2 {
			t.Errorf("after %d restores the audit tells of %d erasures", round+1, n)
		}
		closeStore(t, s)
	}
}

// An erasure that waited for a backup, and was done right after it, is done again in what is restored, once the audit
// knows of it.
func TestErasureRightAfterABackupOutlivesIt(t *testing.T) {
	now, dir := storetest.NewClock(noon), t.TempDir()
	s := open(t, store.Config{Dir: dir, Now: now.Now})
	keep(t, s, optIn(gonePerson, "a"))
	for range 1000 { // an audit of which the database writes down how far it knows it
		storetest.Must(t, s.Audit().Keep(act("ana", audit.Reload)))
	}
	now.Set(noon.Add(time.Hour))
	a := act("olga", audit.ConsentErase)
	a.To = gonePerson
	waiting := begin(t, s, a)
	name, _ := backUp(t, s, store.BackupOptions{})
	a.About = map[string]string{"erasure": erase(t, s, gonePerson).ID}
	finish(t, s, waiting, a)
	closeStore(t, s)

	into, _ := restored(t, name, store.RestoreOptions{})
	storetest.Must(t, os.RemoveAll(filepath.Join(into, "audit")))
	storetest.Must(t, os.CopyFS(filepath.Join(into, "audit"), os.DirFS(filepath.Join(dir, "audit"))))
	judgeErased(t, open(t, store.Config{Dir: into, Now: now.Now}), gonePerson)
}
