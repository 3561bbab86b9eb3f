package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/proxy/console"
)

// write puts a configuration into a file, and reads it.
func write(t *testing.T, text string) *Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sendgate.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return &cfg
}

const began = `
store: {dir: data, retention: 24h}
proxy:
  limits: {connections: 100}
  routes:
    own:
      provider: custom
      upstream: https://sms.example.com/v1/secret-base
      custom:
        paths: [/send]
        recipients: [to]
        credentials: [{header: Authorization, value: "Bearer {secret}"}, {query: app, value: "k-live-secret-key"}]
    twilio: {mode: enforce, webhook: {secrets: ["env:HOOK"]}}
console:
  tokens: [{name: ana, role: admin, secret: env:TOKEN}]
  notify: {url: https://hooks.example.com/T0/secret-path, secret: env:TOKEN}
`

func TestCompare(t *testing.T) {
	t.Setenv("HOOK", "0123456789abcdef-hook")
	t.Setenv("TOKEN", "0123456789abcdef-token")
	start := write(t, began)
	for name, c := range map[string]struct {
		reloaded, file string // what is replaced in the text that it began with
		want           []string
	}{
		"nothing":                     {},
		"what a reload changes":       {file: "mode: enforce>mode: report", want: []string{"proxy.routes.twilio.mode: enforce > report"}},
		"what it changed already":     {reloaded: "mode: enforce>mode: report", file: "mode: enforce>mode: report"},
		"and is to change back":       {reloaded: "mode: enforce>mode: report", want: []string{"proxy.routes.twilio.mode: report > enforce"}},
		"what a restart changes":      {file: "24h>48h", want: []string{"store.retention: 24h > 48h, restart"}},
		"which a reload does not":     {reloaded: "24h>48h", file: "24h>48h", want: []string{"store.retention: 24h > 48h, restart"}},
		"and need not":                {reloaded: "24h>48h"},
		"what is left out":            {file: ", retention: 24h>", want: []string{"store.retention: 24h > , restart"}},
		"what comes, and takes both":  {file: "proxy:>proxy:\n  webhooks: {url: https://x.example, limits: {connections: 5}}", want: []string{"proxy.webhooks.url:  > https://x.example", "proxy.webhooks.limits.connections:  > 5, restart"}},
		"the path of a URL is hidden": {file: "secret-path>other-path", want: []string{"console.notify.url: https://hooks.example.com/… > https://hooks.example.com/…, restart"}},
		"the path of an upstream":     {file: "v1/secret-base>v1/other-base", want: []string{"proxy.routes.own.upstream: https://sms.example.com/… > https://sms.example.com/…"}},
		"a key as it stands":          {file: "k-live-secret-key>secret-key{secret}", want: []string{"proxy.routes.own.custom.credentials[1].value: (its text) > (its text)"}},
		"where a key is put":          {file: "Bearer {secret}>Key {user}:{secret}", want: []string{"proxy.routes.own.custom.credentials[0].value: Bearer {secret} > Key {user}:{secret}"}},
		"one more in a list":          {file: "secret: env:TOKEN}]>secret: env:TOKEN}, {name: bob, role: viewer, secret: env:HOOK}]", want: []string{"console.tokens[1].name:  > bob, restart", "console.tokens[1].role:  > viewer, restart", "console.tokens[1].secret:  > env:HOOK, restart"}},
		"who may log in":              {reloaded: "console:>console:\n  sessions: {idle: 1h}", want: []string{"console.sessions.idle: 1h > "}},
		"limits":                      {file: "100>200", want: []string{"proxy.limits.connections: 100 > 200, restart"}},
	} {
		t.Run(name, func(t *testing.T) {
			edited := func(change string) *Config {
				from, to, ok := strings.Cut(change, ">")
				if text := strings.Replace(began, from, to, 1); ok {
					if text == began {
						t.Fatalf("%q is not in the text", from)
					}
					return write(t, text)
				}
				return start
			}
			got, err := Compare(start, edited(c.reloaded), edited(c.file))
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, d := range got.Differences {
				text := fmt.Sprintf("%s: %s > %s", d.Path, d.InForce, d.InFile)
				if d.Restart {
					text += ", restart"
				}
				all = append(all, text)
			}
			if !slices.Equal(all, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(all, "\n"), strings.Join(c.want, "\n"))
			}
			for _, secret := range []string{"0123456789abcdef", "secret-path", "other-path", "secret-base", "other-base", "secret-key"} {
				if text := fmt.Sprint(got); strings.Contains(text, secret) {
					t.Errorf("it shows %s: %s", secret, text)
				}
			}
		})
	}
}

func TestCompareSecrets(t *testing.T) {
	t.Setenv("HOOK", "0123456789abcdef-hook")
	t.Setenv("TOKEN", "0123456789abcdef-token")
	start := write(t, began)
	t.Setenv("HOOK", "another-0123456789abcdef")
	t.Setenv("TOKEN", "another-0123456789abcdef-token")
	got, err := Compare(start, start, write(t, began))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, d := range got.Differences {
		all = append(all, fmt.Sprint(d.Path, " ", d.InForce, " ", d.InFile, " ", d.Secret, " ", d.Restart))
	}
	if want := []string{"proxy.routes.twilio.webhook.secrets[0] env:HOOK env:HOOK true false", "console.tokens[0].secret env:TOKEN env:TOKEN true true",
		"console.notify.secret env:TOKEN env:TOKEN true true"}; !slices.Equal(all, want) {
		t.Errorf("got  %q\nwant %q", all, want)
	}
	// What is in force after a reload is what it took over, but for what takes a restart.
	got, err = Compare(start, write(t, strings.NewReplacer("24h", "48h", "enforce", "report").Replace(began)), start)
	if err != nil || !strings.Contains(got.InForce, "retention: 24h") || !strings.Contains(got.InForce, "mode: report") || !strings.Contains(got.InFile, "mode: enforce") {
		t.Errorf("in force is\n%s\nin the file\n%s\n%v", got.InForce, got.InFile, err)
	}
	// Without a file all is default.
	none, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	if got, err = Compare(&none, &none, &none); err != nil || got.InForce != "" || len(got.Differences) > 0 {
		t.Errorf("without a file: %+v, %v", got, err)
	}
}

// A provider of logins sends people back to the URL of the start, and waits for a restart where there was none.
func TestCompareOIDC(t *testing.T) {
	t.Setenv("TOKEN", "0123456789abcdef-token")
	const url, oidc = "console:\n  url: https://console.example.com\n", "  oidc: {issuer: https://id.example.com, client_id: x, client_secret: env:TOKEN, roles: {staff: viewer}}\n"
	for name, c := range map[string]struct {
		start   string
		restart bool
	}{
		"with the first URL":       {"console: {listen: 127.0.0.1:8081}\n", true},
		"to a URL that was there":  {url, false},
		"with the first of it all": {"", true},
	} {
		t.Run(name, func(t *testing.T) {
			start, next := write(t, c.start), write(t, url+oidc)
			for _, took := range []*Config{start, next} {
				got, err := Compare(start, took, next)
				if err != nil {
					t.Fatal(err)
				}
				waits := slices.ContainsFunc(got.Differences, func(d console.Difference) bool { return d.Path == "console.oidc.issuer" && d.Restart })
				if waits != c.restart || took == next && strings.Contains(got.InForce, "oidc") == c.restart {
					t.Errorf("reloaded %v: in force is\n%s, differences %+v", took == next, got.InForce, got.Differences)
				}
			}
		})
	}
}

// A section whose keys are all commented out sets nothing, and so is in force as it is.
func TestCompareEmptySections(t *testing.T) {
	for _, text := range []string{"console:\n", "console: {}\n", "proxy:\n", "proxy:\n  limits:\n", "console:\n  users:\n"} {
		same := write(t, text)
		if got, err := Compare(same, same, same); err != nil || len(got.Differences) > 0 {
			t.Errorf("%q: %+v, %v", text, got.Differences, err)
		}
	}
	if got, err := Compare(write(t, "console:\n"), write(t, "console: {}\n"), write(t, "console: {}\n")); err != nil || len(got.Differences) > 0 {
		t.Errorf("between two ways to write it: %+v, %v", got.Differences, err)
	}
}

// Every setting that waits for a restart is one that differences are told to wait for.
func TestWaiting(t *testing.T) {
	t.Setenv("HOOK", "0123456789abcdef-hook")
	t.Setenv("TOKEN", "0123456789abcdef-token")
	start := write(t, began)
	next := write(t, strings.NewReplacer("24h", "48h", "enforce", "report", "100", "200", "ana", "bob").Replace(began))
	if got := Waiting(start, next); !slices.Equal(got, []string{"console", "proxy.limits", "store"}) {
		t.Errorf("got %q", got)
	}
	if start.needsRestart("proxy.limitless") || start.needsRestart("proxy.routes.store.mode") || !start.needsRestart("proxy.limits") || !start.needsRestart("console.tokens[0].name") {
		t.Error("a path is taken for another")
	}
}
