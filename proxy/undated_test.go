package proxy

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
)

// TestUndatedCalls: some services give what people write neither ids nor times, so that the same words on another day look
// like the same call once more. What is said again counts again, and goes on to the owner again.
func TestUndatedCalls(t *testing.T) {
	var now atomic.Pointer[time.Time]
	pass := func(d time.Duration) {
		next := now.Load().Add(d)
		now.Store(&next)
	}
	const password = "a-long-password-1"
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	call := func(text string) string {
		body := fmt.Sprintf(`{"reference":"r1","from":"0014155550100","to":"3669","body":%q}`, text)
		return fmt.Sprintf("POST /cm HTTP/1.1\r\nHost: gate\r\nX-Hook: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", password, len(body), body)
	}
	for _, c := range []struct {
		name  string
		calls []string
		after time.Duration // between two of them
		out   bool          // they are opted out in the end
		told  int           // calls that the owner gets
	}{
		{"who says STOP, START and STOP is opted out", []string{"STOP", "START", "STOP"}, 24 * time.Hour, true, 3},
		{"also within the hour", []string{"STOP", "START", "STOP"}, 20 * time.Minute, true, 3},
		{"and who then says START is not", []string{"STOP", "START", "STOP", "START"}, 24 * time.Hour, false, 4},
		{"a call that the service repeats at once is one", []string{"STOP", "STOP"}, 0, true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			now.Store(&noon)
			clock := func() time.Time { return *now.Load() }
			st, err := store.Open(store.Config{Memory: true, Now: clock})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = st.Close() })
			cfg := hooked(t, map[string]RouteConfig{"cm": {Webhook: &WebhookConfig{Header: "X-Hook", Value: password, Relay: &RelayConfig{URL: "http://127.0.0.1:1/"}}}})
			cfg.Now = clock
			_, _, addr := startHooked(t, cfg, st)
			for _, text := range c.calls {
				callBack(t, addr, call(text), 200)
				pass(c.after)
			}
			rec, err := st.Read(person, filter.NeedRecord)
			if err != nil {
				t.Fatal(err)
			}
			at, _ := rec.OptedOut(&filter.Message{To: person})
			if at.IsZero() == c.out {
				t.Errorf("opted out %s", at)
			}
			told := 0
			for _, err := range st.Errands().All(errands.Query{Kinds: []errands.Kind{errands.Relay}}) {
				if told++; err != nil {
					t.Fatal(err)
				}
			}
			if told != c.told {
				t.Errorf("%d calls go on", told)
			}
		})
	}
}
