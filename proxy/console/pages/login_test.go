package pages

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/sendgate/sendgate/proxy/console"
)

// The password of every user of these tests, and a cheap hash of it.
const password = "correct horse battery"

var hashed = func() string {
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 7 << 10, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		panic(err)
	}
	return hash
}()

// people are who may log in in these tests.
func people() console.Config {
	return console.Config{Users: []console.User{{Name: "ana", Role: console.Reviewer, Password: hashed}, {Name: "ben", Role: console.Viewer, Password: hashed}}}
}

// newLoginRig is a rig whose console some people may log into.
func newLoginRig(t *testing.T, cfg console.Config) *rig {
	t.Helper()
	r := newRig(t)
	if err := r.pages.Admit(cfg); err != nil {
		t.Fatal(err)
	}
	return r
}

// cookie is what a visitor's browser has of a name.
func (v *visitor) cookie(name string) string {
	v.Helper()
	at, _ := url.Parse(v.url)
	for _, c := range v.http.Jar.Cookies(at) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// put gives a browser a cookie.
func (v *visitor) put(name, value string) {
	at, _ := url.Parse(v.url)
	v.http.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: value}})
}

// login logs in with a password.
func (v *visitor) login(name string) {
	v.Helper()
	if status, body := v.post("/login", "name", name, "password", password, "next", "/account"); status != http.StatusOK || !strings.Contains(body, "Where you are logged in") {
		v.Fatalf("%s cannot log in: %d\n%s", name, status, body)
	}
}

// in reports whether a visitor is logged in.
func (v *visitor) in() bool {
	v.Helper()
	_, body := v.get("/account")
	return strings.Contains(body, "Where you are logged in")
}

func TestConsoleSecurityPasswords(t *testing.T) {
	r := newLoginRig(t, people())
	for _, c := range []struct {
		case_, name, password string
		in                    bool
	}{
		{"the right name and password", "ana", password, true},
		{"a name in other letters", "ANA", password, true},
		{"a wrong password", "ana", password + "!", false},
		{"no password", "ana", "", false},
		{"an unknown name", "carl", password, false},
		{"no name", "", password, false},
		{"the hash as the password", "ana", hashed, false},
	} {
		t.Run(c.case_, func(t *testing.T) {
			v := r.as(0)
			status, body := v.post("/login", "name", c.name, "password", c.password, "next", "/account")
			if in := status == http.StatusOK && v.in(); in != c.in {
				t.Errorf("logged in: %v, want %v; status %d\n%s", in, c.in, status, body)
			}
			if !c.in && (status != http.StatusForbidden || !strings.Contains(body, "do not match") || v.cookie("sendgate-session") != "") {
				t.Errorf("status %d, cookie %q:\n%s", status, v.cookie("sendgate-session"), body)
			}
			if c.password != "" && strings.Contains(body, c.password) {
				t.Error("the page shows the password")
			}
		})
	}
}

func TestConsoleSecurityNamesAreNotTold(t *testing.T) {
	r := newLoginRig(t, people())
	_, known := r.as(0).post("/login", "name", "ana", "password", "wrong")
	_, unknown := r.as(0).post("/login", "name", "eve", "password", "wrong")
	if strings.ReplaceAll(known, `value="ana"`, `value="eve"`) != unknown {
		t.Errorf("a known name is told from an unknown one:\n%s\n%s", known, unknown)
	}
	p := newPasswords(people().Users)
	stood := map[int]bool{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"} {
		if p.standIn(name) != p.standIn(strings.ToUpper(name)) {
			t.Error("the work for an unknown name changes from one try to the next")
		}
		stood[p.standIn(name)] = true
	}
	if len(stood) != 2 {
		t.Errorf("one user stands in for all unknown names: their cost would tell that user from the others")
	}
}

func TestConsoleSecurityOpenRedirect(t *testing.T) {
	r := newLoginRig(t, people())
	for _, c := range []struct{ case_, next, lands string }{
		{"a page of the console", "/messages?reason=opted-out&route=a%2Fb", "/messages?reason=opted-out&route=a%2Fb"},
		{"nothing", "", "/"},
		{"another site", "https://evil.example/", "/"},
		{"another site without its scheme", "//evil.example", "/"},
		{"a backslash that browsers take for a slash", `/\evil.example`, "/"},
		{"two backslashes", `\\evil.example`, "/"},
		{"a tab that browsers drop", "/\t/evil.example", "/"},
		{"a new line", "/\n/evil.example", "/"},
		{"a script", "javascript:alert(1)", "/"},
		{"data", "data:text/html,x", "/"},
		{"a blank before another site", " //evil.example", "/"},
		{"a header of its own", "/x\r\nLocation: https://evil.example", "/"},
		{"slashes in disguise, which stay in this site", "/%2F/evil.example", "/%2F/evil.example"},
		{"a way out and down again", "/..//evil.example", "/evil.example"},
		{"no path", "evil.example", "/"},
	} {
		t.Run(c.case_, func(t *testing.T) {
			v := r.as(0)
			v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			form := url.Values{"name": {"ana"}, "password": {password}, "next": {c.next}}
			resp, err := v.http.PostForm(v.url+"/login", form)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || got != c.lands {
				t.Errorf("status %d to %q, want %q", resp.StatusCode, got, c.lands)
			}
			at, err := resp.Location()
			if err != nil || at.Host != strings.TrimPrefix(v.url, "http://") {
				t.Errorf("a browser goes to %v (%v)", at, err)
			}
		})
	}
}

func TestConsoleSecurityCSRF(t *testing.T) {
	r := newLoginRig(t, people())
	for _, pg := range all() {
		if pg.method == http.MethodGet || pg.method == http.MethodHead {
			continue
		}
		for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
			v := r.as(console.Admin)
			path := strings.NewReplacer("{", "", "}", "").Replace(pg.path)
			req, _ := http.NewRequest(pg.method, v.url+path, strings.NewReader("name=ana&password="+url.QueryEscape(password)))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set(header[0], header[1])
			resp, err := v.http.Do(req)
			status, body := v.read(resp, err)
			if status != http.StatusForbidden || !strings.Contains(body, "came from another site") || len(resp.Cookies()) > 0 {
				t.Errorf("%s %s with %s: %s: status %d, cookies %v", pg.method, pg.path, header[0], header[1], status, resp.Cookies())
			}
			if !v.in() {
				t.Errorf("%s %s from another site logs out", pg.method, pg.path)
			}
		}
	}
}

func TestConsoleSecurityThrottle(t *testing.T) {
	cfg := people()
	r := newLoginRig(t, cfg)
	known := r.as(0)
	known.login("ana")
	known.post("/logout")

	var refused int
	for range 30 {
		if status, _ := r.as(0).post("/login", "name", "ana", "password", "guess"); status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 30-perAddress.burst {
		t.Errorf("of 30 guesses %d were refused, want all but %d", refused, perAddress.burst)
	}
	resp, err := r.as(0).http.PostForm(r.url+"/login", url.Values{"name": {"ana"}, "password": {password}})
	status, body := r.as(0).read(resp, err)
	if status != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "11" || !strings.Contains(body, "in 11 seconds") {
		t.Errorf("status %d, Retry-After %q:\n%s", status, resp.Header.Get("Retry-After"), body)
	}
	known.login("ana") // a browser that was in before has a count of its own

	r.later(perAddress.each)
	r.as(0).login("ana") // nobody is kept out for good
}

func TestWhomTheConfigurationNamesCanLogIn(t *testing.T) {
	r := newLoginRig(t, people())
	for _, c := range []struct {
		case_, name, problem string
	}{
		{"a name as long as one may be", strings.Repeat("a", console.LongestName), ""},
		{"a name that is longer", strings.Repeat("a", console.LongestName+1), "users[0]: name: 101 characters are too many: want at most 100"},
		{"a name with a letter that Unicode folds into another", "\u017fas", "users[0]: name: \"\u017fas\": want letters"},
	} {
		t.Run(c.case_, func(t *testing.T) {
			err := r.pages.Admit(console.Config{Users: []console.User{{Name: c.name, Role: console.Viewer, Password: hashed}}})
			if c.problem == "" {
				if err != nil {
					t.Fatal(err)
				}
				r.as(0).login(c.name)
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("got %v, want %s", err, c.problem)
			}
		})
	}
}
