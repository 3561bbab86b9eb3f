package switches_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/switches"
	"go.uber.org/zap"
)

// noon is the moment at which most tests happen.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

var errClosed = errors.New("closed")

// open opens a board. Its clock stands at noon unless cfg has another.
func open(t testing.TB, cfg switches.Config) *switches.Board {
	t.Helper()
	cfg.Closed, cfg.Logger = errClosed, zap.NewNop()
	if cfg.Now == nil {
		cfg.Now = storetest.NewClock(noon).Now
	}
	board, err := switches.Open(cfg)
	storetest.Must(t, err)
	t.Cleanup(board.Close)
	return board
}

func pause(t testing.TB, board *switches.Board, sw filter.Switch, key string) filter.Switch {
	t.Helper()
	sw, err := board.Pause(sw, key)
	storetest.Must(t, err)
	return sw
}
