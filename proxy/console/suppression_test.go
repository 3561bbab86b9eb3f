package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

func TestSuppressionList(t *testing.T) {
	b := newBench(t)
	sms := func(n int) filter.Recipient {
		return filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: fmt.Sprintf("+1415555%04d", n)}
	}
	out := func(n int, e filter.Event) {
		if e.Time.IsZero() {
			e.Time = noon.Add(-time.Hour)
		}
		if e.To = sms(n); e.Kind == 0 {
			e.Kind = filter.OptedOut
		}
		b.learn(e)
	}
	out(1, filter.Event{ID: "webhook.1", Source: "twilio webhook", Note: "sms SM1, to +1: read as STOP"})
	out(2, filter.Event{Source: "twilio answer", Note: "21610"})
	out(3, filter.Event{ID: "webhook.3", Source: "sendgrid webhook", Note: "spam complaint"})
	out(4, filter.Event{ID: "row-4", Source: "import leads.csv"})
	out(5, filter.Event{Source: "console: ana", Scope: filter.OfTopic("offers")})
	out(6, filter.Event{Source: "api: x", Kind: filter.Refused, Scope: filter.OfTopic("offers")})
	// Who came back, for all of it or for some of it, and who never said no.
	out(7, filter.Event{Source: "api: x"})
	out(7, filter.Event{Source: "api: x", Kind: filter.OptedIn, Basis: filter.Express, Time: noon})
	out(8, filter.Event{Source: "api: x"})
	out(8, filter.Event{Source: "api: x", Kind: filter.OptedIn, Basis: filter.Express, Scope: filter.OfCategory(filter.Marketing), Time: noon})
	out(9, filter.Event{Source: "api: x", Kind: filter.OptedIn, Basis: filter.Express})
	b.learn(filter.Event{To: sms(10).Everywhere(), Kind: filter.OptedOut, Source: "api: x", Time: noon})
	b.learn(filter.Event{To: sms(11), Kind: filter.OptedIn, Basis: filter.Express, Source: "api: x", Time: noon.Add(-2 * time.Hour)})
	if _, err := b.store.Erase(t.Context(), sms(11), "ada", "asked"); err != nil {
		t.Fatal(err)
	}
	list := func(q SuppressionQuery) (all []Suppression) {
		t.Helper()
		for pages := 0; ; pages++ {
			a, err := b.client(Reviewer).Suppressions(t.Context(), q)
			if err != nil || len(a.Suppressions) > max(q.Limit, 100) || pages > 50 {
				t.Fatal(err, pages)
			}
			if all = append(all, a.Suppressions...); a.Next == "" {
				return all
			}
			q.After = a.Next
		}
	}
	got := map[string]Cause{}
	for _, p := range list(SuppressionQuery{Limit: 2, Full: true}) {
		got[p.To.Brand+p.To.Address] = p.Cause
	}
	want := map[string]Cause{"shop+14155550001": CauseReply, "shop+14155550002": CauseProvider, "shop+14155550003": CauseComplaint, "shop+14155550004": CauseImport,
		"shop+14155550005": CauseByHand, "shop+14155550006": CauseReply, "shop+14155550008": CauseByHand, "+14155550010": CauseByHand, "shop": CauseErased}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for name, c := range map[string]struct {
		q    SuppressionQuery
		want int
	}{
		"a cause":                            {SuppressionQuery{Cause: CauseImport, Limit: 1}, 1},
		"who was erased":                     {SuppressionQuery{Cause: CauseErased}, 1},
		"a brand, with what holds for all":   {SuppressionQuery{Brand: "bank"}, 1},
		"another channel":                    {SuppressionQuery{Channel: filter.Email}, 0},
		"an address as somebody writes it":   {SuppressionQuery{Address: "(415) 555-0010", Region: "US"}, 1},
		"an address of somebody who may get": {SuppressionQuery{Address: "+14155550009"}, 0},
	} {
		if got := list(c.q); len(got) != c.want {
			t.Errorf("%s: got %+v, want %d", name, got, c.want)
		}
	}
	one := list(SuppressionQuery{Cause: CauseByHand, Brand: "shop", Full: true})
	if i := slices.IndexFunc(one, func(p Suppression) bool { return p.To == sms(5) }); i < 0 || one[i].Scopes[0] != filter.OfTopic("offers") || one[i].Source != "console: ana" {
		t.Errorf("got %+v", one)
	}
}

func TestSuppressionListIsMasked(t *testing.T) {
	b := newBench(t)
	b.learn(filter.Event{To: carol, Kind: filter.OptedOut, Source: "api: x", Note: "Carol called", Time: noon})
	a, err := b.client(Viewer).Suppressions(t.Context(), SuppressionQuery{})
	text, err2 := json.Marshal(a)
	if err != nil || err2 != nil || len(a.Suppressions) != 1 || !a.Suppressions[0].Masked || strings.Contains(string(text), "5550100") || strings.Contains(string(text), "Carol") {
		t.Errorf("got %s, %v", text, err)
	}
	_, err = b.client(Viewer).Suppressions(t.Context(), SuppressionQuery{Full: true})
	wantError(t, err, http.StatusForbidden, "", `full=true needs the role reviewer; token "vera" is a viewer`)
	for field, q := range map[string]SuppressionQuery{"cause": {Cause: "bounce"}, "channel": {Channel: "fax"}, "after": {After: "zz"}, "address": {Address: "12", Channel: filter.SMS}, "region": {Region: "ZZ"}} {
		if _, err := b.client(Viewer).Suppressions(t.Context(), q); err == nil || !strings.HasPrefix(err.Error(), field+": ") {
			t.Errorf("%s: got %v", field, err)
		}
	}
}
