package decisions_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

// logged makes a decision log of n entries on disk and returns its folder.
func logged(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	l := open(t, decisions.Config{Dir: dir})
	for i := range n {
		l.Add(decision(i))
		if i%512 == 0 {
			decisions.Flush(l)
		}
	}
	closeLog(t, l)
	return dir
}

func TestTornTail(t *testing.T) {
	dir := logged(t, 20)
	tail := filepath.Join(dir, "tail")
	whole, err := os.ReadFile(tail)
	storetest.Must(t, err)
	one := len(decisions.EncodeEntry(decision(19))) + 8
	for cut := 1; cut <= one; cut++ {
		storetest.Must(t, os.WriteFile(tail, whole[:len(whole)-cut], 0o600))
		l := open(t, decisions.Config{Dir: dir})
		storetest.Equal(t, fmt.Sprintf("%d bytes cut off", cut), ids(t, l, decisions.Query{}), newestFirst(18, 0))
		l.Add(decision(19))
		closeLog(t, l)
		again, err := os.ReadFile(tail)
		if err != nil || string(again) != string(whole) {
			t.Fatalf("%d bytes cut off: the tail was not mended", cut)
		}
	}
}

func TestDamagedTail(t *testing.T) {
	dir := logged(t, 20)
	tail := filepath.Join(dir, "tail")
	whole, err := os.ReadFile(tail)
	storetest.Must(t, err)
	for at := 0; at < len(whole); at += 5 {
		spoilt := slices.Clone(whole)
		spoilt[at] ^= 0x40
		storetest.Must(t, os.WriteFile(tail, spoilt, 0o600))
		logger, logs := storetest.Observed()
		l := open(t, decisions.Config{Dir: dir, Logger: logger})
		got := ids(t, l, decisions.Query{})
		for _, id := range got {
			if !slices.Contains(newestFirst(19, 0), id) {
				t.Fatalf("byte %d flipped: an entry %q that never was", at, id)
			}
		}
		if at >= 16 && logs.Len() == 0 {
			t.Fatalf("byte %d flipped: nothing was said", at)
		}
		closeLog(t, l)
	}
}

func TestTornSegment(t *testing.T) {
	for name, cut := range map[string]int64{"in its body": 10, "in its head": 7000, "at its first byte": -1} {
		t.Run(name, func(t *testing.T) {
			dir := logged(t, 3*1024)
			path := filepath.Join(dir, fmt.Sprintf("%020d.log", 0))
			info, err := os.Stat(path)
			storetest.Must(t, err)
			size := info.Size() - cut
			if cut < 0 {
				size = 1
			}
			storetest.Must(t, os.Truncate(path, size))
			logger, logs := storetest.Observed()
			l := open(t, decisions.Config{Dir: dir, Logger: logger})
			got := ids(t, l, decisions.Query{})
			if len(got)%1024 != 0 || len(got) > 2048 {
				t.Errorf("%d entries are left, want whole blocks", len(got))
			}
			if len(got) > 0 {
				storetest.Equal(t, "what is left", got, newestFirst(len(got)-1, 0))
			}
			if logs.Len() == 0 {
				t.Error("nothing was said about it")
			}
			for i := range 2000 {
				l.Add(decision(10_000 + i))
			}
			closeLog(t, l)
			l = open(t, decisions.Config{Dir: dir})
			if again := ids(t, l, decisions.Query{}); len(again) != len(got)+2000 {
				t.Errorf("%d entries after writing on, want %d", len(again), len(got)+2000)
			}
			closeLog(t, l)
		})
	}
}

func TestDamagedBlockIsSkipped(t *testing.T) {
	dir := logged(t, 3*1024)
	path := filepath.Join(dir, fmt.Sprintf("%020d.log", 0))
	whole, err := os.ReadFile(path)
	storetest.Must(t, err)
	for at := 0; at < len(whole); at += len(whole)/40 + 1 {
		spoilt := slices.Clone(whole)
		spoilt[at] ^= 1
		storetest.Must(t, os.WriteFile(path, spoilt, 0o600))
		logger, logs := storetest.Observed()
		l := open(t, decisions.Config{Dir: dir, Logger: logger})
		if got := len(ids(t, l, decisions.Query{})); got != 2048 {
			t.Errorf("byte %d of %d flipped: %d entries are left, want the two other blocks", at, len(whole), got)
		}
		if logs.FilterMessageSnippet("skipping a damaged").Len() == 0 {
			t.Errorf("byte %d flipped: nothing was said", at)
		}
		closeLog(t, l)
	}
}

// What is in a block and still in the tail, because the process was killed between, comes once.
func TestTailAndBlockOverlap(t *testing.T) {
	dir := t.TempDir()
	tail := filepath.Join(dir, "tail")
	l := open(t, decisions.Config{Dir: dir})
	for n := range 1000 {
		l.Add(decision(n))
	}
	decisions.Flush(l)
	old, err := os.ReadFile(tail)
	storetest.Must(t, err)
	for n := 1000; n < 1024; n++ {
		l.Add(decision(n))
	}
	closeLog(t, l)
	storetest.Must(t, os.WriteFile(tail, old, 0o600))
	l = open(t, decisions.Config{Dir: dir})
	storetest.Equal(t, "after the crash", ids(t, l, decisions.Query{}), newestFirst(1023, 0))
	closeLog(t, l)
}
