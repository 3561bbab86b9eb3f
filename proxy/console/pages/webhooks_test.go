package pages

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/proxy/console/notify"
	"github.com/sendgate/sendgate/store/errands"
)

// dead adds a webhook that could not be handed on.
func (r *rig) dead(id, problem string) string {
	r.Helper()
	return r.errand(errands.Errand{ID: id, Kind: errands.Relay, Route: "twilio", State: errands.Dead, Tries: 9, Error: problem,
		Added: r.now.Add(-24 * time.Hour), Until: r.now.Add(-time.Hour), Body: []byte(`{"secret":"x"}`)})
}

// state is how far an errand is; "" where it is done.
func (r *rig) state(id string) string {
	r.Helper()
	e, err := r.store.Errands().ByKey(id)
	if err != nil {
		return ""
	}
	return e.State.String()
}

func TestADeadWebhookIsTriedAgain(t *testing.T) {
	r := newRig(t)
	first, second := r.dead("wamid.1", "the owner's address answered 500"), r.dead("wamid.2", "connection refused")
	answer := r.errand(errands.Errand{ID: "3", Kind: errands.Answer, Route: "twilio", State: errands.Dead, Error: "no answer"})
	v := r.as(console.Reviewer)
	_, body := v.get("/webhooks")
	v.said(body, "the owner&#39;s address answered 500", "connection refused", "webhook to hand on", "given up", ">9 tries so far<", "Never done twice")
	for _, hidden := range []string{"12125550123", "secret", "wamid"} {
		if strings.Contains(body, hidden) {
			t.Errorf("masked, the page has %q:\n%s", hidden, body)
		}
	}
	_, body = v.post("/webhooks/" + first + "/retry")
	v.said(body, "tried again at once", "connection refused")
	if r.state(first) != "waiting" || r.state(second) != "dead" {
		t.Errorf("one is %s, the other %s", r.state(first), r.state(second))
	}
	if status, body := v.post("/webhooks/"+answer+"/retry", "state", "all"); status != http.StatusConflict || !strings.Contains(body, "never sent twice") {
		t.Errorf("an answer: status %d\n%s", status, body)
	}
	_, body = v.post("/webhooks/retry", "route", "twilio")
	v.said(body, "is tried again")
	if r.state(second) != "waiting" || r.state(answer) != "dead" {
		t.Errorf("one is %s, the answer %s", r.state(second), r.state(answer))
	}
	_, body = v.post("/webhooks/retry")
	v.said(body, "Nothing that may be tried again")
	if status, body := v.post("/webhooks/retry", "route", "nowhere"); status != http.StatusBadRequest || !strings.Contains(body, "unknown route") {
		t.Errorf("a route that there is not: status %d\n%s", status, body)
	}
}

func TestWhoMayDropErrands(t *testing.T) {
	r := newRig(t)
	id := r.dead("1", "status 500")
	for _, role := range []console.Role{console.Viewer, console.Reviewer} {
		v := r.as(role)
		_, body := v.get("/webhooks")
		if strings.Contains(body, "/drop") || strings.Contains(body, "/retry") != (role == console.Reviewer) {
			t.Errorf("a %s is offered what is not theirs:\n%s", role, body)
		}
		if status, _ := v.post("/webhooks/" + id + "/drop"); status != http.StatusForbidden || r.state(id) != "dead" {
			t.Errorf("a %s drops: status %d, %s", role, status, r.state(id))
		}
	}
	for _, path := range []string{"/webhooks/retry", "/webhooks/" + id + "/retry", "/webhooks/told"} {
		if status, _ := r.as(console.Viewer).post(path); status != http.StatusForbidden || r.state(id) != "dead" {
			t.Errorf("a viewer posts to %s: status %d, %s", path, status, r.state(id))
		}
	}
	v := r.as(console.Admin)
	_, body := v.post("/webhooks/"+id+"/drop", "state", "all", "kind", "relay")
	v.said(body, "Dropped", "Nothing of that kind", `<option value="all" selected>`, `<option value="relay" selected>`)
	if r.state(id) != "" {
		t.Errorf("it is %s", r.state(id))
	}
	_, body = v.post("/webhooks/" + id + "/drop")
	v.said(body, "done or dropped meanwhile")
}

func TestErrandsAreFiltered(t *testing.T) {
	r := newRig(t)
	r.dead("1", "the dead one")
	r.errand(errands.Errand{ID: "2", Kind: errands.Cancel, Route: "twilio", Error: "the waiting one", Due: r.now.Add(time.Hour)})
	r.errand(errands.Errand{ID: "3", Kind: errands.Answer, Route: "other", State: errands.Begun, Error: "the begun one",
		People: []filter.Recipient{{Address: "+12125550101"}, {Address: "+12125550102"}, {Address: "+12125550103"}, {Address: "+12125550104"}}})
	r.wrote("4", console.Review{Text: "a review"})
	v := r.as(console.Reviewer)
	for path, want := range map[string]string{
		"/webhooks":                                "dead",
		"/webhooks?state=waiting":                  "waiting",
		"/webhooks?state=begun":                    "begun",
		"/webhooks?state=all":                      "dead waiting begun",
		"/webhooks?state=all&kind=cancel":          "waiting",
		"/webhooks?state=all&route=other":          "begun",
		"/webhooks?state=dead&kind=answer":         "",
		"/webhooks?state=all&full=true&kind=relay": "dead",
	} {
		_, body := v.get(path)
		for _, one := range []string{"dead", "waiting", "begun"} {
			if has := strings.Contains(body, "the "+one+" one"); has != strings.Contains(want, one) {
				t.Errorf("%s shows the %s one: %t", path, one, has)
			}
		}
	}
	_, body := v.get("/webhooks?state=begun&full=true")
	v.said(body, "&#43;12125550103", "4 people in all")
	if strings.Contains(body, "+12125550104") || strings.Contains(body, "&#43;12125550104") {
		t.Error("more than three people are listed")
	}
	for path, want := range map[string]string{"/webhooks?state=gone": "state", "/webhooks?kind=letter": "kind", "/webhooks?after=x": "after"} {
		if status, body := v.get(path); status != http.StatusBadRequest || !strings.Contains(body, "<code>"+want+"</code>") {
			t.Errorf("%s: status %d\n%s", path, status, body)
		}
	}
}

func TestWhatStrangersLeaveInErrandsIsText(t *testing.T) {
	r := newRig(t)
	r.dead("1", hostile)
	r.errand(errands.Errand{ID: "2", Kind: errands.Relay, Route: hostile, State: errands.Dead, People: []filter.Recipient{{Brand: hostile, Channel: hostile, Address: hostile}}})
	v := r.as(console.Admin)
	for _, path := range []string{"/webhooks", "/webhooks?full=true", "/webhooks?route=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"} {
		_, body := v.get(path)
		v.safe(path, body)
		v.said(body, "alert(")
	}
}

func TestTheWebhookThatTellsChanges(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Reviewer)
	_, body := v.get("/webhooks")
	v.said(body, "console.notify in the configuration makes one")
	if status, body := v.post("/webhooks/told"); status != http.StatusNotFound || !strings.Contains(body, "there is no webhook") {
		t.Errorf("without a webhook: status %d\n%s", status, body)
	}

	var works atomic.Bool
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !works.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(receiver.Close)
	api, err := console.New(console.Config{Tokens: []console.Token{{Name: "script", Role: console.Admin, Secret: "0123456789abcdef"}},
		Store: r.store, Gate: r.gate, Reload: func() error { return nil }, Now: r.clock,
		Notify: &notify.Config{URL: receiver.URL + "/secret-path", Secret: "0123456789abcdef", Retry: notify.Backoff{First: time.Hour, Most: time.Hour}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	r.pages.api = api
	r.optIn("+12125550123")
	api.Start()
	t.Cleanup(func() { api.Stop(t.Context()) })
	_, body = v.post("/webhooks/told")
	v.said(body, "it failed again", "500", receiver.URL, `badge edit">1<`, "not since the start")
	if strings.Contains(body, "secret-path") {
		t.Errorf("the page has the path, which may be a secret:\n%s", body)
	}
	works.Store(true)
	_, body = v.post("/webhooks/told")
	v.said(body, "Nothing failed", "1 / 1", `badge good">none`)
}
