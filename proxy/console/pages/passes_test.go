package pages

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

// twice is a rig that holds back what is sent twice, with one such message; its id is returned.
func twice(t *testing.T) (r *rig, blocked string) {
	r = newRig(t, noneTwice)
	r.optIn(agreed)
	if status, _ := r.send(agreed, "Spring sale", "Sendgate-Campaign", "spring"); status != http.StatusCreated {
		t.Fatalf("the first time: status %d", status)
	}
	status, blocked := r.send(agreed, "Spring sale", "Sendgate-Campaign", "spring")
	if status == http.StatusCreated {
		t.Fatal("the second one is not held back")
	}
	return r, blocked
}

// retry is the sender's next try of what twice sends.
func (r *rig) retry() (sent bool, id string) {
	r.Helper()
	status, id := r.send(agreed, "Spring sale", "Sendgate-Campaign", "spring")
	return status == http.StatusCreated, id
}

func TestAPassLetsTheNextTryThrough(t *testing.T) {
	r, blocked := twice(t)
	form := `action="/messages/` + blocked + `/pass"`
	if _, body := r.as(console.Viewer).get("/messages/" + blocked); strings.Contains(body, form) {
		t.Error("a viewer is shown a form that is refused")
	}
	if status, _ := r.as(console.Viewer).post("/messages/"+blocked+"/pass", "reason", "asked for"); status != http.StatusForbidden {
		t.Errorf("a viewer grants a pass: status %d", status)
	}
	v := r.as(console.Reviewer)
	if _, body := v.get("/messages/" + blocked); !strings.Contains(body, form) {
		t.Errorf("a reviewer is shown no form:\n%s", body)
	}
	status, body := v.post("/messages/"+blocked+"/pass", "reason", "", "expires", "72h")
	holds(t, body, []string{"Or let it through with a pass, below."}, nil)
	if status != http.StatusBadRequest || !strings.Contains(body, `role="alert"`) || !strings.Contains(body, `<option value="72h" selected>`) {
		t.Errorf("without a reason: status %d:\n%s", status, body)
	}
	if sent, _ := r.retry(); sent {
		t.Fatal("it goes through without a pass")
	}

	evil := `<script>alert("pass")</script>`
	status, body = v.post("/messages/"+blocked+"/pass", "reason", "they asked for it again "+evil, "expires", "1h")
	if status != http.StatusOK || strings.Contains(body, evil) || strings.Contains(body, form) {
		t.Errorf("status %d:\n%s", status, body)
	}
	holds(t, body, []string{"The pass is granted.", "granted</span>", "Granted by ana-reviewer", evil}, nil)
	sent, used := r.retry()
	if !sent {
		t.Fatal("the next try does not go through")
	}
	if sent, _ := r.retry(); sent {
		t.Error("it goes through twice")
	}
	_, body = v.get("/messages/" + blocked)
	holds(t, body, []string{">used</span>", "/messages/" + used}, nil)
	_, body = v.get("/messages/" + used)
	holds(t, body, []string{"It went out as it was.", ">used</span>"}, nil)
	_, body = r.as(console.Viewer).get("/passes")
	holds(t, body, []string{">used</span>", "+1212•••••23", evil}, []string{agreed, "/revoke"})
	_, body = v.get("/passes?full=true&state=used")
	holds(t, body, []string{agreed}, nil)
	_, body = v.get("/passes?state=waiting")
	holds(t, body, []string{"There are no passes here."}, nil)
	if status, _ := v.get("/passes?state=nonsense"); status != http.StatusBadRequest {
		t.Errorf("a state of no sense: status %d", status)
	}
}

func TestNobodyPassesAnOptOut(t *testing.T) {
	r, _, toLeft, _ := busy(t)
	v := r.as(console.Admin)
	_, body := v.get("/messages/" + toLeft)
	holds(t, body, []string{"Nobody can let this message through: the recipient opted out, and nobody but they can take that back."}, []string{"/pass\""})
	status, body := v.post("/messages/"+toLeft+"/pass", "reason", "the boss wants it")
	if status != http.StatusConflict {
		t.Errorf("status %d:\n%s", status, body)
	}
	if _, body = v.get("/passes"); !strings.Contains(body, "There are no passes here.") {
		t.Error("there is a pass")
	}
}

func TestPassesForAllThatAFilterChooses(t *testing.T) {
	r, _ := twice(t)
	r.optOut(left)
	r.send(left, "Spring sale", "Sendgate-Campaign", "spring")
	r.send(left, "Autumn sale", "Sendgate-Campaign", "autumn")
	v := r.as(console.Reviewer)
	_, body := v.get("/messages?campaign=spring&action=block&enforced=true")
	if !strings.Contains(body, `href="/messages/pass?campaign=spring"`) {
		t.Errorf("no link leads to passes for these:\n%s", body)
	}
	_, body = v.get("/messages/pass?campaign=spring")
	holds(t, body, []string{"<dt>Blocked tries looked at</dt><dd>2</dd>", "<dt>Messages that a pass would let through</dt><dd>1</dd>", "the recipient opted out, and nobody but they can take that back", "Grant 1 pass<"}, []string{"⟦"})
	action := regexp.MustCompile(`<form method="post" action="(/messages/pass[^"]+)"`).FindStringSubmatch(body)
	if action == nil {
		t.Fatalf("no form:\n%s", body)
	}
	path := html.UnescapeString(action[1])

	for name, fields := range map[string][]string{
		"without a reason":     {"reason", "", "confirm", "yes"},
		"without the tick":     {"reason", "asked for"},
		"for longer than goes": {"reason", "asked for", "confirm", "yes", "expires", "9999h"},
	} {
		if status, body := v.post(path, fields...); status != http.StatusBadRequest || !strings.Contains(body, `role="alert"`) || !strings.Contains(body, "Grant 1 pass<") {
			t.Errorf("%s: status %d:\n%s", name, status, body)
		}
	}
	if sent, _ := r.retry(); sent {
		t.Fatal("it goes through without a pass")
	}
	status, body := v.post(path, "reason", "asked for", "confirm", "yes", "expires", "24h")
	if status != http.StatusOK {
		t.Errorf("status %d:\n%s", status, body)
	}
	holds(t, body, []string{"The pass is granted.", ">granted</span>"}, nil)
	if sent, _ := r.retry(); !sent {
		t.Error("the next try does not go through")
	}
	if status, _ := r.send(left, "Spring sale", "Sendgate-Campaign", "spring"); status == http.StatusCreated {
		t.Error("who opted out got a message")
	}
	if status, _ := r.as(console.Viewer).get("/messages/pass"); status != http.StatusForbidden {
		t.Errorf("a viewer: status %d", status)
	}
}

func TestAPassWaitsForASecondPerson(t *testing.T) {
	r, blocked := twice(t)
	var err error
	if r.pages.api, err = console.New(console.Config{Tokens: []console.Token{{Name: "script", Role: console.Admin, Secret: "0123456789abcdef"}},
		Store: r.store, Gate: r.gate, Judge: r.gate, Brands: map[string]filter.Brand{}, Reload: func() error { return nil }, Now: func() time.Time { return r.now }, FourEyes: true}); err != nil {
		t.Fatal(err)
	}
	one, other := r.as(console.Reviewer), r.as(console.Admin)
	_, body := one.post("/messages/"+blocked+"/pass", "reason", "asked for")
	holds(t, body, []string{"counts once somebody else approves it", ">waits for approval</span>", "It waits for somebody else than you"}, nil)
	if sent, _ := r.retry(); sent {
		t.Fatal("one person alone lets it through")
	}
	_, body = other.get("/passes")
	approve := regexp.MustCompile(`action="(/passes/[^"]+)/approve"`).FindStringSubmatch(body)
	if approve == nil {
		t.Fatalf("the second person is shown no form:\n%s", body)
	}
	status, body := one.post(approve[1] + "/approve")
	if status != http.StatusForbidden || !strings.Contains(body, `role="alert"`) {
		t.Errorf("one person approves their own: status %d", status)
	}
	_, body = other.post(approve[1]+"/approve", "back", "/messages/"+blocked)
	holds(t, body, []string{"Approved.", ">granted</span>", "Approved by ana-admin", "One message"}, nil)

	status, body = one.post(approve[1] + "/revoke")
	if status != http.StatusBadRequest || !strings.Contains(body, "<details open>") {
		t.Errorf("revoked without a reason: status %d", status)
	}
	_, body = one.post(approve[1]+"/revoke", "reason", "no longer", "back", "//evil.example")
	holds(t, body, []string{"Revoked.", "Overview"}, nil)
	_, body = one.get("/messages/" + blocked)
	holds(t, body, []string{">revoked</span>", "Revoked by ana-reviewer", "no longer"}, []string{"/revoke\""})
	if sent, _ := r.retry(); sent {
		t.Error("it goes through by a pass that was revoked")
	}
	if status, _ := one.post("/passes/nonsense/approve"); status != http.StatusNotFound {
		t.Errorf("a pass that is not there: status %d", status)
	}
}
