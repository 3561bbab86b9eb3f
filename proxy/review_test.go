package proxy

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// reviews are what somebody should look at.
func reviews(t testing.TB, st *store.Store) (all []Review) {
	t.Helper()
	for e, err := range st.Errands().All(errands.Query{Kinds: []errands.Kind{errands.Review}}) {
		var r Review
		if err == nil {
			err = json.Unmarshal(e.Body, &r)
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(e.People) != 1 || e.People[0] != person || e.Route != "twilio" || e.Until.IsZero() {
			t.Errorf("the errand is %+v", e)
		}
		all = append(all, r)
	}
	return all
}

// TestReview: what may be an opt-out and may not is kept for somebody to look at, once however often it is told,
// and an erasure takes it away.
func TestReview(t *testing.T) {
	const sentence = "We have got to stop this terrible bill before the vote on Friday"
	for _, c := range []struct {
		name, text string
		uncertain  Uncertain
		out        bool // it is an opt-out
		look       bool // somebody should look at it
	}{
		{"an uncertain word", "Cancel", UncertainOptsOut, true, true},
		{"an uncertain word where questions are asked", "Cancel", UncertainWaits, false, true},
		{"a word inside a sentence", sentence, UncertainOptsOut, false, true},
		{"STOP itself", "STOP", UncertainWaits, true, false},
		{"talk", "Thank you", UncertainOptsOut, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := memory(t)
			_, _, addr := startHooked(t, hooked(t, map[string]RouteConfig{"twilio": {Webhook: &WebhookConfig{Secrets: []string{hookSecret}, Uncertain: c.uncertain}}}), st)
			for range 2 {
				callBack(t, addr, texted(t, "SM1", person.Address, c.text), 200)
			}
			rec, err := st.Read(person, filter.NeedRecord)
			if err != nil || rec.EverOptedOut() != c.out {
				t.Errorf("opted out: %v, %v", rec.EverOptedOut(), err)
			}
			all := reviews(t, st)
			if (len(all) == 1) != c.look || len(all) > 1 {
				t.Fatalf("to be looked at is %+v", all)
			}
			if c.look && (all[0].Text != c.text || all[0].Keyword != filter.StopWord || all[0].OptedOut != c.out || all[0].Message != "SM1" || all[0].Sender != "+15005550006") {
				t.Errorf("to be looked at is %+v", all[0])
			}
			if _, err := st.Erase(t.Context(), person, "a test", "asked for"); err != nil {
				t.Fatal(err)
			}
			if all := reviews(t, st); len(all) > 0 {
				t.Errorf("after the erasure there is %+v", all)
			}
		})
	}
}

// TestReviewOfAService: an opt-out that somebody finds on review covers the messaging service, as one would have that was
// found at once.
func TestReviewOfAService(t *testing.T) {
	st := memory(t)
	cfg := hooked(t, map[string]RouteConfig{"twilio": {Webhook: &WebhookConfig{Secrets: []string{hookSecret}, Uncertain: UncertainWaits}}})
	cfg.Brands = map[string]filter.Brand{"default": {Stop: filter.StopSender}}
	g, _, addr := startHooked(t, cfg, st)
	callBack(t, addr, texted(t, "SM1", person.Address, "Cancel", "MessagingServiceSid", "MG1"), 200)
	for _, r := range reviews(t, st) {
		all, err := g.Covered("twilio", filter.Event{To: person, Kind: filter.OptedOut}, r.Sender, r.Service)
		if err != nil || len(all) != 2 || all[0].Scope != filter.OfSender("+15005550006") || all[1].Scope != filter.OfSender("MG1") {
			t.Errorf("it covers %+v, %v", all, err)
		}
	}
}

// TestReviewsThatHaveNoRoom stand in the way of nothing: the opt-out is kept, and the call acknowledged.
func TestReviewsThatHaveNoRoom(t *testing.T) {
	st, err := store.Open(store.Config{Memory: true, Errands: errands.Config{Bytes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	_, _, addr := startHooked(t, hooked(t, map[string]RouteConfig{"twilio": {}}), st)
	callBack(t, addr, texted(t, "SM1", person.Address, "cancel"), 200)
	wants(t, st, person, "", "opted-out all")
	if all := reviews(t, st); len(all) > 0 {
		t.Errorf("to be looked at is %+v", all)
	}
}

// TestRush: where receipts tell of very many opt-outs, all of them are kept, and one line in the log says so.
func TestRush(t *testing.T) {
	core, logs := observer.New(zap.ErrorLevel)
	st, now := memory(t), time.Now()
	cfg := hooked(t, map[string]RouteConfig{"twilio": {}})
	cfg.Logger = zap.New(core)
	g := newGate(t, cfg, st)
	rt := g.table.Load().routes["twilio"]
	tell := func(from, people int) {
		t.Helper()
		all := make([]providers.Signal, people)
		for i := range all {
			all[i] = providers.Signal{Kind: providers.Receipt, ID: fmt.Sprint("SM", from+i), Code: 21610, Sender: "+15005550006",
				From: filter.Recipient{Channel: filter.SMS, Address: fmt.Sprintf("+1415555%04d", from+i)}}
		}
		if _, unfit, err := g.hear(rt, all, now); unfit != nil || err != nil {
			t.Fatal(unfit, err)
		}
	}
	tell(0, rushSize)
	tell(0, rushSize) // repeats, of people who are known to have left
	if logs.Len() != 0 {
		t.Fatalf("it was told of as usual a number: %v", logs.All())
	}
	tell(rushSize, 50)
	if logs.Len() != 1 || rt.count.rush.often() != 1 {
		t.Errorf("it was told of %d times", logs.Len())
	}
	now = now.Add(rushTime)
	tell(1000, rushSize)
	if logs.Len() != 1 {
		t.Errorf("the count does not begin again")
	}
	for _, i := range []int{0, rushSize + 49, 1000} {
		to := filter.Recipient{Brand: "default", Channel: filter.SMS, Address: fmt.Sprintf("+1415555%04d", i)}
		if rec, err := st.Read(to, filter.NeedOptOut); err != nil || !rec.EverOptedOut() {
			t.Errorf("person %d is not opted out: %v", i, err)
		}
	}
}
