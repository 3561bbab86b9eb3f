package proxy

import (
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
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

// night is a route that moves what arrives at night to eight in the morning in New York, and a moment at night.
func night(upstream string, change func(*RouteConfig)) (Config, time.Time) {
	cfg := oneRoute(upstream, func(rc *RouteConfig) {
		var hours filter.Span
		if err := hours.UnmarshalText([]byte("08:00-21:00")); err != nil {
			panic(err)
		}
		rc.Policy.QuietHours = filter.QuietHours{Reschedule: true, Zone: "America/New_York", Rows: []filter.Hours{{Place: "*", Weekdays: hours}}}
		change(rc)
	})
	return cfg, time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC) // 22:00
}

// nightly is a store for it.
func nightly(t *testing.T, now func() time.Time) *store.Store {
	t.Helper()
	st, err := store.Open(store.Config{Memory: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// later is a message from a Messaging Service, which Twilio can deliver later.
func later(to, body string) string {
	return post("/twilio"+messages, "application/x-www-form-urlencoded", "To="+to+"&MessagingServiceSid=MG00000000000000000000000000000001&"+body)
}

// Those who write all night reach nobody in the morning with more than may arrive then; and a list says so.
func TestMovedMessagesCountAgainstEachOther(t *testing.T) {
	const to = "%2B12125550100"
	for name, set := range map[string]func(*RouteConfig){
		"a cap of one an hour":          func(rc *RouteConfig) { rc.Policy.Caps.Rows = []filter.Cap{{Most: 1, Within: time.Hour}} },
		"no duplicate within two hours": func(rc *RouteConfig) { rc.Policy.Duplicates.Within = 2 * time.Hour },
		"a cap of one a day":            func(rc *RouteConfig) { rc.Policy.Caps.Rows = []filter.Cap{{Most: 1, Within: 24 * time.Hour}} },
		"a cap of one an hour, and report": func(rc *RouteConfig) {
			rc.Policy.Caps.Rows, rc.Mode = []filter.Cap{{Most: 1, Within: time.Hour}}, Report
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, now := night(play(t, loopback(t), echo(okAnswer, func(wire) {})), set)
			cfg.Now = func() time.Time { return now }
			g, addr := start(t, cfg, nightly(t, cfg.Now))
			judge, _, err := g.Rehearse("twilio", "", now, nil)
			if err != nil {
				t.Fatal(err)
			}
			for n := range 4 {
				m := filter.Message{To: filter.Recipient{Address: "+12125550100"}, From: "MG00000000000000000000000000000001", Text: "Sale"}
				d, _, err := judge(&m, filter.All, filter.All)
				if err != nil || (n == 0) != (d.Action == filter.Rewrite) {
					t.Errorf("row %d: %+v, %v", n, d, err)
				}
				a := ask(t, addr, later(to, "Body=Sale"))
				until, _ := time.Parse(time.RFC3339, a.Header.Get("Sendgate-Until"))
				if a.Header.Get("Sendgate-Reason") != d.Reason.String() || !until.Equal(d.Until.Truncate(time.Second)) {
					t.Errorf("row %d was to be %+v, and is %s until %s", n, d, a.Header.Get("Sendgate-Reason"), until)
				}
			}
		})
	}
}

// Who wrote yesterday afternoon is in an open window tonight, and not in the morning: then they count.
func TestMovedMessagesCountInTheMorning(t *testing.T) {
	hours := func(ago int) string { return map[int]string{6: "%2B12125550106", 20: "%2B12125550120"}[ago] }
	cfg, now := night(play(t, loopback(t), echo(okAnswer, func(wire) {})), func(rc *RouteConfig) {
		rc.Budgets = Budgets{Portfolio: "acme", Unique: 1}
	})
	cfg.Now = func() time.Time { return now }
	st := nightly(t, cfg.Now)
	for _, ago := range []int{6, 20} {
		to := filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: strings.Replace(hours(ago), "%2B", "+", 1)}
		learn(t, st, filter.Event{To: to, Kind: filter.Wrote, Time: now.Add(-time.Duration(ago) * time.Hour), Source: "test"})
	}
	g, addr := start(t, cfg, st)
	for _, c := range []struct{ who, to, want string }{
		{"a stranger", "%2B12125550100", "rewrite quiet-hours"},
		{"who will have written yesterday", hours(20), "block over-budget"},
		{"whose window is open in the morning", hours(6), "rewrite quiet-hours"},
	} {
		m := filter.Message{To: filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: strings.Replace(c.to, "%2B", "+", 1)},
			From: "MG00000000000000000000000000000001", Template: "HX1", Movable: true}
		d, _, err := g.Judge("twilio", m, now)
		if said := d.Action.String() + " " + d.Reason.String(); said != c.want || err != nil {
			t.Errorf("%s: explained as %s, %v, want %s", c.who, said, err, c.want)
		}
		a := ask(t, addr, later("whatsapp:"+c.to, "ContentSid=HX1"))
		if got := a.Header.Get("Sendgate-Decision") + " " + a.Header.Get("Sendgate-Reason"); got != c.want {
			t.Errorf("%s: decided %s, want %s: %s", c.who, got, c.want, a.body)
		}
	}
}
