package proxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
)

// TestNoRoomForWhatIsScheduled: what an opt-out could not cancel, since there is no room to remember it, is not sent.
func TestNoRoomForWhatIsScheduled(t *testing.T) {
	const sentence = "no room to remember what is to be delivered later"
	for _, c := range []struct {
		name     string
		provider string
		mode     Mode
		request  string
		sent     bool
	}{
		{"a message to be delivered later is not sent", "twilio", Enforce, deliverAt(time.Now().Add(24 * time.Hour)), false},
		{"a message that is due is sent", "twilio", Enforce, deliverAt(time.Now().Add(-time.Hour)), true},
		{"a message without a time is sent", "twilio", Enforce, sms("+14155550100", "Sale"), true},
		{"where decisions are only reported, all are sent", "twilio", Report, deliverAt(time.Now().Add(24 * time.Hour)), true},
		{"what an opt-out never cancels is sent", "infobip", Enforce, post("/twilio/sms/2/text/advanced", "application/json", fmt.Sprintf(
			`{"messages":[{"from":"Shop","destinations":[{"to":"14155550100"}],"text":"Sale","sendAt":%q}]}`, time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339))), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var arrived atomic.Int64
			st, err := store.Open(store.Config{Memory: true, Errands: errands.Config{Bytes: 1}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { st.Close() })
			_, addr := start(t, oneRoute(play(t, loopback(t), echo(okAnswer, func(wire) { arrived.Add(1) })), func(rc *RouteConfig) { rc.Provider, rc.Mode = c.provider, c.mode }), st)
			a := ask(t, addr, c.request)
			if refused := a.StatusCode == 503 && a.Header.Get("Sendgate-Outcome") == "not-sent" && strings.Contains(a.body, sentence); refused == c.sent || (arrived.Load() == 1) != c.sent {
				t.Errorf("answered %s %s, and %d requests arrived", a.Status, a.body, arrived.Load())
			}
		})
	}
}

// TestOptOutsCancelWhereThereIsNoRoom: what the provider took while others took the rest of the room for errands is
// remembered, and cancelled; where decisions are only reported, which asks for no room before, it is not.
func TestOptOutsCancelWhereThereIsNoRoom(t *testing.T) {
	for mode, want := range map[Mode][]string{Enforce: {"Status=canceled"}, Report: {}} {
		t.Run(mode.String(), func(t *testing.T) {
			ana := filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550100"}
			st, err := store.Open(store.Config{Memory: true, Errands: errands.Config{Bytes: 8 << 10}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { st.Close() })
			var got posted
			got.says = func(w wire) string {
				if strings.Contains(w.head, scheduledID) {
					return answerOf(200, `{"sid":"`+scheduledID+`","status":"canceled"}`)
				}
				for i, full := 0, false; !full; i++ {
					_, err := st.Errands().Add(context.Background(), errands.Errand{ID: fmt.Sprint(i), Kind: errands.Review})
					if full = errors.Is(err, errands.ErrFull); err != nil && !full {
						t.Error(err)
						break
					}
				}
				return answerOf(201, `{"sid":"`+scheduledID+`","status":"scheduled"}`)
			}
			g, sends, _ := startHooked(t, answering(t, play(t, loopback(t), got.serve), onTwilio(func(rc *RouteConfig) { rc.Mode = mode })), st)
			ask(t, sends, deliverAt(time.Now().Add(24*time.Hour)))
			learn(t, st, filter.Event{ID: "out", Time: time.Now(), To: ana, Kind: filter.OptedOut, Source: "a test"})
			if err := g.withdrawals.look(context.Background()); err != nil {
				t.Fatal(err)
			}
			errandsDone(t, g)
			if texts := got.texts(); len(texts) == 0 || !slices.Equal(texts[1:], want) {
				t.Errorf("sent %q", texts)
			}
			if n := g.counters("twilio").unscheduled.Load(); int(n) != 1-len(want) {
				t.Errorf("%d count as not remembered", n)
			}
		})
	}
}
