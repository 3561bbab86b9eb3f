package pages

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

func TestPagesListWhoGetsNothing(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Viewer)
	_, body := v.get("/suppressions")
	wantAll(t, body, "Nobody opted out yet")
	for i := range 120 {
		r.optOut(fmt.Sprintf("+1212555%04d", i))
	}
	r.optIn("+12125559999")
	seen := 0
	next := "/suppressions"
	for next != "" {
		_, body = v.get(next)
		seen += strings.Count(body, "•") / 5
		wantNone(t, body, "5559999", "5550001")
		found := regexp.MustCompile(`<a href="([^"]+)">Next page`).FindStringSubmatch(body)
		if next = ""; found != nil {
			next = strings.ReplaceAll(found[1], "&amp;", "&")
		}
	}
	if seen != 120 {
		t.Errorf("%d are on the pages, want 120", seen)
	}
	reviewer := r.as(console.Reviewer)
	_, body = reviewer.get("/suppressions?full=true&cause=by-hand&address=(212)+555-0007&region=US")
	wantAll(t, body, "&#43;12125550007", "by hand", "/people/sms?address=%2B12125550007")
	_, body = reviewer.get("/suppressions?cause=complaint")
	wantAll(t, body, "Nobody on the list is like that")
	if status, body := reviewer.get("/suppressions?address=12&channel=sms"); status != http.StatusBadRequest || !strings.Contains(body, `value="12"`) {
		t.Errorf("no address: status %d\n%s", status, body)
	}
	_, body = reviewer.get("/suppressions/export?format=csv&brand=shop&channel=sms")
	if lines := strings.Count(body, "\n"); lines != 121 {
		t.Errorf("the export has %d lines, want 121", lines)
	}
	if status, _ := v.get("/suppressions/export?format=csv"); status != http.StatusForbidden {
		t.Errorf("a viewer exports: status %d", status)
	}
}

func TestPagesOptOutPastedLines(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Reviewer)
	status, body := v.post("/suppressions", "addresses", "+1 212 555 0123\r\n\r\nnonsense, \"quoted\"\r\n(212) 555-0124\r\n", "channel", "sms", "brand", "shop", "region", "US", "scope", "all")
	if status != http.StatusOK {
		t.Fatalf("status %d\n%s", status, body)
	}
	wantAll(t, body, "imported", `<th scope="row" class="n">3</th>`)
	for _, number := range []string{"+12125550123", "+12125550124"} {
		if events := r.history(number); len(events) != 1 || events[0].Kind != filter.OptedOut || events[0].Source != "console: ana-reviewer" {
			t.Errorf("%s: got %+v", number, events)
		}
	}
	if status, body := v.post("/suppressions", "addresses", " \n ", "channel", "sms"); status != http.StatusBadRequest || !strings.Contains(body, "at least one") {
		t.Errorf("nothing pasted: status %d\n%s", status, body)
	}
	if status, _ := r.as(console.Viewer).post("/suppressions", "addresses", "+12125550199", "channel", "sms"); status != http.StatusForbidden {
		t.Errorf("a viewer opts people out: status %d", status)
	}
}
