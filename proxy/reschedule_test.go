package proxy

import (
	"strings"
	"sync/atomic"
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

// Those who write all night reach nobody in the morning with more than may arrive then.
func TestMovedMessagesCountAgainstEachOther(t *testing.T) {
	for name, set := range map[string]func(*RouteConfig){
		"a cap of one an hour":                 func(rc *RouteConfig) { rc.Policy.Caps.Rows = []filter.Cap{{Most: 1, Within: time.Hour}} },
		"no duplicate within an hour":          unrepeated,
		"rehearsed, a cap of one an hour":      func(rc *RouteConfig) { rc.Policy.Caps.Rows = []filter.Cap{{Most: 1, Within: time.Hour}} },
		"rehearsed, no duplicate in two hours": func(rc *RouteConfig) { rc.Policy.Duplicates.Within = 2 * time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			var sent atomic.Int64
			cfg, now := night(play(t, loopback(t), echo(okAnswer, func(wire) { sent.Add(1) })), set)
			var hour atomic.Int64
			cfg.Now = func() time.Time { return now.Add(time.Duration(hour.Load()) * 61 * time.Minute) }
			if strings.HasPrefix(name, "rehearsed") {
				judge, _, err := newGate(t, cfg, memory(t)).Rehearse("twilio", "", now, nil)
				if err != nil {
					t.Fatal(err)
				}
				for range 4 {
					m := filter.Message{To: filter.Recipient{Address: "+12125550100"}, From: "MG00000000000000000000000000000001", Text: "Sale", Movable: true}
					if d, _, _ := judge(&m, filter.All, filter.All); d.Action != filter.Block {
						sent.Add(1)
					}
				}
			} else {
				_, addr := start(t, cfg, memory(t))
				for ; hour.Load() < 4; hour.Add(1) {
					ask(t, addr, post("/twilio"+messages, "application/x-www-form-urlencoded", "To=%2B12125550100&MessagingServiceSid=MG00000000000000000000000000000001&Body=Sale"))
				}
			}
			if got := sent.Load(); got != 1 {
				t.Errorf("%d messages reach one person in the morning", got)
			}
		})
	}
}

// What counts now says nothing about the morning that a message is moved to.
func TestMovedMessagesAreJudgedInTheMorning(t *testing.T) {
	cfg, now := night(play(t, loopback(t), echo(okAnswer, func(wire) {})), func(rc *RouteConfig) {
		rc.Policy.Caps.Rows = []filter.Cap{{Most: 1, Within: 2 * time.Hour}}
	})
	st := memory(t)
	m := filter.Message{To: filter.Recipient{Brand: "default", Channel: filter.SMS, Address: "+12125550100"}}
	var r filter.Record
	turn, err := st.Turn(&m, &r, now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	_, err = turn.Take(&store.Claims{Tally: true})
	turn.End()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Now = func() time.Time { return now }
	_, addr := start(t, cfg, st)
	for _, want := range []string{"rewrite quiet-hours", "block cap-reached"} {
		a := ask(t, addr, post("/twilio"+messages, "application/x-www-form-urlencoded", "To=%2B12125550100&MessagingServiceSid=MG00000000000000000000000000000001&Body=Sale"))
		if got := a.Header.Get("Sendgate-Decision") + " " + a.Header.Get("Sendgate-Reason"); got != want {
			t.Errorf("decided %s, want %s: %s", got, want, a.body)
		}
	}
}
