package decisions_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

func TestErase(t *testing.T) {
	for name, cfg := range map[string]decisions.Config{"on disk": {Dir: t.TempDir()}, "in memory": {}} {
		t.Run(name, func(t *testing.T) {
			l := open(t, cfg)
			about := logAbout(l, 5000)
			if len(aboutGone(t, l)) != len(about) || decisions.Blocks(l) < 3 {
				t.Fatalf("%d entries in %d blocks", len(aboutGone(t, l)), decisions.Blocks(l))
			}
			all := ids(t, l, decisions.Query{})
			if n := erase(t, l, gonePerson); n != len(about) {
				t.Errorf("%d entries were blanked, want %d", n, len(about))
			}
			if left := aboutGone(t, l); len(left) > 0 {
				t.Errorf("%d entries still say whom they are about", len(left))
			}
			storetest.Equal(t, "the entries", ids(t, l, decisions.Query{}), all)
			for i := 0; i < len(about); i += 20 {
				id := about[i]
				e, ok, err := l.Entry(id)
				if err != nil || !ok || e.To != (filter.Recipient{Brand: "acme", Channel: filter.SMS}) || e.Text != "" || e.From != "+15559990000" || e.Status != 201 {
					t.Fatalf("the entry became %+v, %v, %v", e, ok, err)
				}
			}
			l.Add(decision(9000))
			for i := range 2000 { // it goes on in another file
				l.Add(decision(10_000 + i))
			}
			decisions.Flush(l)
			if n := len(ids(t, l, decisions.Query{})); n != 7001 {
				t.Errorf("%d entries after logging on, want 7001", n)
			}
			if cfg.Dir == "" {
				return
			}
			closeLog(t, l)
			l = open(t, cfg)
			if n := len(ids(t, l, decisions.Query{})); n != 7001 || len(aboutGone(t, l)) > 0 {
				t.Errorf("%d entries after opening again, want 7001", n)
			}
		})
	}
}

func TestEraseOfOneBrand(t *testing.T) {
	l := open(t, decisions.Config{})
	e := decision(1)
	e.To = gonePerson
	l.Add(e)
	e.ID, e.To.Brand = idAt(2), "other"
	l.Add(e)
	e.ID, e.To.Brand, e.To.Address = idAt(3), "acme", "(+1) 415 555 0100" // as somebody wrote it
	l.Add(e)
	if got := erase(t, l, gonePerson); got != 2 {
		t.Errorf("%d entries were blanked, want the brand's two", got)
	}
	if got := erase(t, l, gonePerson.Everywhere()); got != 1 {
		t.Errorf("%d entries were blanked, want the other brand's", got)
	}
}

// What is said of a person in a message to somebody else goes too, and that message's own recipient
// stays.
func TestEraseOfWhatOthersWereTold(t *testing.T) {
	for name, cfg := range map[string]decisions.Config{"on disk": {Dir: t.TempDir()}, "in memory": {}} {
		t.Run(name, func(t *testing.T) {
			l := open(t, cfg)
			for i := range 3000 {
				e := decision(i)
				if i%1000 == 0 {
					e.Text, e.Campaign = "call "+gonePerson.Address, "for-14155550100"
				}
				l.Add(e)
			}
			decisions.Flush(l)
			kept := len(ids(t, l, decisions.Query{To: decision(1000).To}))
			if got := erase(t, l, gonePerson.Everywhere()); got != 3 {
				t.Errorf("%d entries lost the number, want 3", got)
			}
			for e, err := range l.Entries(decisions.Query{}) {
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(e.Text+e.Campaign, "4155550100") {
					t.Errorf("still told: %+v", e)
				}
			}
			if n := len(ids(t, l, decisions.Query{To: decision(1000).To})); n != kept {
				t.Errorf("%d entries of the other person are left of %d", n, kept)
			}
		})
	}
}

// Walks and watchers that began before an erasure go on through it.
func TestEraseWhileReading(t *testing.T) {
	l := open(t, decisions.Config{Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	watched := make(chan string, 20_000)
	watch := l.Watch(ctx, decisions.Query{})
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
	logAbout(l, 5000)
	n := 0
	for e, err := range l.Entries(decisions.Query{}) {
		if storetest.Must(t, err); n == 10 {
			erase(t, l, gonePerson)
		}
		if n++; e.ID == "" {
			t.Fatal("an entry without id")
		}
	}
	if n != 5000 {
		t.Errorf("the walk saw %d entries, want 5000", n)
	}
	for range 5000 { // the watcher saw all
		<-watched
	}
	cancel()
	<-ended
}

// telling lists the files that tell of gonePerson.
func telling(t *testing.T, dir string) (paths []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	storetest.Must(t, err)
	for _, path := range all {
		data, err := os.ReadFile(path)
		storetest.Must(t, err)
		if bytes.Contains(data, []byte("4155550100")) || bytes.Contains(data, []byte("Ana Ejemplo")) {
			paths = append(paths, path)
		}
	}
	return paths
}

// What does not read cannot be searched, and may hold anything: an erasure removes it.
func TestEraseRemovesWhatDoesNotRead(t *testing.T) {
	for name, spoil := range map[string]func(whole []byte) []byte{
		"a head":           func(b []byte) []byte { b[30] ^= 1; return b },
		"a body":           func(b []byte) []byte { b[len(b)-10] ^= 1; return b },
		"the end cut off":  func(b []byte) []byte { return b[:len(b)-10] },
		"nothing readable": func([]byte) []byte { return []byte("14155550100 and more that is no block") },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, decisions.Config{Dir: dir})
			logAbout(l, 5000)
			closeLog(t, l)
			files, err := filepath.Glob(filepath.Join(dir, "*.log"))
			if err != nil || len(files) != 1 {
				t.Fatal(files, err)
			}
			whole, err := os.ReadFile(files[0])
			storetest.Must(t, err)
			storetest.Must(t, os.WriteFile(files[0], spoil(whole), 0o600))
			logger, logs := storetest.Observed()
			l = open(t, decisions.Config{Dir: dir, Logger: logger})
			erase(t, l, gonePerson)
			if logs.FilterMessageSnippet("removing").Len() == 0 {
				t.Errorf("the log does not say that something is removed: %v", logs.All())
			}
			if got := telling(t, dir); len(got) > 0 {
				t.Errorf("%v tell of the erased", got)
			}
			left := ids(t, l, decisions.Query{})
			closeLog(t, l)
			said := logs.Len()
			l = open(t, decisions.Config{Dir: dir, Logger: logger})
			if logs.Len() != said {
				t.Errorf("after the erasure something is damaged still: %v", logs.All()[said:])
			}
			storetest.Equal(t, "what is left", ids(t, l, decisions.Query{}), left)
			if len(aboutGone(t, l)) > 0 {
				t.Error("entries about the erased are left")
			}
		})
	}
}

// Whoever is looked for beside something else is found also where the files that they are in are written anew during the
// walk, and their blocks move.
func TestEraseWhileLookingForOne(t *testing.T) {
	l := open(t, decisions.Config{Dir: t.TempDir()})
	sought, blocked := storetest.Person("acme", 1), filter.Block
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
		l.Add(e)
		if i%512 == 0 {
			decisions.Flush(l)
		}
	}
	decisions.Flush(l)
	once := sync.OnceFunc(func() { erase(t, l, gonePerson) })
	slices.Reverse(want)
	storetest.Equal(t, "found", ids(t, l, decisions.Query{To: sought, Action: &blocked, Pause: once}), want)
}

// Entries that are logged while somebody is erased wait for nothing and are all kept.
func TestLoggingWhileErasing(t *testing.T) {
	dir := t.TempDir()
	l := open(t, decisions.Config{Dir: dir})
	about := logAbout(l, 5000)
	const more = 20_000
	var logging sync.WaitGroup
	logging.Go(func() {
		for n := range more {
			l.Add(decision(10_000 + n))
		}
	})
	if got := erase(t, l, gonePerson); got != len(about) {
		t.Errorf("%d entries were blanked, want %d", got, len(about))
	}
	for i := range 5 {
		erase(t, l, storetest.Person("acme", i))
	}
	logging.Wait()
	decisions.Flush(l)
	for range 2 {
		if n := len(ids(t, l, decisions.Query{})); n != 5000+more {
			t.Fatalf("%d entries are there, want %d", n, 5000+more)
		}
		if n := len(aboutGone(t, l)); n > 0 {
			t.Errorf("%d entries are left about the erased", n)
		}
		closeLog(t, l)
		l = open(t, decisions.Config{Dir: dir})
	}
}

// BenchmarkErase is an erasure's way through the log, an entry.
func BenchmarkErase(b *testing.B) {
	l := open(b, decisions.Config{Dir: b.TempDir()})
	for n := range b.N {
		e := decision(n)
		e.Text = fmt.Sprintf("Hello %d, your order has left our warehouse and will be with you tomorrow between 9 and 12.", n)
		if l.Add(e); n%2048 == 0 {
			decisions.Flush(l)
		}
	}
	decisions.Flush(l)
	b.ResetTimer()
	erase(b, l, gonePerson)
}
