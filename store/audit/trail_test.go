package audit

import (
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
	for _, err := range trail.Acts(Query{}) {
		storetest.Must(t, err)
		kept++
	}
	if kept != 2 {
		t.Errorf("%d acts are read, want 2", kept)
	}
}
