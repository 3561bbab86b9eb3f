package pages

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
)

func TestConsoleSecurityFixation(t *testing.T) {
	r := newLoginRig(t, people())
	v := r.as(0)
	v.put("sendgate-session", "chosen-by-somebody-else")
	v.login("ana")
	first := v.cookie("sendgate-session")
	if first == "chosen-by-somebody-else" || len(first) < 43 {
		t.Errorf("the session is %q: want a new one of 256 bits", first)
	}
	other := r.as(0)
	other.put("sendgate-session", "chosen-by-somebody-else")
	if other.in() {
		t.Error("who chose the cookie beforehand is logged in")
	}

	v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	v.post("/login", "name", "ana", "password", password) // again, in the same browser
	old := r.as(0)
	old.put("sendgate-session", first)
	if v.cookie("sendgate-session") == first || old.in() {
		t.Error("the session before a login still counts after it")
	}
}

func TestConsoleSecurityCookies(t *testing.T) {
	r := newLoginRig(t, people())
	ask := func(p *Pages, https bool) []*http.Cookie {
		q := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(url.Values{"name": {"ana"}, "password": {password}}.Encode()))
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if https {
			q.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, q)
		return w.Result().Cookies()
	}
	cfg := people()
	cfg.URL = "https://console.example"
	behind, err := New(Config{API: r.pages.api, Login: cfg})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		case_   string
		cookies []*http.Cookie
		secure  bool
	}{
		{"over plain HTTP on this machine", ask(r.pages, false), false},
		{"over TLS", ask(r.pages, true), true},
		{"behind what ends TLS", ask(behind, false), true},
	} {
		t.Run(c.case_, func(t *testing.T) {
			if len(c.cookies) != 2 {
				t.Fatalf("cookies: %v", c.cookies)
			}
			for _, k := range c.cookies {
				if !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" || k.Secure != c.secure || strings.HasPrefix(k.Name, "__Host-") != c.secure {
					t.Errorf("%s", k)
				}
				if strings.Contains(k.Value, "ana") {
					t.Errorf("%s holds who it is of", k)
				}
			}
		})
	}
	for key := range r.pages.by {
		for _, k := range ask(r.pages, false) {
			if strings.Contains(string(key[:]), k.Value) {
				t.Error("the gate keeps the token of a session")
			}
		}
	}
}

func TestConsoleSecuritySessionsEnd(t *testing.T) {
	soon := people()
	soon.Sessions = console.Sessions{Idle: 10 * time.Minute, Absolute: time.Hour}
	for _, c := range []struct {
		case_ string
		after func(t *testing.T, r *rig, v *visitor)
		in    bool
	}{
		{"it goes on while it is used", func(t *testing.T, r *rig, v *visitor) {
			for range 5 {
				r.later(9 * time.Minute)
				v.get("/account")
			}
		}, true},
		{"nobody used it for a while", func(t *testing.T, r *rig, v *visitor) { r.later(10 * time.Minute) }, false},
		{"it is as old as it may get", func(t *testing.T, r *rig, v *visitor) {
			for range 12 {
				v.get("/account")
				r.later(5 * time.Minute)
			}
		}, false},
		{"its cookie comes back after the logout", func(t *testing.T, r *rig, v *visitor) {
			kept := v.cookie("sendgate-session")
			v.post("/logout")
			if v.cookie("sendgate-session") != "" {
				t.Error("the browser keeps its cookie")
			}
			v.put("sendgate-session", kept)
		}, false},
		{"another browser of theirs logs out everywhere", func(t *testing.T, r *rig, v *visitor) {
			other := r.as(0)
			other.login("ana")
			other.post("/account/logout")
			if other.in() {
				t.Error("it is logged in itself")
			}
		}, false},
		{"somebody else logs out everywhere", func(t *testing.T, r *rig, v *visitor) {
			other := r.as(0)
			other.login("ben")
			other.post("/account/logout")
		}, true},
		{"a reload changes nothing of its user", func(t *testing.T, r *rig, v *visitor) {
			next := people()
			next.Users = append([]console.User{{Name: "carl", Role: console.Admin, Password: hashed}}, next.Users...)
			admit(t, r, next)
		}, true},
		{"a reload removes its user", func(t *testing.T, r *rig, v *visitor) {
			next := people()
			next.Users = next.Users[1:]
			admit(t, r, next)
			admit(t, r, people()) // and takes them back
		}, false},
		{"a reload removes all users", func(t *testing.T, r *rig, v *visitor) { admit(t, r, console.Config{}) }, false},
		{"a reload changes their role", func(t *testing.T, r *rig, v *visitor) {
			next := people()
			next.Users[0].Role = console.Viewer
			admit(t, r, next)
		}, false},
		{"a reload changes their password", func(t *testing.T, r *rig, v *visitor) {
			next := people()
			next.Users[0].Password = "$2b$10$" + strings.Repeat("a", 53)
			admit(t, r, next)
		}, false},
		{"a reload is refused", func(t *testing.T, r *rig, v *visitor) {
			next := people()
			next.Users[0].Name = "a b"
			if err := r.pages.Admit(next); err == nil {
				t.Error("a name with a blank is taken")
			}
		}, true},
		{"its person logs in twenty times elsewhere", func(t *testing.T, r *rig, v *visitor) {
			for range mostOfOne {
				r.later(time.Second)
				r.as(0).login("ana")
			}
		}, false},
	} {
		t.Run(c.case_, func(t *testing.T) {
			r := newLoginRig(t, soon)
			v := r.as(0)
			v.login("ana")
			c.after(t, r, v)
			if got := v.in(); got != c.in {
				t.Errorf("logged in: %v, want %v", got, c.in)
			}
		})
	}
}

func TestLoginsAreShownAndEndedOneByOne(t *testing.T) {
	r := newLoginRig(t, people())
	here, there, ben := r.as(0), r.as(0), r.as(0)
	here.login("ana")
	there.login("ana")
	ben.login("ben")
	s, _ := r.pages.find(r.clock(), r.pages.inForce.Load().sessions, there.cookie("sendgate-session"), func(session) bool { return true })
	var handle string
	for _, l := range r.pages.of(r.clock(), r.pages.inForce.Load().sessions, s.person, there.cookie("sendgate-session")) {
		if l.Here {
			handle = l.Handle
		}
	}
	if _, body := here.get("/account"); strings.Count(body, `name="handle"`) != 2 || !strings.Contains(body, handle) {
		t.Errorf("the page does not show both browsers:\n%s", body)
	}
	if status, _ := ben.post("/account/logout", "handle", handle); status != http.StatusNotFound || !there.in() {
		t.Errorf("ben ends ana's session: status %d", status)
	}
	if _, body := here.post("/account/logout", "handle", handle); !strings.Contains(body, "That browser is logged out") || there.in() || !here.in() {
		t.Errorf("one browser is not logged out alone:\n%s", body)
	}
}

func admit(t *testing.T, r *rig, cfg console.Config) {
	t.Helper()
	if err := r.pages.Admit(cfg); err != nil {
		t.Fatal(err)
	}
}
