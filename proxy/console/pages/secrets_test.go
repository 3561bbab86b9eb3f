package pages

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store/audit"
)

// TestConsoleSecuritySecrets looks for what logs somebody in wherever it has no business: on pages, in files, in
// the log and in the audit.
func TestConsoleSecuritySecrets(t *testing.T) {
	r := newLoginRig(t, people())
	r.seed()
	secrets := map[string]string{"a password": password, "the hash of a password": hashed,
		"what the sender authenticates with": base64.StdEncoding.EncodeToString([]byte("AC00000000000000000000000000000001:secret"))}
	ana := r.as(0)
	ana.login("ana")
	secrets["a session"], secrets["a device"] = ana.cookie("sendgate-session"), ana.cookie("sendgate-device")

	secrets["a password typed as a name"], secrets["a password that is wrong"] = "tr0ub4dor-and-3", "letmein-0815"
	r.as(0).post("/login", "name", "tr0ub4dor-and-3", "password", "letmein-0815")
	r.as(0).post("/login", "name", "ana", "password", "letmein-0815")

	used, open := r.link(), r.link()
	secrets["a link that was used"], secrets["a link"], secrets["no link"] = used, open, "0123456789-no-link"
	r.as(0).post("/login/link", "token", used)
	r.as(0).post("/login/link", "token", "0123456789-no-link")
	r.as(0).get("/login/link?token=" + open)
	r.as(0).get("/login/link?token=" + used)
	r.as(0).get(callbackPath + "?code=code-of-the-provider&state=state-of-the-provider")
	secrets["a code of the provider"] = "code-of-the-provider"

	admin := r.as(console.Admin)
	_, body := admin.post("/tokens", "name", "nightly", "role", "viewer")
	secrets["a token"] = regexp.MustCompile("sendgate_[A-Za-z0-9_-]+").FindString(body)
	secrets["the session of an admin"] = admin.cookie("sendgate-session")
	r.ask(secrets["a token"])
	secrets["no token"] = "0123456789-no-token"
	r.ask("0123456789-no-token")

	for _, v := range []*visitor{ana, admin} {
		for _, s := range v.walk() {
			r.hides(s.path, s.body, secrets)
		}
		for _, path := range []string{"/nothing", "/account", "/messages/none", "/login"} {
			_, h, body := v.ask(http.MethodGet, path, nil)
			r.hides(path, body+strings.Join(h.Values("Location"), ""), secrets)
		}
	}
	if r.log.Len() == 0 {
		t.Error("nothing is logged")
	}
	for _, e := range r.log.All() {
		text, err := json.Marshal(e.ContextMap())
		if err != nil {
			t.Fatal(err)
		}
		r.hides("the log", e.Message+string(text), secrets)
	}
	for a, err := range r.store.Audit().Acts(t.Context(), audit.Query{}) {
		text, fault := json.Marshal(a)
		if err != nil || fault != nil {
			t.Fatal(err, fault)
		}
		r.hides("the audit", string(text), secrets)
	}
}

// link is the token of a link that logs in once.
func (r *rig) link() string {
	r.Helper()
	at, err := url.Parse(r.pages.api.NewLink("admin", console.Admin).URL)
	if err != nil {
		r.Fatal(err)
	}
	return at.Query().Get("token")
}

// hides fails where a text has a secret.
func (r *rig) hides(where, text string, secrets map[string]string) {
	r.Helper()
	for what, secret := range secrets {
		if len(secret) < 12 {
			r.Fatalf("%s is %q", what, secret)
		}
		if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
			r.Errorf("%s has %s:\n%s", where, what, around(text, secret))
		}
	}
}

// TestConsoleSecuritySessionIsNoToken holds that a browser that is logged in asks the API nothing: what another site
// has it send there is of nobody.
func TestConsoleSecuritySessionIsNoToken(t *testing.T) {
	v := newRig(t).as(console.Admin)
	if !v.in() {
		t.Fatal("the visitor is not logged in")
	}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		for _, path := range []string{"/api/v1/switches", "/api/v1/tokens", "/api/v1/reload", "/api/v1/audit"} {
			if status, _, body := v.ask(method, path, nil); status != http.StatusUnauthorized && status != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: status %d\n%s", method, path, status, body)
			}
		}
	}
}
