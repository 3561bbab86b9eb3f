package console

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
)

// Whoever knows a decision finds the person that it was about, and learns no address by it.
func TestThePersonOfADecision(t *testing.T) {
	b := newBench(t)
	b.learn(filter.Event{Time: noon.Add(-time.Hour), To: carol, Kind: filter.OptedIn, Basis: filter.Express, Source: "test", Note: "given as (415) 555-0100",
		Proof: filter.Evidence{Method: "web form", FullName: "Carol Smith", Place: "US-TX"}})
	b.learn(filter.Event{Time: noon, To: carol.Everywhere(), Kind: filter.OptedOut, Source: "test"})
	id := b.log(2, func(i int, e *decisions.Entry) {
		if i == 1 {
			e.To = berta
		}
	})[0]

	of := Person{Decision: id}
	for _, role := range []Role{Viewer, Reviewer} {
		known, err := b.client(role).ConsentOf(t.Context(), of)
		events, err2 := b.client(role).HistoryOf(t.Context(), of)
		of.Everywhere = true
		everywhere, err3 := b.client(role).HistoryOf(t.Context(), of)
		of.Everywhere = false
		page, err4 := b.client(role).Decisions(t.Context(), DecisionQuery{Of: id})
		if err != nil || err2 != nil || err3 != nil || err4 != nil {
			t.Fatal(err, err2, err3, err4)
		}
		if len(events) != 1 || events[0].Proof.Method != "web form" || len(everywhere) != 1 || everywhere[0].Kind != filter.OptedOut || len(page.Decisions) != 1 {
			t.Errorf("%s: got %+v, %+v, %+v", role, events, everywhere, page)
		}
		if known.To.Address != "+1415•••••00" || known.To.Brand != "shop" || known.Standing[0].OptedOut.IsZero() {
			t.Errorf("%s: got %+v", role, known)
		}
		all, err := json.Marshal([]any{known, events, everywhere, page})
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"5550100", "555-0100", "Carol", "US-TX"} {
			if strings.Contains(string(all), secret) {
				t.Errorf("%s is shown %s: %s", role, secret, all)
			}
		}
	}
	full := Person{Decision: id, Full: true}
	known, err := b.client(Reviewer).ConsentOf(t.Context(), full)
	events, err2 := b.client(Reviewer).HistoryOf(t.Context(), full)
	if err != nil || err2 != nil || known.To != carol || events[0].Proof.FullName != "Carol Smith" {
		t.Errorf("a reviewer who asks in full: %+v, %+v, %v, %v", known.To, events, err, err2)
	}
	if b.logged.FilterMessage("decisions shown in full").Len() != 2 {
		t.Error("it is not written down that somebody asked in full")
	}
	_, err = b.client(Viewer).ConsentOf(t.Context(), full)
	wantError(t, err, http.StatusForbidden, "", `full=true needs the role reviewer; token "vera" is a viewer`)
}

func TestThePersonOfNoDecision(t *testing.T) {
	b := newBench(t)
	ids := b.log(2, func(i int, e *decisions.Entry) {
		if e.Erased = i == 1; e.Erased {
			e.To.Address = ""
		}
	})
	for query, want := range map[string]string{
		"decision=" + ids[0] + "&channel=sms": `{"error":{"message":"given beside decision: the person of the decision is meant, or the one with this channel","field":"channel"}}`,
		"decision=" + ids[0] + "&brand=bank":  `{"error":{"message":"\"bank\" is not the brand of the decision: leave it out, or leave it empty for what holds for every brand","field":"brand"}}`,
		"decision=" + ids[1]:                  `{"error":{"message":"nobody can tell any more whom it was about","field":"decision"}}`,
		"decision=none":                       `{"error":{"message":"no decision \"none\" is in the log: it may be older than the log's retention","field":"decision"}}`,
	} {
		if _, body, _ := b.ask(Viewer, "GET", "/api/v1/consent?"+query, "", ""); strings.TrimSpace(body) != want {
			t.Errorf("%s: got %s", query, body)
		}
	}
	_, err := b.client(Viewer).Decisions(t.Context(), DecisionQuery{Query: decisions.Query{To: carol}, Of: ids[0]})
	wantError(t, err, http.StatusBadRequest, "brand", "given beside of, which says whom the decisions are about")
	_, err = b.client(Viewer).Decisions(t.Context(), DecisionQuery{Of: ids[1]})
	wantError(t, err, http.StatusBadRequest, "of", "nobody can tell any more whom this decision was about")
}
