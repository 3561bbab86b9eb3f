package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// A process whose files may not grow meets the refusal of the file system itself, in the middle
// of Badger: it must acknowledge nothing that is not on disk, stay alive, and go on when there is
// room again.
func TestFileSizeLimit(t *testing.T) {
	dir := t.TempDir()
	child, out := spawn(t, "limited", dir, "")
	var acknowledged []int
	refused, recovered := false, false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var n int
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "refused"):
			refused = true
		case strings.HasPrefix(line, "recovered"):
			recovered = true
		case strings.HasPrefix(line, "kept"):
			if _, err := fmt.Sscanf(line, "kept %d", &n); err != nil {
				t.Fatalf("the child says %q", line)
			}
			acknowledged = append(acknowledged, n)
		default: // Badger's memory maps print an error of theirs to standard output
			t.Log(line)
		}
	}
	if err := child.Wait(); err != nil || !refused || !recovered {
		t.Fatalf("the child ended with %v; refused: %v, recovered: %v", err, refused, recovered)
	}
	s := open(t, store.Config{Dir: dir})
	for _, n := range acknowledged {
		if !barred(t, s, storetest.Person("acme", n)) {
			t.Errorf("opt-out %d of %d was acknowledged and is missing", n, len(acknowledged))
		}
	}
}

// limited is the child: it appends until its files may not grow, then gets room and goes on. It
// ends without closing the store.
func limited(dir string) error {
	s, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return err
	}
	widen, err := narrow(12 << 20) // room for a table, none for the next write-ahead log
	if err != nil {
		return err
	}
	n := 0
	for ; n < 2000; n++ {
		if err = s.Append(context.Background(), bulky(n)); err != nil {
			break
		}
		fmt.Println("kept", n)
	}
	if err == nil {
		return fmt.Errorf("nothing was refused")
	}
	fmt.Println("refused", err)
	if s.Healthy() == nil {
		return fmt.Errorf("the store says it is well")
	}
	for range 100 { // reads must fail or tell the truth, and never end the process
		if r, err := s.Read(storetest.Person("acme", 0), filter.NeedOptOut); err == nil && !r.EverOptedOut() {
			return fmt.Errorf("an opt-out that was acknowledged reads as none")
		}
	}
	if err := widen(); err != nil {
		return err
	}
	for err != nil {
		err = s.Append(context.Background(), bulky(n))
	}
	fmt.Println("kept", n)
	fmt.Println("recovered")
	return nil
}

// narrow bounds how many bytes a file of this process may have, until widen.
func narrow(size uint64) (widen func() error, err error) {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return nil, err
	}
	narrow := limit
	narrow.Cur = size
	widen = func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit) }
	return widen, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &narrow)
}

// bulky is an opt-out of a hundred kilobytes.
func bulky(n int) filter.Event {
	e := optOut(storetest.Person("acme", n), "stop")
	long := strings.Repeat("x", 16<<10)
	e.Note = long
	e.Proof = filter.Evidence{Method: long, Action: long, Wording: long, Purpose: long, Postal: long}
	return e
}

func init() { roles["limited"] = limited }
