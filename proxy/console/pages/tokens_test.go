package pages

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/proxy/console"
)

// ask asks the admin API with a bearer token.
func (r *rig) ask(secret string) int {
	r.Helper()
	req, err := http.NewRequest(http.MethodGet, r.url+"/api/v1/switches", nil)
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestATokenIsMadeShownOnceAndRevoked(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Admin)
	v.http.CheckRedirect = func(*http.Request, []*http.Request) error {
		t.Error("the secret is behind a redirect")
		return nil
	}
	status, body := v.post("/tokens", "name", "crm", "role", "viewer", "for", "24h", "note", "the nightly import")
	v.http.CheckRedirect = nil
	secret := regexp.MustCompile(`<pre>([^<]+)</pre>`).FindStringSubmatch(body)
	if status != http.StatusCreated || secret == nil {
		t.Fatalf("status %d\n%s", status, body)
	}
	v.said(body, "shown this once", "made by ana-admin", "23 Nov 17:00:00")
	plain := html.UnescapeString(secret[1])
	if status := r.ask(plain); status != http.StatusOK {
		t.Errorf("asked with the token: status %d", status)
	}
	_, body = v.get("/tokens")
	v.said(body, "crm", "the configuration", "until revoked")
	if strings.Contains(body, secret[1]) || strings.Contains(body, "0123456789abcdef") {
		t.Errorf("a secret is shown again:\n%s", body)
	}
	if status, body := v.post("/tokens", "name", "crm", "role", "viewer"); status != http.StatusConflict || !strings.Contains(body, "there is a token crm") {
		t.Errorf("the form sent again: status %d\n%s", status, body)
	}
	_, body = v.post("/tokens/crm/revoke")
	v.said(body, "Nobody is let in")
	if status := r.ask(plain); status != http.StatusUnauthorized {
		t.Errorf("asked with the revoked token: status %d", status)
	}
	_, body = v.post("/tokens/crm/revoke")
	v.said(body, "no such token any more")
	if status, body := v.post("/tokens/script/revoke"); status != http.StatusConflict || !strings.Contains(body, "is of the configuration") {
		t.Errorf("a token of the configuration: status %d\n%s", status, body)
	}
}

func TestATokenThatIsRefusedIsShownAgainAsTyped(t *testing.T) {
	v := newRig(t).as(console.Admin)
	for name, c := range map[string]struct{ token, role, length, want string }{
		"no name":                           {"", "viewer", "", "name"},
		"a name with blanks":                {"my token", "viewer", "", "name"},
		"a name as of one who logs in":      {"ana@example.com", "viewer", "", "name"},
		"the name of another":               {"script", "viewer", "", "configuration has somebody"},
		"no role":                           {"crm", "", "", "role"},
		"a role that there is not":          {"crm", "owner", "", "role"},
		"a length that is not on offer":     {"crm", "viewer", "soon", "lengths on offer"},
		"a name that would be part of HTML": {hostile, "viewer", hostile, "lengths on offer"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := v.post("/tokens", "name", c.token, "role", c.role, "for", c.length, "note", "kept as typed")
			if status != http.StatusBadRequest && status != http.StatusConflict {
				t.Errorf("status %d", status)
			}
			v.safe(name, body)
			v.said(body, c.want, `role="alert"`, `value="kept as typed"`)
		})
	}
	if tokens, err := v.api.Tokens(t.Context()); err != nil || len(tokens) != 1 {
		t.Errorf("there are %+v, %v", tokens, err)
	}
}

func TestTokensAreForAdmins(t *testing.T) {
	r := newRig(t)
	r.as(console.Admin).post("/tokens", "name", "crm", "role", "admin")
	for _, role := range []console.Role{console.Viewer, console.Reviewer} {
		v := r.as(role)
		if status, body := v.get("/tokens"); status != http.StatusForbidden || strings.Contains(body, "crm") {
			t.Errorf("a %s sees tokens: status %d\n%s", role, status, body)
		}
		if status, _ := v.post("/tokens", "name", "mine", "role", "admin"); status != http.StatusForbidden {
			t.Errorf("a %s makes a token: status %d", role, status)
		}
		if status, _ := v.post("/tokens/crm/revoke"); status != http.StatusForbidden {
			t.Errorf("a %s revokes a token: status %d", role, status)
		}
	}
	if tokens, err := r.api.Tokens(t.Context()); err != nil || len(tokens) != 2 {
		t.Errorf("there are %+v, %v", tokens, err)
	}
}
