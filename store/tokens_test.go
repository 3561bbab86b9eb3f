package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/storetest"
)

func tokenNames(s *store.Store) string {
	var names []string
	for _, t := range s.Tokens().All() {
		names = append(names, t.Name)
	}
	return strings.Join(names, " ")
}

func TestEraseLeavesNothingInTokens(t *testing.T) {
	cfg := store.Config{Dir: t.TempDir()}
	s := open(t, cfg)
	ana := filter.Recipient{Brand: "acme", Channel: filter.Email, Address: "ana@example.com"}
	made, named := storetest.Token("crm"), storetest.Token("of-ana@example.com")
	made.MadeBy = "ana@example.com"
	storetest.Must(t, s.Tokens().Add(made))
	storetest.Must(t, s.Tokens().Add(named))
	s.Tokens().Use("ana@example.com")
	_, err := s.Erase(t.Context(), ana, "olga", "asked by letter")
	if err == nil || !strings.Contains(err.Error(), "the token of-ana@example.com is named by it: revoke it first") {
		t.Errorf("got %v", err)
	}
	storetest.Must(t, s.Tokens().Remove("of-ana@example.com"))
	storetest.Must(t, s.Audit().Keep(audit.Act{Actor: "ana@example.com", Kind: audit.TokenMake}))
	erase(t, s, ana)
	if files := found(t, cfg.Dir); len(files) > 0 {
		t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
	}
	if got := fmt.Sprint(tokenNames(s), " ", s.Tokens().All()[0].MadeBy); got != "crm (erased)" {
		t.Errorf("left is %s", got)
	}
	closeStore(t, s)
	if files := found(t, cfg.Dir); len(files) > 0 {
		t.Errorf("after closing:\n%s", strings.Join(files, "\n"))
	}
}
