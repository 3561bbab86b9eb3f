package store_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// TestTallyFileWays: whether a file of the tally stands in memory or is written by system calls, the same
// is in it, at any moment and in the end.
func TestTallyFileWays(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	closeStore(t, open(t, store.Config{Dir: one}))
	must(t, os.CopyFS(two, os.DirFS(one))) // the same key
	mapped, plain := open(t, store.Config{Dir: one}), open(t, store.Config{Dir: two})
	same := func(when string) {
		t.Helper()
		a, err := os.ReadFile(tallyFiles(t, one)[0])
		must(t, err)
		b, err := os.ReadFile(tallyFiles(t, two)[0])
		must(t, err)
		if a, b = bytes.TrimRight(a, "\x00"), bytes.TrimRight(b, "\x00"); len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("%s the files hold %d and %d bytes that differ", when, len(a), len(b))
		}
	}
	for n := range 300 {
		m := filter.Message{To: person("acme", n%7), Topic: "offers", Text: "Sale"}
		now := noon.Add(time.Duration(n) * time.Second)
		a, b := take(t, mapped, m, now), take(t, plain, m, now)
		if n == 0 {
			store.PlainTally(plain)
		}
		if n%3 == 1 {
			mapped.Tally().GiveBack(&a)
			plain.Tally().GiveBack(&b)
		}
	}
	same("while they are written")
	closeStore(t, mapped)
	closeStore(t, plain)
	same("once they are closed")
	for _, dir := range []string{one, two} {
		if info, err := os.Stat(tallyFiles(t, dir)[0]); err != nil || info.Size() > 300*32 && dir == one {
			t.Errorf("a closed file has %d bytes, %v", info.Size(), err)
		}
		s := open(t, store.Config{Dir: dir})
		if got := s.Tally().Len(); got != 200 {
			t.Errorf("it holds %d messages after a restart, want 200", got)
		}
		closeStore(t, s)
	}
}

// A process that is killed leaves a file behind that goes on in zeros, perhaps behind an entry without its
// checksum. Neither is damage, and the next entry comes right behind the last.
func TestTallyFileLeftOpen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	m := filter.Message{To: person("acme", 1)}
	for i := range 3 {
		take(t, s, m, noon.Add(time.Duration(i)*time.Second))
	}
	closeStore(t, s)
	file := tallyFiles(t, dir)[0]
	whole, err := os.ReadFile(file)
	must(t, err)
	torn := bytes.Clone(whole)
	clear(torn[64:68])
	for name, c := range map[string]struct {
		data []byte
		want int
	}{"zeros": {whole, 3}, "an entry without its checksum": {torn, 2}} {
		must(t, os.WriteFile(file, append(bytes.Clone(c.data), make([]byte, store.TallyFileSize-len(c.data))...), 0o600))
		logger, logs := observed()
		s := open(t, store.Config{Dir: dir, Logger: logger})
		take(t, s, m, noon.Add(time.Minute))
		if got := len(tallyOf(t, s, m, noon)); got != c.want+1 {
			t.Errorf("%s: %d messages count, want %d", name, got, c.want+1)
		}
		closeStore(t, s)
		if info, err := os.Stat(file); err != nil || info.Size() != int64(len(c.data))+32 {
			t.Errorf("%s: the file has %d bytes then, %v", name, info.Size(), err)
		}
		if logs.Len() > 0 {
			t.Errorf("%s: the log says %v", name, logs.All())
		}
	}
}
