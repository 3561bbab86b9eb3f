package tally_test

import (
	"errors"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tally"
)

// What cannot be written is not counted, and the message not sent; once it can, all goes on.
func TestOnABrokenDisk(t *testing.T) {
	dir := t.TempDir()
	var free atomic.Int64
	full := errors.New("the disk is full")
	b := open(t, tally.Config{Dir: dir, Room: func(want int64) error {
		if free.Load() < want {
			return full
		}
		return nil
	}})
	m, r := filter.Message{To: storetest.Person("acme", 1)}, filter.Record{}
	if _, _, err := count(b, nil, &m, &r, noon); !errors.Is(err, full) {
		t.Fatalf("on a full disk counting returns %v", err)
	}
	free.Store(1 << 40)
	take(t, b, m, noon)
	mend := tally.Break(b)
	if _, _, err := count(b, nil, &m, &r, noon); err == nil {
		t.Error("what could not be written was counted")
	}
	if got := len(tallyOf(t, b, m, noon)); got != 1 {
		t.Errorf("%d messages are in the tally, want the one that was written", got)
	}
	mend()
	take(t, b, m, noon)
	storetest.Must(t, b.Close())
	b = open(t, tally.Config{Dir: dir})
	if got := len(tallyOf(t, b, m, noon)); got != 2 {
		t.Errorf("after a restart %d messages are in the tally, want 2", got)
	}
}

// A file that ends anywhere, or has damage anywhere, costs the entries that it touches and no other.
func TestTornEntries(t *testing.T) {
	dir := t.TempDir()
	b := open(t, tally.Config{Dir: dir})
	m := filter.Message{To: storetest.Person("acme", 1)}
	for i := range 4 {
		take(t, b, m, noon.Add(time.Duration(i)*time.Second))
	}
	storetest.Must(t, b.Close())
	file := tallyFiles(t, dir)[0]
	whole, err := os.ReadFile(file)
	storetest.Must(t, err)
	reopened := func(data []byte) (at []int) {
		storetest.Must(t, os.WriteFile(file, data, 0o600))
		b := open(t, tally.Config{Dir: dir})
		defer func() { storetest.Must(t, b.Close()) }()
		for _, sent := range tallyOf(t, b, m, noon) {
			at = append(at, int(sent.At.Sub(noon).Seconds()))
		}
		take(t, b, m, noon.Add(9*time.Second))
		if n := len(tallyOf(t, b, m, noon)); n != len(at)+1 {
			t.Errorf("of %d messages and one more %d are in the tally", len(at), n)
		}
		return at
	}
	for _, cut := range []int{0, 1, 31, 32, 33, 63, 64, 96, 127} {
		want := []int{0, 1, 2, 3}[:cut/32]
		if got := reopened(whole[:cut]); !slices.Equal(got, want) {
			t.Errorf("cut at byte %d it knows %v, want %v", cut, got, want)
		}
	}
	for at := 0; at < 32; at++ {
		bad := slices.Clone(whole)
		bad[32+at] ^= 0x10
		if got := reopened(bad); !slices.Equal(got, []int{0, 2, 3}) {
			t.Errorf("with byte %d of the second entry damaged it knows %v", at, got)
		}
	}
}

// The journal goes on in another file when one is full.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	b := open(t, tally.Config{Dir: dir})
	stop := keep(b)
	entries := 2*tally.FileSize/32 + 1000
	for n := range entries {
		take(t, b, filter.Message{To: storetest.Person("acme", n)}, noon)
	}
	stop()
	storetest.Must(t, b.Close())
	if n := len(tallyFiles(t, dir)); n != 3 {
		t.Errorf("%d entries are in %d files", entries, n)
	}
	b = open(t, tally.Config{Dir: dir})
	if got := b.Len(); got != int64(entries) {
		t.Errorf("%d of %d entries were read", got, entries)
	}
}
