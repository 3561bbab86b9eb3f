package console

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

func TestTurns(t *testing.T) {
	b := newBench(t)
	for range 2000 {
		b.store.Log(store.Entry{ID: store.NewID(noon), Time: noon, Route: "twilio", To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+12125550123"}, Text: strings.Repeat("Sale ", 50)})
	}
	ana := b.server.As("ana", Admin)

	t.Run("who does not read an answer keeps nobody from theirs", func(t *testing.T) {
		for range 2 * cap(b.server.turns) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://console/api/v1/decisions/export?format=jsonl", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := inProcess{b.server, actor{name: "slow", role: Admin}}.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
		}
		if _, _, err := ana.Routes(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("what asks waits for its turn, and what tells the gate something does not", func(t *testing.T) {
		for range cap(b.server.turns) {
			b.server.turns.take()
		}
		asked := make(chan error, 1)
		go func() {
			_, _, err := ana.Routes(t.Context())
			asked <- err
		}()
		if _, err := ana.Record(t.Context(), Notice{To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+12125550124"}, Kind: filter.OptedOut, Time: noon.Add(-time.Hour)}); err != nil {
			t.Error(err)
		}
		select {
		case err := <-asked:
			t.Errorf("it was answered out of turn: %v", err)
		default:
		}
		for range cap(b.server.turns) {
			b.server.turns.pass()
		}
		if err := <-asked; err != nil {
			t.Error(err)
		}
	})
}
