package audit

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/storetest"
	"go.uber.org/zap"
)

// Who is erased is held in memory for acts that were asked for before, and no longer than until these are told to their
// end, or that could not be kept, as when the disk is full.
func TestErasuresAreForgotten(t *testing.T) {
	full := false
	trail, err := Open(Config{
		Dir: t.TempDir(), Now: time.Now, Logger: zap.NewNop(),
		Person: func(address string) string { return "who has " + address },
		Closed: errClosed,
		Sync: func(f *os.File) error {
			if full {
				return errors.New("the disk is full")
			}
			return f.Sync()
		},
	})
	storetest.Must(t, err)
	t.Cleanup(trail.Close)
	held := func(want int) {
		t.Helper()
		if n := len(trail.late.erased); n != want {
			t.Errorf("%d addresses are held, want %d", n, want)
		}
	}
	erase := func() {
		t.Helper()
		_, err := trail.Erase(spelling.OfPerson(filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550100"}))
		storetest.Must(t, err)
	}
	erase()
	held(0)

	grant := Act{Kind: PassGrant, Actor: "ana", Outcome: Done}
	begun, err := trail.Begin(grant)
	storetest.Must(t, err)
	_, over := trail.Asked()
	erase()
	held(1)
	storetest.Must(t, trail.End(begun, grant))
	held(1)
	over()
	over()
	held(0)

	begun, err = trail.Begin(grant)
	storetest.Must(t, err)
	full = true
	if err := trail.End(begun, grant); err == nil {
		t.Fatal("it was ended")
	}
	full = false
	erase()
	held(0)
	storetest.Must(t, trail.End(begun, grant)) // it can be ended after all
	held(0)
}
