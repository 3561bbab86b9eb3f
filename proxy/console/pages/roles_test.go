package pages

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/audit"
)

// hole is the part of a pattern that stands for what differs.
var hole = regexp.MustCompile(`\{[a-z]+\}`)

// A filled is a form of a page, filled in.
type filled struct {
	path   string
	fields url.Values
}

// forms are those of the pages that post, by the pattern of where they lead.
func (v *visitor) forms(sheets []sheet) map[string][]filled {
	v.Helper()
	found := map[string][]filled{}
	for _, s := range sheets {
		var f *filled
		for _, e := range s.elements(v.TB) {
			name := attr(e, "name")
			switch {
			case e.Name.Local == "form" && strings.EqualFold(attr(e, "method"), "post"):
				path, _, _ := strings.Cut(attr(e, "action"), "#")
				if path == "" {
					path = s.path
				}
				f = &filled{path, url.Values{}}
				req, _ := http.NewRequest(http.MethodPost, v.url+path, nil)
				_, pattern := v.pages.mux.Handler(req)
				pattern = strings.TrimPrefix(pattern, "POST ")
				found[pattern] = append(found[pattern], *f)
			case e.Name.Local == "form":
				f = nil
			case f == nil || name == "" || f.fields.Has(name):
			case e.Name.Local == "input" && attr(e, "value") != "", e.Name.Local == "button":
				f.fields.Set(name, attr(e, "value"))
			case e.Name.Local == "input", e.Name.Local == "textarea":
				f.fields.Set(name, "because")
			}
		}
	}
	return found
}

// looks are the kinds of acts that change nothing, though they are kept.
var looks = regexp.MustCompile(`-(show|read|export|history|proof)$|^explain$|^preflight$`)

// everything is what the gate and the console know that a form could change.
func (r *rig) everything() string {
	r.Helper()
	r.rest()
	var all bytes.Buffer
	keep := func(what any, err error) {
		r.Helper()
		if err != nil {
			r.Fatal(err)
		}
		text, err := json.Marshal(what)
		if err != nil {
			r.Fatal(err)
		}
		fmt.Fprintf(&all, "%s\n", text)
	}
	keep(r.api.Switches(r.Context()))
	keep(r.api.Passes(r.Context(), console.PassQuery{}))
	keep(r.api.Errands(r.Context(), console.ErrandQuery{}))
	keep(r.api.Tokens(r.Context()))
	for a, err := range r.store.Audit().Acts(r.Context(), audit.Query{Outcome: audit.Done}) {
		if !looks.MatchString(string(a.Kind)) && a.About["dry_run"] == "" && !strings.Contains(a.About["query"], "dry_run=true") {
			keep(a, err)
		}
	}
	r.pages.sessions.mu.Lock()
	defer r.pages.sessions.mu.Unlock()
	fmt.Fprintf(&all, "%d sessions\n", len(r.pages.sessions.by))
	return all.String()
}

// rest waits for imports and lists that go on behind their pages.
func (r *rig) rest() {
	for _, rs := range []*runs{&r.pages.imports, &r.pages.lists} {
		for slices.ContainsFunc(rs.list(""), func(o *run) bool { return o.now().Running }) {
			runtime.Gosched()
		}
	}
}

// addresses are those of the pages, by pattern: real ones, where a link or a form leads to one.
func (v *visitor) addresses() (gets map[string]string, posts map[string][]filled) {
	v.Helper()
	sheets := v.walk()
	gets, posts = map[string]string{}, v.forms(sheets)
	for _, s := range sheets {
		if gets[s.pattern] == "" {
			gets[s.pattern], _, _ = strings.Cut(s.path, "?")
		}
	}
	for _, pg := range all() {
		path := hole.ReplaceAllLiteralString(strings.TrimSuffix(pg.path, "{$}"), "1")
		if gets[pg.path] == "" {
			gets[pg.path] = path
		}
		if pg.method == http.MethodPost && len(posts[pg.path]) == 0 {
			posts[pg.path] = []filled{{path, url.Values{"reason": {"because"}}}}
		}
	}
	return gets, posts
}

// forAll are the only pages that are open without a login, and forViewers the only forms that viewers may send:
// they change nothing but what is the viewer's own.
var (
	forAll     = regexp.MustCompile(`^/(login|login/.*|logout|preferences)$`)
	forViewers = regexp.MustCompile(`^/(login|login/.*|logout|preferences|account/logout|preflight)$`)
)

// TestConsoleSecurityRoles asks for every page with every method as everybody: what a page needs is in all, and
// holds for those that are still to come.
func TestConsoleSecurityRoles(t *testing.T) {
	r := newRig(t)
	r.seed()
	gets, posts := r.as(console.Admin).addresses()
	least := map[string]map[string]console.Role{} // by pattern and method
	for _, pg := range all() {
		if pg.role == 0 && !forAll.MatchString(pg.path) || pg.role < console.Reviewer && pg.method != http.MethodGet && !forViewers.MatchString(pg.path) {
			t.Errorf("%s %s is open to a %s", pg.method, pg.path, pg.role)
		}
		if least[pg.path] == nil {
			least[pg.path] = map[string]console.Role{}
		}
		if least[pg.path][pg.method] = pg.role; pg.method == http.MethodGet {
			least[pg.path][http.MethodHead] = pg.role
		}
	}
	visitors := []*visitor{r.as(0), r.as(console.Viewer), r.as(console.Reviewer), r.as(console.Admin)}
	for _, v := range visitors {
		v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	before := r.everything()
	if before != r.everything() {
		t.Fatal("to look changes something")
	}
	for pattern, methods := range least {
		for role, v := range visitors {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
				need, known := methods[method]
				where := fmt.Sprintf("%s (%s) as %s", method, pattern, console.Role(role))
				requests := []filled{{gets[pattern], nil}}
				if method == "POST" && known {
					if requests = posts[pattern]; console.Role(role) >= need {
						continue // below
					}
				} else if len(posts[pattern]) > 0 && methods["GET"] == 0 && !strings.HasPrefix(pattern, "/login") {
					requests = posts[pattern][:1]
				}
				for _, q := range requests {
					if method != "POST" {
						q.path, _, _ = strings.Cut(q.path, "?") // which an answer may tell again
					}
					status, h, body := v.ask(method, q.path, q.fields)
					v.told(where, known, need, console.Role(role), status, h, body)
				}
			}
		}
		if after := r.everything(); after != before {
			t.Errorf("%s: something changed, by who may not or by what only shows: before\n%s\nafter\n%s", pattern, before, after)
			before = after
		}
	}
	t.Run("who may", func(t *testing.T) { mayPost(t, r, posts) })
}

// told fails where an answer is not the one that a role gets.
func (v *visitor) told(where string, known bool, need, role console.Role, status int, h http.Header, body string) {
	v.Helper()
	shows := !strings.Contains(where, "TRACE") && known && role >= need
	switch to := h.Get("Location"); {
	case shows && (status == http.StatusUnauthorized || status == http.StatusMethodNotAllowed || status >= 500):
		v.Errorf("%s: status %d\n%s", where, status, body)
	case shows:
		return
	case known && role > 0 && status != http.StatusForbidden:
		v.Errorf("%s, which needs %s: status %d\n%s", where, need, status, body)
	case !known && role > 0 && status != http.StatusMethodNotAllowed:
		v.Errorf("%s, which nobody may: status %d", where, status)
	case !known && role > 0 && h.Get("Allow") == "":
		v.Errorf("%s does not say which methods there are", where)
	case role == 0 && status == http.StatusSeeOther && strings.HasPrefix(to, "/login?next="):
	case role == 0 && status != http.StatusUnauthorized && status != http.StatusMethodNotAllowed:
		v.Errorf("%s: status %d to %q", where, status, to)
	}
	for _, word := range []string{"autumn", "winter", "2125550", "Sale", "wrong prices", "alert(1)"} {
		if strings.Contains(body, word) {
			v.Errorf("%s shows %q:\n%s", where, word, body)
		}
	}
}

// mayPost sends every form: first as from another site, which changes nothing, then as who may, by which
// some of them do.
func mayPost(t *testing.T, r *rig, posts map[string][]filled) {
	forms, changed := 0, 0
	for _, pg := range all() {
		if pg.method != http.MethodPost {
			continue
		}
		v := r.as(console.Admin)
		v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		before := r.everything()
		for _, q := range posts[pg.path] {
			for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
				if status, h, _ := v.ask(http.MethodPost, q.path, q.fields, header[0], header[1]); status != http.StatusForbidden || h.Get("Set-Cookie") != "" {
					t.Errorf("POST %s with %s: %s: status %d", q.path, header[0], header[1], status)
				}
			}
		}
		if after := r.everything(); after != before {
			t.Errorf("POST %s from another site changed something: before\n%s\nafter\n%s", pg.path, before, after)
		}
		for _, q := range posts[pg.path] {
			forms++
			before := r.everything()
			status, _, body := v.ask(http.MethodPost, q.path, q.fields)
			if status == http.StatusForbidden && pg.role > 0 || status == http.StatusMethodNotAllowed || status >= 500 {
				t.Errorf("POST %s by who may: status %d\n%s", q.path, status, body)
			}
			if r.everything() != before {
				changed++
			}
			if pg.role > 0 && strings.Contains(pg.path, "logout") {
				break
			}
		}
	}
	if t.Logf("%d of %d forms change something", changed, forms); changed < 5 {
		t.Errorf("%d forms of %d change something: this test sees too little", changed, forms)
	}
}
