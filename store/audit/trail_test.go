package audit

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store/storetest"
	"go.uber.org/zap"
)

var errClosed = errors.New("the audit is closed")

// Once it is closed nothing is kept any more, and what was can still be read.
func TestClosed(t *testing.T) {
	trail, err := Open(Config{Dir: t.TempDir(), Now: time.Now, Logger: zap.NewNop(), Closed: errClosed, Sync: (*os.File).Sync})
	storetest.Must(t, err)
	grant := Act{Kind: PassGrant, Actor: "ana", Outcome: Done}
	begun, err := trail.Begin(grant)
	storetest.Must(t, err)
	storetest.Must(t, trail.Keep(grant))
	trail.Close()
	_, again := trail.Begin(grant)
	for what, err := range map[string]error{"an act": trail.Keep(grant), "the beginning of one": again, "the end of one": trail.End(begun, grant)} {
		if !errors.Is(err, errClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	kept := 0
	for _, err := range trail.Acts(t.Context(), Query{}) {
		storetest.Must(t, err)
		kept++
	}
	if kept != 2 {
		t.Errorf("%d acts are read, want 2", kept)
	}
}

// Whoever does not want to know any more ends the walk, also where it finds nothing.
func TestActsAreReadNoLongerThanWanted(t *testing.T) {
	trail, err := Open(Config{Dir: t.TempDir(), Now: time.Now, Logger: zap.NewNop(), Closed: errClosed, Sync: (*os.File).Sync})
	storetest.Must(t, err)
	t.Cleanup(trail.Close)
	storetest.Must(t, trail.Keep(Act{Kind: PassGrant, Actor: "ana", Outcome: Done}))
	ctx, leave := context.WithCancel(t.Context())
	leave()
	for _, kind := range []Kind{PassGrant, Backup} {
		met := 0
		for a, err := range trail.Acts(ctx, Query{Kind: kind}) {
			if met++; !errors.Is(err, context.Canceled) || met > 1 {
				t.Errorf("asked for %s: %+v, %v", kind, a, err)
			}
		}
		if met != 1 {
			t.Errorf("asked for %s, nobody tells that the walk was broken off", kind)
		}
	}
}
