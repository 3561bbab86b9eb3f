package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// An sdkClient is a program in testdata/sdk that sends one message with a real, unmodified client
// library.
type sdkClient struct {
	name     string
	provider string
	build    func(t *testing.T) []string // makes it runnable, and says how; the recipient follows
	env      []string
	after    []string // arguments after the recipient

	refusedBy string // the library's own error type for an answer of the provider
	optedOut  int    // the provider's code for a recipient who opted out
	noNumber  int    // and for one that is no number
	limited   int    // how often it sends a message that meets the provider's rate limit
}

var sdkClients = []sdkClient{
	{name: "twilio for Node", provider: "twilio", build: nodeClient("twilio.mjs"),
		refusedBy: "RestException", optedOut: 21610, noNumber: 21211, limited: 1},
	{name: "twilio for Node with autoRetry", provider: "twilio", build: nodeClient("twilio.mjs"), env: []string{"AUTO_RETRY=1"},
		refusedBy: "RestException", optedOut: 21610, noNumber: 21211, limited: 4},
	{name: "twilio-go", provider: "twilio", build: goProgram("."),
		refusedBy: "*client.TwilioRestError", optedOut: 21610, noNumber: 21211, limited: 1},
	{name: "a WhatsApp client for Node, text", provider: "whatsapp", build: nodeClient("whatsapp.mjs"),
		refusedBy: "GraphApiError", optedOut: 131050, noNumber: 131009, limited: 1},
	{name: "a WhatsApp client for Node, template", provider: "whatsapp", build: nodeClient("whatsapp.mjs"), after: []string{"promo_oct"},
		refusedBy: "GraphApiError", optedOut: 131050, noNumber: 131009, limited: 1},
}

// An sdkOutcome is what a client library made of a send: one line of JSON.
type sdkOutcome struct {
	OK      bool   `json:"ok"`
	ID      string `json:"id"`
	To      string `json:"to"`
	Name    string `json:"name"`
	Code    any    `json:"code"`
	Status  any    `json:"status"`
	Message string `json:"message"`
}

// People of the tests. The magic ones are the mock's: see its documentation.
const (
	toConsented   = "+14155550100"
	toOptedOut    = "+14155550101"
	toStranger    = "+14155550102"
	toRateLimited = "+15005550429"
	toClosedFirst = "+15005550901"
	toClosedAmid  = "+15005550902"
	toResetFirst  = "+15005550903"
)

// TestSDKs sends with the clients people use, as they come from their registries, through a gate
// to the mock.
func TestSDKs(t *testing.T) {
	for _, c := range sdkClients {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

func (c sdkClient) run(t *testing.T) {
	command := c.build(t)
	r := newSDKRig(t, c.provider)
	send := func(t *testing.T, to string) sdkOutcome { return c.send(t, command, r.url, to) }

	t.Run("a message to a person who agreed goes out once, and is parsed as sent", func(t *testing.T) {
		got, attempts, sends := r.watch(func() sdkOutcome { return send(t, toConsented) })
		if !got.OK || got.To != toConsented || attempts != 1 || len(sends) != 1 || !sends[0].Accepted || sends[0].ID != got.ID {
			t.Errorf("the library says %+v after %d attempts; the provider got %+v", got, attempts, sends)
		}
	})
	for _, refusal := range []struct {
		name string
		to   string
		code int
	}{
		{"a message to a person who opted out is refused as the provider would", toOptedOut, c.optedOut},
		{"a message to a person nobody knows is refused as the provider would", toStranger, c.optedOut},
		{"a message to no number is refused as the provider would", "anna", c.noNumber},
	} {
		t.Run(refusal.name, func(t *testing.T) {
			got, attempts, sends := r.watch(func() sdkOutcome { return send(t, refusal.to) })
			if got.OK || got.Name != c.refusedBy || got.Code != float64(refusal.code) || got.Status != 400.0 || got.Message == "" {
				t.Errorf("the library says %+v; want a %s with code %d and status 400", got, c.refusedBy, refusal.code)
			}
			if attempts != 1 || len(sends) != 0 {
				t.Errorf("%d attempts, and the provider got %+v; want one and nothing", attempts, sends)
			}
		})
	}
	for name, to := range map[string]string{
		"a provider that takes a message and hangs up":               toClosedFirst,
		"a provider that takes a message and hangs up while talking": toClosedAmid,
		"a provider that takes a message and resets the connection":  toResetFirst,
	} {
		t.Run(name+" is an error to the library, and got the message once", func(t *testing.T) {
			got, attempts, sends := r.watch(func() sdkOutcome { return send(t, to) })
			if got.OK || got.Name != c.refusedBy || got.Status != 424.0 || !strings.Contains(got.Message, "may have been sent") {
				t.Errorf("the library says %+v; want a %s with status 424", got, c.refusedBy)
			}
			if attempts != 1 || len(sends) != 1 {
				t.Errorf("%d attempts, %d messages; want one of each", attempts, len(sends))
			}
		})
	}
	t.Run("the provider's own rate limit passes, and is repeated only if the library was told to", func(t *testing.T) {
		got, attempts, sends := r.watch(func() sdkOutcome { return send(t, toRateLimited) })
		if got.OK || got.Name != c.refusedBy || got.Status != 429.0 || attempts != c.limited || len(sends) != c.limited {
			t.Errorf("the library says %+v after %d attempts; the provider got %d; want %d", got, attempts, len(sends), c.limited)
		}
	})
	t.Run("a provider that cannot be reached is an error that says nothing was sent", func(t *testing.T) {
		r.stopMock()
		got, attempts, _ := r.watch(func() sdkOutcome { return send(t, toConsented) })
		if got.OK || got.Name != c.refusedBy || got.Status != 503.0 || !strings.Contains(got.Message, "nothing was sent") || attempts != 1 {
			t.Errorf("the library says %+v after %d attempts; want a %s with status 503 after one", got, attempts, c.refusedBy)
		}
	})
}

// send runs the client once.
func (c sdkClient) send(t *testing.T, command []string, gate, to string) sdkOutcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	args := slices.Concat(command[1:], []string{to}, c.after)
	cmd := exec.CommandContext(ctx, command[0], args...)
	cmd.Env = append(append(os.Environ(), "GATE_URL="+gate, "HTTP_PROXY=", "HTTPS_PROXY=", "NODE_OPTIONS="), c.env...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("running %v: %v\n%s", args, err, &errs)
	}
	var got sdkOutcome
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v printed %q: %v", args, out, err)
	}
	return got
}

// notTested ends a test that lacks something here: it fails where CI is set, and elsewhere says what
// to do.
func notTested(t *testing.T, why, todo string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("NOT TESTED, and CI is set: %s. To repair: %s", why, todo)
	}
	t.Skipf("NOT TESTED: %s. To test it: %s", why, todo)
}

// nodeClient runs a script with Node and the packages of the lock file.
func nodeClient(script string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		t.Helper()
		dir := filepath.Join("testdata", "sdk", "node")
		node, err := exec.LookPath("node")
		if err != nil {
			notTested(t, "Node is not installed", "install Node 20.19 or newer")
		}
		if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err != nil {
			notTested(t, "the Node packages are not installed", "(cd cmd/sendgate/testdata/sdk/node && npm ci)")
		}
		return []string{node, filepath.Join(dir, script)}
	}
}

// goProgram builds a program of the module of the Go client, which is its own: what it needs is no
// business of the gate.
func goProgram(name string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		t.Helper()
		dir := filepath.Join("testdata", "sdk", "go")
		env := append(os.Environ(), "GOWORK=off")
		modules := exec.CommandContext(t.Context(), "go", "mod", "download")
		modules.Dir, modules.Env = dir, env
		if out, err := modules.CombinedOutput(); err != nil {
			notTested(t, "the modules of twilio-go cannot be had: "+err.Error()+"\n"+string(out), "(cd cmd/sendgate/testdata/sdk/go && go mod download)")
		}
		bin := filepath.Join(t.TempDir(), "client")
		build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, name)
		build.Dir, build.Env = dir, env
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building the twilio-go client: %v\n%s", err, out)
		}
		return []string{bin}
	}
}
