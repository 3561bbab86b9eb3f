package pages

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
)

const (
	agreed = "+12125550123" // who opted in
	left   = "+12125550124" // who opted out
	nobody = "+12125550125" // of whom nothing is known
)

// busy is a rig with messages to everybody, whose ids it returns.
func busy(t *testing.T, tweak ...func(*proxy.RouteConfig)) (r *rig, toAgreed, toLeft, toNobody string) {
	r = newRig(t, tweak...)
	r.optIn(agreed)
	r.optOut(left)
	_, toAgreed = r.send(agreed, "Spring sale", "Sendgate-Campaign", "spring")
	_, toLeft = r.send(left, "Spring sale", "Sendgate-Campaign", "spring")
	_, toNobody = r.send(nobody, "Autumn sale", "Sendgate-Campaign", "autumn")
	return r, toAgreed, toLeft, toNobody
}

var messageLink = regexp.MustCompile(`href="/messages/([^"/?]+)"`)

// listed are the ids of the decisions that a page shows, in its order.
func listed(body string) (ids []string) {
	for _, m := range messageLink.FindAllStringSubmatch(body, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

// sameIDs reports whether a page shows these decisions; those of one moment have no order.
func sameIDs(got, want []string) bool {
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	return slices.Equal(got, want)
}

func TestMessagesAreFiltered(t *testing.T) {
	r, toAgreed, toLeft, toNobody := busy(t)
	v := r.as(console.Viewer)
	for name, c := range map[string]struct {
		query string
		want  []string
	}{
		"all":                                {"", []string{toNobody, toLeft, toAgreed}},
		"by action":                          {"?action=block", []string{toNobody, toLeft}},
		"by reason":                          {"?reason=opted-out", []string{toLeft}},
		"by campaign and action":             {"?campaign=spring&action=block", []string{toLeft}},
		"by recipient, as people write one":  {"?address=" + url.QueryEscape("+1 (212) 555-0124"), []string{toLeft}},
		"by recipient, without the country":  {"?address=" + url.QueryEscape("212 555 0124") + "&region=US", []string{toLeft}},
		"by a time in which there was none":  {"?until=" + r.now.Add(-1).Format("2006-01-02T15:04:05Z"), nil},
		"by a span before now":               {"?since=1h&route=twilio", []string{toNobody, toLeft, toAgreed}},
		"by a decision, as the form says it": {"?decision=block-obeyed&campaign=autumn&reason=", []string{toNobody}},
		"what would have been blocked":       {"?decision=block-reported", nil},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := v.get("/messages" + c.query)
			if got := listed(body); status != http.StatusOK || !sameIDs(got, c.want) {
				t.Errorf("status %d, shows %v, want %v", status, got, c.want)
			}
			body = html.UnescapeString(body)
			if strings.Contains(body, left) && !strings.Contains(c.query, "0124") || strings.Contains(body, "sale") {
				t.Error("an address or a text is not masked")
			}
			if strings.Contains(body, "⟦") {
				t.Error("a sentence is not in the catalogue")
			}
		})
	}
}

func TestMessagesOfAReportingRoute(t *testing.T) {
	r, toAgreed, toLeft, _ := busy(t, func(rc *proxy.RouteConfig) { rc.Mode = proxy.Report })
	_, body := r.as(console.Viewer).get("/messages?decision=block-reported&campaign=spring")
	if got := listed(body); fmt.Sprint(got) != fmt.Sprint([]string{toLeft}) || !strings.Contains(body, "would be blocked") {
		t.Errorf("shows %v, want %s, and not %s:\n%s", got, toLeft, toAgreed, body)
	}
}

// What the form sends becomes an address that says the same to everybody: without empty fields, with times that
// mean one moment.
func TestFiltersAreAnAddressToShare(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Viewer)
	v.post("/preferences", "zone", "America/New_York")
	v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for form, want := range map[string]string{
		"decision=&reason=opted-out&campaign=+spring+&begin=&end=&since=":               "/messages?campaign=spring&reason=opted-out",
		"decision=block-reported&begin=2026-11-22T08:00&end=2026-11-22T09:30&since=24h": "/messages?action=block&enforced=false&since=2026-11-22T13%3A00%3A00Z&until=2026-11-22T14%3A30%3A00Z",
		"decision=forward&since=24h&begin=":                                             "/messages?action=forward&since=24h",
		"decision=block-nonsense":                                                       "/messages?action=block",
	} {
		resp, err := v.http.Get(r.url + "/messages?" + form)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || got != want {
			t.Errorf("%s\nstatus %d, leads to %s\nwant %s", form, resp.StatusCode, got, want)
		}
	}
	_, body := v.get("/messages?action=block&enforced=false&since=2026-11-22T13:00:00Z&campaign=spring")
	for _, want := range []string{`value="2026-11-22T08:00"`, `<option value="block-reported" selected>`, `name="campaign" value="spring"`,
		"<strong>22 Nov 2026 08:00 EST</strong>", `href="/messages?campaign=spring&amp;since=2026-11-22T13%3A00%3A00Z"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the form does not show %s:\n%s", want, body)
		}
	}
}

func TestAFilterOfNoSenseIsShownWithTheForm(t *testing.T) {
	v := newRig(t).as(console.Viewer)
	for _, query := range []string{"reason=nonsense", "since=yesterday", "channel=pigeon", "begin=yesterday&campaign=spring"} {
		status, body := v.get("/messages?" + query)
		if status != http.StatusBadRequest || !strings.Contains(body, `role="alert"`) || !strings.Contains(body, `name="campaign"`) {
			t.Errorf("%s: status %d:\n%s", query, status, body)
		}
	}
}

func TestMessagesGoOnPageByPage(t *testing.T) {
	r := newRig(t)
	var want, got []string
	for i := range pageLength + 3 {
		at := r.now.Add(time.Duration(i) * time.Second)
		e := decisions.Entry{ID: ulid.New(at), Time: at, Route: "twilio", Campaign: "long", To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: nobody}}
		r.store.Decisions().Add(e)
		want = append(want, e.ID)
	}
	slices.Reverse(want)
	v := r.as(console.Viewer)
	next := regexp.MustCompile(`<a href="([^"]+)" rel="next">`)
	path, pages := "/messages?campaign=long", 0
	for path != "" {
		_, body := v.get(path)
		got = append(got, listed(body)...)
		path = ""
		if m := next.FindStringSubmatch(body); m != nil {
			path = strings.ReplaceAll(m[1], "&amp;", "&")
		}
		if pages++; pages == 2 && !strings.Contains(body, `<a href="/messages?campaign=long">Newest</a>`) {
			t.Error("the last page does not lead back to the first")
		}
	}
	if pages != 2 || !slices.Equal(got, want) {
		t.Errorf("%d pages show %d decisions, not the newest first: %v", pages, len(got), got)
	}
}

func TestMessagesAreCountedWhereTheyAreAlready(t *testing.T) {
	r, _, _, _ := busy(t)
	v := r.as(console.Viewer)
	for query, want := range map[string]string{
		"since=24h":                             "3 decisions, 2 blocked (66.7 %)",
		"since=720h&campaign=spring":            "2 decisions, 1 blocked (50.0 %)",
		"since=24h&route=twilio&action=forward": "3 decisions, 2 blocked (66.7 %)",
		"since=24h&reason=opted-out":            "",
		"since=2006-01-02":                      "",
		"":                                      "",
	} {
		status, body := v.get("/messages?" + query)
		if status != http.StatusOK || !strings.Contains(body, want) || (want == "") == strings.Contains(body, "decisions, ") {
			t.Errorf("%s: status %d, want %q:\n%s", query, status, want, body)
		}
	}
}

func TestMessagesInFullAreForReviewers(t *testing.T) {
	r, _, _, _ := busy(t)
	in := func(body string) bool { return strings.Contains(html.UnescapeString(body), left) }
	if status, body := r.as(console.Viewer).get("/messages?full=true"); status != http.StatusForbidden || in(body) {
		t.Errorf("a viewer: status %d", status)
	}
	if _, body := r.as(console.Viewer).get("/messages"); strings.Contains(body, "full=true") {
		t.Error("a viewer is shown a link that is refused")
	}
	_, body := r.as(console.Reviewer).get("/messages")
	if !strings.Contains(body, "/messages?full=true") || in(body) {
		t.Error("a reviewer sees more than was asked for, or cannot ask")
	}
	if _, body = r.as(console.Reviewer).get("/messages?full=true&campaign=spring"); !in(body) || !strings.Contains(body, "Spring sale") ||
		!strings.Contains(body, "/messages/export?campaign=spring&amp;format=csv&amp;full=true") {
		t.Errorf("a reviewer does not see all:\n%s", body)
	}
}

// What a sender writes is shown as text, wherever it stands.
func TestMessagesShowHostileTextsAsText(t *testing.T) {
	r := newRig(t)
	evil := `"'><script>alert(1)</script><img src=x onerror=alert(1)>`
	r.send(nobody, evil, "Sendgate-Campaign", evil, "Sendgate-Topic", evil)
	v := r.as(console.Reviewer)
	for _, path := range []string{"/messages?full=true", "/messages?campaign=" + url.QueryEscape(evil), "/messages?reason=" + url.QueryEscape(evil),
		"/messages?route=" + url.QueryEscape(evil) + "&since=" + url.QueryEscape(evil)} {
		if _, body := v.get(path); strings.Contains(body, "<script>alert") || strings.Contains(body, "<img") || !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s:\n%s", path, body)
		}
	}
}

func TestExportIsWhatIsFiltered(t *testing.T) {
	r, _, toLeft, toNobody := busy(t)
	r.send(nobody, "=HYPERLINK(1)", "Sendgate-Campaign", "=cmd()")
	v := r.as(console.Reviewer)
	resp, err := v.http.Get(r.url + "/messages/export?campaign=spring&action=block&format=csv&before=" + toLeft)
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Disposition"); got != `attachment; filename="sendgate-decisions-20261122-170000.csv"` {
		t.Errorf("the file is %s", got)
	}
	_, body := v.read(resp, nil)
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != toLeft || strings.Contains(body, left) {
		t.Errorf("%v, rows %v", err, rows)
	}

	_, body = v.get("/messages/export?format=jsonl&full=true&campaign=autumn")
	var d console.Decision
	if err := json.Unmarshal([]byte(body), &d); err != nil || d.ID != toNobody || d.To.Address != nobody || d.Action != filter.Block {
		t.Errorf("%v in %s", err, body)
	}
	if _, body = v.get("/messages/export?full=true"); !strings.Contains(body, "'=HYPERLINK(1)") || !strings.Contains(body, "'=cmd()") {
		t.Errorf("a spreadsheet would take a text for a formula:\n%s", body)
	}
	if status, _ := v.get("/messages/export?format=jsonl&campaign=none"); status != http.StatusOK {
		t.Errorf("nothing to export: status %d", status)
	}
	for _, path := range []string{"/messages/export?format=xlsx", "/messages/export?reason=nonsense"} {
		if status, body := v.get(path); status != http.StatusBadRequest || !strings.Contains(body, "<html") {
			t.Errorf("%s: status %d", path, status)
		}
	}
	if status, _ := r.as(console.Viewer).get("/messages/export?full=true"); status != http.StatusForbidden {
		t.Errorf("a viewer exports in full: status %d", status)
	}
}
