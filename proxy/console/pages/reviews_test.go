package pages

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/errands"
)

// errand adds what the gate is still to do, about somebody, and returns its id in the API.
func (r *rig) errand(e errands.Errand) string {
	r.Helper()
	if e.People == nil {
		e.People = []filter.Recipient{{Brand: "shop", Channel: filter.SMS, Address: "+12125550123"}}
	}
	if _, err := r.store.Errands().Add(r.Context(), e); err != nil {
		r.Fatal(err)
	}
	return r.store.Errands().Key(e.ID)
}

// wrote adds a review of words that somebody wrote an hour ago.
func (r *rig) wrote(id string, w console.Review) string {
	r.Helper()
	w.Time, w.Sender, w.Language = r.now.Add(-time.Hour), "+12125550100", "en"
	body, err := json.Marshal(w)
	if err != nil {
		r.Fatal(err)
	}
	return r.errand(errands.Errand{ID: id, Kind: errands.Review, Route: "twilio", Body: body})
}

func TestAnAmbiguousReplyIsDecided(t *testing.T) {
	for name, c := range map[string]struct {
		verdict, says string
		status        int // of the next send
	}{
		"as an opt-out": {"opt-out", "Recorded as an opt-out", http.StatusBadRequest},
		"as none":       {"none", "Nothing was recorded", http.StatusCreated},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			if _, err := r.api.Record(t.Context(), console.Notice{To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+12125550123"},
				Kind: filter.OptedIn, Basis: filter.Express, Time: r.now.Add(-2 * time.Hour)}); err != nil {
				t.Fatal(err)
			}
			id := r.wrote("1", console.Review{Text: "Please cancel my order", Keyword: filter.StopWord, Certainty: filter.Hint, Match: "cancel"})
			v := r.as(console.Reviewer)
			_, body := v.get("/reviews")
			v.said(body, "A message of 22 characters", "Words and addresses are hidden", "an opt-out: a word of it stands in a longer sentence", "22 Nov 16:00:00")
			for _, hidden := range []string{"cancel my order", "+12125550123", "&#43;12125550123", `action="/reviews/`} {
				if strings.Contains(body, hidden) {
					t.Errorf("masked, the page has %q:\n%s", hidden, body)
				}
			}
			full := regexp.MustCompile(`href="(/reviews\?full=true)"`).FindStringSubmatch(body)
			if full == nil {
				t.Fatalf("nothing leads to the words:\n%s", body)
			}
			_, body = v.get(full[1])
			v.said(body, "Please cancel my order", "&#43;12125550123", "from “cancel”")
			_, body = v.post("/reviews/"+id, "verdict", c.verdict, "note", "called them")
			v.said(body, c.says, "Nothing to review", "Decided lately", "ana-reviewer", "called them")
			if status, _ := r.send("+12125550123", "Sale"); status != c.status {
				t.Errorf("the next send: status %d, want %d", status, c.status)
			}
			_, body = v.post("/reviews/"+id, "verdict", c.verdict)
			v.said(body, "Somebody decided this already")
			events, err := r.api.History(t.Context(), filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+12125550123"}, "")
			if last := events[len(events)-1]; err != nil || c.verdict == "opt-out" && (!strings.HasSuffix(last.Note, "called them") || last.Source != "api: ana-reviewer") {
				t.Errorf("the last event is %+v, %v", last, err)
			}
		})
	}
}

func TestReviewsOfWhoMayNot(t *testing.T) {
	r := newRig(t)
	id := r.wrote("1", console.Review{Text: "no more", Keyword: filter.StopWord, Certainty: filter.Ambiguous, OptedOut: true})
	v := r.as(console.Viewer)
	_, body := v.get("/reviews")
	v.said(body, "A reviewer reads them and decides", "opted out", "until they opt in again")
	if strings.Contains(body, "full=true") || strings.Contains(body, "no more") {
		t.Errorf("a viewer is offered the words:\n%s", body)
	}
	if status, body := v.get("/reviews?full=true"); status != http.StatusForbidden || strings.Contains(body, "no more") {
		t.Errorf("a viewer asks for the words: status %d\n%s", status, body)
	}
	if status, _ := v.post("/reviews/"+id, "verdict", "none"); status != http.StatusForbidden {
		t.Errorf("a viewer decides: status %d", status)
	}
	if status, body := r.as(console.Reviewer).post("/reviews/"+id, "verdict", "perhaps"); status != http.StatusBadRequest || !strings.Contains(body, "Want one of the two buttons") {
		t.Errorf("a verdict that is none: status %d\n%s", status, body)
	}
	if _, body = v.get("/reviews"); strings.Contains(body, "Nothing to review") || strings.Contains(body, "Decided lately") {
		t.Errorf("a viewer sees\n%s", body)
	}
}

func TestAReviewThatIsRefusedKeepsItsNote(t *testing.T) {
	r := newRig(t)
	id := r.errand(errands.Errand{ID: "1", Kind: errands.Review, Route: "gone", Body: []byte(`{"text":"stop it","sender":"+12125550100","time":"2026-11-22T10:00:00Z","keyword":"stop","certainty":"hint"}`)})
	v := r.as(console.Reviewer)
	status, body := v.post("/reviews/"+id, "verdict", "opt-out", "note", "clear to me")
	if status != http.StatusConflict {
		t.Errorf("status %d", status)
	}
	v.said(body, "not known any more", `role="alert"`)
	if _, body = v.post("/reviews/"+id, "verdict", "opt-out", "note", "clear to me", "full", "true"); !strings.Contains(body, `value="clear to me"`) {
		t.Errorf("the note is lost:\n%s", body)
	}
	_, body = v.get("/reviews?route=twilio&full=true")
	v.said(body, "Nothing to review")
}

func TestWhatPeopleWriteIsText(t *testing.T) {
	r := newRig(t)
	r.wrote("1", console.Review{Text: hostile, Match: hostile, Message: hostile, Keyword: filter.StopWord})
	r.errand(errands.Errand{ID: "2", Kind: errands.Review, Route: "twilio", Body: []byte("\xff not JSON")})
	r.errand(errands.Errand{ID: "3", Kind: errands.Review, Route: "twilio", People: []filter.Recipient{{Brand: "shop", Channel: filter.Messenger, Address: hostile}},
		Body: []byte(`{"text":"x","sender":"<script>alert('x')</script>","language":"<script>alert('x')</script>"}`)})
	v := r.as(console.Reviewer)
	for _, path := range []string{"/reviews", "/reviews?full=true", "/reviews?route=%22%3E%3Cscript%3Ealert(1)&full=true"} {
		status, body := v.get(path)
		v.safe(path, body)
		if status != http.StatusOK {
			t.Errorf("%s: status %d", path, status)
		}
	}
	_, body := v.get("/reviews?full=true")
	v.said(body, "cannot be read", "alert(&#39;x&#39;)")
}

func TestReviewsPageByPage(t *testing.T) {
	r := newRig(t)
	for i := range 101 {
		r.wrote(strings.Repeat("x", i+1), console.Review{Text: strings.Repeat("a", i+1)})
	}
	v := r.as(console.Viewer)
	_, body := v.get("/reviews?route=twilio")
	next := regexp.MustCompile(`href="(/reviews\?after=[^"]+)"`).FindStringSubmatch(body)
	if next == nil || strings.Contains(body, "of 101 characters") {
		t.Fatalf("the first page is\n%s", body)
	}
	if _, body = v.get(strings.ReplaceAll(next[1], "&amp;", "&")); !strings.Contains(body, "of 101 characters") || strings.Contains(body, "of 100 characters") {
		t.Errorf("the second page is\n%s", body)
	}
}
