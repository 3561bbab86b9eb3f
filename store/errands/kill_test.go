package errands_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/storetest"
)

const (
	dirVariable   = "SENDGATE_ERRANDS_TEST_DIR" // where the test binary adds errands instead of testing
	roundVariable = "SENDGATE_ERRANDS_TEST_ROUND"
)

func TestMain(m *testing.M) {
	dir := os.Getenv(dirVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := addUntilKilled(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// killLanes is how many lanes are added to at once.
const killLanes = 8

// addUntilKilled adds errands, changes and ends those of earlier rounds, and says what was acknowledged.
func addUntilKilled(dir string) error {
	round := os.Getenv(roundVariable)
	j, err := errands.Open(errands.Config{}, withDefaults(errands.Host{Dir: dir, Now: time.Now}))
	if err != nil {
		return err
	}
	ctx, errs := context.Background(), make(chan error)
	for lane := range killLanes {
		go func() {
			for n := 0; ; n++ {
				e := errand(fmt.Sprintf("%s-%d-%d", round, lane, n), storetest.Person("acme", lane))
				e.Body = bytes.Repeat([]byte{byte(n)}, rand.IntN(3000))
				_, err := j.Add(ctx, e)
				if err == nil {
					_, err = fmt.Printf("added %s\n", e.ID)
				}
				if err == nil && n%3 > 0 {
					if err = j.Change(ctx, e.ID, func(e *errands.Errand) error { e.State = errands.Begun; return nil }); err == nil {
						_, err = fmt.Printf("begun %s\n", e.ID)
					}
				}
				if err == nil && n%3 == 2 {
					if _, err = fmt.Printf("ending %s\n", e.ID); err == nil {
						err = j.End(ctx, e.ID)
					}
					if err == nil {
						_, err = fmt.Printf("ended %s\n", e.ID)
					}
				}
				if err == nil && n%50 == 0 {
					err = errands.Rewrite(j)
				}
				if err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	return <-errs
}

// A process that is killed at any moment has lost no errand that it acknowledged, none that was begun waits again,
// none that ended comes back, and each lane is in order.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	said := map[string]string{} // of each errand the last word
	for round := range 20 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), dirVariable+"="+dir, roundVariable+"="+strconv.Itoa(round))
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		storetest.Must(t, err)
		storetest.Must(t, child.Start())
		lines, n, most := bufio.NewScanner(out), 0, 1+rand.IntN(400)
		for lines.Scan() {
			word, id, _ := strings.Cut(lines.Text(), " ")
			said[id] = word
			if n++; n == most {
				time.AfterFunc(time.Duration(rand.IntN(3000))*time.Microsecond, func() { _ = child.Process.Kill() })
			}
		}
		if err := child.Wait(); err == nil || child.ProcessState.ExitCode() != -1 {
			t.Fatalf("the child was not killed but ended: %v", err)
		}
		j := open(t, errands.Host{Dir: dir, Now: time.Now})
		if round%3 == 2 {
			storetest.Must(t, errands.Rewrite(j))
		}
		judge(t, j, said)
		j.Close()
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	t.Logf("%d errands acknowledged, none lost", len(said))
}

func judge(t *testing.T, j *errands.Journal, said map[string]string) {
	t.Helper()
	there, last := map[string]errands.Errand{}, map[string]int{}
	for e, err := range j.All(errands.Query{}) {
		storetest.Must(t, err)
		var round, lane, n int
		if _, err := fmt.Sscanf(e.ID, "%d-%d-%d", &round, &lane, &n); err != nil {
			t.Fatal(e.ID, err)
		}
		if at := round<<20 | n; at < last[e.Lanes[0]] {
			t.Errorf("%s is behind one that was added later", e.ID)
		} else {
			last[e.Lanes[0]] = at
		}
		if len(e.Body) > 0 && !bytes.Equal(e.Body, bytes.Repeat([]byte{byte(n)}, len(e.Body))) {
			t.Errorf("%s has the body of another", e.ID)
		}
		there[e.ID] = e
	}
	for id, word := range said {
		e, found := there[id]
		switch {
		case !found && (word == "added" || word == "begun"):
			t.Errorf("%s is lost: the last that was said of it is %q", id, word)
		case found && word == "begun" && e.State != errands.Begun:
			t.Errorf("%s was begun and is %v", id, e.State)
		case found && word == "ended":
			t.Errorf("%s ended and came back", id)
		}
	}
}
