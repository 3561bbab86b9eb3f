package store_test

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// A process whose files may not grow meets the file system's refusal in the middle of a line: the
// pause is refused, and the file is whole.
func TestSwitchesOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	child, out := spawn(t, "crammed", dir, "")
	said, err := io.ReadAll(out)
	storetest.Must(t, err)
	if err := child.Wait(); err != nil || !strings.Contains(string(said), "refused") {
		t.Fatalf("the child ended with %v: %s", err, said)
	}
	storetest.Equal(t, "in force", storetest.Paused(open(t, store.Config{Dir: dir}).Switches().InForce(), noon), []string{"a", "c"})
}

// crammed is the child.
func crammed(dir string) error {
	s, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return err
	}
	if _, err := s.Switches().Pause(storetest.Pause("a", time.Time{}), ""); err != nil {
		return err
	}
	info, err := os.Stat(switchesFile(dir))
	if err != nil {
		return err
	}
	widen, err := narrow(uint64(info.Size()) + 20)
	if err != nil {
		return err
	}
	_, err = s.Switches().Pause(storetest.Pause("b", time.Time{}), "")
	if err == nil || len(s.Switches().InForce()) != 1 {
		return fmt.Errorf("a pause that there was no room for: %v, in force %+v", err, s.Switches().InForce())
	}
	fmt.Println("refused", err)
	if err := widen(); err != nil {
		return err
	}
	_, err = s.Switches().Pause(storetest.Pause("c", time.Time{}), "")
	return err
}

func init() { roles["crammed"] = crammed }
