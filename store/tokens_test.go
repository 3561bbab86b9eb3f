package store_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/storetest"
)

func token(name string) store.Token {
	return store.Token{Name: name, Role: "viewer", Hash: sha256.Sum256([]byte("secret of " + name)), MadeBy: "ana"}
}

func tokenNames(s *store.Store) string {
	var names []string
	for _, t := range s.Tokens() {
		names = append(names, t.Name)
	}
	return strings.Join(names, " ")
}

func TestTokensOutliveTheProcess(t *testing.T) {
	at := storetest.NewClock(noon)
	cfg := store.Config{Dir: t.TempDir(), Now: at.Now}
	s := open(t, cfg)
	for _, name := range []string{"crm", "shop", "report"} {
		storetest.Must(t, s.AddToken(token(name)))
	}
	storetest.Must(t, s.RemoveToken("shop"))
	same := token("other")
	same.Hash = token("crm").Hash
	if err := s.AddToken(token("crm")); !errors.Is(err, store.ErrTokenTaken) {
		t.Errorf("a name twice: %v", err)
	}
	if err := s.AddToken(same); !errors.Is(err, store.ErrTokenTaken) {
		t.Errorf("a secret twice: %v", err)
	}
	if err := s.RemoveToken("shop"); !errors.Is(err, store.ErrNoToken) {
		t.Errorf("revoked again: %v", err)
	}
	s.TokenUsed("crm")
	later := noon.Add(2 * time.Hour)
	at.Set(later)
	s.TokenUsed("of the configuration") // puts both on disk
	closeStore(t, s)
	s = open(t, cfg)
	if got := tokenNames(s); got != "crm report" || s.Tokens()[0].MadeBy != "ana" || s.Tokens()[0].Hash != token("crm").Hash || !s.Tokens()[0].Made.Equal(noon) {
		t.Errorf("after a restart there are %s: %+v", got, s.Tokens())
	}
	if !s.TokenUse("crm").Equal(noon) || !s.TokenUse("of the configuration").Equal(later) || !s.TokenUse("report").IsZero() {
		t.Errorf("used %v, %v, %v", s.TokenUse("crm"), s.TokenUse("of the configuration"), s.TokenUse("report"))
	}
	storetest.Must(t, s.AddToken(token("shop")))
	storetest.Must(t, s.RemoveToken("crm"))
	storetest.Must(t, s.AddToken(token("crm")))
	if !s.TokenUse("crm").IsZero() {
		t.Error("a new token was used before it was made")
	}
}

func TestEraseLeavesNothingInTokens(t *testing.T) {
	cfg := store.Config{Dir: t.TempDir()}
	s := open(t, cfg)
	ana := filter.Recipient{Brand: "acme", Channel: filter.Email, Address: "ana@example.com"}
	made, named := token("crm"), token("of-ana@example.com")
	made.MadeBy = "ana@example.com"
	storetest.Must(t, s.AddToken(made))
	storetest.Must(t, s.AddToken(named))
	s.TokenUsed("ana@example.com")
	_, err := s.Erase(t.Context(), ana, "olga", "asked by letter")
	if err == nil || !strings.Contains(err.Error(), "the token of-ana@example.com is named by it: revoke it first") {
		t.Errorf("got %v", err)
	}
	storetest.Must(t, s.RemoveToken("of-ana@example.com"))
	storetest.Must(t, s.Audit().Keep(audit.Act{Actor: "ana@example.com", Kind: audit.TokenMake}))
	erase(t, s, ana)
	if files := found(t, cfg.Dir); len(files) > 0 {
		t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
	}
	if got := fmt.Sprint(tokenNames(s), " ", s.Tokens()[0].MadeBy); got != "crm (erased)" {
		t.Errorf("left is %s", got)
	}
	closeStore(t, s)
	if files := found(t, cfg.Dir); len(files) > 0 {
		t.Errorf("after closing:\n%s", strings.Join(files, "\n"))
	}
}
