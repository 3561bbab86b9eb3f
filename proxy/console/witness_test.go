package console

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/ulid"
)

// unaudited change nothing and show nothing in full, although they are no GET.
var unaudited = []string{"POST /api/v1/chain/verify"}

// Whoever adds an endpoint that changes something, or shows something in full, has to say what the audit keeps
// of it.
func TestAuditCoversEveryEndpoint(t *testing.T) {
	known := map[string]bool{}
	for _, e := range endpoints {
		name := e.method + " " + e.path
		known[name] = true
		what, ok := audited[name]
		switch {
		case !ok && e.method != http.MethodGet && !slices.Contains(unaudited, name):
			t.Errorf("%s is no GET, and no line of audited says what the audit keeps of it", name)
		case !ok && slices.Contains(e.params, "full"):
			t.Errorf("%s shows something in full, and no line of audited says what the audit keeps of that", name)
		case ok && !slices.Contains(audit.Kinds(), what.kind):
			t.Errorf("%s: the audit has no acts %q", name, what.kind)
		case ok && e.role == 0:
			t.Errorf("%s is for anybody, and the audit would not know whom", name)
		}
	}
	for name := range audited {
		if !known[name] {
			t.Errorf("%s is audited, and there is no such endpoint", name)
		}
	}
}

// auditBench is a console about which there is something to do.
func auditBench(t *testing.T) (b *bench, decision, errand string) {
	t.Helper()
	b = newBench(t)
	b.learn(optIn(berta, noon.Add(-time.Hour)))
	decision = ulid.New(noon)
	b.store.Decisions().Add(decisions.Entry{ID: decision, Time: noon, Route: "twilio", To: berta, Text: "hello", Action: filter.Block, Reason: filter.NoConsent})
	if _, err := b.store.Errands().Add(t.Context(), errands.Errand{ID: "one", Kind: errands.Relay, Route: "twilio", People: []filter.Recipient{berta}, Due: noon, State: errands.Dead}); err != nil {
		t.Fatal(err)
	}
	return b, decision, b.store.Errands().Key("one")
}

// Each audited endpoint is called as somebody would, and the audit has that.
func TestAuditOfEveryEndpoint(t *testing.T) {
	const (
		jsonType = "application/json"
		csvType  = "text/csv"
		person   = `{"brand":"shop","channel":"sms","address":"+4915123456789"}`
		byQuery  = "?brand=shop&channel=sms&address=%2B4915123456789"
	)
	masked := filter.Mask(berta.Address)
	cases := map[string]struct {
		path, contentType, body string // the path is that of the endpoint with this behind it
		want                    string // "OUTCOME TO ABOUT: NOTE" without ids that are drawn
	}{
		"GET /api/v1/consent":              {"?full=true&decision=DECISION", "", "", "done " + masked + " query decision=ID"},
		"POST /api/v1/consent":             {"", jsonType, `{"to":` + person + `,"kind":"opted-out"}`, "done " + masked + " event ID, kind opted-out, scope all"},
		"GET /api/v1/consent/history":      {byQuery, "", "", "done " + masked + " query brand=shop&channel=sms"},
		"GET /api/v1/consent/proof":        {byQuery, "", "", "done " + masked + " query brand=shop&channel=sms"},
		"POST /api/v1/consent/erase":       {"", jsonType, `{"to":` + person + `,"reason":"asked by letter"}`, "done  erasure ID: asked by letter"},
		"POST /api/v1/consent/screenshot":  {"", "image/png", "\x89PNG\r\n\x1a\n picture", "done  sha256 DIGEST"},
		"POST /api/v1/consent/import":      {"?brand=shop&channel=sms&source=leads", csvType, "address,state\n+4915123456789,opted-out\nx,opted-out\n", "done  opt_ins 0, opt_outs 1, query brand=shop&channel=sms&source=leads, refused 1, rows 2, taken 1"},
		"GET /api/v1/consent/export":       {"?brand=shop", "", "", "done  query brand=shop"},
		"GET /api/v1/consent-requests":     {"?full=true", "", "", "done  "},
		"POST /api/v1/consent-requests":    {"", jsonType, `{}`, "refused  "},
		"GET /api/v1/suppressions":         {"?full=true&cause=import", "", "", "done  query cause=import"},
		"GET /api/v1/changes":              {"?since=0", "", "", "done  next 1, query since=0"},
		"GET /api/v1/decisions":            {"?full=true&route=twilio&address=%2B4915123456789", "", "", "done " + masked + " query route=twilio"},
		"GET /api/v1/decisions/tail":       {"?full=true&until=1", "", "", ""},
		"GET /api/v1/decisions/export":     {"?route=twilio&format=jsonl", "", "", "done  query route=twilio"},
		"GET /api/v1/decisions/{id}":       {"?full=true", "", "", "done " + masked + " id ID"},
		"GET /api/v1/explain":              {"?full=true&decision=DECISION", "", "", "done " + masked + " query decision=ID"},
		"POST /api/v1/explain":             {"", jsonType, `{"route":"twilio","to":` + person + `}`, "done " + masked + " "},
		"POST /api/v1/switches":            {"", jsonType, `{"on":{"campaign":"sale"},"reason":"too many complaints"}`, "done  on campaign \"sale\", switch ID: too many complaints"},
		"POST /api/v1/switches/{id}/lift":  {"", jsonType, `{"reason":"no such"}`, "refused  id none: no such"},
		"GET /api/v1/passes":               {"?full=true&state=used", "", "", "done  query state=used"},
		"POST /api/v1/passes":              {"?since=24h&address=%2B4915123456789", jsonType, `{"reason":"promised"}`, "done " + masked + " granted 0, query since=24h: promised"},
		"POST /api/v1/passes/{id}/approve": {"", "", "", "refused  id none"},
		"POST /api/v1/passes/{id}/revoke":  {"", jsonType, `{"reason":"no such"}`, "refused  id none: no such"},
		"POST /api/v1/preflight":           {"?route=twilio", csvType, "address\n+4915123456789\n", "done  query route=twilio"},
		"POST /api/v1/replay":              {"?route=twilio", "application/yaml", "24h", "done  query route=twilio"},
		"POST /api/v1/quality":             {"", jsonType, `{"sender":"+14155550100","quality":"low"}`, "refused  "},
		"GET /api/v1/errands":              {"?full=true", "", "", "done  "},
		"POST /api/v1/errands/retry":       {"", jsonType, `{"route":"twilio"}`, "done  errands 1, route twilio"},
		"POST /api/v1/errands/{id}/retry":  {"", "", "", "done " + masked + " id ERRAND, kind relay, route twilio"},
		"POST /api/v1/errands/{id}/review": {"", jsonType, `{"opt_out":false}`, "refused " + masked + " id ERRAND, kind relay, route twilio"},
		"DELETE /api/v1/errands/{id}":      {"", "", "", "done " + masked + " id ERRAND, kind relay, route twilio"},
		"POST /api/v1/notify/retry":        {"", "", "", "refused  "},
		"GET /api/v1/configuration":        {"", "", "", "done  "},
		"GET /api/v1/backup":               {"", "", "", ""}, // of a store in memory there is none
		"POST /api/v1/tokens":              {"", jsonType, `{"name":"crm","role":"viewer","note":"for the CRM"}`, "done  role viewer, token crm: for the CRM"},
		"DELETE /api/v1/tokens/{id}":       {"", "", "", "refused  id none"},
		"GET /api/v1/audit/export":         {"?act=pause", "", "", "done  query act=pause"},
		"POST /api/v1/login-links":         {"", "", "", "done  "},
		"POST /api/v1/reload":              {"", "", "", "done  "},
	}
	for name, what := range audited {
		t.Run(name, func(t *testing.T) {
			c, ok := cases[name]
			if !ok {
				t.Fatal("no case calls it")
			}
			b, decision, errand := auditBench(t)
			method, path, _ := strings.Cut(name, " ")
			switch {
			case strings.Contains(path, "errands"):
				path = strings.Replace(path, "{id}", errand, 1)
			case strings.Contains(path, "decisions"):
				path = strings.Replace(path, "{id}", decision, 1)
			}
			path = strings.Replace(path, "{id}", "none", 1) + strings.Replace(c.path, "DECISION", decision, 1)
			status, body, _ := b.ask(Admin, method, path, c.contentType, c.body)
			var got []string
			for a, err := range b.store.Audit().Acts(t.Context(), audit.Query{}) {
				if err != nil {
					t.Fatal(err)
				}
				if a.Actor != "ada" || a.Role != "admin" || a.By != "token" || a.Remote != "127.0.0.1" || a.Kind != what.kind || a.Status != status || (a.Error == "") != (status < 300) {
					t.Errorf("the audit has %+v", a)
				}
				for what, is := range a.About {
					switch {
					case what == "sha256":
						a.About[what] = "DIGEST"
					case is == errand:
						a.About[what] = "ERRAND"
					case len(is) == 26:
						a.About[what] = "ID"
					}
				}
				text := strings.Replace(fmt.Sprintf("%s %s %s", a.Outcome, a.To.Address, AboutText(a.About)), decision, "ID", 1)
				if a.Note != "" {
					text += ": " + a.Note
				}
				got = append(got, text)
			}
			want := []string{c.want}
			if c.want == "" { // it was understood wrongly, and nothing was shown
				want = nil
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d %s: the audit has\n%q, want\n%q", status, body, got, want)
			}
		})
	}
}

func TestAuditOfWhatIsShownMasked(t *testing.T) {
	b, decision, _ := auditBench(t)
	for _, path := range []string{"/api/v1/decisions", "/api/v1/decisions/" + decision, "/api/v1/errands", "/api/v1/changes?since=1",
		"/api/v1/explain?decision=" + decision, "/api/v1/consent/history?brand=shop&channel=sms&address=%2B4915123456789"} {
		if status, body, _ := b.ask(Viewer, "GET", path, "", ""); status != 200 && status != 403 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	b.ask(Admin, "GET", "/api/v1/changes?since=1", "", "")
	b.ask(Reviewer, "GET", "/api/v1/decisions?full=maybe", "", "")
	page, err := b.client(Reviewer).Acts(t.Context(), AuditQuery{})
	if err != nil || len(page.Acts) != 1 || page.Acts[0].Kind != audit.ChangesRead || page.Acts[0].Actor != "vera" {
		t.Errorf("the audit has %+v (%v), want the one call that was forbidden", page, err)
	}
}

func TestAuditOfRefusals(t *testing.T) {
	b := newBench(t)
	b.ask(0, "POST", "/api/v1/reload", "", "")                                                                                                          // by nobody known
	b.ask(Reviewer, "POST", "/api/v1/reload", "", "")                                                                                                   // the role
	b.ask(Viewer, "GET", "/api/v1/decisions?full=true", "", "")                                                                                         // likewise
	b.ask(Reviewer, "POST", "/api/v1/consent", "application/json", `{"to":{"brand":"shop","channel":"sms","address":"4155550100"},"kind":"opted-out"}`) // no number
	b.ask(Reviewer, "POST", "/api/v1/switches?x=1", "", "")
	b.reload = fmt.Errorf("sendgate.yaml:3:1: unknown key")
	b.ask(Admin, "POST", "/api/v1/reload", "", "")
	var got []string
	for a, err := range b.store.Audit().Acts(t.Context(), audit.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s %s %d: %s", a.Actor, a.Kind, a.Outcome, a.Status, a.Error))
	}
	want := []string{
		"ada reload refused 422: the last good configuration stays in force: sendgate.yaml:3:1: unknown key",
		"rosa pause refused 400: x is not as it should be",
		"rosa consent-record refused 400: to.address is not as it should be",
		`vera decisions-show refused 403: full=true needs the role reviewer; token "vera" is a viewer`,
		`rosa reload refused 403: POST /api/v1/reload needs the role admin; token "rosa" is a reviewer`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("the audit has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Where nothing can be written into the audit, nothing is done and nothing is shown.
func TestAuditThatCannotBeWritten(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	st, err := store.Open(store.Config{Dir: dir, Now: b.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	b.store, b.server.store = st, st
	b.learn(optIn(berta, noon.Add(-time.Hour)))
	if err := os.RemoveAll(filepath.Join(dir, "audit")); err != nil { // where the first file is about to be made
		t.Fatal(err)
	}
	_, err = b.client(Reviewer).Record(t.Context(), Notice{To: berta, Kind: filter.OptedOut})
	wantError(t, err, 503, "", "nothing was done, since it cannot be written into the audit; the gate's log says why")
	if events, err := st.History(berta); err != nil || len(events) != 1 {
		t.Errorf("it was done all the same: %v, %v", events, err)
	}
	const path = "/api/v1/consent/history?brand=shop&channel=sms&address=%2B4915123456789"
	if status, body, _ := b.ask(Reviewer, "GET", path, "", ""); status != 503 || body != `{"error":{"message":"nothing is shown, since it cannot be written into the audit; the gate's log says why"}}`+"\n" {
		t.Errorf("got %d %s", status, body)
	}
	if status, body, _ := b.ask(Reviewer, "GET", "/api/v1/consent/export", "", ""); status != 503 || strings.Contains(body, "+49") {
		t.Errorf("got %d %s", status, body)
	}
	if status, _, _ := b.ask(Viewer, "GET", path, "", ""); status != 200 {
		t.Errorf("got %d, want a viewer to see what is veiled", status)
	}
}

func TestActsAreChosenAndExported(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	for _, reason := range []string{"=cmd()", "+1 is too many", "so"} {
		if _, err := b.client(Reviewer).Pause(ctx, Pause{On: filter.Target{Campaign: "@sale"}, Reason: reason}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.client(Admin).Erase(ctx, Removal{To: berta, Reason: "asked by letter"}); err != nil {
		t.Fatal(err)
	}
	first, err := b.client(Reviewer).Acts(ctx, AuditQuery{Limit: 2, Query: audit.Query{Actor: "rosa"}})
	if err != nil || len(first.Acts) != 2 || first.Acts[0].Note != "so" || first.Next == 0 {
		t.Fatalf("the first page is %+v (%v)", first, err)
	}
	rest, err := b.client(Reviewer).Acts(ctx, AuditQuery{Limit: 2, Query: audit.Query{Actor: "rosa", Before: first.Next}})
	if err != nil || len(rest.Acts) != 1 || rest.Acts[0].Note != "=cmd()" || rest.Next != 0 {
		t.Errorf("the second page is %+v (%v)", rest, err)
	}
	of, err := b.client(Admin).Acts(ctx, AuditQuery{Query: audit.Query{Address: "0151 23456789"}, Channel: filter.SMS, Region: "DE"})
	if err != nil || len(of.Acts) != 1 || of.Acts[0].Kind != audit.ConsentErase || of.Acts[0].To.Address != "" {
		t.Errorf("of the erased person there is %+v (%v)", of, err)
	}
	var file bytes.Buffer
	if err := b.client(Reviewer).ExportActs(ctx, &file, "csv", AuditQuery{Query: audit.Query{Kind: audit.Pause, Since: noon}}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&file).ReadAll()
	if err != nil || len(rows) != 4 || !slices.Equal(rows[0], actColumns) {
		t.Fatalf("the export is %q (%v)", rows, err)
	}
	if note := slices.Index(actColumns, "note"); rows[3][note] != "'=cmd()" || rows[2][note] != "'+1 is too many" || rows[1][note] != "so" {
		t.Errorf("the notes are %q, %q and %q, want none that a spreadsheet takes for a formula", rows[3][note], rows[2][note], rows[1][note])
	}
	for query, want := range map[string]string{"act=nothing": "act", "outcome=x": "outcome", "since=x": "since", "before=x": "before", "address=x&channel=sms": "address"} {
		if status, body, _ := b.ask(Reviewer, "GET", "/api/v1/audit?"+query, "", ""); status != 400 || !strings.Contains(body, `"field":"`+want+`"`) {
			t.Errorf("%s: got %d %s", query, status, body)
		}
	}
}
