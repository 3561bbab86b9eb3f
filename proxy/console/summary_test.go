package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
)

// Two days of decisions: on the first the route was in mode report.
func TestSummaryOfADay(t *testing.T) {
	b := newBench(t)
	b.at(noon.Add(24 * time.Hour))
	var last string
	for i := range 48 {
		at := noon.Add(-12 * time.Hour).Add(time.Duration(i)*time.Hour + 30*time.Minute)
		e := decisions.Entry{ID: ulid.New(at), Time: at, Route: "twilio", Mode: "report", To: carol, Action: filter.Block, Reason: filter.NoConsent, Rule: "consent"}
		if i >= 24 {
			e.Mode, e.Enforced = "enforce", true
		}
		switch i % 4 {
		case 0:
			e.Action, e.Reason, e.Rule = filter.Forward, filter.Allowed, ""
		case 1:
			e.Action, e.Reason, e.Rule = filter.Rewrite, filter.Content, "footer"
		}
		b.store.Decisions().Add(e)
		if i == 23 {
			last = e.ID
		}
	}
	sum, err := b.client(Viewer).Summary(t.Context(), "", "", "")
	if err != nil || sum.Day != "2026-03-10" || sum.Zone != "UTC" || sum.Decisions != 24 || len(sum.Routes) != 1 {
		t.Fatalf("got %+v, %v", sum, err)
	}
	r := sum.Routes[0]
	if r.Route != "twilio" || r.Mode != "report" || r.Decisions != 24 || r.Blocked != 12 || len(r.Reasons) != 2 || r.Reasons[0].Reason != filter.NoConsent ||
		r.Reasons[0].Decisions != 12 || len(r.Reasons[0].Examples) != 3 || r.Reasons[0].Examples[0].ID != last || r.Reasons[0].Examples[0].To != "+1415•••••00" {
		t.Errorf("got %+v", r)
	}
	sum, err = b.client(Viewer).Summary(t.Context(), "2026-03-10", "America/New_York", "twilio")
	if err != nil || len(sum.Routes) != 2 || sum.Routes[0].Mode != "enforce" || sum.Routes[0].Decisions != 4 || sum.Routes[1].Decisions != 20 || sum.Since.Hour() != 4 {
		t.Errorf("in New York: %+v, %v", sum, err)
	}
	if sum, err = b.client(Viewer).Summary(t.Context(), "", "", "whatsapp"); err != nil || sum.Decisions != 0 {
		t.Errorf("on a route without any: %+v, %v", sum, err)
	}
	_, err = b.client(Viewer).Summary(t.Context(), "today", "", "")
	wantError(t, err, http.StatusBadRequest, "day", `"today": want a day such as 2026-01-31`)
	_, err = b.client(Viewer).Summary(t.Context(), "", "Berlin", "")
	wantError(t, err, http.StatusBadRequest, "zone", `unknown time zone "Berlin": want a name such as America/Chicago`)

	for days, want := range map[int]string{0: "would have been blocked in a day", 1: "blocked in a day"} {
		if err := b.server.tellDay(t.Context(), noon.Truncate(24*time.Hour).AddDate(0, 0, days)); err != nil {
			t.Fatal(err)
		}
		lines := b.logged.FilterMessage(want).All()
		if len(lines) != 1 || lines[0].ContextMap()["decisions"] != int64(12) || lines[0].ContextMap()["of"] != int64(24) || strings.Contains(fmt.Sprint(lines[0].ContextMap()), carol.Address) {
			t.Errorf("%s: got %v", want, lines)
		}
	}
}
