package pages

import (
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

func TestPagesOpenForTheirRoles(t *testing.T) {
	r := newRig(t)
	for _, pg := range all() {
		if pg.method != http.MethodGet || strings.Contains(pg.path, "{") && pg.path != "/{$}" || strings.HasPrefix(pg.path, "/login/") {
			continue
		}
		path := strings.TrimSuffix(pg.path, "{$}")
		for role := console.Role(0); role <= console.Admin; role++ {
			status, body := r.as(role).get(path)
			switch {
			case role >= pg.role && status != http.StatusOK:
				t.Errorf("%s opens %s: status %d\n%s", role, path, status, body)
			case role > 0 && role < pg.role && status != http.StatusForbidden:
				t.Errorf("%s opens %s, which needs %s: status %d", role, path, pg.role, status)
			case strings.Contains(body, "⟦"):
				t.Errorf("%s: a sentence is not in the catalogue: %s", path, regexp.MustCompile("⟦.*?⟧").FindString(body))
			}
		}
	}
}

func TestAFormFromAnotherSiteIsNotTaken(t *testing.T) {
	v := newRig(t).as(console.Admin)
	req, _ := http.NewRequest(http.MethodPost, v.url+"/preferences", strings.NewReader("theme=dark"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := v.http.Do(req)
	if status, body := v.read(resp, err); status != http.StatusForbidden || !strings.Contains(body, "another site") {
		t.Errorf("status %d:\n%s", status, body)
	}
}

func TestPreferencesLeadBackToTheConsole(t *testing.T) {
	r := newRig(t)
	for _, back := range []string{"/", "/messages?reason=opted-out"} {
		if got := ownPath(back); got != back {
			t.Errorf("%q leads back to %q", back, got)
		}
	}
	for _, evil := range []string{"", "https://evil.example", "//evil.example", "/\\evil.example", "\\/evil.example", "/x\r\nSet-Cookie: a=b", "javascript:alert(1)", "/\t/evil.example"} {
		if got := ownPath(evil); got != "/" {
			t.Errorf("%q leads to %q", evil, got)
		}
	}
	v := r.as(console.Viewer)
	if _, body := v.post("/preferences", "theme", "dark", "zone", "America/New_York", "back", "/"); !strings.Contains(body, `data-theme="dark"`) || !strings.Contains(body, "America/New_York") {
		t.Errorf("the preferences do not hold:\n%s", body)
	}
	if resp, err := v.http.PostForm(v.url+"/preferences", url.Values{"theme": {"dark"}, "back": {"/messages?done=preferences&route=twilio"}}); err != nil || resp.Request.URL.RawQuery != "done=preferences&route=twilio" {
		t.Errorf("%v: it leads to %v", err, resp.Request.URL)
	}
	if _, body := v.post("/preferences", "theme", `"><script>`, "zone", "../../etc/passwd"); strings.Contains(body, "script>\"") || !strings.Contains(body, "UTC") {
		t.Errorf("preferences of no sense are kept:\n%s", body)
	}
}

// TestCatalogue holds the keys that pages use against those that there are.
func TestCatalogue(t *testing.T) {
	words, err := newCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	for a := range filter.Action(filter.Actions) {
		if key := "action." + a.String(); words.known(key) == "" {
			t.Errorf("%s is not in the catalogue", key)
		}
	}
	for reason := range filter.Reason(filter.Reasons) {
		if key := "reason." + reason.String(); words.known(key) == "" {
			t.Errorf("%s is not in the catalogue", key)
		}
	}
	said := regexp.MustCompile(`\bt "([a-z0-9_.-]+[a-z0-9])"|\.t\("([a-z0-9_.-]+[a-z0-9])"`)
	names, err := fs.Glob(templates, "templates/*.html")
	if err != nil || len(names) == 0 {
		t.Fatal("no templates", err)
	}
	for _, name := range names {
		text, err := templates.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllStringSubmatch(string(text), -1) {
			if key := m[1]; strings.HasPrefix(words.text(key, "N", 2), "⟦") {
				t.Errorf("%s says %q, which is not in the catalogue", name, key)
			}
		}
		title := strings.TrimSuffix(strings.TrimPrefix(name, "templates/"), ".html")
		if title != "layout" && !strings.HasPrefix(title, "part-") && words.known(title+".title") == "" {
			t.Errorf("%s has no title: want %s.title in the catalogue", name, title)
		}
	}
}

// A sentence that is the same of one and of many is written once.
func TestEverySentenceCanBeSaidOfAnyNumber(t *testing.T) {
	words, err := newCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	var said int
	var walk func(key string, at any)
	walk = func(key string, at any) {
		inner, more := at.(map[string]any)
		if _, counted := inner["other"].(string); more && !counted {
			for name, at := range inner {
				walk(strings.TrimPrefix(key+"."+name, "."), at)
			}
			return
		}
		said++
		for n := range 3 {
			if text := words.text(key, "N", n); strings.HasPrefix(text, "⟦") {
				t.Errorf("%s cannot be said of %d", key, n)
			}
		}
	}
	files, err := fs.Glob(catalogues, "catalogue/en/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := catalogues.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var all map[string]any
		if err := yaml.Unmarshal(text, &all); err != nil {
			t.Fatal(name, err)
		}
		walk("", all)
	}
	if said < 500 {
		t.Errorf("only %d sentences were tried", said)
	}
}

func TestWhoIsNotLoggedInIsLedToTheLogin(t *testing.T) {
	v := newRig(t).as(0)
	v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := v.http.Get(v.url + "/?since=24h")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if want := "/login?next=" + url.QueryEscape("/?since=24h"); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != want {
		t.Errorf("status %d to %q, want %q", resp.StatusCode, resp.Header.Get("Location"), want)
	}
}

// TestRig is what every test of a page stands on.
func TestRig(t *testing.T) {
	r := newRig(t)
	r.optIn("+12125550123")
	r.optOut("+12125550124")
	if status, _ := r.send("+12125550123", "Sale"); status != http.StatusCreated {
		t.Errorf("who agreed: status %d", status)
	}
	if status, id := r.send("+12125550124", "Sale"); status != http.StatusBadRequest || id == "" {
		t.Errorf("who opted out: status %d, decision %q", status, id)
	}
}
