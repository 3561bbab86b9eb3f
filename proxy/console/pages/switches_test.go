package pages

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/tally"
)

// hostile is what somebody would write into every field that they can fill.
const hostile = `"><script>alert('x')</script><img src=x onerror=alert(1)>{{.}}`

// safe fails where a page has a text of strangers as anything but text.
func (v *visitor) safe(path, body string) {
	v.Helper()
	if strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") {
		v.Errorf("%s has what a stranger wrote as HTML:\n%s", path, body)
	}
}

// field is the value of a hidden field of a page.
func (v *visitor) field(body, name string) string {
	v.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]+)"`).FindStringSubmatch(body)
	if m == nil {
		v.Fatalf("there is no field %s in\n%s", name, body)
	}
	return m[1]
}

// said fails for each text that a page does not have.
func (v *visitor) said(body string, texts ...string) {
	v.Helper()
	for _, text := range texts {
		if !strings.Contains(body, text) {
			v.Errorf("%q is not in\n%s", text, body)
		}
	}
}

func TestACampaignIsPausedAndResumedOnThePage(t *testing.T) {
	r := newRig(t)
	r.optIn("+12125550123")
	v := r.as(console.Reviewer)
	if status, body := v.get("/switches?campaign=spring"); status != http.StatusOK || !strings.Contains(body, `name="campaign" value="spring"`) || !strings.Contains(body, "Nothing is paused") {
		t.Errorf("a link that begins a pause: status %d\n%s", status, body)
	}
	_, body := v.post("/switches", "campaign", "spring", "reason", "wrong link", "for", "4h")
	v.said(body, "binds the next send", "spring", "wrong link", "ana-reviewer", "22 Nov 21:00:00", "marketing, utility, service")
	if status, _ := r.send("+12125550123", "Sale", "Sendgate-Campaign", "spring"); status != http.StatusBadRequest {
		t.Errorf("a message of a paused campaign: status %d", status)
	}
	if status, _ := r.send("+12125550123", "Sale", "Sendgate-Campaign", "autumn"); status != http.StatusCreated {
		t.Errorf("a message of another one: status %d", status)
	}

	id := r.store.Switches().InForce()[0].ID
	status, body := v.post("/switches/"+id+"/resume", "reason", "ask +1 212 555 0123")
	if status != http.StatusBadRequest {
		t.Errorf("a reason with a number: status %d", status)
	}
	v.said(body, "phone number", `value="ask &#43;1 212 555 0123"`, "<details open>")
	_, body = v.post("/switches/"+id+"/resume", "reason", "link mended")
	v.said(body, "Resumed", "Nothing is paused")
	if status, _ := r.send("+12125550123", "Sale", "Sendgate-Campaign", "spring"); status != http.StatusCreated {
		t.Errorf("a message of the resumed campaign: status %d", status)
	}
	_, body = v.get("/switches/history")
	v.said(body, "wrong link", "ana-reviewer: link mended")
}

func TestAPauseThatIsRefusedIsShownAgainAsTyped(t *testing.T) {
	v := newRig(t).as(console.Reviewer)
	for name, c := range map[string]struct {
		form []string
		want string
	}{
		"neither a target nor everything":  {nil, "everything: true"},
		"a target and everything":          {[]string{"campaign", "spring", "everything", "yes"}, "everything: true"},
		"a route that there is not":        {[]string{"route", "nowhere"}, "unknown route"},
		"two ends":                         {[]string{"campaign", "spring", "for", "1h", "until", "2026-12-01T10:00"}, "both say when it ends"},
		"an end that is past":              {[]string{"campaign", "spring", "until", "2026-01-01T10:00"}, "moment to come"},
		"an end that is no moment":         {[]string{"campaign", "spring", "until", "soon"}, "Want a day and a time, in UTC"},
		"a length that is none":            {[]string{"campaign", "spring", "for", "-1h"}, "lengths on offer"},
		"a category that is none":          {[]string{"campaign", "spring", "category", "spam"}, "unknown category"},
		"a campaign that names a person":   {[]string{"campaign", "vip-491512345678"}, "phone number"},
		"a reason of more than one line":   {[]string{"campaign", "spring", "reason", "a\nb"}, "one line"},
		"a country of a sender as no code": {[]string{"sender", "212 555 0100", "region", "XX"}, "region"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := v.post("/switches", append(c.form, "reason", "wrong link")...)
			if status != http.StatusBadRequest {
				t.Errorf("status %d", status)
			}
			v.said(body, c.want, `role="alert"`)
			for i := 0; i < len(c.form); i += 2 {
				if c.form[i] == "campaign" || c.form[i] == "sender" {
					v.said(body, `name="`+c.form[i]+`" value="`+c.form[i+1]+`"`)
				}
			}
		})
	}
	if n := len(v.store.Switches().InForce()); n != 0 {
		t.Errorf("%d switches were set", n)
	}
}

func TestAFormSentTwicePausesOnce(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Reviewer)
	_, body := v.get("/switches")
	key := v.field(body, "key")
	for range 2 {
		v.post("/switches", "key", key, "campaign", "spring", "reason", "wrong link", "for", "1h")
		r.later(time.Second)
	}
	if n := len(r.store.Switches().InForce()); n != 1 {
		t.Errorf("sent twice, it set %d switches", n)
	}
	if status, body := v.post("/switches", "key", key, "campaign", "autumn", "reason", "wrong link"); status != http.StatusOK || len(r.store.Switches().InForce()) != 2 {
		t.Errorf("gone back to and changed, it set %d switches: status %d\n%s", len(r.store.Switches().InForce()), status, body)
	}
}

func TestAnEndIsOnTheViewersClock(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Reviewer)
	v.post("/preferences", "zone", "America/New_York")
	_, body := v.post("/switches", "everything", "yes", "reason", "audit", "until", "2026-11-22T18:30", "category", "authentication", "category", "marketing")
	v.said(body, "22 Nov 18:30:00", "authentication, marketing", "<b>everything</b>")
	if sw := r.store.Switches().InForce(); len(sw) != 1 || !sw[0].Until.Equal(time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC)) {
		t.Errorf("set as %+v", sw)
	}
}

func TestWhoMayPauseAndResume(t *testing.T) {
	r := newRig(t)
	r.as(console.Admin).post("/switches", "everything", "yes", "reason", "breach")
	sw := r.store.Switches().InForce()
	if len(sw) != 1 {
		t.Fatalf("an admin set %+v", sw)
	}
	for _, role := range []console.Role{console.Viewer, console.Reviewer} {
		v := r.as(role)
		_, body := v.get("/switches")
		v.said(body, "breach", "ana-admin")
		if strings.Contains(body, "/resume") {
			t.Errorf("a %s is offered to resume what an admin paused", role)
		}
		if has := strings.Contains(body, `action="/switches"`); has != (role == console.Reviewer) {
			t.Errorf("a %s is offered to pause: %t", role, has)
		}
		if status, body := v.post("/switches/"+sw[0].ID+"/resume", "reason", "why not"); status != http.StatusForbidden || strings.Contains(body, "Nothing is paused") {
			t.Errorf("a %s resumes what an admin paused: status %d", role, status)
		}
	}
	if status, _ := r.as(console.Viewer).post("/switches", "campaign", "x", "reason", "y"); status != http.StatusForbidden {
		t.Errorf("a viewer pauses: status %d", status)
	}
	if status, _ := r.as(console.Viewer).post("/switches/quality", "rated", "+12125550100", "quality", "low"); status != http.StatusForbidden {
		t.Errorf("a viewer rates: status %d", status)
	}
	if status, _ := r.as(console.Admin).post("/switches/"+sw[0].ID+"/resume", "reason", "over"); status != http.StatusOK || len(r.store.Switches().InForce()) != 0 {
		t.Errorf("an admin resumes: status %d", status)
	}
	if status, body := r.as(console.Admin).post("/switches/none/resume", "reason", "over"); status != http.StatusNotFound || !strings.Contains(body, "no such switch") {
		t.Errorf("a switch that there is not: status %d\n%s", status, body)
	}
}

func TestASenderOfLowQualityIsPaused(t *testing.T) {
	r := newRig(t)
	r.optIn("+12125550123")
	v := r.as(console.Reviewer)
	_, body := v.post("/switches/quality", "rated", "(212) 555-0100", "rated-region", "US", "quality", "low", "detail", "FLAGGED")
	v.said(body, "The sender is paused", "FLAGGED", "&#43;12125550100")
	if status, _ := r.send("+12125550123", "Sale"); status != http.StatusBadRequest {
		t.Errorf("a message of that sender: status %d", status)
	}
	_, body = v.post("/switches/quality", "rated", "+12125550100", "quality", "restored")
	v.said(body, "sends again")
	_, body = v.post("/switches/quality", "rated", "+12125550100", "quality", "restored")
	v.said(body, "Nothing was paused")
	status, body := v.post("/switches/quality", "rated", "+12125550100", "quality", "fine", "detail", "MINE")
	if status != http.StatusBadRequest {
		t.Errorf("a quality that is none: status %d", status)
	}
	v.said(body, "want low or restored", `value="MINE"`)
}

func TestTheHistoryOfPausesPageByPage(t *testing.T) {
	r := newRig(t)
	for i := range historyPage + 1 {
		if _, err := r.api.Pause(t.Context(), console.Pause{On: filter.Target{Campaign: fmt.Sprintf("campaign %c", 'A'+i)}, Reason: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	v := r.as(console.Viewer)
	_, body := v.get("/switches/history")
	if strings.Contains(body, "campaign A<") {
		t.Errorf("the first page has the oldest:\n%s", body)
	}
	next := regexp.MustCompile(`href="(/switches/history\?before=[^"]+)"`).FindStringSubmatch(body)
	if next == nil {
		t.Fatalf("nothing leads on:\n%s", body)
	}
	if _, body = v.get(next[1]); !strings.Contains(body, "campaign A<") || strings.Contains(body, `href="/switches/history?before=`) {
		t.Errorf("the last page is\n%s", body)
	}
	if status, _ := v.get("/switches/history?before=none"); status != http.StatusNotFound {
		t.Errorf("a page behind nothing: status %d", status)
	}
}

// played is a gate whose breaker, budgets and providers are as given.
type played struct {
	contacts []filter.Contact
	circuits []filter.Circuit
	usages   []tally.Usage
}

func (p played) Unheeding() []string                                         { return []string{"shop (mode report)"} }
func (p played) Contacts() []filter.Contact                                  { return p.contacts }
func (p played) Circuits() []filter.Circuit                                  { return p.circuits }
func (p played) Portfolios() []tally.Usage                                   { return p.usages }
func (played) Quality(string, bool, string, string) ([]filter.Switch, error) { return nil, nil }

// plays has the console ask p in place of the gate.
func (r *rig) plays(p played) {
	r.Helper()
	api, err := console.New(console.Config{Tokens: []console.Token{{Name: "script", Role: console.Admin, Secret: "0123456789abcdef"}},
		Store: r.store, Gate: r.gate, Switchboard: p, Budgets: p, Watcher: p, Reload: func() error { return nil }, Now: r.clock})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(api.Close)
	r.pages.api = api
}

func TestCircuitsAndBudgetsAreShown(t *testing.T) {
	r := newRig(t)
	r.plays(played{
		circuits: []filter.Circuit{
			{On: filter.Target{Sender: "+12125550100"}, State: "open", Messages: 40, Refusals: 30, Code: 63018, Switch: "1", Until: r.now.Add(time.Hour)},
			{On: filter.Target{Campaign: "spring", Route: "twilio"}, State: "trial", Messages: 3, Refusals: 1},
			{On: filter.Target{Campaign: hostile}, State: "closed", Messages: 0, Refusals: 2},
		},
		usages: []tally.Usage{
			{Portfolio: "acme", Unique: 2000, Within: "24h0m0s", Used: 1999, Left: 1, Next: r.now.Add(time.Minute)},
			{Portfolio: "full", Unique: 250, Within: "90m0s", Used: 250},
			{Portfolio: "odd", Unique: 250, Within: "90m30s", Left: 250},
		}})
	v := r.as(console.Viewer)
	_, body := v.get("/switches")
	v.safe("/switches", body)
	v.said(body, "<code>shop (mode report)</code>", "75.0 %", "63018", `badge block">paused`, `badge edit">on trial`, `badge good">sending`, "22 Nov 18:00:00", "&#34;&gt;&lt;script&gt;",
		`max="2000" high="1600" value="1999"`, "1\u202f999 / 2\u202f000", "1 day", "90 minutes", "90m30s", `badge block">0<`, "22 Nov 17:01:00")
}

func TestWhatStrangersWriteInPausesIsText(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Admin)
	for _, field := range []string{"campaign", "topic", "template", "sender"} {
		if status, body := v.post("/switches", field, hostile, "reason", hostile); status != http.StatusOK {
			t.Errorf("%s: status %d\n%s", field, status, body)
		}
	}
	for _, path := range []string{"/switches", "/switches/history", "/switches?campaign=" + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E&for=%22%3E%3Cscript%3Ealert"} {
		_, body := v.get(path)
		v.safe(path, body)
		v.said(body, "alert(&#39;x&#39;)")
	}
	_, body := v.post("/switches", "route", hostile, "brand", hostile, "reason", hostile, "until", hostile, "category", hostile)
	v.safe("a refused form", body)
}
