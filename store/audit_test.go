package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/storetest"
)

// acts are those that q chooses, each as its kind, actor and outcome, the newest first.
func acts(t testing.TB, s *store.Store, q audit.Query) (all []string) {
	t.Helper()
	for a, err := range s.Audit().Acts(t.Context(), q) {
		storetest.Must(t, err)
		all = append(all, fmt.Sprintf("%s %s %s", a.Actor, a.Kind, a.Outcome))
	}
	return all
}

func act(actor string, kind audit.Kind) audit.Act {
	return audit.Act{Actor: actor, Kind: kind, Role: "reviewer", By: "token", Remote: "192.0.2.1"}
}

// begin begins an act, and finish ends it as done.
func begin(t testing.TB, s *store.Store, a audit.Act) uint64 {
	t.Helper()
	n, err := s.Audit().Begin(a)
	storetest.Must(t, err)
	return n
}

func finish(t testing.TB, s *store.Store, n uint64, a audit.Act) {
	t.Helper()
	a.Outcome = audit.Done
	storetest.Must(t, s.Audit().End(n, a))
}

// auditFile is the only file of the audit in dir.
func auditFile(t testing.TB, dir string) string {
	t.Helper()
	names := storetest.Glob(t, dir, "audit/*.jsonl")
	if len(names) != 1 {
		t.Fatalf("the files of the audit are %v, want one", names)
	}
	return names[0]
}

func TestActsAreFound(t *testing.T) {
	for name, memory := range map[string]bool{"on disk": false, "in memory": true} {
		t.Run(name, func(t *testing.T) {
			at := storetest.NewClock(noon)
			cfg := store.Config{Dir: t.TempDir(), Memory: memory, Now: at.Now}
			s := open(t, cfg)
			import_ := act("ana", audit.ConsentImport)
			long := begin(t, s, import_)
			at.Set(noon.Add(time.Minute))
			pause := act("bob", audit.Pause)
			pause.About, pause.Note = map[string]string{"switch": "01abc", "campaign": "sale"}, "too many complaints"
			finish(t, s, begin(t, s, pause), pause)
			later := noon.Add(time.Hour)
			at.Set(later)
			proof := act("ana", audit.ConsentProof)
			proof.To = gonePerson
			storetest.Must(t, s.Audit().Keep(proof))
			refused := act("cy", audit.Reload)
			refused.Outcome, refused.Status, refused.Error = audit.Refused, 403, "this needs the role admin"
			storetest.Must(t, s.Audit().Keep(refused))

			all := []string{"cy reload refused", "ana consent-proof done", "bob pause done", "ana consent-import under-way"}
			for name, c := range map[string]struct {
				q    audit.Query
				want []string
			}{
				"all":             {audit.Query{}, all},
				"by actor":        {audit.Query{Actor: "ana"}, []string{all[1], all[3]}},
				"by kind":         {audit.Query{Kind: audit.Pause}, all[2:3]},
				"by outcome":      {audit.Query{Outcome: audit.Refused}, all[:1]},
				"by person":       {audit.Query{Address: gonePerson.Address}, all[1:2]},
				"by what":         {audit.Query{About: "sale"}, all[2:3]},
				"since":           {audit.Query{Since: later}, all[:2]},
				"until":           {audit.Query{Until: later}, all[2:]},
				"of nobody":       {audit.Query{Actor: "an"}, nil},
				"of nobody known": {audit.Query{Address: "+14155550199"}, nil},
			} {
				if got := acts(t, s, c.q); !slices.Equal(got, c.want) {
					t.Errorf("%s: %q, want %q", name, got, c.want)
				}
			}
			finish(t, s, long, import_)
			storetest.Equal(t, "once the import is over", acts(t, s, audit.Query{}), []string{"ana consent-import done", all[0], all[1], all[2]})

			var page []string
			for before := uint64(0); ; {
				n := 0
				for a, err := range s.Audit().Acts(t.Context(), audit.Query{Before: before}) {
					storetest.Must(t, err)
					if n++; n > 1 {
						break
					}
					page, before = append(page, fmt.Sprint(a.Actor, " ", a.Kind)), a.Seq
				}
				if n == 0 {
					break
				}
			}
			storetest.Equal(t, "one by one", page, []string{"ana consent-import", "cy reload", "ana consent-proof", "bob pause"})
			for a, err := range s.Audit().Acts(t.Context(), audit.Query{Kind: audit.ConsentProof}) {
				storetest.Must(t, err)
				if a.To.Address != filter.Mask(gonePerson.Address) || a.To.Brand != "acme" || a.Person == "" || a.Remote != "192.0.2.1" {
					t.Errorf("the act is %+v, want the person masked", a)
				}
			}
			if r := verify(t, s); !r.OK() || r.Audit.Lines != 6 || r.Audit.First != 1 || r.Audit.Last != 6 {
				t.Errorf("the audit verifies as %+v", r)
			}
		})
	}
}

func TestAuditOutlivesTheProcess(t *testing.T) {
	dir, left := t.TempDir(), t.TempDir()
	s := open(t, store.Config{Dir: dir})
	pause, import_ := act("bob", audit.Pause), act("ana", audit.ConsentImport)
	import_.To = gonePerson
	first := begin(t, s, import_)
	finish(t, s, begin(t, s, pause), pause)
	begin(t, s, act("cy", audit.Reload))
	// What a crash leaves: the files as they are, with the beginning of a line.
	text, err := os.ReadFile(auditFile(t, dir))
	storetest.Must(t, err)
	storetest.Must(t, os.CopyFS(left, os.DirFS(dir)))
	storetest.Must(t, os.WriteFile(auditFile(t, left), append(text, `{"seq":5,"begun":0,"ol`...), 0o600))
	finish(t, s, first, import_)
	closeStore(t, s)
	storetest.Equal(t, "after it was closed", acts(t, open(t, store.Config{Dir: dir, Still: true}), audit.Query{}),
		[]string{"ana consent-import done", "cy reload under-way", "bob pause done"})

	s = open(t, store.Config{Dir: left})
	storetest.Equal(t, "after a crash", acts(t, s, audit.Query{}), []string{"cy reload unknown", "ana consent-import unknown", "bob pause done"})
	for a, err := range s.Audit().Acts(t.Context(), audit.Query{Address: gonePerson.Address}) {
		if storetest.Must(t, err); !a.Begun.Equal(noon) || a.To.Address != filter.Mask(gonePerson.Address) {
			t.Errorf("what the crash cut short is %+v", a)
		}
	}
	storetest.Must(t, s.Audit().Keep(act("cy", audit.Resume)))
	if r := verify(t, s); !r.OK() || r.Audit.Lines != 7 {
		t.Errorf("the audit verifies as %+v", r)
	}
	closeStore(t, s)
	if got := acts(t, open(t, store.Config{Dir: left}), audit.Query{}); len(got) != 4 || got[0] != "cy resume done" {
		t.Errorf("after another restart: %q", got)
	}
}

// Where it cannot be written that an act is begun, it is refused, and the audit says nothing of it.
func TestAuditThatCannotBeWritten(t *testing.T) {
	for name, cuts := range map[string]bool{"and can be cut off": true, "and cannot be cut off for a while": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, store.Config{Dir: dir})
			storetest.Must(t, s.Audit().Keep(act("ana", audit.Reload)))
			broken, syncs := errors.New("the disk is on fire"), 0
			store.FailAudit(s, func(real func() error) error {
				if syncs++; syncs == 1 || !cuts {
					return broken
				}
				return real()
			})
			if _, err := s.Audit().Begin(act("ana", audit.Pause)); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "keeping the audit: ") {
				t.Errorf("got %v", err)
			}
			storetest.Equal(t, "while it is broken", acts(t, s, audit.Query{}), []string{"ana reload done"})
			if !cuts {
				if err := s.Audit().Keep(act("ana", audit.Resume)); !errors.Is(err, broken) {
					t.Errorf("got %v", err)
				}
			}
			store.FailAudit(s, func(real func() error) error { return real() })
			storetest.Must(t, s.Audit().Keep(act("ana", audit.Quality)))
			closeStore(t, s)
			s = open(t, store.Config{Dir: dir})
			storetest.Equal(t, "after that", acts(t, s, audit.Query{}), []string{"ana quality done", "ana reload done"})
			if r := verify(t, s); !r.OK() || r.Audit.Lines != 2 {
				t.Errorf("the audit verifies as %+v", r)
			}
		})
	}
}

func TestActsTogether(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for range 20 {
				a := act(fmt.Sprint("w", worker), audit.ConsentRecord)
				n, err := s.Audit().Begin(a)
				if err == nil {
					a.Outcome = audit.Done
					err = s.Audit().End(n, a)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir})
	if got := acts(t, s, audit.Query{Kind: audit.ConsentRecord, Outcome: audit.Done}); len(got) != 160 {
		t.Errorf("%d acts, want 160", len(got))
	}
	if r := verify(t, s); !r.OK() || r.Audit.Lines != 320 {
		t.Errorf("the audit verifies as %+v", r)
	}
}

func TestAuditIsKeptForItsTime(t *testing.T) {
	at := storetest.NewClock(noon)
	cfg := store.Config{Dir: t.TempDir(), KeepAudit: 30 * 24 * time.Hour, Now: at.Now}
	s := open(t, cfg)
	for _, day := range []int{1, 2, 3, 40, 80} { // 30 and 31 January, 1 February, 10 March, 19 April
		at.Set(time.Date(2026, 1, 29+day, 0, 0, 0, 0, time.UTC))
		storetest.Must(t, s.Audit().Keep(act(fmt.Sprint("day", day), audit.Reload)))
	}
	var sweeps sync.WaitGroup
	for range 4 { // the store may do so by itself at the same moment
		sweeps.Go(func() {
			if err := store.Sweep(s); err != nil {
				t.Error(err)
			}
		})
	}
	sweeps.Wait()
	for _, reopened := range []bool{false, true} {
		if reopened {
			closeStore(t, s)
			s = open(t, cfg)
		}
		storetest.Equal(t, "left", acts(t, s, audit.Query{}), []string{"day80 reload done"})
		if r := verify(t, s); !r.OK() || r.Audit.First != 5 || r.Audit.Last != 5 {
			t.Errorf("the audit verifies as %+v", r)
		}
	}
	storetest.Must(t, s.Audit().Keep(act("later", audit.Reload)))
	storetest.Equal(t, "after another", acts(t, s, audit.Query{}), []string{"later reload done", "day80 reload done"})
}

func TestAuditAltered(t *testing.T) {
	for name, c := range map[string]struct {
		change func(lines []string) []string
		want   string
	}{
		"another actor": {func(l []string) []string { l[2] = strings.Replace(l[2], "bob", "eve", 1); return l },
			"line 2 of the audit was altered: its text is not what its digest says"},
		"another outcome": {func(l []string) []string { l[2] = strings.Replace(l[2], `"done"`, `"refused"`, 1); return l },
			"line 2 of the audit was altered, or does not follow the one before it"},
		"a line removed": {func(l []string) []string { return slices.Delete(l, 2, 3) },
			"line 3 of the audit stands where line 2 should be: lines were removed, added or exchanged"},
		"no line": {func(l []string) []string { l[2] = "nothing\n"; return l }, "line 2 of the audit was altered: it does not read"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, store.Config{Dir: dir})
			for _, actor := range []string{"ana", "bob", "cy"} {
				storetest.Must(t, s.Audit().Keep(act(actor, audit.Reload)))
			}
			closeStore(t, s)
			file := auditFile(t, dir)
			text, err := os.ReadFile(file)
			storetest.Must(t, err)
			storetest.Must(t, os.WriteFile(file, []byte(strings.Join(c.change(strings.SplitAfter(string(text), "\n")), "")), 0o600))
			r := verify(t, open(t, store.Config{Dir: dir}))
			if len(r.Faults) != 1 || r.Faults[0].Reason != c.want {
				t.Errorf("got  %v\nwant %s", r.Faults, c.want)
			}
		})
	}
}

// A walk over more than a file at once reads, in pieces, gives each line once.
func TestActsOverManyChunks(t *testing.T) {
	at := storetest.NewClock(noon)
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir, Now: at.Now})
	long := act("ana", audit.Pause)
	for n := range 300 {
		at.Set(noon.Add(time.Duration(n) * 12 * time.Hour)) // five months
		long.Note = strings.Repeat(string(rune('a'+n%26)), n*3)
		storetest.Must(t, s.Audit().Keep(long))
	}
	n := 300
	for a, err := range s.Audit().Acts(t.Context(), audit.Query{}) {
		storetest.Must(t, err)
		if n--; a.Note != strings.Repeat(string(rune('a'+n%26)), n*3) || a.Seq != uint64(n+1) {
			t.Fatalf("act %d is %+v", n, a)
		}
	}
	if files := storetest.Glob(t, dir, "audit/*"); n != 0 || len(files) != 6 {
		t.Errorf("%d acts were left out; the files are %v", n, files)
	}
	for _, file := range storetest.Glob(t, dir, filepath.Join("audit", "*")) {
		if text, err := os.ReadFile(file); err != nil || bytes.Count(text, []byte{'\n'}) < 10 {
			t.Errorf("%s has %d bytes: %v", file, len(text), err)
		}
	}
}
