package pages

import (
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
)

// holds reports what of wants a page lacks, and what of nots it has.
func holds(t *testing.T, body string, wants, nots []string) {
	t.Helper()
	body = html.UnescapeString(body)
	for _, want := range wants {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, not := range nots {
		if strings.Contains(body, not) {
			t.Errorf("the page says %q", not)
		}
	}
	if t.Failed() {
		t.Log(body)
	}
}

func TestMessageTellsWhyItDidNotGoOut(t *testing.T) {
	r, toAgreed, toLeft, toNobody := busy(t)
	v := r.as(console.Viewer)
	for name, c := range map[string]struct {
		id          string
		wants, nots []string
	}{
		"to whom opted out": {toLeft, []string{"It did not go out.", "The recipient opted out.", "Only the recipient can take that back", "the opt-out of all on 2026-11-22 16:00:00 UTC", "<code>opt-out</code>",
			"America/New_York", "Sun 12:00", "refused by the gate", "+1212•••••24", "11 characters, hidden", "spring"}, []string{left, "Spring sale", "full=true", "It would go out now"}},
		"to whom nothing is known of": {toNobody, []string{"It did not go out.", "There is no consent", "record that with its evidence", "on record: none of any kind", "Nothing was known"}, []string{nobody, "Autumn sale"}},
		"to whom agreed":              {toAgreed, []string{"It went out as it was.", "HTTP status 201", "express consent to all, given 2026-11-22 16:00:00 UTC"}, []string{agreed, "It did not go out"}},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := v.get("/messages/" + c.id)
			if status != http.StatusOK {
				t.Errorf("status %d", status)
			}
			holds(t, body, c.wants, append(c.nots, "⟦"))
		})
	}
}

// The consent that carried a message is shown with its evidence: as far as the viewer may see it.
func TestMessageShowsTheConsentWithItsEvidence(t *testing.T) {
	r := newRig(t)
	evil := `<script>alert("proof")</script>`
	n := console.Notice{To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: agreed}, Kind: filter.OptedIn, Basis: filter.Express, Time: r.now.Add(-time.Hour),
		Proof: filter.Evidence{Method: "web form", Action: "ticked box", Wording: "Send me offers " + evil, FullName: "Ann Example", UserAgent: evil}}
	if _, err := r.api.Record(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	_, id := r.send(agreed, "Spring sale")
	status, body := r.as(console.Viewer).get("/messages/" + id)
	if status != http.StatusOK || strings.Contains(body, evil) {
		t.Errorf("status %d:\n%s", status, body)
	}
	holds(t, body, []string{"Opted in", "web form", "ticked box", "Send me offers", "/people?decision=" + id}, []string{"Ann Example", agreed, "⟦"})
	_, body = r.as(console.Reviewer).get("/messages/" + id)
	holds(t, body, []string{"Ann Example"}, nil)
}

// What was known then and what is known now are two stories.
func TestMessageTellsWhatWouldHappenNow(t *testing.T) {
	r, _, _, toNobody := busy(t)
	r.optIn(nobody)
	_, body := r.as(console.Viewer).get("/messages/" + toNobody)
	holds(t, body, []string{"It did not go out.", "There is no consent", "It would go out now. Have the sender send it again.", `<span class="badge forward">forwarded</span>`}, nil)
}

func TestMessageInFullIsForReviewers(t *testing.T) {
	r, _, toLeft, _ := busy(t)
	if status, body := r.as(console.Viewer).get("/messages/" + toLeft + "?full=true"); status != http.StatusForbidden || strings.Contains(html.UnescapeString(body), left) {
		t.Errorf("a viewer: status %d", status)
	}
	v := r.as(console.Reviewer)
	_, body := v.get("/messages/" + toLeft)
	holds(t, body, []string{"/messages/" + toLeft + "?full=true"}, []string{left, "Spring sale"})
	_, body = v.get("/messages/" + toLeft + "?full=true")
	holds(t, body, []string{left, "<pre>Spring sale</pre>"}, nil)
}

func TestAMessageThatIsNotThere(t *testing.T) {
	v := newRig(t).as(console.Reviewer)
	for _, id := range []string{"01m8236jm0qjaep9p8fc1xjxvf", "nonsense", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "..%2f..%2fetc%2fpasswd"} {
		status, body := v.get("/messages/" + id)
		if status != http.StatusNotFound || strings.Contains(body, "<script>alert") || !strings.Contains(body, "is in the log: it may be older") {
			t.Errorf("%s: status %d:\n%s", id, status, body)
		}
	}
}

// Every field that a sender fills is shown as text.
func TestMessageShowsHostileTextsAsText(t *testing.T) {
	r := newRig(t)
	evil := `"'><script>alert(1)</script>{{.}}`
	e := decisions.Entry{ID: ulid.New(r.now), Time: r.now, Route: evil, Provider: evil, Mode: evil, Config: evil, To: filter.Recipient{Brand: evil, Channel: filter.Channel(evil), Address: evil},
		From: evil, Service: evil, Topic: evil, Campaign: evil, Template: evil, Text: evil, Rule: evil, Footer: evil, Fault: evil, Outcome: "answered", Status: 201, Action: filter.Rewrite, Reason: filter.Content, Enforced: true}
	r.store.Decisions().Add(e)
	for _, path := range []string{"/messages/" + e.ID, "/messages/" + e.ID + "?full=true", "/messages?full=true"} {
		status, body := r.as(console.Reviewer).get(path)
		if status != http.StatusOK || strings.Contains(body, "<script>alert") || !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s: status %d:\n%s", path, status, body)
		}
	}
}

func TestMessageShowsWhatTheGateChanged(t *testing.T) {
	r := newRig(t, func(rc *proxy.RouteConfig) { rc.Policy.Footer.Line = "Reply STOP to opt out" })
	r.optIn(agreed)
	_, id := r.send(agreed, "Spring sale")
	v := r.as(console.Reviewer)
	_, body := v.get("/messages/" + id + "?full=true")
	holds(t, body, []string{"It went out, changed by the gate.", "<pre>Spring sale</pre>", "<pre>Spring sale\n<ins>Reply STOP to opt out</ins></pre>"}, []string{"<del>"})
	_, body = v.get("/messages/" + id)
	holds(t, body, []string{"<pre>[11 characters, hidden]\n<ins>Reply STOP to opt out</ins></pre>"}, []string{"Spring sale"})

	later := r.now.Add(20 * time.Hour)
	e := decisions.Entry{ID: ulid.New(r.now), Time: r.now, Route: "twilio", To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: agreed}, Text: "Spring sale",
		Action: filter.Rewrite, Reason: filter.InQuietHours, Enforced: true, Until: later, Outcome: "answered", Status: 201}
	r.store.Decisions().Add(e)
	_, body = v.get("/messages/" + e.ID)
	holds(t, body, []string{"<del>at once</del>", `<ins><time datetime="2026-11-23T13:00:00Z"`}, nil)
}

// What became of a message is told as it is.
func TestMessageTellsWhatBecameOfIt(t *testing.T) {
	r := newRig(t)
	for want, e := range map[string]decisions.Entry{
		"Nobody knows whether it went out.":                    {Action: filter.Forward, Reason: filter.Allowed, Enforced: true, Outcome: "unknown"},
		"the provider turned it down (status 400)":             {Action: filter.Forward, Reason: filter.Allowed, Enforced: true, Outcome: "answered", Status: 400},
		"It never reached the provider.":                       {Action: filter.Forward, Reason: filter.Allowed, Enforced: true, Outcome: "not-sent"},
		"Set the mode of the route to enforce":                 {Action: filter.Block, Reason: filter.HasOptedOut, Outcome: "answered", Status: 201},
		"but the route twilio only reports.":                   {Action: filter.Block, Reason: filter.HasOptedOut, Outcome: "answered", Status: 201},
		"The same message passes after 23 Nov 2026 13:00 UTC.": {Action: filter.Block, Reason: filter.InQuietHours, Until: r.now.Add(20 * time.Hour), Enforced: true, Outcome: "refused"},
		"What was personal in this entry was erased":           {Action: filter.Block, Reason: filter.HasOptedOut, Enforced: true, Outcome: "refused", Erased: true},
	} {
		e.ID, e.Time, e.Route, e.To = ulid.New(r.now), r.now, "twilio", filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: agreed}
		r.store.Decisions().Add(e)
		_, body := r.as(console.Viewer).get("/messages/" + e.ID)
		holds(t, body, []string{want}, []string{"⟦"})
	}
}

// Each reason has its sentences.
func TestEveryReasonIsTold(t *testing.T) {
	r := newRig(t)
	for reason := range filter.Reason(filter.Reasons) {
		e := decisions.Entry{ID: ulid.New(r.now), Time: r.now, Route: "twilio", To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: agreed}, Reason: reason, Outcome: "refused"}
		r.store.Decisions().Add(e)
		_, body := r.as(console.Viewer).get("/messages/" + e.ID)
		holds(t, body, nil, []string{"⟦"})
	}
}
