package pages

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
)

func TestConsoleSecurityLinks(t *testing.T) {
	r := newLoginRig(t, console.Config{})
	link := func() (token, path string) {
		l := r.pages.api.NewLink("admin", console.Admin)
		at, err := url.Parse(l.URL)
		if err != nil || len(at.Query().Get("token")) < 43 {
			t.Fatalf("the link is %q (%v): want a token of 256 bits in it", l.URL, err)
		}
		return at.Query().Get("token"), l.URL
	}

	t.Run("who looks at a link before its reader uses nothing up", func(t *testing.T) {
		token, path := link()
		for range 3 {
			scanner := r.as(0)
			if status, body := scanner.get(path); status != http.StatusOK || scanner.in() || scanner.cookie("sendgate-session") != "" || !strings.Contains(body, `method="post" action="/login/link"`) {
				t.Fatalf("status %d:\n%s", status, body)
			}
		}
		if status, _ := r.as(0).post("/login/link", "token", token); status != http.StatusOK {
			t.Errorf("the link does not count any more: status %d", status)
		}
	})
	t.Run("it logs in once, and says how to make a user", func(t *testing.T) {
		token, path := link()
		v := r.as(0)
		if _, body := v.post("/login/link", "token", token); !strings.Contains(body, "admin, admin") || !strings.Contains(body, "sendgate user new") {
			t.Errorf("nobody is logged in, or is not told what to do next:\n%s", body)
		}
		again := r.as(0)
		if status, body := again.post("/login/link", "token", token); status != http.StatusGone || again.in() || !strings.Contains(body, "does not count any more") {
			t.Errorf("it logs in a second time: status %d\n%s", status, body)
		}
		if status, _ := again.get(path); status != http.StatusGone {
			t.Errorf("it still asks: status %d", status)
		}
	})
	t.Run("a link in the query of a form is none", func(t *testing.T) {
		token, _ := link()
		v := r.as(0)
		if status, _ := v.post("/login/link?token=" + token); status != http.StatusGone || v.in() {
			t.Errorf("status %d", status)
		}
	})
	t.Run("a token of no link", func(t *testing.T) {
		for _, token := range []string{"", "x", strings.Repeat("A", 43)} {
			if status, _ := r.as(0).post("/login/link", "token", token); status != http.StatusGone {
				t.Errorf("%q: status %d", token, status)
			}
		}
	})
	t.Run("it counts for a quarter of an hour", func(t *testing.T) {
		token, _ := link()
		r.later(15 * time.Minute)
		if status, _ := r.as(0).post("/login/link", "token", token); status != http.StatusGone {
			t.Errorf("it counts after that: status %d", status)
		}
	})
	t.Run("the page with it tells no other site where it was", func(t *testing.T) {
		_, path := link()
		resp, err := r.as(0).http.Get(r.url + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("Referrer-Policy: %s", got)
		}
		if got := resp.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control: %s", got)
		}
	})
	t.Run("only so many are open at a time", func(t *testing.T) {
		first, _ := link()
		for range 16 {
			link()
		}
		if r.pages.api.KnowsLink(first) {
			t.Error("the oldest of 17 still counts")
		}
	})
	t.Run("a program makes one by the API, as who it is", func(t *testing.T) {
		l, err := r.pages.api.As("ops", console.Admin).LoginLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		at, _ := url.Parse(l.URL)
		if _, body := r.as(0).post("/login/link", "token", at.Query().Get("token")); !strings.Contains(body, "ops, admin") {
			t.Errorf("it does not log in as ops:\n%s", body)
		}
		if _, err := r.pages.api.As("rosa", console.Reviewer).LoginLink(t.Context()); err == nil || !strings.Contains(err.Error(), "needs the role admin") {
			t.Errorf("a reviewer makes links: %v", err)
		}
	})
}

// The link of a first start makes an admin out of whoever has it, and so counts until there are people.
func TestConsoleSecurityFirstStartEnds(t *testing.T) {
	i := newIDP(t)
	provided := console.Config{URL: "https://console.example.com", OIDC: &console.OIDC{Issuer: i.name(), ClientID: "sendgate",
		ClientSecret: "idp-secret-0123456789", Roles: map[string]console.Role{"gate-admins": console.Admin}}}
	for _, c := range []struct {
		case_ string
		next  console.Config
		over  bool
	}{
		{"a reload that adds nobody", console.Config{}, false},
		{"the first users", people(), true},
		{"a provider of logins", provided, true},
	} {
		t.Run(c.case_, func(t *testing.T) {
			r := newLoginRig(t, console.Config{})
			r.pages.url = c.next.URL
			link := func() string {
				at, _ := url.Parse(r.pages.api.NewLink(console.FirstStart, console.Admin).URL)
				return at.Query().Get("token")
			}
			used, unused := link(), link()
			v := r.as(0)
			if _, body := v.post("/login/link", "token", used); !strings.Contains(body, "first-start, admin") {
				t.Fatalf("the link does not log in:\n%s", body)
			}
			admit(t, r, c.next)
			if got := v.in(); got == c.over {
				t.Errorf("who came by the link is logged in: %v", got)
			}
			if got := r.pages.api.KnowsLink(unused); got == c.over {
				t.Errorf("the other link counts: %v", got)
			}
		})
	}
}

func TestLoginSaysHowToComeIn(t *testing.T) {
	r := newLoginRig(t, console.Config{})
	if _, body := r.as(0).get("/login"); !strings.Contains(body, "sendgate login-link") || strings.Contains(body, `type="password"`) {
		t.Errorf("without users the login asks for a password, or does not say what to do:\n%s", body)
	}
	if status, _ := r.as(0).post("/login", "name", "admin", "password", "admin"); status != http.StatusForbidden {
		t.Errorf("status %d", status)
	}
}

func TestConsoleSecurityLinksOfTokens(t *testing.T) {
	r := newLoginRig(t, console.Config{})
	link := func(secret string) string {
		l, err := console.NewClient(r.url, secret).LoginLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		at, _ := url.Parse(l.URL)
		return at.Query().Get("token")
	}
	made, err := r.api.MakeToken(t.Context(), console.TokenRequest{Name: "night", Role: console.Admin})
	if err != nil {
		t.Fatal(err)
	}
	used, unused := link(made.Secret), link(made.Secret)
	v := r.as(0)
	if _, body := v.post("/login/link", "token", used); !strings.Contains(body, "night, admin") {
		t.Fatalf("the link does not log in as its token:\n%s", body)
	}
	if err := r.api.RevokeToken(t.Context(), "night"); err != nil {
		t.Fatal(err)
	}
	if v.in() {
		t.Error("who came by a token that was revoked is still logged in")
	}
	if status, _ := r.as(0).post("/login/link", "token", unused); status != http.StatusGone {
		t.Errorf("a link of a token that was revoked counts: status %d", status)
	}
}

func TestConsoleSecurityNamesOfTokens(t *testing.T) {
	r := newLoginRig(t, console.Config{})
	made, err := r.api.MakeToken(t.Context(), console.TokenRequest{Name: "ana", Role: console.Admin})
	if err != nil {
		t.Fatal(err)
	}
	admit(t, r, people())
	if _, _, err := console.NewClient(r.url, made.Secret).Routes(t.Context()); err == nil || !strings.Contains(err.Error(), "somebody else of the name ana") {
		t.Errorf("a token acts under the name of a user: %v", err)
	}
	if _, err := r.api.MakeToken(t.Context(), console.TokenRequest{Name: "Ben", Role: console.Viewer}); err == nil || !strings.Contains(err.Error(), "somebody of the name Ben") {
		t.Errorf("a token is made under the name of a user: %v", err)
	}
}

func TestConsoleSecurityBogusLinks(t *testing.T) {
	r := newLoginRig(t, console.Config{})
	var refused int
	for range 1000 {
		if status, _ := r.as(0).post("/login/link", "token", "bogus"); status == http.StatusTooManyRequests {
			refused++
		}
	}
	if acts := r.acts(); len(acts) > 20 || refused != 1000-perAddress.burst {
		t.Errorf("1000 bogus links write %d acts, and %d are told to wait", len(acts), refused)
	}
	link, _ := url.Parse(r.pages.api.NewLink("ops", console.Admin).URL)
	if _, body := r.as(0).post("/login/link", "token", link.Query().Get("token")); !strings.Contains(body, "ops, admin") {
		t.Errorf("a link that counts has to wait for what others try:\n%s", body)
	}
}
