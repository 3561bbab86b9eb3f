package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store"
)

// What was asked for before somebody was erased, and is told of only afterwards, brings back nothing of them.
func TestEraseLeavesNothingInLateActs(t *testing.T) {
	for name, memory := range map[string]bool{"on disk": false, "in memory": true} {
		t.Run(name, func(t *testing.T) {
			cfg := store.Config{Dir: t.TempDir(), Memory: memory}
			s := open(t, cfg)
			about := act("ana", store.ActPassGrant)
			about.To, about.Note = gonePerson, "Ana Ejemplo called"
			named := act("bob", store.ActPause)
			named.About, named.Error = map[string]string{"campaign": "for 415-555-0100", "switch": "x"}, "told by +1 (415) 555-0100"
			shown := act("cy", store.ActConsentShow)
			shown.To = gonePerson
			late := act("dan", store.ActPassUse)
			late.To = gonePerson
			var over, overToo func()
			shown.Asked, over = s.Audit().Asked()
			late.Asked, overToo = s.Audit().Asked()
			first, second := begin(t, s, act("ana", store.ActPassGrant)), begin(t, s, act("bob", store.ActPause))

			erase(t, s, gonePerson)
			finish(t, s, first, about)
			must(t, s.Audit().Keep(shown))
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
			if n := store.ErasuresHeld(s); n > 0 {
				t.Errorf("%d addresses are held in memory for acts that are all told", n)
			}
			for _, reopened := range []bool{false, true} {
				if reopened && !memory {
					closeStore(t, s)
					s = open(t, cfg)
				}
				equal(t, "of the person", acts(t, s, store.ActQuery{Address: gonePerson.Address}), []string{"dan pass-use done", "cy consent-show done", "ana pass-grant done"})
				for a, err := range s.Audit().Acts(store.ActQuery{}) {
					must(t, err)
					text := fmt.Sprint(a)
					if strings.Contains(text, "+1415") || strings.Contains(text, "0100") || strings.Contains(text, "Ejemplo") {
						t.Errorf("left: %s", text)
					}
					if a.Kind == store.ActPause && a.About["switch"] != "x" {
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
			must(t, s.Audit().Keep(shown)) // its mark is of another process, or long over
			about.Note = ""
			must(t, s.Audit().Keep(about)) // what is learnt afterwards is new
			if got := acts(t, s, store.ActQuery{Address: gonePerson.Address}); got[0] != "ana pass-grant done" {
				t.Errorf("the newest is %q", got)
			}
			for a, err := range s.Audit().Acts(store.ActQuery{Actor: "ana"}) {
				if must(t, err); a.To.Address != "+1415••••00" && a.To.Address != "+1415•••••00" {
					t.Errorf("a new act names them as %q", a.To.Address)
				}
				break
			}
		})
	}
}

// An act whose end cannot be kept, as when the disk is full, holds nobody's address in memory for ever.
func TestErasuresAreForgottenBesideAnActWithoutEnd(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	begun := begin(t, s, act("ana", store.ActPassGrant))
	store.FailAudit(s, func(func() error) error { return fmt.Errorf("the disk is full") })
	if err := s.Audit().End(begun, act("ana", store.ActPassGrant)); err == nil {
		t.Fatal("it was ended")
	}
	store.FailAudit(s, func(real func() error) error { return real() })
	erase(t, s, gonePerson)
	if n := store.ErasuresHeld(s); n > 0 {
		t.Errorf("%d addresses are held", n)
	}
	about := act("ana", store.ActPassGrant)
	about.To = gonePerson
	finish(t, s, begun, about) // it can be ended after all
	if n := store.ErasuresHeld(s); n > 0 {
		t.Errorf("%d addresses are held once it is ended", n)
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
	for a, err := range s.Audit().Acts(store.ActQuery{}) {
		if must(t, err); a.To.Address != "" {
			t.Errorf("left: %+v", a)
		}
	}
}

// That a pass is given back is in the audit before it is done, and where that cannot be kept, it is not done.
func TestPassIsGivenBackOnlyWithTheAudit(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	p := grant(t, s, passTo(s, person("acme", 1)))[0]
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
	must(t, s.GiveBackPass(&p, "x"))
	if is := states(t, s, noon); len(is) != 1 || !strings.HasSuffix(is[0], " granted") {
		t.Errorf("it is %v", is)
	}
	if got := acts(t, s, store.ActQuery{Kind: store.ActPassUse}); len(got) != 2 || got[0] != "gate pass-use failed" {
		t.Errorf("the audit says %q", got)
	}
}
