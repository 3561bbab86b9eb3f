package store_test

import (
	"errors"
	"testing"

	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/storetest"
)

// A pass of whose use the end cannot be kept in the audit lets nothing through, and is there for the next try.
func TestPassWhoseUseCannotBeKeptInTheAudit(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	p := grant(t, s, passTo(s, storetest.Person("acme", 1)))[0]
	syncs := 0
	store.FailAudit(s, func(real func() error) error {
		if syncs++; syncs > 1 { // behind the beginning of the use
			return errors.New("no space left on device")
		}
		return real()
	})
	if used, err := s.UsePass(&p, "x", noon); used || err == nil {
		t.Errorf("used: %v, %v", used, err)
	}
	if all := s.PassesOf(p.Decisions[0]); len(all) != 1 || all[0].State(noon) != store.PassGranted || all[0].UsedBy != "" {
		t.Errorf("its state is %+v", all)
	}
	store.FailAudit(s, func(real func() error) error { return real() })
	if used, err := s.UsePass(&p, "y", noon); !used || err != nil {
		t.Errorf("once the audit can be written: %v, %v", used, err)
	}
	for a, err := range s.Audit().Acts(t.Context(), audit.Query{Kind: audit.PassUse}) {
		want := map[string]audit.Outcome{"x": audit.UnderWay, "y": audit.Done}[a.About["decision"]]
		if err != nil || a.Outcome != want {
			t.Errorf("the audit has %+v, %v", a, err)
		}
	}
}
