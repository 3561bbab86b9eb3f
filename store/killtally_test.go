package store_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tally"
)

const (
	killCounters = 16
	killCounted  = 40  // recipients
	killCap      = 120 // messages to each
	killUnique   = 30  // of the recipients, so many may be written to at all
)

func init() { roles["counter"] = countUntilKilled }

// countUntilKilled sends as a gate does: it takes a place, says that it sent, and now and then finds that it
// did not, which it says before it gives the place back.
func countUntilKilled(dir string) error {
	round, err := strconv.Atoi(os.Getenv(roundVariable))
	if err != nil {
		return err
	}
	s, err := store.Open(store.Config{Dir: dir, Now: func() time.Time { return noon }})
	if err != nil {
		return err
	}
	policy, err := filter.New(killPolicy)
	if err != nil {
		return err
	}
	claims := tally.Claims{Place: true, Portfolio: s.Tally().Portfolio("acme"), Unique: killUnique, Within: 24 * time.Hour, Sender: "1", Every: time.Hour, Burst: killCap}
	errs := make(chan error)
	for counter := range killCounters {
		go func() {
			random := rand.New(rand.NewPCG(uint64(round), uint64(counter)))
			var r filter.Record
			for {
				n := random.IntN(killCounted)
				m := filter.Message{To: storetest.Person("acme", n)}
				slot, what, err := killCount(s, policy, &claims, &m, &r)
				if err == nil && slot.Taken() && random.IntN(4) == 0 {
					s.Tally().GiveBack(&slot)
					what = "none"
				}
				if err == nil {
					_, err = fmt.Fprintf(os.Stdout, "%s %d\n", what, n) // one write: lines stay whole
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

var killPolicy = filter.Config{Require: map[filter.Category]filter.Basis{filter.Marketing: filter.NoBasis},
	Caps: filter.Caps{Rows: []filter.Cap{{Most: killCap, Within: 24 * time.Hour}}}}

func killCount(s *store.Store, policy filter.Policy, claims *tally.Claims, m *filter.Message, r *filter.Record) (slot tally.Slot, what string, err error) {
	turn, err := s.Tally().Turn(m, r, noon)
	if err != nil {
		return slot, "", err
	}
	defer turn.End()
	if policy.Decide(m, r, noon).Action == filter.Block {
		return slot, "capped", nil
	}
	slot, err = turn.Take(claims)
	if _, over := err.(*tally.OverBudget); over {
		return slot, "over", nil
	}
	return slot, "sent", err
}

// TestCapRaceKilled kills the process that counts, again and again. Over all rounds nobody gets more than
// their cap, no more people are written to than the portfolio may, and every message that was sent is in the
// tally.
func TestCapRaceKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var sent [killCounted]int
	for round := range *killRounds {
		for n, more := range killCounting(t, dir, round) {
			sent[n] += more
		}
		s := open(t, store.Config{Dir: dir})
		people := 0
		for n := range killCounted {
			held := len(tallyOf(t, s, filter.Message{To: storetest.Person("acme", n)}, noon))
			if sent[n] > killCap || held > killCap || held < sent[n] {
				t.Errorf("round %d: recipient %d was sent %d messages and holds %d places, of %d", round, n, sent[n], held, killCap)
			}
			if sent[n] > 0 {
				people++
			}
		}
		u := s.Tally().Portfolio("acme").Usage("acme", killUnique, 24*time.Hour, noon)
		if people > killUnique || u.Used < people || u.Used > killUnique {
			t.Errorf("round %d: %d people were written to and %d count, of %d", round, people, u.Used, killUnique)
		}
		closeStore(t, s)
		if t.Failed() {
			return
		}
	}
	total := 0
	for _, n := range sent {
		total += n
	}
	if total < *killRounds {
		t.Errorf("only %d messages were sent in %d rounds", total, *killRounds)
	}
	t.Logf("%d messages in %d rounds, none over, none lost", total, *killRounds)
}

// killCounting runs the counter, kills it at a random moment, and returns what it sent to whom.
func killCounting(t *testing.T, dir string, round int) (sent [killCounted]int) {
	t.Helper()
	child, out := spawn(t, "counter", dir, strconv.Itoa(round))
	lines, after := bufio.NewScanner(out), rand.IntN(200)
	for heard := 0; lines.Scan(); heard++ {
		var what string
		var n int
		if _, err := fmt.Sscanf(lines.Text(), "%s %d", &what, &n); err != nil {
			t.Fatalf("the counter says %q: %v", lines.Text(), err)
		}
		if what == "sent" {
			sent[n]++
		}
		if heard == after {
			time.AfterFunc(time.Duration(rand.IntN(3000))*time.Microsecond, func() { _ = child.Process.Kill() })
		}
	}
	if err := child.Wait(); err == nil || child.ProcessState.ExitCode() != -1 {
		t.Fatalf("the counter was not killed but ended: %v", err)
	}
	return sent
}
