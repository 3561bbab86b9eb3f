package proxy

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
)

const scheduledID = "SM000000000000000000000000000000aa"

// deliverAt is an SMS that Twilio is asked to deliver at a moment.
func deliverAt(at time.Time) string {
	form := url.Values{"To": {"+14155550100"}, "MessagingServiceSid": {twilioService}, "Body": {"Sale"}, "ScheduleType": {"fixed"}, "SendAt": {at.UTC().Format(time.RFC3339)}}
	return post("/twilio/2010-04-01/Accounts/"+twilioAccount+"/Messages.json", "application/x-www-form-urlencoded", form.Encode())
}

// TestOptOutsCancelWhatIsScheduled: by whatever way somebody opts out, what the provider was to deliver to them
// later, and the opt-out covers, is cancelled.
func TestOptOutsCancelWhatIsScheduled(t *testing.T) {
	ana := filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550100"}
	optOut := func(to filter.Recipient, scope filter.Scope) func(*testing.T, *Gate, string) {
		return func(t *testing.T, g *Gate, _ string) {
			learn(t, g.store, filter.Event{ID: "out", Time: g.clock(), To: to, Kind: filter.OptedOut, Scope: scope, Source: "a test"})
		}
	}
	other := ana
	other.Address = "+14155550101"
	otherBrand, whatsapp := ana, ana
	otherBrand.Brand, whatsapp.Channel = "globex", filter.WhatsApp
	for _, c := range []struct {
		name   string
		change func(*Config)
		says   func(wire) string // to a cancellation
		act    func(t *testing.T, g *Gate, calls string)
		cancel int
		dead   []string
	}{
		{"STOP by webhook", nil, nil, func(t *testing.T, _ *Gate, calls string) {
			callBack(t, calls, texted(t, "SM1", ana.Address, "STOP"), 200)
		}, 1, nil},
		{"an opt-out by the API, the command line or an import", nil, nil, optOut(ana, filter.All), 1, nil},
		{"an opt-out of every brand", nil, nil, optOut(ana.Everywhere(), filter.All), 1, nil},
		{"an opt-out of the category", nil, nil, optOut(ana, filter.OfCategory(filter.Marketing)), 1, nil},
		{"an opt-out of the topic", nil, nil, optOut(ana, filter.OfTopic("offers")), 1, nil},
		{"an opt-out of the sender", nil, nil, optOut(ana, filter.OfSender(twilioService)), 1, nil},
		{"an opt-out of another topic leaves it", nil, nil, optOut(ana, filter.OfTopic("news")), 0, nil},
		{"an opt-out of another category leaves it", nil, nil, optOut(ana, filter.OfCategory(filter.Utility)), 0, nil},
		{"an opt-out of another sender leaves it", nil, nil, optOut(ana, filter.OfSender("+15005550006")), 0, nil},
		{"an opt-out of another brand leaves it", nil, nil, optOut(otherBrand, filter.All), 0, nil},
		{"an opt-out on another channel leaves it", nil, nil, optOut(whatsapp, filter.All), 0, nil},
		{"an opt-out of somebody else leaves it", nil, nil, optOut(other, filter.All), 0, nil},
		{"an erasure", nil, nil, func(t *testing.T, g *Gate, _ string) {
			if _, err := g.store.Erase(context.Background(), ana.Everywhere(), "a test", "asked"); err != nil {
				t.Fatal(err)
			}
		}, 1, nil},
		{"without credentials it cannot be cancelled", onTwilio(func(rc *RouteConfig) { rc.Credentials = nil }), nil, optOut(ana, filter.All), 0,
			[]string{"cancel: " + errUnsigned.Error()}},
		{"what went out already cannot be cancelled", nil, func(wire) string { return answerOf(400, `{"code":30409,"status":400}`) }, optOut(ana, filter.All), 1,
			[]string{"cancel: the provider refused it: status 400, code 30409"}},
		{"what the provider fails at is asked again", nil, func(wire) string { return answerOf(503, `{}`) }, optOut(ana, filter.All), 2, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := time.Now().Truncate(time.Second).Add(time.Minute) // the store goes by a clock of its own
			at := now.Add(24 * time.Hour)
			var got posted
			got.says = func(w wire) string {
				if !strings.Contains(w.head, scheduledID) {
					return answerOf(201, `{"sid":"`+scheduledID+`","status":"scheduled"}`)
				}
				if c.says != nil {
					return c.says(w)
				}
				return answerOf(200, `{"sid":"`+scheduledID+`","status":"canceled"}`)
			}
			st := memory(t)
			cfg := answering(t, play(t, loopback(t), got.serve), func(cfg *Config) {
				onTwilio(func(rc *RouteConfig) { rc.Topic = "offers" })(cfg)
				if c.change != nil {
					c.change(cfg)
				}
			})
			cfg.Now = func() time.Time { return now }
			g, sends, calls := startHooked(t, cfg, st)
			look := func() {
				t.Helper()
				if err := g.withdrawals.look(context.Background()); err != nil {
					t.Fatal(err)
				}
				errandsDone(t, g)
			}
			look()
			ask(t, sends, deliverAt(at))
			look()
			if texts := got.texts(); len(texts) != 1 {
				t.Fatalf("before the opt-out: sent %q", texts)
			}
			c.act(t, g, calls)
			look()
			now = now.Add(time.Minute)
			look()
			want := slices.Repeat([]string{"Status=canceled"}, c.cancel)
			if texts := got.texts(); !slices.Equal(texts[1:], want) {
				t.Errorf("sent %q, want %q", texts[1:], want)
			}
			if dead := deadLetters(t, st); !slices.Equal(dead, c.dead) {
				t.Errorf("given up: %q, want %q", dead, c.dead)
			}
			if n := g.counters("twilio").uncancelled.Load(); int(n) != len(c.dead) {
				t.Errorf("%d count as not cancelled, want %d", n, len(c.dead))
			}
		})
	}
}

// An opt-out that is learnt while the gate is down cancels, too, and one that was there before a message was taken;
// what was delivered is forgotten.
func TestScheduledMessagesOutliveTheGate(t *testing.T) {
	ana := filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550100"}
	now := time.Now().Truncate(time.Second).Add(time.Minute) // the store goes by a clock of its own
	at := now.Add(24 * time.Hour)
	setup := func(t *testing.T, mode Mode) (got *posted, cfg Config, st *store.Store) {
		got = &posted{says: func(w wire) string {
			if !strings.Contains(w.head, scheduledID) {
				return answerOf(201, `<?xml version='1.0'?><TwilioResponse><Message><Sid>`+scheduledID+`</Sid><Status>scheduled</Status></Message></TwilioResponse>`)
			}
			return answerOf(200, `{}`)
		}}
		cfg = answering(t, play(t, loopback(t), got.serve), onTwilio(func(rc *RouteConfig) { rc.Mode = mode }))
		cfg.Now = func() time.Time { return now }
		return got, cfg, memory(t)
	}
	out := filter.Event{ID: "out", Time: now, To: ana, Kind: filter.OptedOut, Source: "a test"}
	t.Run("while the gate is down", func(t *testing.T) {
		got, cfg, st := setup(t, Enforce)
		_, sends, _ := startHooked(t, cfg, st)
		ask(t, sends, deliverAt(at))
		learn(t, st, out)
		g := newGate(t, cfg, st)
		if err := g.withdrawals.look(context.Background()); err != nil {
			t.Fatal(err)
		}
		errandsDone(t, g)
		if texts := got.texts(); len(texts) != 2 || texts[1] != "Status=canceled" {
			t.Errorf("sent %q", texts)
		}
	})
	t.Run("beside what does not read of somebody else", func(t *testing.T) {
		got, cfg, st := setup(t, Enforce)
		bob := filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550101"}
		eve := bob
		eve.Address = "+14155550105"
		for to, body := range map[filter.Recipient]string{bob: "{", eve: "[]"} {
			unread := errands.Errand{ID: body, Kind: errands.Scheduled, Route: "twilio", People: []filter.Recipient{to}, Due: at, Body: []byte(body)}
			if _, err := st.Errands().Add(context.Background(), unread); err != nil {
				t.Fatal(err)
			}
		}
		_, sends, _ := startHooked(t, cfg, st)
		ask(t, sends, deliverAt(at))
		g := newGate(t, cfg, st)
		for _, to := range []filter.Recipient{bob, ana} {
			if err := g.withdrawals.look(context.Background()); err == nil || !strings.Contains(err.Error(), "reading what is to be delivered later") {
				t.Errorf("nobody is told that something does not read: %v", err)
			}
			learn(t, st, filter.Event{ID: "out", Time: now, To: to, Kind: filter.OptedOut, Source: "a test"})
		}
		said := map[string]bool{} // the log tells each once
		for range 8 {
			said[fmt.Sprint(g.withdrawals.look(context.Background()))] = true
		}
		if len(said) != 1 {
			t.Errorf("the log would be told of %v, by turns", said)
		}
		errandsDone(t, g)
		if texts := got.texts(); len(texts) != 2 || texts[1] != "Status=canceled" {
			t.Errorf("sent %q", texts)
		}
	})
	t.Run("before the message was taken, on a route that only reports", func(t *testing.T) {
		got, cfg, st := setup(t, Report)
		learn(t, st, out)
		g, sends, _ := startHooked(t, cfg, st)
		ask(t, sends, deliverAt(at))
		errandsDone(t, g)
		if texts := got.texts(); len(texts) != 2 || texts[1] != "Status=canceled" {
			t.Errorf("sent %q", texts)
		}
	})
	t.Run("after the message was delivered", func(t *testing.T) {
		got, cfg, st := setup(t, Enforce)
		g, sends, _ := startHooked(t, cfg, st)
		ask(t, sends, deliverAt(at))
		before := now
		defer func() { now = before }()
		now = at.Add(time.Minute)
		errandsDone(t, g)
		learn(t, st, out)
		if err := g.withdrawals.look(context.Background()); err != nil {
			t.Fatal(err)
		}
		errandsDone(t, g)
		if texts := got.texts(); len(texts) != 1 {
			t.Errorf("sent %q", texts)
		}
		for e := range st.Errands().All(errands.Query{}) {
			t.Errorf("left: %+v", e)
		}
	})
}

// TestScheduledForSeveral: what several people are to get later is not cancelled for all of them since one opts out, and
// what is left for one person is cancelled for theirs alone.
func TestScheduledForSeveral(t *testing.T) {
	at := time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339)
	person := func(address string) filter.Recipient {
		return filter.Recipient{Brand: "default", Channel: filter.SMS, Address: address}
	}
	const bob, ana = "+31612345678", "+31612345679"
	for _, c := range []struct {
		name, provider, target, body, answer string
		before, after                        string // who opts out before and after the send
		cancels                              bool
	}{
		{"MessageBird: one who had opted out is left out", "messagebird", "/messages", `{"originator":"Shop","body":"Sale","recipients":["31612345678","31612345679"],"scheduledDatetime":"` + at + `"}`,
			`{"id":"m1","scheduledDatetime":"` + at + `","recipients":{"totalCount":1,"items":[{"recipient":31612345679,"status":"scheduled"}]}}`, bob, "", false},
		{"MessageBird: the other one opts out, too", "messagebird", "/messages", `{"originator":"Shop","body":"Sale","recipients":["31612345678","31612345679"],"scheduledDatetime":"` + at + `"}`,
			`{"id":"m1","scheduledDatetime":"` + at + `","recipients":{"totalCount":1,"items":[{"recipient":31612345679,"status":"scheduled"}]}}`, bob, ana, true},
		{"Sinch: one of two opts out", "sinch-sms", "/xms/v1/plan/batches", `{"from":"Shop","body":"Sale","to":["31612345678","31612345679"],"send_at":"` + at + `"}`,
			`{"id":"b1","to":["31612345678","31612345679"],"created_at":"2020-01-01T00:00:00Z","send_at":"` + at + `"}`, "", bob, false},
		{"Sinch: one who was added to a batch opts out", "sinch-sms", "/xms/v1/plan/batches/b1", `{"to_add":["31612345679"],"send_at":"` + at + `"}`,
			`{"id":"b1","to":["31612345678","31612345679"],"created_at":"2020-01-01T00:00:00Z","send_at":"` + at + `"}`, "", ana, false},
		{"Sinch: the one opts out", "sinch-sms", "/xms/v1/plan/batches", `{"from":"Shop","body":"Sale","to":["31612345679"],"send_at":"` + at + `"}`,
			`{"id":"b1","to":["31612345679"],"created_at":"2020-01-01T00:00:00Z","send_at":"` + at + `"}`, "", ana, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := posted{says: func(w wire) string {
				if strings.HasPrefix(w.head, "DELETE ") {
					return answerOf(200, "{}")
				}
				return answerOf(201, c.answer)
			}}
			st := memory(t)
			g, addr := start(t, oneRoute(play(t, loopback(t), got.serve), func(rc *RouteConfig) {
				rc.Unseen = "pass" // who is in a batch
				rc.Provider, rc.Credentials = c.provider, &providers.Credentials{Secret: "s"}
				if c.provider == "sinch-sms" {
					rc.Credentials.Account = "plan"
				}
			}), st)
			look := func() {
				t.Helper()
				if err := g.withdrawals.look(context.Background()); err != nil {
					t.Fatal(err)
				}
				errandsDone(t, g)
			}
			if c.before != "" {
				learn(t, st, filter.Event{ID: "before", To: person(c.before), Kind: filter.OptedOut, Source: "a test"})
			}
			look()
			if a := ask(t, addr, post("/twilio"+c.target, "application/json", c.body)); a.StatusCode != 201 {
				t.Fatalf("answered %s %s", a.Status, a.body)
			}
			look()
			if c.after != "" {
				learn(t, st, filter.Event{ID: "after", To: person(c.after), Kind: filter.OptedOut, Source: "a test"})
			}
			look()
			if n := len(got.texts()) - 1; (n > 0) != c.cancels || n > 1 {
				t.Errorf("it was cancelled %d times", n)
			}
		})
	}
}
