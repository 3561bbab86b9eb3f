package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/audit"
)

// acts are the acts of a rig as "ACTOR ROLE ACT OUTCOME by WAY: ERROR", oldest first.
func (r *rig) acts() []string {
	r.Helper()
	var all []string
	for a, err := range r.store.Audit().Acts(r.Context(), audit.Query{}) {
		if err != nil {
			r.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %s %s %s %s: %s", a.Actor, a.Role, a.Kind, a.Outcome, console.AboutText(a.About), a.Error))
		if a.By != "console" || a.Remote != "127.0.0.1" {
			r.Errorf("%s is by %q from %q", a.Kind, a.By, a.Remote)
		}
	}
	slices.Reverse(all)
	return all
}

func TestAuditHasLogins(t *testing.T) {
	i := newIDP(t)
	r := newOIDCRig(t, i)
	v, other := r.as(0), r.as(0)
	v.post("/login", "name", "ana", "password", "wrong")
	v.post("/login", "name", "a password in the wrong place", "password", "wrong")
	v.login("ANA")
	other.login("ana")
	v.post("/logout")
	v.post("/logout") // nobody is logged in any more
	other.post("/account/logout")
	v.get("/login/oidc")
	i.claims = func(c map[string]any) { c["groups"] = "staff" }
	r.as(0).get("/login/oidc")
	admit(t, r, console.Config{})
	link, _ := url.Parse(r.pages.api.NewLink(console.FirstStart, console.Admin).URL)
	r.as(0).post("/login/link", "token", link.Query().Get("token"))
	r.as(0).post("/login/link", "token", link.Query().Get("token"))
	link, _ = url.Parse(r.pages.api.NewLink("ops", console.Admin).URL)
	r.as(0).post("/login/link", "token", link.Query().Get("token"))
	want := []string{
		"ana  login-fail refused by password: name and password do not match",
		"unknown  login-fail refused by password: name and password do not match",
		"ana reviewer login done by password: ",
		"ana reviewer login done by password: ",
		"ana reviewer logout done : ",
		"ana reviewer logout done sessions 1: ",
		"ana@example.com reviewer login done by provider: ",
		"ana@example.com  login-fail refused by provider: You are known at the provider of logins, but nothing that it says of you gives you a role here. Ask your admin.",
		"first-start admin login-setup done by link: ",
		"unknown  login-fail refused by link: the link does not count any more",
		"ops admin login done by link: ",
	}
	if got := r.acts(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestNobodyLogsInUnseen(t *testing.T) {
	r := newLoginRig(t, people())
	if err := r.store.Close(); err != nil {
		t.Fatal(err)
	}
	v := r.as(0)
	status, body := v.post("/login", "name", "ana", "password", password)
	if status != http.StatusServiceUnavailable || v.cookie("sendgate-session") != "" || !strings.Contains(body, "audit") {
		t.Errorf("status %d, cookie %q:\n%s", status, v.cookie("sendgate-session"), body)
	}
}
