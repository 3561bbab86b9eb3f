package pages

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

const anna, annaPath = "+12125550123", "/people/sms?address=%2B12125550123&brand=shop"

// wantAll fails unless a page has all of some texts.
func wantAll(t *testing.T, body string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(body, text) {
			t.Errorf("the page does not say %q:\n%s", text, body)
		}
	}
}

// wantNone fails if a page has any of some texts.
func wantNone(t *testing.T, body string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(body, text) {
			t.Errorf("the page says %q:\n%s", text, body)
		}
	}
}

func TestPagesFindAPersonByTheirNumberInAnySpelling(t *testing.T) {
	r := newRig(t)
	r.optIn(anna)
	r.optOut("+12125550124")
	_, id := r.send("+12125550124", "Sale")
	v := r.as(console.Viewer)
	_, body := v.get("/people?channel=sms&brand=shop&region=US&address=" + url.QueryEscape("(212) 555-0123"))
	wantAll(t, body, "&#43;12125550123", "Opted in", "express")
	status, body := v.get("/people?channel=sms&brand=shop&address=12")
	if status != http.StatusBadRequest {
		t.Errorf("no number: status %d", status)
	}
	wantAll(t, body, `<code>address</code>`, `value="12"`)

	// A viewer who knows a message finds its person, and not the number.
	_, body = v.get("/people?decision=" + id)
	wantAll(t, body, "Opted out", "opted out", "&#43;1212•••••24", "Opted out", "/messages/"+id)
	wantNone(t, body, "5550124", "/opt-out?")
	_, body = r.as(console.Reviewer).get("/people?decision=" + id)
	wantNone(t, body, "5550124")
	_, body = r.as(console.Reviewer).get("/people?decision=" + id + "&full=true")
	wantAll(t, body, "&#43;12125550124", "/opt-out?")
	if status, _ = v.get("/people?decision=" + id + "&full=true"); status != http.StatusForbidden {
		t.Errorf("a viewer sees a number in full: status %d", status)
	}
}

func TestPagesTellWhyAPersonGetsNothing(t *testing.T) {
	r := newRig(t)
	r.optIn(anna)
	r.send(anna, "Sale")
	everywhere := console.Notice{To: filter.Recipient{Channel: filter.SMS, Address: anna}, Kind: filter.OptedOut, Source: "phone call", Note: "never again"}
	if _, err := r.api.Record(t.Context(), everywhere); err != nil {
		t.Fatal(err)
	}
	r.send(anna, "Sale <b>again</b>")
	_, body := r.as(console.Reviewer).get(annaPath)
	wantAll(t, body, "phone call", "never again", "every brand", `<span class="badge bad">opted out</span>`, "forwarded", "blocked")
	_, body = r.as(console.Viewer).get(annaPath)
	wantNone(t, body, "never again", "<form method=\"post\" action=\"/people")
}

// key is what makes one of a form that is sent twice.
var key = regexp.MustCompile(`name="key" value="([^"]+)"`)

func TestPagesRecordAConsentWithItsEvidence(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Reviewer)
	_, body := v.get(annaPath)
	wantAll(t, body, "Nothing was ever learnt about this person")
	form := []string{"key", key.FindStringSubmatch(body)[1], "scope", "topic", "topic", "offers", "basis", "express", "time", "2026-11-20T10:00",
		"proof.method", "web form", "proof.action", "ticked box", "proof.wording", "Yes <script>alert(1)</script>, send me offers", "proof.policy_url", "https://shop.example/privacy"}
	for range 2 { // sent twice, it counts once
		if status, body := v.post("/people/sms/opt-in?address=%2B12125550123&brand=shop", form...); status != http.StatusOK || !strings.Contains(body, "The consent is on disk") {
			t.Fatalf("status %d\n%s", status, body)
		}
	}
	events, err := r.api.History(t.Context(), filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: anna}, "")
	if err != nil || len(events) != 1 || events[0].Scope != filter.OfTopic("offers") || events[0].Source != "console: ana-reviewer" || events[0].Proof.Wording == "" {
		t.Fatalf("got %+v, %v", events, err)
	}
	_, body = v.get(annaPath)
	wantAll(t, body, "topic offers", "Yes &lt;script&gt;alert(1)&lt;/script&gt;", "https://shop.example/privacy")

	for name, c := range map[string]struct {
		fields []string
		status int
		says   string
	}{
		"a time that is none":      {[]string{"scope", "marketing", "basis", "express", "time", "yesterday", "proof.method", "my method"}, 400, "<code>time</code>"},
		"a topic without its name": {[]string{"scope", "topic", "basis", "express"}, 400, "<code>scope</code>"},
		"a consent of tomorrow":    {[]string{"scope", "marketing", "basis", "express", "time", "2026-11-24"}, 400, "lies in the future"},
		"a place that is none":     {[]string{"scope", "marketing", "basis", "express", "proof.place", "Nowhere at all"}, 400, "<code>proof.place</code>"},
	} {
		status, body := v.post("/people/sms/opt-in?address=%2B12125550123&brand=shop", c.fields...)
		if status != c.status || !strings.Contains(body, c.says) || !strings.Contains(body, "<details open>") {
			t.Errorf("%s: status %d\n%s", name, status, body)
		}
	}
	_, body = v.post("/people/sms/opt-in?address=%2B12125550123&brand=shop", "scope", "marketing", "basis", "express", "time", "yesterday", "proof.method", "my method")
	wantAll(t, body, `value="my method"`)
}

func TestPagesNeverTakeBackAnOptOut(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Reviewer)
	if status, body := v.post("/people/sms/opt-out?address=%2B12125550123&brand=shop", "scope", "all", "note", "by phone", "everywhere", "true"); status != http.StatusOK || !strings.Contains(body, "binds the next send") {
		t.Fatalf("status %d\n%s", status, body)
	}
	if status, _ := r.send(anna, "Sale"); status != http.StatusBadRequest {
		t.Errorf("the next send: status %d", status)
	}
	evidence := []string{"scope", "all", "basis", "express", "proof.method", "paper", "proof.action", "signed", "proof.wording", "yes"}
	status, body := v.post("/people/sms/opt-in?address=%2B12125550123&brand=shop", evidence...)
	if status != http.StatusConflict || !strings.Contains(body, "opt") {
		t.Errorf("an opt-in by hand after an opt-out: status %d\n%s", status, body)
	}
	if status, _ := r.send(anna, "Sale"); status != http.StatusBadRequest {
		t.Errorf("and it sends: status %d", status)
	}
	for _, who := range []console.Role{0, console.Viewer} {
		if _, body := r.as(who).post("/people/sms/opt-out?address=%2B12125550199&brand=shop", "scope", "all"); strings.Contains(body, "binds the next send") {
			t.Errorf("role %s records an opt-out", who)
		}
	}
}

func TestPagesEraseAPerson(t *testing.T) {
	r := newRig(t)
	r.optIn(anna)
	_, id := r.send(anna, "Hello Anna")
	erase := "/people/sms/erase?address=%2B12125550123&brand=shop"
	if status, _ := r.as(console.Reviewer).post(erase, "reason", "asked", "sure", "0123"); status != http.StatusForbidden {
		t.Errorf("a reviewer erases: status %d", status)
	}
	v := r.as(console.Admin)
	if status, body := v.post(erase, "reason", "asked", "sure", "yes"); status != http.StatusBadRequest || !strings.Contains(body, "type the last 4 characters") {
		t.Errorf("without the digits: status %d\n%s", status, body)
	}
	if status, body := v.post(erase, "reason", "Anna of "+anna, "sure", "0123"); status != http.StatusBadRequest || !strings.Contains(body, "<code>reason</code>") {
		t.Errorf("a reason that names the person: status %d\n%s", status, body)
	}
	if status, _ := r.send(anna, "Still there"); status != http.StatusCreated {
		t.Fatal("what was refused erased somebody")
	}
	status, body := v.post(erase, "reason", "asked by letter", "sure", "0123")
	if status != http.StatusOK {
		t.Fatalf("status %d\n%s", status, body)
	}
	wantAll(t, body, "Every personal field is gone", "Events of others that name the address", "keyed fingerprint")
	wantNone(t, body, "5550123")
	if d, err := r.api.Decision(t.Context(), id, true); err != nil || d.To.Address != "" || d.Text != "" {
		t.Errorf("the decision still says %+v, %v", d, err)
	}
	if status, _ := r.send(anna, "Sale"); status != http.StatusBadRequest {
		t.Errorf("who was erased is written to: status %d", status)
	}
	if status, body := v.get("/people?decision=" + id); status != http.StatusBadRequest || !strings.Contains(body, "nobody can tell") {
		t.Errorf("their message still leads to them: status %d\n%s", status, body)
	}
}

func TestPagesHandOutAProof(t *testing.T) {
	r := newRig(t)
	r.optIn(anna)
	v := r.as(console.Reviewer)
	for format, says := range map[string]string{"html": "<h1", "json": `"standing":`} {
		resp, err := v.http.Get(v.url + "/people/sms/proof?address=%2B12125550123&brand=shop&format=" + format)
		if err != nil {
			t.Fatal(err)
		}
		disposition := resp.Header.Get("Content-Disposition")
		if status, body := v.read(resp, err); status != http.StatusOK || !strings.Contains(disposition, "attachment") || !strings.Contains(body, says) {
			t.Errorf("%s: status %d, %s\n%s", format, status, disposition, body)
		}
	}
	if status, _ := r.as(console.Viewer).get("/people/sms/proof?address=%2B12125550123&brand=shop"); status != http.StatusForbidden {
		t.Errorf("a viewer: status %d", status)
	}
}
