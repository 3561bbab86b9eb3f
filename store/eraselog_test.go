package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// logAbout logs n decisions, every tenth of which is about gonePerson, and returns their ids.
func logAbout(s *store.Store, n int) (about []string) {
	for i := range n {
		e := decision(i)
		if i%10 == 3 {
			e.To, e.Text = gonePerson, "Hello Ana Ejemplo"
			about = append(about, e.ID)
		}
		s.Decisions().Add(e)
		if i%512 == 0 {
			store.FlushLog(s)
		}
	}
	store.FlushLog(s)
	return about
}

// aboutGone is the entries that still tell who they are about.
func aboutGone(t testing.TB, s *store.Store) []string {
	t.Helper()
	return ids(t, s, store.Query{To: filter.Recipient{Address: gonePerson.Address}})
}

func TestEraseLog(t *testing.T) {
	for name, cfg := range map[string]store.Config{"on disk": {Dir: t.TempDir()}, "in memory": {Memory: true}} {
		t.Run(name, func(t *testing.T) {
			s := open(t, cfg)
			about := logAbout(s, 5000)
			if len(aboutGone(t, s)) != len(about) || store.Blocks(s) < 3 {
				t.Fatalf("%d entries in %d blocks", len(aboutGone(t, s)), store.Blocks(s))
			}
			all := ids(t, s, store.Query{})
			if e := erase(t, s, gonePerson); e.Entries != len(about) {
				t.Errorf("%d entries were blanked, want %d", e.Entries, len(about))
			}
			if left := aboutGone(t, s); len(left) > 0 {
				t.Errorf("%d entries still say whom they are about", len(left))
			}
			equal(t, "the entries", ids(t, s, store.Query{}), all)
			for i := 0; i < len(about); i += 20 {
				id := about[i]
				e, ok, err := s.Decisions().Entry(id)
				if err != nil || !ok || e.To != (filter.Recipient{Brand: "acme", Channel: filter.SMS}) || e.Text != "" || e.From != "+15559990000" || e.Status != 201 {
					t.Fatalf("the entry became %+v, %v, %v", e, ok, err)
				}
			}
			s.Decisions().Add(decision(9000))
			for i := range 2000 { // it goes on in another file
				s.Decisions().Add(decision(10_000 + i))
			}
			store.FlushLog(s)
			if n := len(ids(t, s, store.Query{})); n != 7001 {
				t.Errorf("%d entries after logging on, want 7001", n)
			}
			if cfg.Memory {
				return
			}
			closeStore(t, s)
			s = open(t, cfg)
			if n := len(ids(t, s, store.Query{})); n != 7001 || len(aboutGone(t, s)) > 0 {
				t.Errorf("%d entries after opening again, want 7001", n)
			}
		})
	}
}

func TestEraseLogOfOneBrand(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	e := decision(1)
	e.To = gonePerson
	s.Decisions().Add(e)
	e.ID, e.To.Brand = idAt(2), "other"
	s.Decisions().Add(e)
	e.ID, e.To.Brand, e.To.Address = idAt(3), "acme", "(+1) 415 555 0100" // as somebody wrote it
	s.Decisions().Add(e)
	if got := erase(t, s, gonePerson); got.Entries != 2 {
		t.Errorf("%d entries were blanked, want the brand's two", got.Entries)
	}
	if got := erase(t, s, gonePerson.Everywhere()); got.Entries != 1 {
		t.Errorf("%d entries were blanked, want the other brand's", got.Entries)
	}
}

// What is said of a person in a message to somebody else goes too, and that message's own recipient
// stays.
func TestEraseLogOfWhatOthersWereTold(t *testing.T) {
	for name, cfg := range map[string]store.Config{"on disk": {Dir: t.TempDir()}, "in memory": {Memory: true}} {
		t.Run(name, func(t *testing.T) {
			s := open(t, cfg)
			for i := range 3000 {
				e := decision(i)
				if i%1000 == 0 {
					e.Text, e.Campaign = "call "+gonePerson.Address, "for-14155550100"
				}
				s.Decisions().Add(e)
			}
			store.FlushLog(s)
			kept := len(ids(t, s, store.Query{To: decision(1000).To}))
			if got := erase(t, s, gonePerson.Everywhere()); got.Entries != 3 {
				t.Errorf("%d entries lost the number, want 3", got.Entries)
			}
			for e, err := range s.Decisions().Entries(store.Query{}) {
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(e.Text+e.Campaign, "4155550100") {
					t.Errorf("still told: %+v", e)
				}
			}
			if n := len(ids(t, s, store.Query{To: decision(1000).To})); n != kept {
				t.Errorf("%d entries of the other person are left of %d", n, kept)
			}
		})
	}
}

// Walks and watchers that began before an erasure go on through it.
func TestEraseLogWhileReading(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	watched := make(chan string, 20_000)
	watch := s.Decisions().Watch(ctx, store.Query{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for e, err := range watch {
			if err != nil {
				t.Error(err)
				return
			}
			watched <- e.ID
		}
	}()
	logAbout(s, 5000)
	n := 0
	for e, err := range s.Decisions().Entries(store.Query{}) {
		if must(t, err); n == 10 {
			erase(t, s, gonePerson)
		}
		if n++; e.ID == "" {
			t.Fatal("an entry without id")
		}
	}
	if n != 5000 {
		t.Errorf("the walk saw %d entries, want 5000", n)
	}
	eventually(t, "the watcher saw all", func() bool { return len(watched) == 5000 })
	cancel()
	<-ended
}

// What does not read cannot be searched, and may hold anything: an erasure removes it.
func TestEraseLogRemovesWhatDoesNotRead(t *testing.T) {
	for name, spoil := range map[string]func(whole []byte) []byte{
		"a head":           func(b []byte) []byte { b[30] ^= 1; return b },
		"a body":           func(b []byte) []byte { b[len(b)-10] ^= 1; return b },
		"the end cut off":  func(b []byte) []byte { return b[:len(b)-10] },
		"nothing readable": func([]byte) []byte { return []byte("14155550100 and more that is no block") },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, store.Config{Dir: dir})
			logAbout(s, 5000)
			closeStore(t, s)
			files, err := filepath.Glob(filepath.Join(dir, "decisions", "*.log"))
			if err != nil || len(files) != 1 {
				t.Fatal(files, err)
			}
			whole, err := os.ReadFile(files[0])
			must(t, err)
			must(t, os.WriteFile(files[0], spoil(whole), 0o600))
			logger, logs := observed()
			s = open(t, store.Config{Dir: dir, Logger: logger})
			erase(t, s, gonePerson)
			if logs.FilterMessageSnippet("removing").Len() == 0 {
				t.Errorf("the log does not say that something is removed: %v", logs.All())
			}
			if got := found(t, dir); len(got) > 0 {
				t.Error(got)
			}
			left := ids(t, s, store.Query{})
			closeStore(t, s)
			said := logs.Len()
			s = open(t, store.Config{Dir: dir, Logger: logger})
			if logs.Len() != said {
				t.Errorf("after the erasure something is damaged still: %v", logs.All()[said:])
			}
			equal(t, "what is left", ids(t, s, store.Query{}), left)
			if len(aboutGone(t, s)) > 0 {
				t.Error("entries about the erased are left")
			}
		})
	}
}

// An erasure that fails is finished by the next one, or the next time the store is opened.
func TestInterruptedErasure(t *testing.T) {
	for name, finish := range map[string]func(t *testing.T, s *store.Store, dir string) *store.Store{
		"by the next erasure": func(t *testing.T, s *store.Store, _ string) *store.Store {
			eventually(t, "another erasure works", func() bool {
				_, err := s.Erase(context.Background(), person("acme", 9), "ana", "asked")
				return err == nil
			})
			return s
		},
		"by opening the store again": func(t *testing.T, s *store.Store, dir string) *store.Store {
			_ = s.Close()
			return open(t, store.Config{Dir: dir})
		},
	} {
		for n := 1; n <= 3; n++ {
			t.Run(fmt.Sprint(name, ", commit ", n), func(t *testing.T) {
				dir := t.TempDir()
				s := open(t, store.Config{Dir: dir})
				var events []filter.Event
				for i := range 300 {
					events = append(events, telling(gonePerson, fmt.Sprint(i), ""))
				}
				keep(t, s, events...)
				logAbout(s, 100)
				closeStore(t, s)
				s = open(t, store.Config{Dir: dir}) // with a snapshot
				store.FailNthCommit(s, n)
				_, err := s.Erase(context.Background(), gonePerson, "ana", "asked")
				if err == nil || !strings.Contains(err.Error(), "input/output error") {
					t.Fatalf("Erase returns %v", err)
				}
				s = finish(t, s, dir)
				judgeErased(t, s, gonePerson)
				if files := found(t, dir); len(files) > 0 {
					t.Error(files)
				}
				if len(aboutGone(t, s)) > 0 {
					t.Error("the decision log was left as it was")
				}
				sound(t, s)
				closeStore(t, s)
				if files := found(t, dir); len(files) > 0 {
					t.Error("after closing:", files)
				}
			})
		}
	}
}

// Nobody who reads, verifies or walks while somebody is erased sees half of it.
func TestReadingWhileErasing(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir(), Now: time.Now})
	var events []filter.Event
	for i := range 3000 {
		events = append(events, optOut(person("acme", i%60), fmt.Sprint(i)))
	}
	keep(t, s, events...)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := range 20 {
			erase(t, s, person("acme", i))
		}
	}()
	for done := false; !done; {
		select {
		case <-ended:
			done = true
		default:
		}
		for i := range 20 {
			if !barred(t, s, person("acme", i)) {
				t.Fatalf("recipient %d may be written to", i)
			}
			if n := len(history(t, s, person("acme", i))); n < 50 || n > 51 {
				t.Fatalf("recipient %d has %d events", i, n)
			}
		}
		if r := verify(t, s); !r.OK() {
			t.Fatal(r.Faults)
		}
		if n := len(changes(t, s, 0)); n < 3000 {
			t.Fatalf("%d changes", n)
		}
		n := 0
		for _, err := range s.Records() {
			must(t, err)
			n++
		}
		if n != 60 {
			t.Fatalf("%d records", n)
		}
	}
	if r := sound(t, s); r.Erased != 1000 {
		t.Errorf("the chain has %+v", r)
	}
}

// Whoever is looked for beside something else is found also where the files that they are in are written anew during the
// walk, and their blocks move.
func TestEraseLogWhileLookingForOne(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	sought, blocked := person("acme", 1), filter.Block
	var want []string
	for i := range 5000 {
		e := decision(i)
		switch {
		case i%10 == 3:
			e.To, e.Text = gonePerson, fmt.Sprint("Hello Ana Ejemplo ", i*7919)
		case i%3 == 1:
			e.To = sought
		}
		if i%7 == 2 {
			e.Action, e.Reason = filter.Block, filter.HasOptedOut
		}
		if e.To == sought && e.Action == filter.Block {
			want = append(want, e.ID)
		}
		s.Decisions().Add(e)
		if i%512 == 0 {
			store.FlushLog(s)
		}
	}
	store.FlushLog(s)
	once := sync.OnceFunc(func() { erase(t, s, gonePerson) })
	slices.Reverse(want)
	equal(t, "found", ids(t, s, store.Query{To: sought, Action: &blocked, Pause: once}), want)
}
