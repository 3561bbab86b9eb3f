package pages

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/errands"
)

func TestTheAuditTellsWhoDidWhat(t *testing.T) {
	r := newRig(t)
	r.as(console.Reviewer).post("/switches", "campaign", "spring", "reason", "wrong link")
	r.later(time.Hour)
	rosa := r.as(console.Reviewer)
	r.as(console.Admin).post("/tokens", "name", "crm", "role", "viewer", "note", "nightly import")
	rosa.post("/switches/none/resume", "reason", "mended")
	r.optOut("+12125550123")

	_, body := rosa.get("/audit")
	rosa.said(body, "paused sending", "wrong link", "ana-reviewer", "made a token", "nightly import", "ana-admin", "resumed sending", "refused", "recorded consent")
	if strings.Contains(body, "12125550123") {
		t.Errorf("the audit has an address:\n%s", body)
	}
	for path, want := range map[string]string{
		"/audit?actor=ana-admin":                                  "made a token",
		"/audit?act=pause":                                        "paused sending",
		"/audit?outcome=refused":                                  "resumed sending",
		"/audit?about=crm":                                        "made a token",
		"/audit?address=%2B1+212+555+0123":                        "recorded consent",
		"/audit?until=2026-11-22T17:30:00Z":                       "paused sending",
		"/audit?begin=2026-11-22T16:59&end=2026-11-22T17:30&act=": "paused sending",
	} {
		status, body := rosa.get(path)
		table := body[strings.Index(body, "<table>")+1:]
		for _, one := range []string{"paused sending", "made a token", "resumed sending", "recorded consent"} {
			if has := strings.Contains(table, one); status != http.StatusOK || has != (one == want) {
				t.Errorf("%s: status %d, shows that somebody %s: %t", path, status, one, has)
			}
		}
	}
	for path, field := range map[string]string{"/audit?act=sing": "act", "/audit?since=soon": "since", "/audit?begin=soon": "since", "/audit?before=x": "before",
		"/audit?address=a&channel=pigeon": "channel"} {
		if status, body := rosa.get(path); status != http.StatusBadRequest || !strings.Contains(body, "<code>"+field+"</code>") {
			t.Errorf("%s: status %d\n%s", path, status, body)
		}
	}
	if status, _ := r.as(console.Viewer).get("/audit"); status != http.StatusForbidden {
		t.Errorf("a viewer opens the audit: status %d", status)
	}
	if status, _ := r.as(console.Viewer).get("/audit/export"); status != http.StatusForbidden {
		t.Errorf("a viewer takes the audit: status %d", status)
	}
}

func TestTheTimeOfTheAuditIsOnTheViewersClock(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Reviewer)
	v.post("/switches", "campaign", "spring", "reason", "wrong link")
	v.post("/preferences", "zone", "America/New_York")
	_, body := v.get("/audit?begin=2026-11-22T11:59&end=2026-11-22T12:01")
	v.said(body, `name="begin" value="2026-11-22T11:59"`, "wrong link", "since=2026-11-22T16%3A59%3A00Z")
}

func TestTheAuditPageByPageAndAsAFile(t *testing.T) {
	r := newRig(t)
	for range 101 {
		if _, err := r.api.Resume(t.Context(), "none", "x"); err == nil {
			t.Fatal("a switch that there is not was lifted")
		}
		r.later(time.Second)
	}
	v := r.as(console.Reviewer)
	_, body := v.get("/audit?act=resume")
	older := regexp.MustCompile(`href="(/audit\?[^"]*before=[^"]+)">Older`).FindStringSubmatch(body)
	if older == nil || strings.Count(body, `<th scope="row">`) != 100 {
		t.Fatalf("the first page is\n%s", body)
	}
	_, body = v.get(strings.ReplaceAll(older[1], "&amp;", "&"))
	if n := strings.Count(body, `<th scope="row">`); n != 1 || !strings.Contains(body, "Newest") {
		t.Errorf("the second page has %d acts:\n%s", n, body)
	}
	resp, err := v.http.Get(v.url + "/audit/export?act=resume&format=csv")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if n := strings.Count(string(text), "\n"); err != nil || n != 102 || !strings.HasPrefix(resp.Header.Get("Content-Disposition"), `attachment; filename="sendgate-audit-`) {
		t.Errorf("the file has %d lines, %v, %v", n, resp.Header, err)
	}
	if status, body := v.get("/audit/export?format=xls"); status != http.StatusBadRequest || !strings.Contains(body, "Want csv or jsonl") {
		t.Errorf("a format that there is not: status %d\n%s", status, body)
	}
}

func TestWhatStrangersLeaveInTheAuditIsText(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Admin)
	v.post("/switches", "campaign", hostile, "reason", hostile)
	v.post("/switches/"+url.PathEscape(hostile)+"/resume", "reason", hostile)
	r.wrote("1", console.Review{Text: hostile})
	v.post("/reviews/"+r.store.Errands().Key("1"), "verdict", "none", "note", hostile)
	for _, path := range []string{"/audit", "/reviews", "/audit?actor=" + url.QueryEscape(hostile), "/audit?act=" + url.QueryEscape(hostile)} {
		_, body := v.get(path)
		v.safe(path, body)
		v.said(body, "&lt;script&gt;")
	}
}

// Every act has a sentence.
func TestActsAreInTheCatalogue(t *testing.T) {
	words, err := newCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range audit.Kinds() {
		if words.known("act."+string(kind)) == "" {
			t.Errorf("act.%s is not in the catalogue", kind)
		}
	}
	for _, outcome := range audit.Outcomes() {
		if words.known("audit.outcomes."+string(outcome)) == "" {
			t.Errorf("audit.outcomes.%s is not in the catalogue", outcome)
		}
	}
	for kind := errands.Kind(1); kind < errands.Kinds; kind++ {
		if kind != errands.Review && words.known("webhooks.kinds."+kind.String()) == "" {
			t.Errorf("webhooks.kinds.%s is not in the catalogue", kind)
		}
	}
	for c := range filter.Category(filter.Categories) {
		if words.known("category."+c.String()) == "" {
			t.Errorf("category.%s is not in the catalogue", c)
		}
	}
}
