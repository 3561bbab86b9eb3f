package pages

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/sendgate/sendgate/proxy/console"
)

// newOIDCRig is a rig whose people log in by i, or with a password.
func newOIDCRig(t *testing.T, i *idp) *rig {
	t.Helper()
	r := newRig(t)
	cfg := people()
	cfg.URL = r.url
	cfg.OIDC = &console.OIDC{Issuer: i.name(), ClientID: "sendgate", ClientSecret: "idp-secret-0123456789",
		Roles: map[string]console.Role{"gate-reviewers": console.Reviewer, "gate-admins": console.Admin}}
	cfg.Users = append(cfg.Users, console.User{Name: "eva@example.com", Role: console.Viewer, Password: hashed})
	r.pages.url = r.url
	admit(t, r, cfg)
	return r
}

func TestConsoleSecurityProvider(t *testing.T) {
	none := func(body []byte) string {
		part := base64.RawURLEncoding.EncodeToString
		return part([]byte(`{"alg":"none"}`)) + "." + part(body) + "."
	}
	for _, c := range []struct {
		case_ string
		lie   func(i *idp)
		says  string // what the page says; empty: logged in
	}{
		{"it is honest", func(i *idp) {}, ""},
		{"its clock is half a minute behind", func(i *idp) {
			i.claims = func(c map[string]any) { c["exp"] = loginNow.Add(-30 * time.Second).Unix() }
		}, ""},
		{"the role is one word", func(i *idp) { i.claims = func(c map[string]any) { c["groups"] = "gate-reviewers" } }, ""},
		{"several audiences, of which the console is one", func(i *idp) {
			i.claims = func(c map[string]any) { c["aud"], c["azp"] = []string{"other", "sendgate"}, "sendgate" }
		}, ""},
		{"another nonce", func(i *idp) { i.claims = func(c map[string]any) { c["nonce"] = "of another login" } }, "not in order"},
		{"no nonce", func(i *idp) { i.claims = func(c map[string]any) { delete(c, "nonce") } }, "not in order"},
		{"another audience", func(i *idp) { i.claims = func(c map[string]any) { c["aud"] = "shop" } }, "not in order"},
		{"issued to another client", func(i *idp) {
			i.claims = func(c map[string]any) { c["aud"], c["azp"] = []string{"shop", "sendgate"}, "shop" }
		}, "not in order"},
		{"another issuer", func(i *idp) { i.claims = func(c map[string]any) { c["iss"] = "https://evil.example" } }, "not in order"},
		{"expired", func(i *idp) {
			i.claims = func(c map[string]any) { c["exp"] = loginNow.Add(-2 * time.Minute).Unix() }
		}, "not in order"},
		{"no end", func(i *idp) { i.claims = func(c map[string]any) { delete(c, "exp") } }, "not in order"},
		{"not yet", func(i *idp) { i.claims = func(c map[string]any) { c["nbf"] = loginNow.Add(time.Hour).Unix() } }, "not in order"},
		{"no subject", func(i *idp) { i.claims = func(c map[string]any) { delete(c, "sub") } }, "not in order"},
		{"no signature", func(i *idp) { i.sign = none }, "not in order"},
		{"signed with the client's secret", func(i *idp) {
			i.sign = func(body []byte) string {
				return i.signed(jose.HS256, []byte("idp-secret-0123456789-0123456789"), body)
			}
		}, "not in order"},
		{"signed with another key", func(i *idp) {
			key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			i.sign = func(body []byte) string { return i.signed(jose.ES256, key, body) }
		}, "not in order"},
		{"changed after it was signed", func(i *idp) {
			i.sign = func(body []byte) string {
				parts := strings.Split(i.honest(body), ".")
				parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(body), "gate-reviewers", "gate-admins", 1)))
				return strings.Join(parts, ".")
			}
		}, "not in order"},
		{"no token", func(i *idp) { i.sign = func([]byte) string { return "" } }, "not in order"},
		{"it says that it is another", func(i *idp) { i.extra = map[string]any{"issuer": "https://evil.example"} }, "does not answer"},
		{"its addresses are none", func(i *idp) { i.extra = map[string]any{"token_endpoint": "file:///etc/passwd"} }, "does not answer"},
		{"it is down", func(i *idp) { i.down = true }, "does not answer"},
		{"a word without a role", func(i *idp) { i.claims = func(c map[string]any) { c["groups"] = []string{"staff", "Gate-Reviewers"} } }, "gives you a role"},
		{"no words", func(i *idp) { i.claims = func(c map[string]any) { delete(c, "groups") } }, "gives you a role"},
		{"words of another form", func(i *idp) { i.claims = func(c map[string]any) { c["groups"] = map[string]bool{"gate-admins": true} } }, "gives you a role"},
		{"the name of a user", func(i *idp) { i.claims = func(c map[string]any) { c["email"] = "Eva@example.com" } }, "has your name"},
		{"a name with a blank", func(i *idp) { i.claims = func(c map[string]any) { c["email"] = "ana <ana@example.com>" } }, "Ask your admin"},
		{"no name", func(i *idp) { i.claims = func(c map[string]any) { delete(c, "email") } }, "Ask your admin"},
		{"an address that nobody verified", func(i *idp) { i.claims = func(c map[string]any) { c["email_verified"] = false } }, "Ask your admin"},
	} {
		t.Run(c.case_, func(t *testing.T) {
			i := newIDP(t)
			c.lie(i)
			if i.extra["issuer"] != nil {
				i.issuer = ""
			}
			r := newOIDCRig(t, i)
			v := r.as(0)
			status, body := v.get("/login/oidc?next=/account")
			if c.says != "" {
				if status == http.StatusOK || !strings.Contains(body, c.says) || v.in() || strings.Contains(body, "<script>alert") {
					t.Errorf("status %d, logged in %v, want %q:\n%s", status, v.in(), c.says, body)
				}
				r.as(0).login("ben") // whatever the provider does
				return
			}
			if status != http.StatusOK || !strings.Contains(body, "ana@example.com, reviewer") {
				t.Errorf("status %d:\n%s", status, body)
			}
			for _, path := range i.got {
				if path != "/.well-known/openid-configuration" && path != "/authorize" && path != "/token" && path != "/keys" {
					t.Errorf("the console asks for %s", path)
				}
			}
		})
	}
}

// stop has a visitor's browser show where it would be sent, and go there no further.
func (v *visitor) stop(path string) *url.URL {
	v.Helper()
	client := *v.http
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	at := path
	if strings.HasPrefix(path, "/") {
		at = v.url + path
	}
	resp, err := client.Get(at)
	if err != nil {
		v.Fatal(err)
	}
	resp.Body.Close()
	there, err := resp.Location()
	if err != nil {
		v.Fatalf("%s leads nowhere: status %d", path, resp.StatusCode)
	}
	return there
}

func TestConsoleSecurityProviderAnswers(t *testing.T) {
	// back is how a browser that began a login would come back from the provider.
	back := func(v *visitor) *url.URL { return v.stop(v.stop("/login/oidc?next=/account").String()) }
	refused := func(t *testing.T, v *visitor, at string) {
		t.Helper()
		status, body := v.get(at)
		if status != http.StatusForbidden || !strings.Contains(body, "Begin again") {
			t.Errorf("status %d:\n%s", status, body)
		}
	}
	t.Run("in the browser of somebody else", func(t *testing.T) {
		r := newOIDCRig(t, newIDP(t))
		evil, victim := r.as(0), r.as(0)
		victim.stop("/login/oidc") // who has begun a login, too
		refused(t, victim, back(evil).RequestURI())
		if victim.in() {
			t.Error("the victim is logged in as somebody else")
		}
	})
	t.Run("with another state", func(t *testing.T) {
		r := newOIDCRig(t, newIDP(t))
		v := r.as(0)
		at := back(v)
		q := at.Query()
		q.Set("state", rand.Text())
		refused(t, v, at.Path+"?"+q.Encode())
	})
	t.Run("a second time, though the provider would take the code again", func(t *testing.T) {
		i := newIDP(t)
		i.again = true
		r := newOIDCRig(t, i)
		v := r.as(0)
		at := back(v)
		quest := v.cookie("sendgate-oidc")
		if _, body := v.get(at.RequestURI()); !strings.Contains(body, "ana@example.com") {
			t.Fatalf("the first time it is no login:\n%s", body)
		}
		v.post("/logout")
		v.put("sendgate-oidc", quest)
		refused(t, v, at.RequestURI())
	})
	t.Run("with a code that was used", func(t *testing.T) {
		r := newOIDCRig(t, newIDP(t))
		first, second := r.as(0), r.as(0)
		used := back(first)
		first.get(used.RequestURI())
		at := back(second)
		q := at.Query()
		q.Set("code", used.Query().Get("code"))
		if status, _ := second.get(at.Path + "?" + q.Encode()); status != http.StatusForbidden || second.in() {
			t.Errorf("status %d", status)
		}
	})
	t.Run("too late", func(t *testing.T) {
		r := newOIDCRig(t, newIDP(t))
		v := r.as(0)
		at := back(v)
		r.later(questLife)
		refused(t, v, at.RequestURI())
	})
	t.Run("with a refusal, whose words are not shown", func(t *testing.T) {
		r := newOIDCRig(t, newIDP(t))
		v := r.as(0)
		q := url.Values{"error": {"access_denied"}, "error_description": {"call 555 0100 to unlock"}, "state": {back(v).Query().Get("state")}}
		if status, body := v.get(callbackPath + "?" + q.Encode()); status != http.StatusForbidden || !strings.Contains(body, "did not let you in") || strings.Contains(body, "555") {
			t.Errorf("status %d:\n%s", status, body)
		}
	})
	t.Run("of another issuer", func(t *testing.T) {
		r := newOIDCRig(t, newIDP(t))
		v := r.as(0)
		if status, _ := v.get(back(v).RequestURI() + "&iss=https%3A%2F%2Fevil.example"); status != http.StatusForbidden || v.in() {
			t.Errorf("status %d", status)
		}
	})
}

func TestProviderComesBack(t *testing.T) {
	i := newIDP(t)
	i.down = true
	r := newOIDCRig(t, i)
	if _, body := r.as(0).get("/login/oidc"); !strings.Contains(body, "does not answer") {
		t.Fatalf("a provider that is down is not told of:\n%s", body)
	}
	i.mu.Lock()
	i.down = false
	i.mu.Unlock()
	r.later(providerRest)
	v := r.as(0)
	if _, body := v.get("/login/oidc?next=/account"); !strings.Contains(body, "ana@example.com") {
		t.Errorf("it is not asked again:\n%s", body)
	}
	if _, body := v.post("/logout"); !strings.Contains(body, i.url+"/logout?client_id=sendgate") {
		t.Errorf("nobody is told that the provider knows them still:\n%s", body)
	}
}

func TestConsoleSecurityProviderThrottle(t *testing.T) {
	i := newIDP(t)
	r := newOIDCRig(t, i)
	for n := range 3 * perAddress.burst { // an office comes in by one address
		if _, body := r.as(0).get("/login/oidc?next=/account"); !strings.Contains(body, "ana@example.com, reviewer") {
			t.Fatalf("login %d:\n%s", n, body)
		}
	}
	i.mu.Lock()
	before := len(i.got)
	i.mu.Unlock()
	for range 3 * perAddress.burst {
		v := r.as(0)
		q := v.stop("/login/oidc").Query()
		v.get(callbackPath + "?" + url.Values{"state": {q.Get("state")}, "code": {"guess"}}.Encode())
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if asked := len(i.got) - before; asked != perAddress.burst {
		t.Errorf("the provider was asked about %d guessed codes, want %d", asked, perAddress.burst)
	}
}

func TestConsoleSecurityProviderNames(t *testing.T) {
	i := newIDP(t)
	r := newOIDCRig(t, i)
	for _, name := range []string{"ben", "admin", "script"} { // a user, the gate's own token, and one that is configured
		i.claims = func(c map[string]any) { c["email"] = name }
		if _, body := r.as(0).get("/login/oidc?next=/account"); !strings.Contains(body, name+"@127.0.0.1, reviewer") {
			t.Errorf("who is %s at the provider is not told from whom the gate calls so:\n%s", name, body)
		}
	}
}

func TestConsoleSecurityProviderChanges(t *testing.T) {
	i := newIDP(t)
	r := newOIDCRig(t, i)
	v := r.as(0)
	v.get("/login/oidc")
	cfg := people()
	cfg.Users = append(cfg.Users, console.User{Name: "eva@example.com", Role: console.Viewer, Password: hashed})
	cfg.URL, cfg.OIDC = r.url, &r.pages.inForce.Load().provider.OIDC
	admit(t, r, cfg)
	if !v.in() {
		t.Fatal("a reload that changes nothing logs out")
	}
	next := *cfg.OIDC
	next.Roles = map[string]console.Role{"gate-reviewers": console.Viewer}
	cfg.OIDC = &next
	admit(t, r, cfg)
	if v.in() {
		t.Error("who lost the role is still logged in with it")
	}
}
