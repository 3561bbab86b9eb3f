package console

import (
	"net/http"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

func TestIdempotencyKey(t *testing.T) {
	b := newBench(t)
	c := b.client(Reviewer)
	n := Notice{To: berta, Kind: filter.OptedOut, Note: "by phone"}
	first, err := c.RecordOnce(t.Context(), n, "call-1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.RecordOnce(t.Context(), n, "call-1")
	if err != nil || again.Event != first.Event {
		t.Errorf("again: got %+v, %v, want %+v", again.Event, err, first.Event)
	}
	other := n
	other.Note = "by letter"
	elsewhere := n
	elsewhere.To = carol
	const used = "this key was used for another notice: a key stands for one"
	for name, n := range map[string]Notice{"another body": other, "another recipient": elsewhere} {
		_, err := c.RecordOnce(t.Context(), n, "call-1")
		t.Run(name, func(t *testing.T) { wantError(t, err, http.StatusConflict, "Idempotency-Key", used) })
	}
	b.server.keys = idempotencyKeys{} // as after a restart
	if _, err := c.RecordOnce(t.Context(), other, "call-1"); err == nil {
		t.Error("after a restart another body has the same key")
	}
	if again, err := c.RecordOnce(t.Context(), n, "call-1"); err != nil || again.Event != first.Event {
		t.Errorf("after a restart: got %+v, %v", again.Event, err)
	}
	if r, err := b.client(Admin).RecordOnce(t.Context(), other, "call-1"); err != nil || r.Event.ID == first.Event.ID {
		t.Errorf("another token with the same key: got %+v, %v", r.Event, err)
	}
	if events, err := b.store.History(berta); err != nil || len(events) != 2 {
		t.Errorf("got %v, %v, want one event a token", events, err)
	}
}

// An opt-in that was recorded is told again, even where an opt-out came since: nothing is changed.
func TestIdempotencyKeyLiftsNothing(t *testing.T) {
	b := newBench(t)
	n := Notice{To: berta, Kind: filter.OptedIn, Basis: filter.Express}
	if _, err := b.client(Reviewer).RecordOnce(t.Context(), n, "k"); err != nil {
		t.Fatal(err)
	}
	b.learn(optOut(berta, b.now()))
	if r, err := b.client(Reviewer).RecordOnce(t.Context(), n, "k"); err != nil || r.Consent.Standing[0].OptedOut.IsZero() {
		t.Errorf("got %+v, %v, want the same receipt, and the opt-out standing", r, err)
	}
}

func TestHistoryByPages(t *testing.T) {
	b := newBench(t)
	for i := range 5 {
		b.learn(filter.Event{To: berta, Kind: filter.Wrote, Time: noon.Add(-time.Duration(i) * time.Hour)})
	}
	all, err := b.client(Reviewer).History(t.Context(), berta, "")
	if err != nil || len(all) != 5 {
		t.Fatalf("got %v, %v", all, err)
	}
	q := recipientValues(berta, "")
	q.Set("limit", "2")
	for i := 0; ; i += 2 {
		var page History
		if err := b.client(Viewer).get(t.Context(), "/api/v1/consent/history", q, &page); err != nil {
			t.Fatal(err)
		}
		for j, e := range page.Events {
			if e.ID != all[i+j].ID {
				t.Errorf("page at %d: got %s, want %s", i, e.ID, all[i+j].ID)
			}
		}
		if (page.Next == "") != (i == 4) {
			t.Fatalf("page at %d: next is %q", i, page.Next)
		}
		if page.Next == "" {
			break
		}
		q.Set("after", page.Next)
	}
	q.Set("after", "nobody")
	wantError(t, b.client(Viewer).get(t.Context(), "/api/v1/consent/history", q, &History{}), 400, "after", `"nobody" is no event of this recipient`)
}
