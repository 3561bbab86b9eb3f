package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
)

func TestPreflightTellsEveryRow(t *testing.T) {
	b := newBench(t)
	b.learn(optIn(carol, noon.Add(-time.Hour)))
	b.learn(optOut(berta, noon.Add(-time.Hour)))
	b.at(noon.Add(time.Minute))
	before := b.store.Seq()
	list := "Name;Phone;Topic;Category\n" +
		"Carol;+14155550100;;\n" +
		"Berta;+49 1512 3456789;;\n" +
		"\"Carol,\nagain\";(415) 555-0100;;\n" +
		"Nobody;12;;\n" +
		"Odd;+14155550101;;gossip\n" +
		"Eve;+14155550102;news;utility\n" +
		"Short;+14155550103\n" +
		"Quote;\"+14155550104;;\n"
	for role, to := range map[Role][]string{Viewer: {"+1415•••••00", "+4915•••••••89"}, Reviewer: {"+14155550100", "+4915123456789"}} {
		var rows []PreflightRow
		f, err := b.client(role).Preflight(t.Context(), strings.NewReader(list),
			PreflightOptions{Route: "twilio", Region: "US", Topic: "offers", Price: 2, Rows: true, Full: role == Reviewer},
			func(l PreflightLine) error {
				if l.Row != nil {
					rows = append(rows, *l.Row)
				}
				return nil
			})
		if err != nil {
			t.Fatal(err)
		}
		odd, eve, nobody := "", filter.Mask("+14155550102"), filter.Mask("")
		if role == Reviewer {
			eve, nobody = "+14155550102", "12"
		}
		want := []PreflightRow{
			{Line: 2, To: to[0], Action: "forward", Reason: "allowed"},
			{Line: 3, To: to[1], Action: "block", Reason: "opted-out", Rule: "opt-out"},
			{Line: 4, To: to[0], Action: "forward", Reason: "allowed"},
			{Line: 6, To: nobody, Action: "block", Reason: "bad-address", Rule: "bad-address", Column: "address", Problem: rows[3].Problem},
			{Line: 7, To: odd, Column: "category", Problem: `unknown category "gossip": want one of marketing, utility, service, authentication`},
			{Line: 8, To: eve, Action: "block", Reason: "no-consent", Rule: "consent"},
			{Line: 9, Problem: "the row has another number of fields than the header row"},
			{Line: 10, Problem: "the quotes do not match at byte 23 of the line"},
		}
		for i := range want {
			if i >= len(rows) || rows[i] != want[i] {
				t.Errorf("%s, row %d: got %+v, want %+v", role, i, rows[min(i, len(rows)-1)], want[i])
			}
		}
		if rows[3].Problem == "" || strings.Contains(rows[3].Problem, "12") {
			t.Errorf("the row without an address has the problem %q", rows[3].Problem)
		}
		sum := Forecast{Route: "twilio", At: f.At, Forward: 2, Block: 3, Malformed: 3, Repeated: 1, Outcomes: []Outcome{
			{filter.Forward, filter.Allowed, "", 2}, {filter.Block, filter.BadAddress, "bad-address", 1},
			{filter.Block, filter.HasOptedOut, "opt-out", 1}, {filter.Block, filter.NoConsent, "consent", 1}},
			Lacking: []Lack{{filter.Utility, "news", 1, 0}}, Price: 2, Cost: 4, Avoided: 6, Notes: []string{"claims: topic"}}
		if !reflect.DeepEqual(*f, sum) {
			t.Errorf("got  %+v\nwant %+v", *f, sum)
		}
	}
	for range b.store.Decisions().Entries(decisions.Query{}) {
		t.Error("something was logged as a decision")
	}
	if b.store.Seq() != before {
		t.Error("something was recorded")
	}
}

// Without what the messages say, the rules that go by it cannot be foreseen, and the forecast names them.
func TestPreflightNamesWhatItCannotForesee(t *testing.T) {
	b := newBench(t)
	for name, c := range map[string]struct {
		policy filter.Config
		opt    PreflightOptions
		want   string
	}{
		"no text":                    {noticed, PreflightOptions{}, "duplicate, footer, notice"},
		"a template, and its values": {noticed, PreflightOptions{Template: "sale"}, "duplicate"},
		"a text":                     {noticed, PreflightOptions{Text: "Sale"}, ""},
		"no rule goes by it":         {filter.Config{}, PreflightOptions{}, ""},
	} {
		var err error
		if b.policy, err = filter.New(c.policy); err != nil {
			t.Fatal(err)
		}
		c.opt.Route = "twilio"
		f, err := b.client(Viewer).Preflight(t.Context(), strings.NewReader("to\n+14155550100\n"), c.opt, nil)
		if err != nil || strings.Join(f.Unforeseen, ", ") != c.want {
			t.Errorf("%s: %+v, %v, want %s", name, f, err, c.want)
			continue
		}
		if note := "more than was given (from, template, text) decides what these rules would do, and is not foreseen: " + c.want; slices.Contains(f.Notes, note) != (c.want != "") {
			t.Errorf("%s: the notes are %q", name, f.Notes)
		}
		x, err := b.client(Viewer).Ask(t.Context(), Question{Route: "twilio", To: carol, Template: c.opt.Template, Text: c.opt.Text})
		if says := strings.Join(x.Says, " "); err != nil || strings.Contains(says, "by more than was asked about: "+c.want+".") != (c.want != "") {
			t.Errorf("%s: explained as %q, %v", name, says, err)
		}
	}
}

// noticed is a policy with all rules that go by what a message says.
var noticed = filter.Config{Duplicates: filter.Duplicates{Within: time.Hour}, Footer: filter.Footer{Line: "Reply STOP to opt out"},
	Notice: filter.Notice{Text: "Privacy: {policy_url}", PolicyURL: "https://acme.example/p"}}

// Who must wait is counted by when, rounded up to a quarter of an hour.
func TestForecastOfWhoWaits(t *testing.T) {
	f := newForecast(&PreflightOptions{Price: 1}, nil)
	for i, until := range []string{"09:00:00", "09:00:00", "08:46:01", "08:45:00", "08:45:01"} {
		at, _ := time.Parse(time.DateTime, "2026-03-10 "+until)
		m := filter.Message{To: filter.Recipient{Address: fmt.Sprint(i)}}
		f.add(&m, &filter.Decision{Reason: filter.InQuietHours, Until: at})
	}
	f.add(&filter.Message{}, &filter.Decision{Reason: filter.HasOptedOut})
	var got []string
	sum := f.told()
	for _, w := range sum.Waiting {
		got = append(got, fmt.Sprintf("%s %d", w.Until.Format("15:04"), w.Rows))
	}
	if want := "[08:45 1 09:00 4]"; fmt.Sprint(got) != want || sum.Postponed != 5 || sum.Avoided != 1 {
		t.Errorf("got %v, %+v, want %s", got, sum, want)
	}
}

func TestPreflightRefusals(t *testing.T) {
	b := newBench(t)
	for query, want := range map[string]string{
		"":                             "route: missing: GET /api/v1/routes lists them",
		"route=old":                    `route: unknown route "old": GET /api/v1/routes lists them`,
		"route=twilio&at=2026-01-01":   "at: 2026-01-01 is past: want when the list is going to be sent; a replay judges what was sent",
		"route=twilio&price=cheap":     `price: "cheap": want what one message costs, such as 0.0083`,
		"route=twilio&price=-1":        `price: "-1": want what one message costs, such as 0.0083`,
		"route=twilio&category=gossip": `category: unknown category "gossip": want one of marketing, utility, service, authentication`,
		"route=twilio&rows=maybe":      `rows: "maybe": want true or false`,
		"route=twilio&full=true":       `full=true needs the role reviewer; token "vera" is a viewer`,
		"route=twilio&dry_run=true":    "dry_run: unknown parameter: want one of " + strings.Join(preflightParams, ", "),
		"route=twilio&region=XX":       `region: unknown region "XX": want an ISO 3166 country such as US or DE`,
	} {
		status, body, _ := b.ask(Viewer, "POST", "/api/v1/preflight?"+query, "text/csv", "to\n+14155550100\n")
		var e struct{ Error Error }
		if err := json.Unmarshal([]byte(body), &e); err != nil || status < 400 || e.Error.Error() != want {
			t.Errorf("%s: got %d %s, want %s", query, status, body, want)
		}
	}
	for list, want := range map[string]string{
		"":                     "line 1: the file is empty",
		"name,state\nAna,CA\n": "line 1: no column has addresses: want one called address, to, phone, phone_number, number, mobile, recipient",
		"to,Phone\n1,2\n":      "line 1: columns 1 and 2 both mean to",
		"PK\x03\x04":           "line 1: the file is a workbook",
		"to\n\"+14155550100" + strings.Repeat(" ", 1<<20+10): "a row is longer than 1048576 bytes",
	} {
		_, err := b.client(Viewer).Preflight(t.Context(), strings.NewReader(list), PreflightOptions{Route: "twilio"}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got %v, want %s", list, err, want)
		}
	}
}

// A client that leaves ends the preflight, and the gate goes on.
func TestPreflightEndsWithItsClient(t *testing.T) {
	b := newBench(t)
	list := "to\n" + strings.Repeat("+14155550100\n", 200_000)
	ctx, leave := context.WithCancel(t.Context())
	_, err := b.client(Viewer).Preflight(ctx, strings.NewReader(list), PreflightOptions{Route: "twilio", Rows: true}, func(l PreflightLine) error {
		if l.Row != nil && l.Row.Line == 1000 {
			leave()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for said := range b.says {
		if said == "list judged before it is sent" {
			break
		}
	}
	entries := b.logged.FilterMessage("list judged before it is sent").All()
	if n := entries[0].ContextMap()["rows"].(int64); n >= 200_000 || entries[0].ContextMap()["error"] == nil {
		t.Errorf("%d rows were judged for nobody: %v", n, entries[0].ContextMap())
	}
	f, err := b.client(Viewer).Preflight(t.Context(), strings.NewReader("to\n+14155550100\n"), PreflightOptions{Route: "twilio"}, nil)
	if err != nil || f.Block != 1 {
		t.Errorf("got %+v, %v", f, err)
	}
}

// A gate that is stopped in the middle says so, and leaves no forecast.
func TestPreflightOfAGateThatIsStopped(t *testing.T) {
	b := newBench(t)
	list := "to\n" + strings.Repeat("+14155550100\n", 200_000)
	f, err := b.client(Viewer).Preflight(t.Context(), strings.NewReader(list), PreflightOptions{Route: "twilio", Rows: true}, func(l PreflightLine) error {
		if l.Row != nil && l.Row.Line == 1000 {
			b.server.Close()
		}
		return nil
	})
	if f != nil || err == nil || !strings.Contains(err.Error(), "the gate is being stopped") {
		t.Errorf("got %+v, %v", f, err)
	}
}

// A gate that is killed in the middle leaves its client without a forecast, and it says so.
func TestPreflightOfAGateThatIsKilled(t *testing.T) {
	b := newBench(t)
	gate := httptest.NewServer(b.server)
	defer gate.Close()
	list := "to\n" + strings.Repeat("+14155550100\n", 200_000)
	f, err := NewClient(gate.URL, secrets[Viewer]).Preflight(t.Context(), strings.NewReader(list), PreflightOptions{Route: "twilio", Rows: true}, func(l PreflightLine) error {
		if l.Row != nil && l.Row.Line == 1000 {
			gate.CloseClientConnections()
		}
		return nil
	})
	if f != nil || err == nil || !strings.Contains(err.Error(), "the preflight did not end") {
		t.Errorf("got %+v, %v", f, err)
	}
}
