package proxy

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
)

// An insteadSend is a send of two messages to one number, of which one goes in the stead of the other.
type insteadSend struct{ provider, path, body string }

var sinchInstead = insteadSend{"sinch-conversation", "/v1/projects/p/messages:send",
	`{"app_id":"a","recipient":{"identified_by":{"channel_identities":[{"channel":"RCS","identity":"31612345678"},{"channel":"SMS","identity":"31612345678"}]}},"channel_priority_order":["RCS","SMS"],"message":{"text_message":{"text":"Sale today"}}}`}

// TestWhatIsSentInstead has messages that a service sends where another to the same number does not arrive: they are no
// further ones.
func TestWhatIsSentInstead(t *testing.T) {
	const told = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
	for name, c := range map[string]insteadSend{
		"Sinch, which tries SMS after RCS": sinchInstead,
		"Vonage's failover": {"vonage-messages", "/v1/messages",
			`{"channel":"rcs","message_type":"text","to":"31612345678","from":"Acme","text":"Sale today","failover":[{"channel":"sms","message_type":"text","to":"31612345678","from":"Acme","text":"Sale today"}]}`},
		"Infobip's failover": {"infobip", "/messages-api/1/messages",
			`{"messages":[{"channel":"RCS","sender":"Acme","destinations":[{"to":"31612345678"}],"content":{"body":{"type":"TEXT","text":"Sale today"}},"failover":[{"channel":"SMS","sender":"Acme","content":{"body":{"type":"TEXT","text":"Sale today"}}}]}]}`},
		"CM.com, which tries SMS after RCS": {"cm", "/v1.0/message",
			`{"messages":{"authentication":{"productToken":"k"},"msg":[{"allowedChannels":["RCS","SMS"],"from":"Acme","to":[{"number":"0031612345678"}],"body":{"type":"auto","content":"Sale"},"richContent":{"conversation":[{"text":"Sale today"}]}}]}}`},
	} {
		for limit, change := range map[string]func(*RouteConfig){"a cap of one a day": capped(1), "no message twice": unrepeated} {
			t.Run(name+", under "+limit, func(t *testing.T) {
				got := make(chan wire, 2)
				base := play(t, loopback(t), echo(told, func(w wire) { got <- w }))
				_, addr := start(t, oneRoute(base, func(rc *RouteConfig) {
					change(rc)
					rc.Provider = c.provider
				}), memory(t))
				request := post("/twilio"+c.path, "application/json", c.body)
				if a := ask(t, addr, request); a.StatusCode != 200 || a.Header.Get("Sendgate-Decision") != "forward" {
					t.Fatalf("told %d, %v, %s", a.StatusCode, a.Header, a.body)
				}
				if w := <-got; w.body != c.body {
					t.Errorf("sent %s", w.body)
				}
				if a := ask(t, addr, request); a.Header.Get("Sendgate-Decision") != "block" {
					t.Errorf("the next was told %d, %v", a.StatusCode, a.Header)
				}
			})
		}
	}
}

// Judged again, what went in the stead of another counts no more than it did, and a decision about it is told as it was.
func TestWhatWasSentInsteadIsJudgedAgain(t *testing.T) {
	st := memory(t)
	cfg := oneRoute(play(t, loopback(t), echo(okAnswer, func(wire) {})), func(rc *RouteConfig) {
		capped(2)(rc)
		rc.Provider = "sinch-conversation"
	})
	_, addr := start(t, cfg, st)
	for _, want := range []string{"forward", "forward", "block"} {
		if a := ask(t, addr, post("/twilio"+sinchInstead.path, "application/json", sinchInstead.body)); a.Header.Get("Sendgate-Decision") != want {
			t.Fatalf("told %d, %v, want %s", a.StatusCode, a.Header, want)
		}
	}
	cfg.Draft = true
	g := newGate(t, cfg, st)
	judge, settle := g.Again()
	n := 0
	for e, err := range st.Decisions().Entries(decisions.Query{Oldest: true}) {
		if err != nil {
			t.Fatal(err)
		}
		d, err := judge(&e, func(filter.Recipient) (filter.Record, error) { return filter.Record{}, nil })
		if err != nil || d.Action != e.Action || d.Reason != e.Reason {
			t.Errorf("decision %d was %s %s, and is %s %s (%v)", n, e.Action, e.Reason, d.Action, d.Reason, err)
		}
		settle(&e, &d)
		if d, _, err := g.Recall(&e); err != nil || d.Action != e.Action || d.Reason != e.Reason {
			t.Errorf("decision %d was %s %s, and is told as %s %s (%v)", n, e.Action, e.Reason, d.Action, d.Reason, err)
		}
		n++
	}
	if n != 6 {
		t.Errorf("%d messages were judged again", n)
	}
}

// TestWhatIsSentInsteadOnTrial: a message and what goes in its stead are tried as one, where both are from who is on trial;
// what alone is, is tried for itself.
func TestWhatIsSentInsteadOnTrial(t *testing.T) {
	for name, first := range map[string]string{"both from the sender on trial": "Acme", "the second alone from it": "Other"} {
		t.Run(name, func(t *testing.T) {
			f := blowWith(t, "", func(cfg *Config) {
				another("infobip", func(rc *RouteConfig) { rc.Provider = "infobip" })(cfg)
				cfg.Breaker.Codes["infobip"] = []int{88}
			})
			send := func() string {
				f.next++
				return ask(t, f.addr, post("/infobip/messages-api/1/messages", "application/json", fmt.Sprintf(`{"messages":[{"channel":"RCS","sender":%q,`+
					`"destinations":[{"to":"3161234%04d"}],"content":{"body":{"type":"TEXT","text":"Sale"}},`+
					`"failover":[{"channel":"SMS","sender":"Acme","content":{"body":{"type":"TEXT","text":"Sale"}}}]}]}`, first, f.next))).Header.Get("Sendgate-Decision")
			}
			rt := f.g.table.Load().routes["infobip"]
			for range 4 {
				f.g.observe(rt, &filter.Message{To: person, From: "Acme"}, 88, f.now())
			}
			f.want("while the sender is paused", send(), "block")
			f.wait(31 * time.Minute)
			f.want("the first on trial", send(), "forward")
			f.want("another in the same second", send(), "block")
			f.wait(time.Second)
			f.want("one in the next", send(), "forward")
		})
	}
}

// TestPassOfWhatIsSentInstead: one pass lets past what goes in the stead of a message, too, where the two are the same.
func TestPassOfWhatIsSentInstead(t *testing.T) {
	st := memory(t)
	_, addr := start(t, oneRoute(play(t, loopback(t), echo(okAnswer, func(wire) {})), func(rc *RouteConfig) {
		capped(1)(rc)
		rc.Provider = "sinch-conversation"
	}), st)
	send := func(want string) told {
		a := ask(t, addr, post("/twilio"+sinchInstead.path, "application/json", sinchInstead.body))
		if got := a.Header.Get("Sendgate-Decision"); got != want {
			t.Errorf("told %s %s, want %s", got, a.Header.Get("Sendgate-Reason"), want)
		}
		return a
	}
	send("forward")
	p := passFor(t, st, send("block").Header.Get("Sendgate-Id"), nil)
	send("forward")
	passed := slices.DeleteFunc(entries(t, st), func(e decisions.Entry) bool { return e.Pass != p.ID || e.Action != filter.Forward })
	if len(passed) != 2 {
		t.Errorf("%d messages are logged as let past", len(passed))
	}
	send("block")
}
