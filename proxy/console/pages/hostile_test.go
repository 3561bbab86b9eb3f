package pages

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store"
)

// evil is what somebody would write into a field: tags, attributes, addresses that run, braces of templates, and
// characters that turn text around. The name of the field is in it, so that a page that shows it is known.
func evil(field string) string {
	return `"'><xss-mark-` + field + ` autofocus onfocus=alert(1)><script>alert(1)</script><img src=x onerror=alert(1)>{{printf "evil%s" "brace"}}` + "\u202e\u2066`${alert(1)}"
}

// marks finds the fields that a page shows.
var marks = regexp.MustCompile(`xss-mark-([a-z]+)`)

// wicked are the ways in which a text begins that is to be run where it stands alone.
var wicked = []string{"", "javascript:alert(1)//", "data:text/html,<script>alert(1)</script>", "=HYPERLINK(\"http://evil.example\")", "\t=1+1", "@SUM(1)", "-2+3", "+1+1", "\n=1+1", "＝1+1", "//evil.example/"}

// trusting has the route believe all that headers say.
func trusting(c *proxy.RouteConfig) { c.Trust = []string{"category", "topic", "campaign"} }

// strangers has people who are not to be trusted fill every field that they can: senders, whoever calls a
// webhook, and staff.
func (r *rig) strangers() {
	r.Helper()
	for _, begin := range wicked {
		says := func(field string) string { return begin + evil(field) }
		r.hostileSend("+12125550127", says)
		r.hostileSend("+12125550124", says)
		r.hostileSend(says("to"), says)
		id := says("id")
		r.errand(store.Errand{ID: "dead" + id, Kind: store.ErrandRelay, Route: says("errandroute"), State: store.ErrandDead, Tries: 9, Error: says("error"),
			People: []filter.Recipient{{Brand: says("brand"), Channel: filter.SMS, Address: "+12125550123"}}, Body: []byte(says("body"))})
		r.wrote("wrote"+id, console.Review{Text: says("reply") + "\x00", Keyword: filter.StopWord, Certainty: filter.Ambiguous, Match: says("match"), Message: id})
		staff := r.pages.api.As("eve"+says("name"), console.Admin)
		on := filter.Target{Campaign: says("pausedcampaign"), Brand: "shop", Topic: says("pausedtopic"), Template: says("pausedtemplate")}
		_, _ = staff.Pause(r.Context(), console.Pause{On: on, Reason: says("pausereason")}) // one that is refused is in the audit
		notice := console.Notice{To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+12125550123"}, Kind: filter.OptedIn, Basis: filter.Express,
			Source: strings.TrimSpace(says("source")), Note: strings.TrimSpace(says("note")), Time: r.clock().Add(-1)}
		if _, err := staff.Record(r.Context(), notice); err != nil {
			r.Error(err)
		}
	}
	staff := r.pages.api.As("eve"+evil("name"), console.Admin)
	for _, address := range []string{"=cmd|'/c'!a0@evil.example", "+1+1@evil.example", "-1+1@evil.example"} {
		at := filter.Recipient{Brand: "shop", Channel: filter.Email, Address: address}
		if _, err := staff.Record(r.Context(), console.Notice{To: at, Kind: filter.OptedOut, Time: r.clock().Add(-1)}); err != nil {
			r.Error(err)
		}
	}
	for d, err := range r.store.Entries(store.Query{}) {
		if err == nil && d.Action == filter.Block {
			_, _ = staff.GrantPasses(r.Context(), console.PassRequest{Decision: d.ID, Reason: evil("passreason")})
		}
	}
	if _, err := staff.MakeToken(r.Context(), console.TokenRequest{Name: "evil", Role: console.Viewer, Note: evil("tokennote")}); err != nil {
		r.Error(err)
	}
	if _, err := staff.Rate(r.Context(), console.Rating{Sender: "+12125550100", Quality: "low", Detail: evil("detail")}); err != nil {
		r.Error(err)
	}
	ana := r.as(console.Admin)
	var file strings.Builder
	for _, begin := range wicked {
		fmt.Fprintf(&file, "\"%s\",opted-out,\"%[1]s\"\n", strings.ReplaceAll(begin+evil("cell"), `"`, `""`))
	}
	ana.upload("/imports", evil("file")+".csv", strings.NewReader("address,state,note\n"+file.String()), "channel", "sms", "brand", "shop")
	ana.upload("/preflight", evil("file")+".csv", strings.NewReader("to,state,note\n"+file.String()), "route", "twilio")
	r.pages.begin(r.clock(), r.pages.inForce.Load().sessions, session{Account: Account{"ana-admin", console.Admin}, person: "ana-admin", agent: evil("agent"), from: evil("from")})
}

// hostileSend is a send of which every field and header is a stranger's.
func (r *rig) hostileSend(to string, says func(field string) string) {
	r.Helper()
	form := url.Values{"To": {to}, "From": {says("sender")}, "Body": {says("text") + "\x00"}, "ContentSid": {says("template")}, "MessagingServiceSid": {says("service")},
		"StatusCallback": {says("callback")}, "MediaUrl": {"javascript:alert(1)"}}
	req, err := http.NewRequest(http.MethodPost, r.sends+"/twilio/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json", strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("AC00000000000000000000000000000001", "secret")
	for name, field := range map[string]string{"Sendgate-Campaign": "campaign", "Sendgate-Topic": "topic", "User-Agent": "useragent"} {
		req.Header.Set(name, strings.NewReplacer("\n", "", "\t", "").Replace(says(field)))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

// addressed are the attributes that a browser follows.
var addressed = []string{"href", "src", "action", "formaction", "srcset", "poster", "data", "ping", "background", "cite", "manifest"}

// harmless fails where a page, or a file, has what a stranger wrote as anything but text.
func (s *sheet) harmless(t testing.TB) {
	t.Helper()
	for _, bad := range []string{"<xss-mark", "evilbrace", "\x00", "ZgotmplZ", "<script>alert"} {
		if kind := s.header.Get("Content-Type"); strings.Contains(s.body, bad) && !strings.HasPrefix(kind, "text/csv") && !strings.HasPrefix(kind, "application/jsonl") {
			t.Errorf("%s has %q:\n%s", s.path, bad, around(s.body, bad))
		}
	}
	for name, values := range s.header {
		if strings.Contains(strings.Join(values, "\n"), "xss-mark") {
			t.Errorf("%s: the header %s has what a stranger wrote: %q", s.path, name, values)
		}
	}
	switch kind, _, _ := strings.Cut(s.header.Get("Content-Type"), ";"); kind {
	case "text/html":
		for _, e := range s.elements(t) {
			s.upright(t, e)
		}
	case "text/csv":
		s.plain(t)
	case "application/jsonl":
		for lines := bufio.NewScanner(strings.NewReader(s.body)); lines.Scan(); {
			if !json.Valid(lines.Bytes()) {
				t.Errorf("%s has a line that is no JSON: %s", s.path, lines.Text())
			}
		}
	case "application/json":
		if !json.Valid([]byte(s.body)) {
			t.Errorf("%s is no JSON: %s", s.path, s.body)
		}
	default:
		t.Errorf("%s is of the type %q, which nobody looks at here", s.path, kind)
	}
}

// around is what stands about a part of a text.
func around(text, part string) string {
	at := strings.Index(text, part)
	return text[max(0, at-200):min(len(text), at+200)]
}

// upright fails for an element that runs, or that leads to where it should not.
func (s *sheet) upright(t testing.TB, e xml.StartElement) {
	t.Helper()
	if fileName.MatchString(s.header.Get("Content-Disposition")) && (e.Name.Local == "style" || attr(e, "http-equiv") == "Content-Security-Policy" || attr(e, "type") == "application/json") {
		return // a page that is kept as a file has all with it, and is no page of the console
	}
	if slices.Contains([]string{"style", "iframe", "object", "embed", "base", "frame", "applet", "foreignObject", "animate", "set"}, e.Name.Local) ||
		strings.HasPrefix(e.Name.Local, "xss") || e.Name.Local == "script" && !strings.HasPrefix(attr(e, "src"), "/static/") || attr(e, "http-equiv") != "" {
		t.Errorf("%s has an element %v", s.path, e)
	}
	for _, a := range e.Attr {
		name, to := strings.ToLower(a.Name.Local), strings.TrimSpace(a.Value)
		switch own := to == "" || to[0] == '#' || to[0] == '?' || to[0] == '/' && !strings.HasPrefix(to, "//") && !strings.HasPrefix(to, `/\`); {
		case strings.HasPrefix(name, "on"), name == "style", name == "srcdoc", strings.HasPrefix(name, "xss"):
			t.Errorf("%s: %s has %s=%q", s.path, e.Name.Local, name, a.Value)
		case slices.Contains(addressed, name) && !own && !strings.HasPrefix(to, "data:image/"):
			t.Errorf("%s: %s leads to %q", s.path, e.Name.Local, a.Value)
		}
	}
}

// fileName is how a file is handed over.
var fileName = regexp.MustCompile(`^attachment; filename="[a-z0-9.-]+"$`)

// plain fails for a cell of a CSV that a spreadsheet would take for a formula.
// https://owasp.org/www-community/attacks/CSV_Injection
func (s *sheet) plain(t testing.TB) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(s.body)).ReadAll()
	if err != nil {
		t.Errorf("%s: %v", s.path, err)
	}
	for _, row := range rows {
		for i, cell := range row {
			if strings.IndexAny(cell, "=+-@\t\r\n＝＋－＠") == 0 && strings.Trim(cell, "+0123456789•") != "" {
				t.Errorf("%s: a spreadsheet would take %s for a formula: %q", s.path, rows[0][i], cell)
			}
		}
	}
	if name := s.header.Get("Content-Disposition"); !fileName.MatchString(name) {
		t.Errorf("%s is saved as %s", s.path, name)
	}
}

func TestConsoleSecurityHostileText(t *testing.T) {
	r := newRig(t, trusting)
	r.seed()
	r.strangers()
	v := r.as(console.Admin)
	sheets := v.walk()
	for _, path := range []string{"/messages?full=true", "/messages/export?full=true", "/messages/export?full=true&format=jsonl", "/audit", "/audit/export", "/audit/export?format=jsonl",
		"/webhooks?full=true&state=all", "/reviews?full=true", "/passes?full=true", "/suppressions/export", "/suppressions/export?format=jsonl"} {
		status, h, body := v.ask(http.MethodGet, path, nil)
		if status != http.StatusOK {
			t.Errorf("%s: status %d", path, status)
		}
		sheets = append(sheets, sheet{path, v.pattern(path), h, body})
	}
	shown := map[string]bool{}
	for _, s := range sheets {
		s.harmless(t)
		for _, m := range marks.FindAllStringSubmatch(s.body, -1) {
			shown[m[1]] = true
		}
	}
	for _, field := range []string{"sender", "text", "campaign", "topic", "template", "error", "errandroute", "reply", "match", "name", "pausedcampaign", "pausereason",
		"passreason", "tokennote", "agent"} {
		if !shown[field] {
			t.Errorf("no page shows the field %s: what it does with it is not known (%v are shown)", field, shown)
		}
	}
	v.hostileAddresses(sheets)
}

// hostileAddresses asks for each page with every parameter that it knows, and some more, as a stranger would
// fill them in a link.
func (v *visitor) hostileAddresses(sheets []sheet) {
	v.Helper()
	names := map[string]bool{"done": true, "next": true, "back": true, "before": true, "after": true, "token": true, "format": true, "full": true}
	for _, s := range sheets {
		for _, e := range s.elements(v.TB) {
			if name := attr(e, "name"); name != "" && name != "viewport" {
				names[name] = true
			}
		}
	}
	v.put(zoneCookie, url.QueryEscape(evil("zone")))
	v.put(themeCookie, `x><xss-mark-theme>`)
	gets, _ := v.addresses()
	for role, who := range map[console.Role]*visitor{console.Admin: v, 0: v.as(0)} {
		who.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for _, pg := range all() {
			if pg.method != http.MethodGet || pg.role > role {
				continue
			}
			for name := range names {
				path := gets[pg.path] + "?" + url.Values{name: {"javascript:alert(1)//" + evil("query")}}.Encode()
				status, h, body := who.ask(http.MethodGet, path, nil)
				if to := h.Get("Location"); to != "" && (to[0] != '/' || strings.HasPrefix(to, "//")) || status >= 500 {
					v.Errorf("%s: status %d, to %q", path, status, to)
				}
				if h.Get("Location") == "" {
					(&sheet{path, pg.path, h, body}).harmless(v.TB)
				}
			}
		}
	}
}

// TestConsoleSecurityBrowser has a real browser open every page that shows what strangers wrote.
func TestConsoleSecurityBrowser(t *testing.T) {
	r := newRig(t, trusting)
	r.seed()
	r.strangers()
	b := r.browse(console.Admin)
	found := b.crawl()
	if found["/messages/{id}"] == "" || found["/webhooks"] == "" || found["/reviews"] == "" {
		t.Errorf("the walk did not come far: %v", found)
	}
	for _, path := range []string{"/messages?full=true", "/webhooks?full=true&state=all", "/reviews?full=true", "/passes?full=true", "/audit", "/switches", "/account"} {
		b.do(chromedp.Navigate(r.url + path))
		if n := ask(b, chromedp.Evaluate[int](`document.querySelectorAll("main script, main img, [onfocus], [onerror]").length`)); n > 0 {
			t.Errorf("%s has %d elements of strangers", path, n)
		}
	}
	for _, said := range b.heard() {
		t.Errorf("the browser complains: %s", said)
	}
}
