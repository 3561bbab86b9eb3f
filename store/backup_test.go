package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/storetest"
)

// backUp makes a backup of s in a file.
func backUp(t testing.TB, s *store.Store, o store.BackupOptions) (name string, self store.Backup) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "backup.zip")
	f, err := os.Create(name)
	storetest.Must(t, err)
	self, err = s.Backup(context.Background(), f, o)
	storetest.Must(t, errors.Join(err, f.Close()))
	if read, err := store.ReadBackup(name); err != nil || read != self {
		t.Fatalf("the backup says of itself %+v, %v, and was made as %+v", read, err, self)
	}
	return name, self
}

// restored restores a backup into a new folder.
func restored(t testing.TB, name string, o store.RestoreOptions) (dir string, done store.Restored) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	done, err := store.Restore(context.Background(), name, dir, o)
	storetest.Must(t, err)
	return dir, done
}

// lived is a store in which there is some of everything, and the digest of its blob.
func lived(t testing.TB) (s *store.Store, sha string) {
	t.Helper()
	s = open(t, store.Config{Dir: t.TempDir()})
	sha = putBlob(t, s, picture("of a form"))
	keep(t, s, proven(storetest.Person("acme", 1), "in", sha), optOut(storetest.Person("acme", 2), "out"), stated(storetest.Person("acme", 3), "told", "US-HI 967", time.Hour))
	var events []filter.Event
	for i := range 3000 {
		events = append(events, optIn(storetest.Person("acme", 10+i), "in"))
	}
	keep(t, s, events...)
	link(t, s, storetest.Person("acme", 2), user("acme", 2))
	_, err := s.Erase(context.Background(), storetest.Person("acme", 10), "ana", "asked")
	storetest.Must(t, err)
	pause(t, s, storetest.Pause("spring", time.Time{}), "k")
	storetest.Must(t, s.Tokens().Add(storetest.Token("crm")))
	storetest.Must(t, s.Audit().Keep(act("ana", audit.Pause)))
	storetest.Must(t, s.KeepTemplate(store.Template{Brand: "acme", Provider: "whatsapp", Name: "sale", Category: filter.Marketing, Time: noon}))
	grant(t, s, passTo(s, storetest.Person("acme", 4)))
	addErrands(t, s, errand("relay", storetest.Person("acme", 5)))
	logAbout(s, 20)
	return s, sha
}

// A restored store knows what the other knew when the backup was begun, and has nothing to do that was to be done
// once.
func TestBackup(t *testing.T) {
	s, sha := lived(t)
	name, self := backUp(t, s, store.BackupOptions{Decisions: true})
	keep(t, s, optOut(storetest.Person("acme", 11), "later"))
	want := s.Head()
	want.Seq-- // by what came later
	if self.Head.Seq != want.Seq || self.Blobs != 1 || self.Recipients != int64(s.Recipients()) {
		t.Errorf("the backup says of itself: %+v", self)
	}
	dir, done := restored(t, name, store.RestoreOptions{})
	if !done.Report.OK() || done.Pause != nil {
		t.Errorf("restoring it reports %+v", done)
	}
	r := open(t, store.Config{Dir: dir})
	sound(t, r, self.Head)
	for n, barredBefore := range map[int]bool{1: false, 2: true, 3: false, 10: true, 11: false} {
		if got := barred(t, r, storetest.Person("acme", n)); got != barredBefore {
			t.Errorf("person %d has opted out: %v, want %v", n, got, barredBefore)
		}
		if n != 11 {
			if got, want := history(t, r, storetest.Person("acme", n)), history(t, s, storetest.Person("acme", n)); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("person %d: %v, want %v", n, got, want)
			}
		}
	}
	if !barred(t, r, user("acme", 2)) || read(t, r, storetest.Person("acme", 3), filter.NeedRecord).Place != "US-HI 967" {
		t.Error("who somebody is, too, or where they are, is not known")
	}
	if got := blob(t, r, sha); !bytes.Equal(got, picture("of a form")) {
		t.Errorf("the blob is %q", got)
	}
	storetest.Equal(t, "paused", storetest.Paused(r.Switches().InForce(), noon), []string{"spring"})
	if tokenNames(r) != "crm" || r.Template("acme", "whatsapp", "sale") == nil {
		t.Errorf("tokens %q, template %v", tokenNames(r), r.Template("acme", "whatsapp", "sale"))
	}
	storetest.Equal(t, "acts", acts(t, r, audit.Query{}), []string{"sendgate restore restore done", "ana pause done"})
	storetest.Equal(t, "passes", states(t, r, noon), nil)
	storetest.Equal(t, "errands", errandIDs(t, r, errands.Query{}), nil)
	if n := countEntries(t, r); n != 20 {
		t.Errorf("%d decisions, want 20", n)
	}
	keep(t, r, optOut(storetest.Person("acme", 12), "goes on"))
	sound(t, r, self.Head)
}

func countEntries(t testing.TB, s *store.Store) (n int) {
	t.Helper()
	for _, err := range s.Decisions().Entries(decisions.Query{}) {
		storetest.Must(t, err)
		n++
	}
	return n
}

func TestRestorePausesWhatMightGoToWhoOptedOutSince(t *testing.T) {
	s, _ := lived(t)
	name, _ := backUp(t, s, store.BackupOptions{})
	dir, done := restored(t, name, store.RestoreOptions{Pause: true})
	r := open(t, store.Config{Dir: dir})
	for c, paused := range map[filter.Category]bool{filter.Marketing: true, filter.Utility: true, filter.Service: true, filter.Authentication: false} {
		m := filter.Message{To: storetest.Person("acme", 11), Category: c}
		if got := r.Switches().InForce().Holding("twilio", &m, noon) != nil; got != paused {
			t.Errorf("%s is paused: %v, want %v", c, got, paused)
		}
	}
	if done.Pause == nil || !strings.Contains(done.Pause.Reason, "2026-03-14 12:00:00 UTC") {
		t.Errorf("the pause is %+v, and does not say since when opt-outs are not known", done.Pause)
	}
	if n := countEntries(t, r); n != 0 {
		t.Errorf("there are %d decisions, which nobody asked to have in the backup", n)
	}
}

// While people opt out, a backup has those up to one of them and no other, and its chain is whole.
func TestBackupWhileServing(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	keep(t, s, optOut(storetest.Person("acme", 0), "out"))
	var wg sync.WaitGroup
	stopped := make(chan struct{})
	wg.Go(func() {
		for n := 1; ; n++ {
			select {
			case <-stopped:
				return
			default:
				keep(t, s, optOut(storetest.Person("acme", n), "out"))
			}
		}
	})
	for range 5 {
		before := s.Head().Seq
		name, self := backUp(t, s, store.BackupOptions{})
		if self.Head.Seq < before {
			t.Errorf("it ends with link %d, and link %d was acknowledged before it was begun", self.Head.Seq, before)
		}
		dir, _ := restored(t, name, store.RestoreOptions{})
		r := open(t, store.Config{Dir: dir})
		sound(t, r, self.Head)
		last := int(self.Head.Seq) - 1
		if !barred(t, r, storetest.Person("acme", last)) || barred(t, r, storetest.Person("acme", last+1)) {
			t.Errorf("the last who opted out is not person %d", last)
		}
	}
	close(stopped)
	wg.Wait()
}

// haltingWriter lets through what is written once somebody says so.
type haltingWriter struct {
	began, release chan struct{}
	once           sync.Once
}

func (w *haltingWriter) Write(p []byte) (int, error) {
	w.once.Do(func() { close(w.began) })
	<-w.release
	return len(p), nil
}

func TestErasureWaitsForABackup(t *testing.T) {
	s, _ := lived(t)
	w := &haltingWriter{began: make(chan struct{}), release: make(chan struct{})}
	made := make(chan error, 1)
	go func() { _, err := s.Backup(context.Background(), w, store.BackupOptions{}); made <- err }()
	<-w.began
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Erase(ctx, storetest.Person("acme", 1), "ana", "asked"); !errors.Is(err, context.Canceled) {
		t.Errorf("an erasure in the midst of a backup: %v", err)
	}
	if _, err := s.Backup(ctx, io.Discard, store.BackupOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("another backup: %v", err)
	}
	close(w.release)
	storetest.Must(t, <-made)
	_, err := s.Erase(context.Background(), storetest.Person("acme", 1), "ana", "asked")
	storetest.Must(t, err)
}
