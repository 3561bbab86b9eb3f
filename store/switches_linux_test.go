package store_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store"
)

// A process whose files may not grow meets the file system's refusal in the middle of a line: the
// pause is refused, and the file is whole.
func TestSwitchesOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), roleVariable+"=crammed", dirVariable+"="+dir)
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "refused") {
		t.Fatalf("the child ended with %v: %s", err, out)
	}
	equal(t, "in force", held(open(t, store.Config{Dir: dir}).Switches(), noon), []string{"a", "c"})
}

// crammed is the child.
func crammed(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return err
	}
	if _, err := s.Pause(stop("a", time.Time{}), ""); err != nil {
		return err
	}
	info, err := os.Stat(switchesFile(dir))
	if err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	narrow := limit
	narrow.Cur = uint64(info.Size()) + 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &narrow); err != nil {
		return err
	}
	_, err = s.Pause(stop("b", time.Time{}), "")
	if err == nil || len(s.Switches()) != 1 {
		return fmt.Errorf("a pause that there was no room for: %v, in force %+v", err, s.Switches())
	}
	fmt.Println("refused", err)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	_, err = s.Pause(stop("c", time.Time{}), "")
	return err
}

func init() { roles["crammed"] = crammed }
