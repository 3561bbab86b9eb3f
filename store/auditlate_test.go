package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/storetest"
)

// What was asked for before somebody was erased, and is told of only afterwards, brings back nothing of them.
func TestEraseLeavesNothingInLateActs(t *testing.T) {
	for name, memory := range map[string]bool{"on disk": false, "in memory": true} {
		t.Run(name, func(t *testing.T) {
			cfg := store.Config{Dir: t.TempDir(), Memory: memory}
			s := open(t, cfg)
			about := act("ana", audit.PassGrant)
			about.To, about.Note = gonePerson, "Ana Ejemplo called"
			named := act("bob", audit.Pause)
			named.About, named.Error = map[string]string{"campaign": "for 415-555-0100", "switch": "x"}, "told by +1 (415) 555-0100"
			shown := act("cy", audit.ConsentShow)
			shown.To = gonePerson
			late := act("dan", audit.PassUse)
			late.To = gonePerson
			var over, overToo func()
			shown.Asked, over = s.Audit().Asked()
			late.Asked, overToo = s.Audit().Asked()
			first, second := begin(t, s, act("ana", audit.PassGrant)), begin(t, s, act("bob", audit.Pause))

			erase(t, s, gonePerson)
			finish(t, s, first, about)
			storetest.Must(t, s.Audit().Keep(shown))
			third := begin(t, s, late)
			overToo()
			if !memory {
				if files := found(t, cfg.Dir); len(files) > 0 {
					t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
				}
			}
			finish(t, s, third, late)
			finish(t, s, second, named)
			over()
			over()
			for _, reopened := range []bool{false, true} {
				if reopened && !memory {
					closeStore(t, s)
					s = open(t, cfg)
				}
				storetest.Equal(t, "of the person", acts(t, s, audit.Query{Address: gonePerson.Address}), []string{"dan pass-use done", "cy consent-show done", "ana pass-grant done"})
				for a, err := range s.Audit().Acts(t.Context(), audit.Query{}) {
					storetest.Must(t, err)
					text := fmt.Sprint(a)
					if strings.Contains(text, "+1415") || strings.Contains(text, "0100") || strings.Contains(text, "Ejemplo") {
						t.Errorf("left: %s", text)
					}
					if a.Kind == audit.Pause && a.About["switch"] != "x" {
						t.Errorf("more than the person was taken out of %+v", a)
					}
				}
				if files := found(t, cfg.Dir); len(files) > 0 {
					t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
				}
				if r := verify(t, s); !r.OK() || r.Audit.Erased != 5 || r.Audit.Lines != 7 {
					t.Errorf("the audit verifies as %+v", r)
				}
			}
			storetest.Must(t, s.Audit().Keep(shown)) // its mark is of another process, or long over
			about.Note = ""
			storetest.Must(t, s.Audit().Keep(about)) // what is learnt afterwards is new
			if got := acts(t, s, audit.Query{Address: gonePerson.Address}); got[0] != "ana pass-grant done" {
				t.Errorf("the newest is %q", got)
			}
			for a, err := range s.Audit().Acts(t.Context(), audit.Query{Actor: "ana"}) {
				if storetest.Must(t, err); a.To.Address != "+1415••••00" && a.To.Address != "+1415•••••00" {
					t.Errorf("a new act names them as %q", a.To.Address)
				}
				break
			}
		})
	}
}

// A pass that is found, and whose person is erased before it is used, is used by nobody, and tells of nobody.
func TestEraseLeavesNothingOfAPassThatWasFound(t *testing.T) {
	s := open(t, store.Config{Memory: true, Now: func() time.Time { return noon }})
	used := grant(t, s, passTo(s, gonePerson))[0]
	if ok, err := s.UsePass(&used, "x", noon); !ok || err != nil {
		t.Fatal(ok, err)
	}
	found := grant(t, s, passTo(s, gonePerson))[0]
	erase(t, s, gonePerson)
	if ok, err := s.UsePass(&found, "y", noon); ok || err != nil {
		t.Errorf("used: %t, %v", ok, err)
	}
	if err := s.GiveBackPass(&used, "x"); err == nil {
		t.Error("a pass was given back of somebody who is erased")
	}
	for a, err := range s.Audit().Acts(t.Context(), audit.Query{}) {
		if storetest.Must(t, err); a.To.Address != "" {
			t.Errorf("left: %+v", a)
		}
	}
}

// That a pass is given back is in the audit before it is done, and where that cannot be kept, it is not done.
func TestPassIsGivenBackOnlyWithTheAudit(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	p := grant(t, s, passTo(s, storetest.Person("acme", 1)))[0]
	if ok, err := s.UsePass(&p, "x", noon); !ok || err != nil {
		t.Fatal(ok, err)
	}
	broken := fmt.Errorf("the disk is full")
	store.FailAudit(s, func(func() error) error { return broken })
	if err := s.GiveBackPass(&p, "x"); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("got %v", err)
	}
	store.FailAudit(s, func(real func() error) error { return real() })
	if is := states(t, s, noon); len(is) != 1 || !strings.HasSuffix(is[0], " used") {
		t.Errorf("it is %v", is)
	}
	storetest.Must(t, s.GiveBackPass(&p, "x"))
	if is := states(t, s, noon); len(is) != 1 || !strings.HasSuffix(is[0], " granted") {
		t.Errorf("it is %v", is)
	}
	if got := acts(t, s, audit.Query{Kind: audit.PassUse}); len(got) != 2 || got[0] != "gate pass-use failed" {
		t.Errorf("the audit says %q", got)
	}
}
