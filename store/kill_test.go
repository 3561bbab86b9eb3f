package store_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

var killRounds = flag.Int("killloop.rounds", rounds(50, 25), "how often TestKillLoop kills the writing process")

// rounds is n, or raced under the race detector, where each takes several times as long.
func rounds(n, raced int) int {
	if raceDetector {
		return raced
	}
	return n
}

const (
	roleVariable  = "SENDGATE_STORE_TEST_ROLE"
	dirVariable   = "SENDGATE_STORE_TEST_DIR"
	roundVariable = "SENDGATE_STORE_TEST_ROUND"
)

// roles are what the test binary does instead of testing when a test starts it.
var roles = map[string]func(dir string) error{"writer": writeUntilKilled}

// spawn starts a process in a role, which round may say more of. What it prints comes out of out.
func spawn(t testing.TB, role, dir, round string) (child *exec.Cmd, out io.Reader) {
	t.Helper()
	child = exec.Command(os.Args[0])
	child.Env = append(os.Environ(), roleVariable+"="+role, dirVariable+"="+dir, roundVariable+"="+round)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	storetest.Must(t, err)
	storetest.Must(t, child.Start())
	return child, out
}

func TestMain(m *testing.M) {
	role := roles[os.Getenv(roleVariable)]
	if role == nil {
		os.Exit(m.Run())
	}
	if err := role(os.Getenv(dirVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const (
	killPeople  = 300
	killWriters = 8
)

// killEvent is the n-th event of a writer in a round; who it is about and what it says follow
// from its numbers, so that writer and judge need not tell each other.
func killEvent(round, writer, n int) filter.Event {
	random := rand.New(rand.NewPCG(uint64(round), uint64(writer)<<32|uint64(n)))
	to := storetest.Person("acme", random.IntN(killPeople))
	if random.IntN(4) == 0 {
		to = to.Everywhere()
	}
	e := optIn(to, fmt.Sprintf("%d-%d-%d", round, writer, n))
	if random.IntN(3) == 0 {
		e = optOut(to, e.ID)
	}
	if random.IntN(3) == 0 {
		e.Scope = filter.OfTopic(fmt.Sprint("topic", random.IntN(3)))
	}
	return e
}

// writeUntilKilled appends and says what was acknowledged.
func writeUntilKilled(dir string) error {
	round, err := strconv.Atoi(os.Getenv(roundVariable))
	if err != nil {
		return err
	}
	s, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return err
	}
	errs := make(chan error)
	for writer := range killWriters {
		go func() {
			for n := 0; ; n++ {
				if err := s.Append(context.Background(), killEvent(round, writer, n)); err != nil {
					errs <- err
					return
				}
				if _, err := fmt.Fprintf(os.Stdout, "%d %d\n", writer, n); err != nil { // one write: lines stay whole
					errs <- err
					return
				}
				s.Decisions().Add(decisions.Entry{To: storetest.Person("acme", n), Action: filter.Block, Text: "a message"})
			}
		}()
	}
	return <-errs
}

// A process that is killed at any moment has lost nothing that it acknowledged, and the store
// opens by itself every time.
func TestKillLoop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	known := map[filter.Recipient]map[string]bool{} // acknowledged ids
	total := 0
	for round := range *killRounds {
		var fresh []filter.Event
		for _, ack := range killRound(t, dir, round) {
			e := killEvent(round, ack[0], ack[1])
			if known[e.To] == nil {
				known[e.To] = map[string]bool{}
			}
			known[e.To][e.ID] = true
			fresh = append(fresh, e)
		}
		total += len(fresh)
		s, err := store.Open(store.Config{Dir: dir})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		judged := map[filter.Recipient]bool{}
		for _, e := range fresh {
			if !judged[e.To] {
				judged[e.To] = true
				judgeRecipient(t, s, e.To, known[e.To])
			}
		}
		if round == *killRounds-1 {
			for to := range known {
				judgeRecipient(t, s, to, known[to])
			}
		}
		storetest.Must(t, store.CompareIndex(s))
		judgeLog(t, s)
		closeStore(t, s)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	if total < *killRounds {
		t.Errorf("only %d events were acknowledged in %d rounds", total, *killRounds)
	}
	t.Logf("%d events acknowledged in %d rounds, none lost", total, *killRounds)
}

// killRound runs the writer, kills it at a random moment, and returns what it acknowledged:
// pairs of writer and number.
func killRound(t *testing.T, dir string, round int) (acks [][2]int) {
	t.Helper()
	child, out := spawn(t, "writer", dir, strconv.Itoa(round))
	kill := func() { _ = child.Process.Kill() }
	after := rand.IntN(300) // acknowledgements
	if after < 30 {
		// Now and then it dies while it opens the store.
		time.AfterFunc(time.Duration(rand.IntN(100))*time.Millisecond, kill)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) {
				t.Error(err)
			}
			break
		}
		var ack [2]int
		if _, err := fmt.Sscanf(line, "%d %d", &ack[0], &ack[1]); err != nil {
			t.Fatalf("the writer says %q: %v", line, err)
		}
		if acks = append(acks, ack); len(acks) == after {
			time.AfterFunc(time.Duration(rand.IntN(3000))*time.Microsecond, kill)
		}
	}
	kill()
	if err := child.Wait(); err == nil || child.ProcessState.ExitCode() != -1 {
		t.Fatalf("the writer was not killed but ended: %v", err)
	}
	return acks
}

// judgeRecipient checks that the acknowledged events of a recipient are there, that the record
// is the fold of the events, and that the Bloom filter knows every opt-out.
func judgeRecipient(t *testing.T, s *store.Store, to filter.Recipient, acknowledged map[string]bool) {
	t.Helper()
	fold := func(to filter.Recipient) (r filter.Record, n int) {
		for _, e := range history(t, s, to) {
			r = r.After(e)
			if acknowledged[e.ID] && e.To == to {
				n++
			}
		}
		if r.EverOptedOut() != store.MayHaveOptedOut(s, to) && r.EverOptedOut() {
			t.Errorf("%v opted out, and the Bloom filter denies it", to)
		}
		return r, n
	}
	record, n := fold(to)
	if n != len(acknowledged) {
		t.Errorf("%v: %d of %d acknowledged events are there", to, n, len(acknowledged))
	}
	if to.Brand != "" {
		everywhere, _ := fold(to.Everywhere())
		record = record.With(everywhere)
	}
	full := read(t, s, to, filter.NeedRecord)
	if !reflect.DeepEqual(full, record) {
		t.Errorf("%v: the record is %+v, its events say %+v", to, full, record)
	}
	quick := read(t, s, to, filter.NeedOptOut)
	if full.EverOptedOut() && !reflect.DeepEqual(quick, full) {
		t.Errorf("%v: the Bloom filter and the database disagree: %+v and %+v", to, quick, full)
	}
}

// judgeLog checks that the decision log is whole as far as it goes.
func judgeLog(t *testing.T, s *store.Store) {
	t.Helper()
	seen := map[string]bool{}
	for e, err := range s.Decisions().Entries(decisions.Query{}) {
		if err != nil || seen[e.ID] || e.Text != "a message" {
			t.Fatalf("the decision log has %+v, seen before: %v, %v", e, seen[e.ID], err)
		}
		seen[e.ID] = true
	}
}

// standingStill opens the store in dir, and says so and stands still for good at the n-th of the moments that it
// passes: before and after each commit and before each sync, and where stand is called. n is the round.
func standingStill(dir string, cfg store.Config) (s *store.Store, stand func(), err error) {
	n, err := strconv.Atoi(os.Getenv(roundVariable))
	if err != nil {
		return nil, nil, err
	}
	cfg.Dir = dir
	if s, err = store.Open(cfg); err != nil {
		return nil, nil, err
	}
	stand = func() {
		if n--; n == 0 {
			fmt.Println("stands")
			select {}
		}
	}
	store.FailCommits(s, func(real func() error) error { stand(); defer stand(); return real() })
	store.FailSyncs(s, func(real func() error) error { stand(); return real() })
	return s, stand, nil
}
