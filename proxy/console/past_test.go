package console

import (
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// An opt-in was recorded at one, and at three an opt-out that had happened at two. At half past two
// nobody knew of it.
func TestWhatWasKnownAtAPastMoment(t *testing.T) {
	b := newBench(t)
	hour := func(h float64) time.Time { return noon.Add(time.Duration(h * float64(time.Hour))) }
	b.at(hour(1))
	b.learn(optIn(carol, hour(0.5)))
	b.at(hour(3))
	b.learn(optOut(carol.Everywhere(), hour(2)))
	b.at(hour(4))
	c := b.client(Viewer)
	for at, want := range map[time.Time]string{
		hour(0.9):     "no consent is known",
		hour(2.5):     "opted in expressly since 2026-03-10 12:30:00 UTC",
		hour(3.5):     "opted out of all since 2026-03-10 14:00:00 UTC",
		(time.Time{}): "opted out of all since 2026-03-10 14:00:00 UTC",
	} {
		got, err := c.ConsentAt(t.Context(), carol, "", at)
		if err != nil || got.Standing[0].Says != want || !got.At.Equal(at) {
			t.Errorf("at %s: got %+v, %v, want %q", at, got, err, want)
		}
	}
	for at, want := range map[time.Time]int{hour(0.9): 0, hour(2.5): 1, (time.Time{}): 1} {
		if events, err := c.HistoryAt(t.Context(), carol, "", at); err != nil || len(events) != want {
			t.Errorf("history at %s: got %d events, %v, want %d", at, len(events), err, want)
		}
	}
	if events, err := c.HistoryAt(t.Context(), carol.Everywhere(), "", hour(2.5)); err != nil || len(events) != 0 {
		t.Errorf("the opt-out was known before it was recorded: %v, %v", events, err)
	}
	for at, want := range map[time.Time]filter.Action{hour(2.5): filter.Forward, (time.Time{}): filter.Block} {
		x, err := c.Ask(t.Context(), Question{Route: "twilio", To: carol, Text: "50% off", At: at})
		if err != nil || x.Now.Action != want {
			t.Errorf("a message at %s: got %+v, %v, want %s", at, x.Now, err, want)
		}
	}
	_, err := c.ConsentAt(t.Context(), carol, "", hour(5))
	wantError(t, err, 400, "at", "2026-03-10 17:00:00 UTC lies in the future: want a past moment")
	status, body, _ := b.ask(Viewer, "GET", "/api/v1/consent/history?channel=sms&address=%2B14155550100&at=soon", "", "")
	if status != 400 || !strings.Contains(body, `"field":"at"`) {
		t.Errorf("got %d %s", status, body)
	}
}

func TestExplainADecisionByAnotherMoment(t *testing.T) {
	b := newBench(t)
	id := b.log(1, nil)[0] // before anything was known
	b.at(noon.Add(time.Hour))
	b.learn(optIn(carol, noon.Add(-time.Hour)))
	b.at(noon.Add(2 * time.Hour))
	x, err := b.client(Viewer).ExplainAt(t.Context(), id, false, noon.Add(90*time.Minute))
	if err != nil || x.Now.Action != filter.Forward || len(x.Events) != 1 {
		t.Fatalf("got %+v, %v, want what the opt-in carries", x, err)
	}
	want := "At 2026-03-10 13:30:00 UTC it would have been: forward, because nothing objected.\n" + knownThen
	if got := strings.Join(x.Says, "\n"); !strings.HasSuffix(got, want) {
		t.Errorf("says\n%s\nwant at its end\n%s", got, want)
	}
	if x, err = b.client(Viewer).Explain(t.Context(), id, false); err != nil || len(x.Events) != 0 {
		t.Errorf("by its own moment: got %+v, %v, want nothing known", x.Events, err)
	}
}

// Events that an erasure left without an ID are paged through all the same.
func TestHistoryOfTheErasedIsPaged(t *testing.T) {
	b := newBench(t)
	for i := range 5 {
		b.learn(optIn(carol, noon.Add(time.Duration(i-9)*time.Hour)))
	}
	if _, err := b.client(Admin).Erase(t.Context(), Removal{To: carol, Reason: "asked"}); err != nil {
		t.Fatal(err)
	}
	var events []filter.Event
	for q := recipientValues(carol, ""); ; {
		q.Set("limit", "2")
		var page History
		if err := b.client(Viewer).get(t.Context(), "/api/v1/consent/history", q, &page); err != nil {
			t.Fatal(err)
		}
		if events = append(events, page.Events...); page.Next == "" {
			break
		}
		q.Set("after", page.Next)
	}
	if len(events) != 6 || events[5].Kind != filter.Erased {
		t.Errorf("got %+v, want five opt-ins and the erasure, each once", events)
	}
}
