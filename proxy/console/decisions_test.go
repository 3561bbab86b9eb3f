package console

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
)

// log writes n decisions, a second apart, and returns their ids, oldest first.
func (b *bench) log(n int, change func(i int, e *decisions.Entry)) (ids []string) {
	for i := range n {
		at := noon.Add(time.Duration(i) * time.Second)
		e := decisions.Entry{ID: ulid.New(at), Time: at, Route: "twilio", Provider: "twilio", Mode: "enforce", Config: "0123abcd",
			To: carol, From: "+18005550199", Text: "Grüße, 50% off", Campaign: "spring", Action: filter.Block,
			Enforced: true, Reason: filter.HasOptedOut, Rule: "opt-out", Outcome: "refused", Micros: 40}
		if change != nil {
			change(i, &e)
		}
		b.store.Decisions().Add(e)
		ids = append(ids, e.ID)
	}
	return ids
}

func TestDecisionsAreMaskedByDefault(t *testing.T) {
	b := newBench(t)
	id := b.log(1, nil)[0]
	for name, c := range map[string]struct {
		role          Role
		full          bool
		address, text string
	}{
		"a viewer":                    {Viewer, false, "+1415•••••00", ""},
		"a reviewer who asks plain":   {Reviewer, false, "+1415•••••00", ""},
		"a reviewer who asks in full": {Reviewer, true, "+14155550100", "Grüße, 50% off"},
	} {
		t.Run(name, func(t *testing.T) {
			one, err := b.client(c.role).Decision(t.Context(), id, c.full)
			page, pageErr := b.client(c.role).Decisions(t.Context(), DecisionQuery{Full: c.full})
			if err != nil || pageErr != nil || len(page.Decisions) != 1 {
				t.Fatalf("got %v, %v, %+v", err, pageErr, page)
			}
			for _, d := range []Decision{one, page.Decisions[0]} {
				if d.To.Address != c.address || d.Text != c.text || d.TextLength != 14 || d.Masked == c.full {
					t.Errorf("got %+v", d)
				}
			}
		})
	}
	_, err := b.client(Viewer).Decision(t.Context(), id, true)
	wantError(t, err, 403, "", `full=true needs the role reviewer; token "vera" is a viewer`)
	if got := b.logged.FilterMessage("decisions shown in full").All(); len(got) != 2 || got[0].ContextMap()["actor"] != "rosa" {
		t.Errorf("the log has %v, want two views in full by rosa", got)
	}
}

func TestDecisionFilters(t *testing.T) {
	b := newBench(t)
	b.log(20, func(i int, e *decisions.Entry) {
		switch i {
		case 3:
			e.Action, e.Reason, e.Rule = filter.Forward, filter.Allowed, ""
		case 4:
			e.Reason = filter.NoConsent
		case 5:
			e.Route = "whatsapp"
		case 6:
			e.Campaign = "autumn"
		case 7:
			e.To.Brand = "club"
		case 8:
			e.To.Channel = filter.WhatsApp
		case 9:
			e.To.Address = berta.Address
		case 10:
			e.Topic, e.Category = "orders", filter.Utility
		case 11:
			e.From, e.Template = "ACME", "order_update"
		case 12:
			e.Mode, e.Enforced, e.Outcome = "report", false, "answered"
		case 13:
			e.Rule, e.Topic = "suppressed", "orders"
		case 14:
			e.Client = "shop"
		}
	})
	b.at(noon.Add(20 * time.Second))
	for query, want := range map[string]string{
		"":                                  "19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0",
		"limit=3":                           "19 18 17",
		"since=2026-03-10T12:00:18Z":        "19 18",
		"since=2026-03-11":                  "",
		"since=4s":                          "19 18 17",
		"until=2026-03-10T12:00:02Z":        "1 0",
		"action=forward":                    "3",
		"reason=no-consent":                 "4",
		"route=whatsapp":                    "5",
		"campaign=autumn":                   "6",
		"brand=club":                        "7",
		"channel=whatsapp":                  "8",
		"address=0151+23456789&region=DE":   "9",
		"address=%2B4915123456789":          "9",
		"address=%2B4915123456789&brand=no": "",
		"action=block&campaign=autumn":      "6",
		"topic=orders":                      "13 10",
		"topic=orders&category=utility":     "10",
		"topic=orders&category=service":     "",
		"from=ACME":                         "11",
		"template=order_update":             "11",
		"mode=report":                       "12",
		"enforced=false&action=block":       "12",
		"enforced=true&mode=report":         "",
		"outcome=answered":                  "12",
		"rule=suppressed":                   "13",
		"client=shop":                       "14",
	} {
		t.Run(query, func(t *testing.T) {
			status, body, _ := b.ask(Viewer, "GET", "/api/v1/decisions?"+query, "", "")
			var page Page
			if err := json.Unmarshal([]byte(body), &page); err != nil || status != 200 {
				t.Fatalf("got %d %s", status, body)
			}
			var got []string
			for _, d := range page.Decisions {
				got = append(got, fmt.Sprint(int(d.Time.Sub(noon).Seconds())))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
			}
		})
	}
}

func TestDecisionPages(t *testing.T) {
	b := newBench(t)
	ids := b.log(7, nil)
	var got []string
	q := DecisionQuery{Query: decisions.Query{Limit: 3}}
	for pages := 1; ; pages++ {
		page, err := b.client(Viewer).Decisions(t.Context(), q)
		if err != nil || pages > 3 {
			t.Fatalf("page %d: %v", pages, err)
		}
		for _, d := range page.Decisions {
			got = append([]string{d.ID}, got...)
		}
		if q.Before = page.Next; page.Next == "" {
			break
		}
	}
	if !reflect.DeepEqual(got, ids) {
		t.Errorf("got %v, want each of %v once", got, ids)
	}
	page, err := b.client(Viewer).Decisions(t.Context(), DecisionQuery{Query: decisions.Query{Limit: 7}})
	if err != nil || page.Next != "" {
		t.Errorf("a page that holds all names a next one: %q, %v", page.Next, err)
	}
}

func TestDecisionQueryRefusals(t *testing.T) {
	b := newBench(t)
	for query, want := range map[string]string{
		"action=stop":           `action: unknown action "stop": want one of block, rewrite, forward`,
		"reason=because":        `reason: unknown reason "because": want one of undecided, allowed, unreadable, bad-address, opted-out, no-consent, consent-expired, window-closed, content, quiet-hours, cap-reached, duplicate, suspended, over-budget, own`,
		"limit=0":               `limit: "0": want a number from 1 to 1000`,
		"limit=many":            `limit: "many": want a number from 1 to 1000`,
		"since=yesterday":       `since: "yesterday" is no time: want a date (2026-01-31) or RFC 3339 (2026-01-31T09:30:00Z), or a duration before now (24h)`,
		"until=-1h":             `until: "-1h" is no time: want a date (2026-01-31) or RFC 3339 (2026-01-31T09:30:00Z), or a duration before now (24h)`,
		"channel=fax":           `channel: unknown channel "fax": want one of sms, whatsapp, messenger, telegram, line, viber, wechat, email`,
		"channel=sms&address=x": "address: a name in letters is no phone number",
		"region=USA":            `region: unknown region "USA": want an ISO 3166 country such as US or DE`,
		"category=ads":          `category: unknown category "ads": want one of marketing, utility, service, authentication`,
		"enforced=1":            `enforced: "1": want true or false`,
		"full=1":                `full: "1": want true or false`,
	} {
		t.Run(query, func(t *testing.T) {
			field, message, _ := strings.Cut(want, ": ")
			if status, body, _ := b.ask(Admin, "GET", "/api/v1/decisions?"+query, "", ""); status != 400 || body != errorJSON(t, field, message) {
				t.Errorf("got  %d %swant %s", status, body, want)
			}
		})
	}
}

// What the client writes into a URL is what the server reads out of it.
func TestDecisionQueryTravels(t *testing.T) {
	b := newBench(t)
	action, reason, category, enforced := filter.Rewrite, filter.Content, filter.Service, false
	want := DecisionQuery{Region: "DE", Full: true, Query: decisions.Query{Since: noon, Until: noon.Add(time.Nanosecond), Action: &action,
		Reason: &reason, Category: &category, Enforced: &enforced, Route: "a b", Mode: "report", From: "+1 5", Topic: "t=1", Campaign: "c&d",
		Template: "e", Rule: "f", Outcome: "answered", To: berta, Limit: 7, Before: "01"}}
	got, err := b.server.decisionQuery(&call{r: &http.Request{URL: &url.URL{}}, by: actor{role: Admin}, query: want.values()})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
}

func TestExportOfDecisions(t *testing.T) {
	b := newBench(t)
	b.log(3, func(i int, e *decisions.Entry) {
		e.Campaign, e.Template, e.Text = "=HYPERLINK(1)", "-1+1", "a \"quoted\"\ntext"
	})
	var file bytes.Buffer
	if err := b.client(Reviewer).ExportDecisions(t.Context(), &file, "csv", DecisionQuery{Full: true, Query: decisions.Query{Limit: 2}}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&file).ReadAll()
	if err != nil || len(rows) != 3 || !reflect.DeepEqual(rows[0], decisionColumns) {
		t.Fatalf("got %q, %v, want a header and the two newest", rows, err)
	}
	row := map[string]string{}
	for i, name := range rows[0] {
		row[name] = rows[1][i]
	}
	for name, want := range map[string]string{"time": "2026-03-10T12:00:02Z", "address": "+14155550100", "from": "+18005550199",
		"campaign": "'=HYPERLINK(1)", "template": "'-1+1", "text": "a \"quoted\"\ntext", "action": "block", "enforced": "true", "send_at": ""} {
		if row[name] != want {
			t.Errorf("%s: got %q, want %q", name, row[name], want)
		}
	}
	file.Reset()
	if err := b.client(Viewer).ExportDecisions(t.Context(), &file, "jsonl", DecisionQuery{}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(file.String(), "\n"); lines != 3 || strings.Contains(file.String(), carol.Address) {
		t.Errorf("got %s, want three masked lines", file.String())
	}
}
