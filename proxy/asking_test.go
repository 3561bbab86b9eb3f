package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/dialogue"
	"github.com/sendgate/sendgate/store/errands"
)

// TestAsk: whom the gate asks on somebody's behalf, and whom not.
func TestAsk(t *testing.T) {
	offers := filter.OfTopic("offers")
	ago := func(d time.Duration) time.Time { return time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC).Add(-d) }
	for _, c := range []struct {
		name   string
		events []filter.Event
		quiet  bool
		reason filter.Reason
		why    string
	}{
		{name: "a stranger is asked", reason: filter.Allowed},
		{name: "who opted out is not", events: []filter.Event{{Time: ago(time.Hour), Kind: filter.OptedOut}}, reason: filter.HasOptedOut, why: "they opted out of all"},
		{name: "who opted out of marketing is not", events: []filter.Event{{Time: ago(time.Hour), Kind: filter.OptedOut, Scope: filter.OfCategory(filter.Marketing)}}, reason: filter.HasOptedOut, why: "they opted out of marketing"},
		{name: "who said no is not, whatever they wrote since", events: []filter.Event{{Time: ago(2 * time.Hour), Kind: filter.Refused, Scope: offers}, {Time: ago(time.Hour), Kind: filter.Wrote}}, reason: filter.NoConsent, why: "they said no"},
		{name: "who agreed already is not", events: []filter.Event{{Time: ago(time.Hour), Kind: filter.OptedIn, Basis: filter.Express, Scope: offers}}, reason: filter.Duplicate, why: "they agreed to it"},
		{name: "who did not answer is not asked again", events: []filter.Event{{Time: ago(time.Hour), Kind: filter.Asked, Scope: offers}}, reason: filter.Duplicate, why: "who does not answer is not asked again"},
		{name: "unless they wrote since", events: []filter.Event{{Time: ago(2 * time.Hour), Kind: filter.Asked, Scope: offers}, {Time: ago(time.Hour), Kind: filter.Wrote}}, reason: filter.Allowed},
		{name: "nobody in their quiet hours", quiet: true, reason: filter.InQuietHours},
	} {
		t.Run(c.name, func(t *testing.T) {
			rig := newTalkRig(t, "", func(rc *RouteConfig) {
				if c.quiet {
					var never filter.Span
					if err := never.UnmarshalText([]byte("none")); err != nil {
						t.Fatal(err)
					}
					rc.Policy = anyone
					rc.Policy.QuietHours.Rows = []filter.Hours{{Place: "*", Weekdays: never}}
				}
			})
			for i, e := range c.events {
				e.ID, e.To, e.Source = fmt.Sprint("e", i), stranger1, "a test"
				if err := rig.st.Append(t.Context(), e); err != nil {
					t.Fatal(err)
				}
			}
			d, decision, err := rig.g.Asker().Ask(t.Context(), "twilio", filter.Dialogue{To: stranger1, Topic: "offers", Sender: "+15005550006"})
			if err != nil || decision.Reason != c.reason || !strings.Contains(decision.Why, c.why) {
				t.Fatalf("got %+v, %v, want %s: %s", decision, err, c.reason, c.why)
			}
			rig.work()
			if asked := slices.Equal(rig.sent, []string{"link", "Acme"}); asked != (c.reason == filter.Allowed) || asked != (d.State == filter.Pending && !d.Began.IsZero()) {
				t.Errorf("sent %q, the dialogue is %+v", rig.sent, d)
			}
		})
	}
}

// TestAskOnce: the same request again finds the dialogue that it began, and another waits until that is over.
func TestAskOnce(t *testing.T) {
	rig := newTalkRig(t, "", nil)
	want := filter.Dialogue{ID: "key-1", To: stranger1, Topic: "offers", Sender: "+15005550006"}
	first, _, err := rig.g.Asker().Ask(t.Context(), "twilio", want)
	if err != nil {
		t.Fatal(err)
	}
	rig.work()
	again, decision, err := rig.g.Asker().Ask(t.Context(), "twilio", want)
	if err != nil || decision.Action != filter.Forward || again.ID != first.ID || !again.Began.Equal(first.Began) {
		t.Errorf("the same again: %+v, %+v, %v", again, decision, err)
	}
	want.ID, want.Topic = "key-2", filter.Privacy
	if _, decision, err = rig.g.Asker().Ask(t.Context(), "twilio", want); err != nil || decision.Reason != filter.Duplicate {
		t.Errorf("another while one is open: %+v, %v", decision, err)
	}
	rig.work()
	if got := strings.Join(rig.sent, " "); got != "link Acme" {
		t.Errorf("sent %q", got)
	}
	var open []filter.Dialogue
	for d, err := range rig.g.Asker().Dialogues(filter.Recipient{}) {
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, d)
	}
	if len(open) != 1 || open[0].ID != first.ID || open[0].State != filter.Pending || len(open[0].Words) != 2 {
		t.Errorf("listed are %+v", open)
	}
	if _, _, err = rig.g.Asker().Ask(t.Context(), "twilio", filter.Dialogue{To: stranger1, Topic: "news", Sender: "+15005550006"}); !errors.Is(err, filter.ErrNoDialogue) {
		t.Errorf("a topic without a dialogue: %v", err)
	}
}

// TestAskBlocked: whom a message is not sent to for want of consent is asked for it, once, where the route says so.
// Others are not, and no send waits for it.
func TestAskBlocked(t *testing.T) {
	rig := newTalkRig(t, "", func(rc *RouteConfig) {
		rc.Policy = filter.Config{Require: map[filter.Category]filter.Basis{filter.Marketing: filter.Express}}
		rc.Trust = []string{"category", "topic"}
		rc.Dialogue = &dialogue.Config{Topic: filter.Privacy, OnBlocked: true}
	})
	ln := loopback(t)
	ended := make(chan error, 1)
	go func() { ended <- rig.g.Serve(ln) }()
	t.Cleanup(func() {
		_ = rig.g.Shutdown(context.Background())
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	send := func(to, topic string) {
		t.Helper()
		body := "To=" + url.QueryEscape(to) + "&From=%2B15005550006&Body=Sale"
		answer := ask(t, ln.Addr().String(), strings.Replace(post("/twilio"+messages, "application/x-www-form-urlencoded", body), "\r\n", "\r\nSendgate-Topic: "+topic+"\r\n", 1))
		if got := answer.Header.Get("Sendgate-Reason"); got != "no-consent" && got != "opted-out" {
			t.Fatalf("a send is decided %q, %s", got, answer.body)
		}
	}
	if err := rig.st.Append(t.Context(), filter.Event{ID: "o", Time: rig.time(), To: filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550199"}, Kind: filter.OptedOut, Source: "a test"}); err != nil {
		t.Fatal(err)
	}
	send(stranger1.Address, "offers")
	send(stranger1.Address, "offers")
	send("+14155550199", "offers")
	ctx, stop := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	asking.Go(func() { rig.g.asker.AskThem(ctx) })
	for deadline := time.Now().Add(patience); rig.dialogue(stranger1).ID == "" && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	stop()
	asking.Wait()
	rig.work()
	if got := strings.Join(rig.sent, " "); got != "link Acme" {
		t.Errorf("sent %q, want one question", got)
	}
	if d := rig.dialogue(stranger1); d.Topic != "offers" || d.Sender != "+15005550006" {
		t.Errorf("asked is %+v", d)
	}
}

// TestDialogueClosesQuietly: who was asked at a good hour and did not answer is told so in their hours alone; that they
// did not answer is kept at any.
func TestDialogueClosesQuietly(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		sent  string
	}{
		"in their hours": {48 * time.Hour, "link Acme unanswered"},
		"at night":       {58 * time.Hour, "link Acme"},
	} {
		t.Run(name, func(t *testing.T) {
			rig := newTalkRig(t, "", func(rc *RouteConfig) {
				var hours filter.Span
				if err := hours.UnmarshalText([]byte("08:00-18:00")); err != nil {
					t.Fatal(err)
				}
				rc.Policy = anyone
				rc.Policy.QuietHours.Rows = []filter.Hours{{Place: "*", Weekdays: hours}} // 09:00 where the number is from
			})
			_, decision, err := rig.g.Asker().Ask(t.Context(), "twilio", filter.Dialogue{To: stranger1, Topic: "offers", Sender: "+15005550006"})
			if err != nil || decision.Action != filter.Forward {
				t.Fatalf("got %+v, %v", decision, err)
			}
			rig.work()
			rig.pass(c.after)
			rig.work()
			if got := strings.Join(rig.sent, " "); got != c.sent {
				t.Errorf("sent %q, want %q", got, c.sent)
			}
			if got := learnt(t, rig.st, stranger1); !slices.Equal(got, []string{"asked topic:offers", "unanswered topic:offers"}) {
				t.Errorf("known is %q", got)
			}
		})
	}
}

// TestDialogueButtons: on WhatsApp the question can be answered by a tap, and what stands on the button is the answer.
func TestDialogueButtons(t *testing.T) {
	rig := newTalkRig(t, "", func(rc *RouteConfig) {
		rc.Provider, rc.Credentials = "whatsapp", &providers.Credentials{Secret: "token"}
	})
	sig := rig.message("hello")
	sig.From.Channel, sig.Sender = filter.WhatsApp, "106"
	rig.hear(sig)
	rig.step(errands.Dialogue)
	var shown, carried []string
	for e, err := range rig.st.Errands().All(errands.Query{Kinds: []errands.Kind{errands.Answer}}) {
		var o own
		if err == nil {
			err = json.Unmarshal(e.Body, &o)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range o.Buttons {
			shown = append(shown, b.Title)
			carried = append(carried, b.ID)
		}
	}
	if !slices.Equal(shown, []string{"AGREE & PROCEED", "NO"}) {
		t.Errorf("the buttons are %q", shown)
	}
	rig.work()
	for _, payload := range []string{"order-7", "agree", carried[0]} { // of the owner's, and then ours
		sig = rig.message("AGREE & PROCEED")
		sig.From.Channel, sig.Sender, sig.Payload = filter.WhatsApp, "106", payload
		if got := strings.Join(rig.sent, " "); got != "link Acme" {
			t.Fatalf("sent %q before %s", got, payload)
		}
		rig.hear(sig)
		rig.work()
	}
	if got := strings.Join(rig.sent, " "); got != "link Acme granted" {
		t.Errorf("sent %q", got)
	}
	if d := rig.dialogue(filter.Recipient{Brand: "acme", Channel: filter.WhatsApp, Address: stranger1.Address}); d.State != filter.Agreed {
		t.Errorf("the dialogue is %+v", d)
	}
}
