package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

func errorJSON(t *testing.T, field, message string) string {
	t.Helper()
	text, err := json.Marshal(failure{&Error{Field: field, Message: message}})
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

func TestOperations(t *testing.T) {
	b := newBench(t)
	if status, body, _ := b.ask(0, "GET", "/healthz", "", ""); status != 200 || body != "{\"alive\":true}\n" {
		t.Errorf("healthz: got %d %s", status, body)
	}
	if status, body, _ := b.ask(0, "GET", "/readyz", "", ""); status != 200 || body != "{\"ready\":true}\n" {
		t.Errorf("readyz: got %d %s", status, body)
	}
	b.stops.Store(true)
	if status, body, _ := b.ask(0, "GET", "/readyz", "", ""); status != 503 || !strings.Contains(body, "about to stop") {
		t.Errorf("readyz of a gate that stops: got %d %s", status, body)
	}
	b.stops.Store(false)
	if status, body, _ := b.ask(0, "GET", "/metrics", "", ""); status != 200 || !strings.Contains(body, "sendgate_test 0") {
		t.Errorf("metrics: got %d %s", status, body)
	}
	routes, _, err := b.client(Viewer).Routes(t.Context())
	if err != nil || !slices.Equal(routes, []string{"twilio", "whatsapp"}) {
		t.Errorf("routes: got %v, %v", routes, err)
	}
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := b.ask(0, "GET", "/healthz", "", ""); status != 200 {
		t.Errorf("healthz with a closed store: got %d, want 200 while the process lives", status)
	}
	wantError(t, b.client(Viewer).Ready(t.Context()), 503, "", "the consent store cannot write: the store is closed")
}

// Who cannot record a consent is told why, and need not wait for somebody who reads the gate's log.
func TestWhyNothingIsRecordedIsSaid(t *testing.T) {
	dir := t.TempDir()
	b := newBenchOn(t, store.Config{Dir: dir})
	consent, away := filepath.Join(dir, "consent"), filepath.Join(t.TempDir(), "consent")
	if err := os.Rename(consent, away); err != nil {
		t.Fatal(err)
	}
	_, err := b.client(Reviewer).Record(t.Context(), Notice{To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+14155550100"}, Kind: filter.OptedOut})
	ready := b.client(Viewer).Ready(t.Context())
	if e, ok := errors.AsType[*Error](err); !ok || e.Status != http.StatusServiceUnavailable || ready == nil || e.Message != ready.Error() {
		t.Errorf("who records is told %v, who asks whether the gate is ready %v", err, ready)
	}
	if err := os.Rename(away, consent); err != nil {
		t.Fatal(err)
	}
}

func TestReload(t *testing.T) {
	b := newBench(t)
	if err := b.client(Admin).Reload(t.Context()); err != nil {
		t.Error(err)
	}
	b.reload = errors.New("sendgate.yaml:3:5: proxy.listen: no")
	wantError(t, b.client(Admin).Reload(t.Context()), 422, "", "the last good configuration stays in force: sendgate.yaml:3:5: proxy.listen: no")
	if got := b.logged.FilterMessage("configuration reloaded").Len(); got != 1 {
		t.Errorf("%d reloads are logged, want the one that worked", got)
	}
}

func TestRequestsThatNothingTakes(t *testing.T) {
	b := newBench(t)
	for name, c := range map[string]struct {
		method, path, contentType, body string
		status                          int
		field, message                  string
	}{
		"an unknown path":     {"GET", "/api/v1/consents", "", "", 404, "", "there is nothing at /api/v1/consents: /api/v1/openapi.json lists what there is"},
		"the root":            {"GET", "/", "", "", 404, "", "there is nothing at /: /api/v1/openapi.json lists what there is"},
		"another method":      {"DELETE", "/api/v1/consent", "", "", 405, "", "DELETE is not understood at /api/v1/consent: want GET, HEAD, POST"},
		"a change by GET":     {"GET", "/api/v1/reload", "", "", 405, "", "GET is not understood at /api/v1/reload: want POST"},
		"a form":              {"POST", "/api/v1/consent", "application/x-www-form-urlencoded", "a=b", 415, "Content-Type", `"application/x-www-form-urlencoded": want application/json`},
		"a body without type": {"POST", "/api/v1/explain", "", "{}", 415, "Content-Type", `"": want application/json`},
		"a JSON import":       {"POST", "/api/v1/consent/import", "application/json", "{}", 415, "Content-Type", `"application/json": want text/csv`},
		"a huge body":         {"POST", "/api/v1/consent", "application/json", `"` + strings.Repeat("x", 300<<10) + `"`, 413, "", "the body is larger than 262144 bytes"},
		"an unknown decision": {"GET", "/api/v1/decisions/nope", "", "", 404, "id", `no decision "nope" is in the log: it may be older than the log's retention`},
	} {
		t.Run(name, func(t *testing.T) {
			status, body, header := b.ask(Admin, c.method, c.path, c.contentType, c.body)
			if want := errorJSON(t, c.field, c.message); status != c.status || body != want {
				t.Errorf("got  %d %swant %d %s", status, body, c.status, want)
			}
			if header.Get("Content-Type") != "application/json" || header.Get("Cache-Control") != "no-store" {
				t.Errorf("got header %v", header)
			}
			if (status == 405) != (header.Get("Allow") != "") {
				t.Errorf("Allow is %q with status %d", header.Get("Allow"), status)
			}
		})
	}
}

func TestNewWantsItsParts(t *testing.T) {
	b := newBench(t)
	cfg := b.config(nil)
	cfg.Store = nil
	if _, err := New(cfg); err == nil || err.Error() != "console: Store is missing" {
		t.Errorf("without a store: got %v", err)
	}
	cfg = b.config(nil)
	cfg.Gate = nil
	if _, err := New(cfg); err == nil || err.Error() != "console: Gate and Reload must both be set" {
		t.Errorf("without a gate: got %v", err)
	}
}

// Who asks for the audit and leaves is told nothing, and so is the log: nothing went wrong.
func TestTheAuditIsReadNoLongerThanItsReaderStays(t *testing.T) {
	b := newBench(t)
	b.ask(Viewer, "GET", "/api/v1/backup", "", "") // which the audit keeps
	for _, path := range []string{"/api/v1/audit", "/api/v1/audit/export"} {
		ctx, leave := context.WithCancel(t.Context())
		leave()
		req := httptest.NewRequestWithContext(ctx, "GET", path, nil)
		req.Header.Set("Authorization", "Bearer "+secrets[Admin])
		w := httptest.NewRecorder()
		b.server.ServeHTTP(w, req)
		if w.Code == http.StatusOK {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
	if n := b.logged.FilterMessage("the admin API could not answer").Len(); n > 0 {
		t.Errorf("the log has %d lines about it", n)
	}
}
