package store_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/storetest"
)

func TestEraseLeavesNothingInTheAudit(t *testing.T) {
	for name, memory := range map[string]bool{"on disk": false, "in memory": true} {
		t.Run(name, func(t *testing.T) {
			cfg := store.Config{Dir: t.TempDir(), Memory: memory}
			s := open(t, cfg)
			about := act("ana", audit.ConsentRecord)
			about.To, about.Note = gonePerson, "Ana Ejemplo called"
			storetest.Must(t, s.Audit().Keep(about))
			named := act("bob", audit.Pause)
			named.About, named.Note = map[string]string{"campaign": "for 415-555-0100", "switch": "x"}, "told by +1 (415) 555-0100"
			finish(t, s, begin(t, s, named), named)
			other := about
			other.To, other.Note = storetest.Person("acme", 1), "called"
			storetest.Must(t, s.Audit().Keep(other))
			under := begin(t, s, audit.Act{Actor: "olga", Kind: audit.ConsentErase})
			if !memory && len(found(t, cfg.Dir)) == 0 {
				t.Fatal("the search finds nothing before the erasure either")
			}
			if e := erase(t, s, gonePerson); e.Acts != 2 {
				t.Errorf("%d acts were blanked, want 2", e.Acts)
			}
			finish(t, s, under, audit.Act{Actor: "olga", Kind: audit.ConsentErase, To: gonePerson, Note: "asked by letter"})
			for _, reopened := range []bool{false, true} {
				if reopened && !memory {
					closeStore(t, s)
					s = open(t, cfg)
				}
				storetest.Equal(t, "of the person", acts(t, s, audit.Query{Address: gonePerson.Address}), []string{"olga consent-erase done", "ana consent-record done"})
				for a, err := range s.Audit().Acts(t.Context(), audit.Query{}) {
					storetest.Must(t, err)
					text := fmt.Sprint(a)
					if strings.Contains(text, "+1415") || strings.Contains(text, "0100") || strings.Contains(text, "Ejemplo") {
						t.Errorf("left: %s", text)
					}
					if a.Kind == audit.Pause && a.About["switch"] != "x" || a.Kind == audit.ConsentErase && a.Note != "asked by letter" {
						t.Errorf("more than the person was taken out of %+v", a)
					}
				}
				if files := found(t, cfg.Dir); len(files) > 0 {
					t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
				}
				if r := verify(t, s); !r.OK() || r.Audit.Erased != 3 || r.Audit.Lines != 6 {
					t.Errorf("the audit verifies as %+v", r)
				}
			}
			storetest.Must(t, s.Audit().Keep(act("cy", audit.Reload)))
			if r := verify(t, s); !r.OK() {
				t.Errorf("after another act the audit verifies as %+v", r)
			}
		})
	}
}

// An erasure goes through files of earlier months too, while others go on acting.
func TestEraseOverManyAuditFiles(t *testing.T) {
	at := storetest.NewClock(noon)
	cfg := store.Config{Dir: t.TempDir(), Now: at.Now}
	s := open(t, cfg)
	for month := range 3 {
		at.Set(noon.AddDate(0, month, 0))
		about := act("ana", audit.ConsentRecord)
		about.To, about.Note = gonePerson, "told by 415-555-0100"
		storetest.Must(t, s.Audit().Keep(about))
		about.To, about.Note = storetest.Person("acme", 1), ""
		storetest.Must(t, s.Audit().Keep(about))
	}
	var others sync.WaitGroup
	for range 2 {
		others.Go(func() {
			for range 40 {
				if err := s.Audit().Keep(act("bob", audit.Pause)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if e := erase(t, s, gonePerson); e.Acts != 3 {
		t.Errorf("%d acts were blanked, want 3", e.Acts)
	}
	others.Wait()
	if files := found(t, cfg.Dir); len(files) > 0 {
		t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
	}
	closeStore(t, s)
	s = open(t, cfg)
	if got := len(acts(t, s, audit.Query{Actor: "bob"})); got != 80 {
		t.Errorf("%d acts were kept meanwhile, want 80", got)
	}
	if r := verify(t, s); !r.OK() || r.Audit.Lines != 86 || r.Audit.Erased != 3 {
		t.Errorf("the audit verifies as %+v", r)
	}
}

// What was asked for stands in the audit as an address of the API has it, where an @ or a bracket is encoded.
func TestEraseFindsWhoIsNamedInAQuery(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	ana := storetest.Person("acme", 1)
	ana.Channel, ana.Address = "email", "ana@example.com"
	for _, query := range []string{"source=told+by+ana%40example.com", "campaign=for+%28415%29+555-0100&route=twilio", "campaign=100%25&route=twilio"} {
		a := act("bob", audit.DecisionsExport)
		a.About = map[string]string{"query": query}
		storetest.Must(t, s.Audit().Keep(a))
	}
	for _, to := range []filter.Recipient{ana, gonePerson} {
		if e := erase(t, s, to); e.Acts != 1 {
			t.Errorf("%d acts named %s, want 1", e.Acts, to.Address)
		}
	}
	data, err := os.ReadFile(auditFile(t, dir))
	storetest.Must(t, err)
	text := string(data)
	if strings.Contains(text, "ana%40") || strings.Contains(text, "555-0100") || !strings.Contains(text, "100%25") {
		t.Errorf("the audit holds\n%s", text)
	}
}
