package console

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Every endpoint is asked by nobody, by a stranger and by each role: only who may gets through.
func TestRoles(t *testing.T) {
	b := newBench(t)
	for _, e := range endpoints {
		path := strings.Replace(e.path, "{id}", "x", 1)
		if e.path == "/api/v1/decisions/tail" {
			path += "?address=1&channel=sms" // refused once let in: the stream itself has no end
		}
		if e.path == backupPath {
			path += "?decisions=maybe" // likewise: there is none of a store in memory
		}
		for _, role := range []Role{0, Viewer, Reviewer, Admin} {
			t.Run(fmt.Sprintf("%s %s as %s", e.method, e.path, role), func(t *testing.T) {
				status, body, header := b.ask(role, e.method, path, "", "")
				switch {
				case e.role != 0 && role == 0:
					if status != 401 || header.Get("WWW-Authenticate") != `Bearer realm="sendgate"` {
						t.Errorf("got %d %q %s, want 401 with WWW-Authenticate", status, header.Get("WWW-Authenticate"), body)
					}
				case role < e.role:
					if status != 403 || !strings.Contains(body, "needs the role "+e.role.String()) {
						t.Errorf("got %d %s, want 403 that names %s", status, body, e.role)
					}
				default:
					if status == 401 || status == 403 || status >= 500 {
						t.Errorf("got %d %s, want to be let in", status, body)
					}
				}
			})
		}
	}
}

func TestStrangers(t *testing.T) {
	b := newBench(t)
	for name, c := range map[string]struct{ header, message string }{
		"no header":                  {"", "this needs a token: send the header Authorization: Bearer TOKEN"},
		"a token that is not known":  {"Bearer nobody-0123456789abcdef", "this token is not known here"},
		"an empty token":             {"Bearer ", "this token is not known here"},
		"a token with one more byte": {"Bearer " + secrets[Admin] + "x", "this token is not known here"},
		"another scheme":             {"Basic dmVyYTp4", "the Authorization header is not understood: want Bearer TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequest("GET", b.url+"/api/v1/routes", nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.header != "" {
				req.Header.Set("Authorization", c.header)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != 401 || !strings.Contains(string(body), c.message) {
				t.Errorf("got %d %s (%v), want 401 with %q", resp.StatusCode, body, err, c.message)
			}
		})
	}
}

func TestTokensRefused(t *testing.T) {
	b := newBench(t)
	good := Token{Name: "ana", Role: Viewer, Secret: "0123456789abcdef"}
	with := func(change func(*Token)) []Token {
		bad := good
		change(&bad)
		return []Token{bad}
	}
	for name, c := range map[string]struct {
		tokens []Token
		want   string
	}{
		"none at all":        {nil, "console: tokens: none: want at least one, or nobody can ask"},
		"without a name":     {with(func(t *Token) { t.Name = "" }), "console: tokens[0].name: missing: want a name to write beside what this token changes"},
		"a name with spaces": {with(func(t *Token) { t.Name = "ana b" }), `console: tokens[0].name: "ana b": want letters, digits, and - . _ @`},
		"without a role":     {with(func(t *Token) { t.Role = 0 }), "console: tokens[0].role: missing: want one of viewer, reviewer, admin"},
		"a short secret":     {with(func(t *Token) { t.Secret = "short" }), "console: tokens[0].secret: 5 characters are too few: want at least 16"},
		"a secret with space": {with(func(t *Token) { t.Secret = "0123456789abcdef 0" }),
			"console: tokens[0].secret: want printable ASCII without spaces, as it travels in an HTTP header"},
		"one name twice": {[]Token{good, {Name: "ana", Role: Admin, Secret: "fedcba9876543210"}},
			`console: tokens[1].name: "ana" is the name of tokens[0] too`},
		"one secret twice": {[]Token{good, {Name: "bob", Role: Admin, Secret: good.Secret}},
			"console: tokens[1].secret: the same as that of tokens[0]: who asked could not be told"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := b.config(nil)
			cfg.Tokens = c.tokens
			if _, err := New(cfg); err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestTokenHidesItsSecret(t *testing.T) {
	token := Token{Name: "ana", Role: Admin, Secret: "0123456789abcdef"}
	for _, text := range []string{fmt.Sprint(token), fmt.Sprintf("%v %+v %#v %s", token, token, token, token), fmt.Sprintf("%+v", []Token{token})} {
		if strings.Contains(text, token.Secret) {
			t.Errorf("%s shows the secret", text)
		}
	}
}

// After a change, a view in full and a failure, our own log holds no secret and no full address.
func TestLogHoldsNoSecrets(t *testing.T) {
	b := newBench(t)
	b.ask(Reviewer, "POST", "/api/v1/consent", "application/json",
		`{"to":{"brand":"shop","channel":"sms","address":"+14155550100"},"kind":"opted-out"}`)
	b.ask(Reviewer, "GET", "/api/v1/decisions?full=true&channel=sms&address=%2B14155550100", "", "")
	b.ask(0, "GET", "/api/v1/decisions", "", "")
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	if status, body, _ := b.ask(Viewer, "GET", "/api/v1/consent?brand=shop&channel=sms&address=%2B14155550100", "", ""); status != 503 {
		t.Errorf("a closed store: got %d %s, want 503", status, body)
	}
	if b.logged.Len() < 3 {
		t.Fatalf("the log has %d entries, want the change, the view in full, the failure", b.logged.Len())
	}
	for _, entry := range b.logged.All() {
		text := fmt.Sprint(entry.Message, entry.ContextMap())
		for _, secret := range append([]string{"14155550100"}, secrets[Viewer], secrets[Reviewer], secrets[Admin]) {
			if strings.Contains(text, secret) {
				t.Errorf("the log says %s", text)
			}
		}
	}
}
