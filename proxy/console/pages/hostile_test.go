package pages

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/errands"
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
		r.errand(errands.Errand{ID: "dead" + id, Kind: errands.Relay, Route: says("errandroute"), State: errands.Dead, Tries: 9, Error: says("error"),
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
	r.send("+12125550127", "Sale", "Sendgate-Category", evil("category"))
	staff := r.pages.api.As("eve"+evil("name"), console.Admin)
	for _, address := range []string{"=cmd|'/c'!a0@evil.example", "+1+1@evil.example", "-1+1@evil.example"} {
		at := filter.Recipient{Brand: "shop", Channel: filter.Email, Address: address}
		if _, err := staff.Record(r.Context(), console.Notice{To: at, Kind: filter.OptedOut, Time: r.clock().Add(-1)}); err != nil {
			r.Error(err)
		}
	}
	for d, err := range r.store.Decisions().Entries(decisions.Query{}) {
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
	r.pages.begin(r.clock(), r.pages.inForce.Load().sessions, session{Account: Account{Name: "ana-admin", Role: console.Admin}, person: "ana-admin", agent: evil("agent"), from: evil("from")})
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

func TestConsoleSecurityHostileText(t *testing.T) {
	r := newRig(t, trusting)
	r.seed()
	r.strangers()
	v := r.as(console.Admin)
	sheets := v.walk()
	for _, path := range []string{"/messages?full=true", "/messages/export?full=true", "/messages/export?full=true&format=jsonl", "/audit", "/audit/export", "/audit/export?format=jsonl",
		"/webhooks?full=true&state=all", "/reviews?full=true", "/passes?full=true", "/people/sms?brand=shop&address=%2B12125550123", "/suppressions/export", "/suppressions/export?format=jsonl"} {
		status, h, body := v.ask(http.MethodGet, path, nil)
		if status != http.StatusOK {
			t.Errorf("%s: status %d", path, status)
		}
		sheets = append(sheets, sheet{path, v.pattern(path), h, body})
	}
	sheets = append(sheets, v.tailed())
	shown := map[string]bool{}
	for _, s := range sheets {
		s.harmless(t)
		for _, m := range marks.FindAllStringSubmatch(s.body, -1) {
			shown[m[1]] = true
		}
	}
	for _, field := range []string{"sender", "text", "campaign", "topic", "template", "error", "errandroute", "reply", "match", "name", "pausedcampaign", "pausereason",
		"pausedtopic", "pausedtemplate", "passreason", "tokennote", "agent", "from", "source", "note", "service", "detail", "cell"} {
		if !shown[field] {
			t.Errorf("no page shows the field %s: what it does with it is not known (%v are shown)", field, shown)
		}
	}
	v.hostileAddresses(sheets)
}

// tailed are all messages as the live tail of a page tells them.
func (v *visitor) tailed() sheet {
	v.Helper()
	rows, err := v.api.Decisions(v.Context(), console.DecisionQuery{Full: true})
	if err != nil {
		v.Fatal(err)
	}
	to := httptest.NewRecorder()
	text, err := v.pages.bunch(v.pages.visit(to, httptest.NewRequest(http.MethodGet, "/messages?full=true", nil)), rows.Decisions, 0, 1)
	if err != nil {
		v.Fatal(err)
	}
	return sheet{"the tail", "", http.Header{"Content-Type": {"text/html"}}, text}
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
