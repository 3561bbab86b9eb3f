package store_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/storetest"
)

const (
	importBatch  = 1000
	importPeople = 700
	importRows   = 12 * importBatch
)

func init() { roles["importer"] = importUntilKilled }

// importRow is the n-th row of the file that an attempt imports. Its ID follows from the file and
// the row, so that a repeated import meets itself.
func importRow(file, n int) filter.Event {
	random := rand.New(rand.NewPCG(uint64(file), uint64(n)))
	e := optIn(storetest.Person("acme", random.IntN(importPeople)), fmt.Sprintf("file-%d-row-%d", file, n))
	if random.IntN(3) == 0 {
		e = optOut(e.To, e.ID)
	}
	e.Source, e.Note = "import", "as given: "+e.To.Address
	return e
}

// importVictim is whom the importer erases after a batch of a file.
func importVictim(file, batch int) filter.Recipient {
	return storetest.Person("acme", (file*31+batch*7)%importPeople)
}

// importUntilKilled imports one file after another from where the last attempt was killed: batches
// of rows, with an erasure behind every second. It says what was acknowledged.
func importUntilKilled(dir string) error {
	var file, row int
	if _, err := fmt.Sscanf(os.Getenv(roundVariable), "%d %d", &file, &row); err != nil {
		return err
	}
	s, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return err
	}
	fmt.Println("open")
	for ; ; row += importBatch {
		if row >= importRows {
			file, row = file+1, 0
		}
		events := make([]filter.Event, importBatch)
		for i := range events {
			events[i] = importRow(file, row+i)
		}
		if err := s.Append(context.Background(), events...); err != nil {
			return err
		}
		fmt.Println("rows", file, row)
		for i := range 200 {
			s.Decisions().Add(decisions.Entry{To: events[i].To, Action: filter.Forward, Text: "a message to " + events[i].To.Address})
		}
		if batch := row / importBatch; batch%2 == 1 {
			fmt.Println("erasing", file, batch)
			if _, err := s.Erase(context.Background(), importVictim(file, batch), "test", "asked to"); err != nil {
				return err
			}
			fmt.Println("erased", file, batch)
		}
	}
}

// An importer is what the judge knows of the processes that import.
type importer struct {
	t         *testing.T
	dir       string
	file, row int                      // where to go on
	known     map[filter.Recipient]int // acknowledged rows of the recipient
	erased    map[filter.Recipient]int // acknowledged rows when the erasure began
	begun     *filter.Recipient        // an erasure that was begun and not acknowledged
}

// run starts the importer, kills it at a random moment, and takes down what it acknowledged.
func (im *importer) run() {
	t := im.t
	child, out := spawn(t, "importer", im.dir, fmt.Sprintf("%d %d", im.file, im.row))
	kill := func() { _ = child.Process.Kill() }
	after := rand.IntN(6) // lines
	delay := time.Duration(rand.IntN(60_000)) * time.Microsecond
	if after == 0 { // now and then it dies while it opens the store
		time.AfterFunc(delay, kill)
	}
	n := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		im.note(lines.Text())
		if n++; n == after {
			time.AfterFunc(delay, kill)
		}
	}
	if err := child.Wait(); err == nil || child.ProcessState.ExitCode() != -1 {
		t.Fatalf("the importer was not killed but ended: %v", err)
	}
}

// note takes down a line of the importer.
func (im *importer) note(line string) {
	var what string
	var file, n int
	if line == "open" {
		im.begun = nil // was finished before
		return
	}
	if _, err := fmt.Sscanf(line, "%s %d %d", &what, &file, &n); err != nil {
		im.t.Fatalf("the importer says %q: %v", line, err)
	}
	switch what {
	case "rows":
		for i := range importBatch {
			im.known[importRow(file, n+i).To]++
		}
		im.file, im.row = file, n+importBatch
		if im.row == importRows {
			im.file, im.row = file+1, 0
		}
	case "erasing":
		to := importVictim(file, n)
		im.begun = &to
	case "erased":
		im.erased[*im.begun] = im.known[*im.begun]
		im.begun = nil
	}
}

// judge opens the store, which finishes what was begun, and checks all of it.
func (im *importer) judge(whole bool) {
	t := im.t
	s, err := store.Open(store.Config{Dir: im.dir})
	storetest.Must(t, err)
	defer closeStore(t, s)
	if _, err := os.Stat(filepath.Join(im.dir, "erasing")); err == nil {
		t.Error("an erasure was left unfinished")
	}
	if r := verify(t, s); !r.OK() {
		t.Fatalf("the chain is broken: %v", r.Faults)
	}
	storetest.Must(t, store.CompareIndex(s))
	for _, to := range im.sample(whole) {
		im.judgePerson(s, to)
	}
	if im.begun != nil {
		im.judgeBegun(s, *im.begun)
		im.begun = nil
	}
}

// sample is everybody, or the recipients of the latest batch and of the latest erasure.
func (im *importer) sample(whole bool) (people []filter.Recipient) {
	if whole {
		for i := range importPeople {
			people = append(people, storetest.Person("acme", i))
		}
		return people
	}
	for i := range 20 {
		people = append(people, importRow(im.file, im.row+i*40).To)
	}
	for to := range im.erased {
		people = append(people, to)
	}
	return people
}

// judgePerson checks that every acknowledged row of a recipient is there, whole or emptied, that
// the record is the fold of the events, and that nothing personal from before an erasure is left.
func (im *importer) judgePerson(s *store.Store, to filter.Recipient) {
	t := im.t
	t.Helper()
	events := history(t, s, to)
	var record filter.Record
	rows, empty, erasures := 0, 0, 0
	for _, e := range events {
		record = record.After(e)
		switch {
		case e.Kind == filter.Erased:
			erasures++
			continue
		case e.ID == "":
			empty++
		case !strings.HasSuffix(e.Note, to.Address):
			t.Errorf("a row of %v is half there: %+v", to, e)
		}
		rows++
	}
	if rows < im.known[to] {
		t.Errorf("%v: %d of %d acknowledged rows are there", to, rows, im.known[to])
	}
	if at, ok := im.erased[to]; ok && (empty < at || erasures == 0) {
		t.Errorf("%v was erased after %d rows, but only %d are emptied, by %d erasures", to, at, empty, erasures)
	}
	if empty > 0 && erasures == 0 {
		t.Errorf("%v: %d rows are emptied without an erasure", to, empty)
	}
	if got := read(t, s, to, filter.NeedRecord); !reflect.DeepEqual(got, record) {
		t.Errorf("%v: the record is %+v, its events say %+v", to, got, record)
	}
	if record.EverOptedOut() && !store.MayHaveOptedOut(s, to) {
		t.Errorf("%v opted out, and the Bloom filter denies it", to)
	}
}

// A process that imports and erases is killed at any moment: what it acknowledged is there, an
// erasure that was begun is complete once the store was opened, the chain verifies, and the import
// goes on where it was.
func TestKillLoopImport(t *testing.T) {
	t.Parallel()
	const each = 3 // rounds in one folder
	var im *importer
	rows, erased, cut := 0, 0, 0
	for round := range *killRounds {
		if round%each == 0 {
			im = &importer{t: t, dir: t.TempDir(), known: map[filter.Recipient]int{}, erased: map[filter.Recipient]int{}}
		}
		im.run()
		if im.begun != nil {
			cut++
		}
		last := round%each == each-1 || round == *killRounds-1
		if im.judge(last); t.Failed() {
			t.Fatalf("round %d", round)
		}
		if last {
			erased += len(im.erased)
			for _, n := range im.known {
				rows += n
			}
		}
	}
	t.Logf("%d rows acknowledged and %d recipients erased in %d rounds, %d erasures cut short and finished", rows, erased, *killRounds, cut)
}

// judgeBegun checks an erasure that was cut short: it was finished, or it had not begun.
func (im *importer) judgeBegun(s *store.Store, to filter.Recipient) {
	t := im.t
	whole, empty := 0, 0
	for _, e := range history(t, s, to) {
		switch {
		case e.Kind == filter.Erased:
		case e.ID == "":
			empty++
		default:
			whole++
		}
	}
	if whole > 0 && empty > im.erased[to] {
		t.Errorf("the erasure of %v was left half done: %d events are emptied and %d are not", to, empty, whole)
	}
	if whole > 0 {
		return
	}
	im.erased[to] = im.known[to]
	for e, err := range s.Decisions().Entries(decisions.Query{To: filter.Recipient{Address: to.Address}}) {
		storetest.Must(t, err)
		t.Errorf("the decision log still has %+v", e)
	}
}
