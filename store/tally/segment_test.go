package tally_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tally"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestFileWays: whether a file of the tally stands in memory or is written by system calls, the same
// is in it, at any moment and in the end.
func TestFileWays(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	mapped, plain := open(t, tally.Config{Dir: one}), open(t, tally.Config{Dir: two})
	same := func(when string) {
		t.Helper()
		a, err := os.ReadFile(tallyFiles(t, one)[0])
		storetest.Must(t, err)
		b, err := os.ReadFile(tallyFiles(t, two)[0])
		storetest.Must(t, err)
		if a, b = bytes.TrimRight(a, "\x00"), bytes.TrimRight(b, "\x00"); len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("%s the files hold %d and %d bytes that differ", when, len(a), len(b))
		}
	}
	for n := range 300 {
		m := filter.Message{To: storetest.Person("acme", n%7), Topic: "offers", Text: "Sale"}
		now := noon.Add(time.Duration(n) * time.Second)
		a, b := take(t, mapped, m, now), take(t, plain, m, now)
		if n == 0 {
			tally.WritePlainly(plain)
		}
		if n%3 == 1 {
			mapped.GiveBack(&a)
			plain.GiveBack(&b)
		}
	}
	same("while they are written")
	storetest.Must(t, mapped.Close())
	storetest.Must(t, plain.Close())
	same("once they are closed")
	for _, dir := range []string{one, two} {
		if info, err := os.Stat(tallyFiles(t, dir)[0]); err != nil || info.Size() > 300*32 && dir == one {
			t.Errorf("a closed file has %d bytes, %v", info.Size(), err)
		}
		b := open(t, tally.Config{Dir: dir})
		if got := b.Len(); got != 200 {
			t.Errorf("it holds %d messages after a restart, want 200", got)
		}
		storetest.Must(t, b.Close())
	}
}

// A process that is killed leaves a file behind that goes on in zeros, perhaps behind an entry without its
// checksum. Neither is damage, and the next entry comes right behind the last.
func TestFileLeftOpen(t *testing.T) {
	dir := t.TempDir()
	b := open(t, tally.Config{Dir: dir})
	m := filter.Message{To: storetest.Person("acme", 1)}
	for i := range 3 {
		take(t, b, m, noon.Add(time.Duration(i)*time.Second))
	}
	storetest.Must(t, b.Close())
	file := tallyFiles(t, dir)[0]
	whole, err := os.ReadFile(file)
	storetest.Must(t, err)
	torn := bytes.Clone(whole)
	clear(torn[64:68])
	for name, c := range map[string]struct {
		data []byte
		want int
	}{"zeros": {whole, 3}, "an entry without its checksum": {torn, 2}} {
		storetest.Must(t, os.WriteFile(file, append(bytes.Clone(c.data), make([]byte, tally.FileSize-len(c.data))...), 0o600))
		core, logs := observer.New(zap.WarnLevel)
		b := open(t, tally.Config{Dir: dir, Logger: zap.New(core)})
		take(t, b, m, noon.Add(time.Minute))
		if got := len(tallyOf(t, b, m, noon)); got != c.want+1 {
			t.Errorf("%s: %d messages count, want %d", name, got, c.want+1)
		}
		storetest.Must(t, b.Close())
		if info, err := os.Stat(file); err != nil || info.Size() != int64(len(c.data))+32 {
			t.Errorf("%s: the file has %d bytes then, %v", name, info.Size(), err)
		}
		if logs.Len() > 0 {
			t.Errorf("%s: the log says %v", name, logs.All())
		}
	}
}
