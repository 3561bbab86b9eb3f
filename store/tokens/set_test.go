package tokens_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tokens"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, cfg tokens.Config) *tokens.Set {
	t.Helper()
	s, err := tokens.Open(cfg)
	storetest.Must(t, err)
	return s
}

func names(s *tokens.Set) string {
	var names []string
	for _, t := range s.All() {
		names = append(names, t.Name)
	}
	return strings.Join(names, " ")
}

func TestOutliveTheProcess(t *testing.T) {
	at := storetest.NewClock(noon)
	cfg := tokens.Config{Dir: t.TempDir(), Now: at.Now, Closed: errors.New("it is closed")}
	s := open(t, cfg)
	for _, name := range []string{"crm", "shop", "report"} {
		storetest.Must(t, s.Add(storetest.Token(name)))
	}
	storetest.Must(t, s.Remove("shop"))
	same := storetest.Token("other")
	same.Hash = storetest.Token("crm").Hash
	if err := s.Add(storetest.Token("crm")); !errors.Is(err, tokens.ErrTaken) {
		t.Errorf("a name twice: %v", err)
	}
	if err := s.Add(same); !errors.Is(err, tokens.ErrTaken) {
		t.Errorf("a secret twice: %v", err)
	}
	if err := s.Remove("shop"); !errors.Is(err, tokens.ErrUnknown) {
		t.Errorf("revoked again: %v", err)
	}
	s.Use("crm")
	later := noon.Add(2 * time.Hour)
	at.Set(later)
	s.Use("of the configuration") // puts both on disk
	storetest.Must(t, s.Close())
	if err := s.Add(storetest.Token("late")); !errors.Is(err, cfg.Closed) {
		t.Errorf("added after the end: %v", err)
	}
	s = open(t, cfg)
	if got := names(s); got != "crm report" || s.All()[0].MadeBy != "ana" || s.All()[0].Hash != storetest.Token("crm").Hash || !s.All()[0].Made.Equal(noon) {
		t.Errorf("after a restart there are %s: %+v", got, s.All())
	}
	if !s.LastUse("crm").Equal(noon) || !s.LastUse("of the configuration").Equal(later) || !s.LastUse("report").IsZero() {
		t.Errorf("used %v, %v, %v", s.LastUse("crm"), s.LastUse("of the configuration"), s.LastUse("report"))
	}
	storetest.Must(t, s.Add(storetest.Token("shop")))
	storetest.Must(t, s.Remove("crm"))
	storetest.Must(t, s.Add(storetest.Token("crm")))
	if !s.LastUse("crm").IsZero() {
		t.Error("a new token was used before it was made")
	}
}

// Once it is closed the file is another process's, whose tokens a late use must not take back.
func TestAUseAfterTheEndIsNotKept(t *testing.T) {
	at := storetest.NewClock(noon)
	cfg := tokens.Config{Dir: t.TempDir(), Now: at.Now, Closed: errors.New("it is closed")}
	s := open(t, cfg)
	storetest.Must(t, s.Add(storetest.Token("crm")))
	storetest.Must(t, s.Close())
	next := open(t, cfg)
	storetest.Must(t, next.Remove("crm"))
	at.Set(noon.Add(2 * time.Hour))
	s.Use("crm")
	if got := names(open(t, cfg)); got != "" {
		t.Errorf("the token %s, which was revoked, is there again", got)
	}
}
