package proxy

import (
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// What is delivered later counts against a cap when it is delivered, and not when it was handed over.
func TestWhatIsMovedCountsWhenItArrives(t *testing.T) {
	st := memory(t)
	seen := make(chan wire, 3)
	base := play(t, loopback(t), echo(okAnswer, func(w wire) { seen <- w }))
	var hours filter.Span
	if err := hours.UnmarshalText([]byte("10:00-21:00")); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(24 * time.Hour).Add(23 * time.Hour)
	opens := now.Add(11 * time.Hour)
	cfg := oneRoute(base, func(rc *RouteConfig) {
		rc.Policy.QuietHours = filter.QuietHours{Reschedule: true, Rows: []filter.Hours{{Place: "GB", Weekdays: hours}}}
		rc.Policy.Caps.Rows = []filter.Cap{{Most: 1, Within: 2 * time.Hour}}
	})
	request := func(text string) string {
		return post("/twilio"+messages, "application/x-www-form-urlencoded", "To=%2B447400123456&MessagingServiceSid=MG00000000000000000000000000000001&Body="+text)
	}
	try := func(at time.Time, text, decision, reason string) {
		t.Helper()
		cfg.Now = func() time.Time { return at }
		_, addr := start(t, cfg, st)
		if a := ask(t, addr, request(text)); a.Header.Get("Sendgate-Decision") != decision || a.Header.Get("Sendgate-Reason") != reason {
			t.Errorf("at %s: decision %q, reason %q: %s", at, a.Header.Get("Sendgate-Decision"), a.Header.Get("Sendgate-Reason"), a.body)
		}
	}
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	_, ahead := opens.In(zone).Zone()
	opens = opens.Add(-time.Duration(ahead) * time.Second)
	try(now, "One", "rewrite", "quiet-hours")
	if w := <-seen; !strings.Contains(w.body, "SendAt="+opens.Format("2006-01-02T15")) {
		t.Errorf("the upstream received %q, and hours open at %s", w.body, opens)
	}
	try(opens.Add(time.Hour), "Two", "block", "cap-reached")
	try(opens.Add(3*time.Hour), "Three", "forward", "allowed")
}
