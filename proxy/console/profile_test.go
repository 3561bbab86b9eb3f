package console

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// profiled is a bench whose console serves profiles.
func profiled(t *testing.T) *bench {
	b := newBench(t)
	cfg := b.config(nil)
	cfg.Pprof = true
	var err error
	if b.server, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(b.server)
	t.Cleanup(srv.Close)
	b.url = srv.URL
	return b
}

func TestProfilesAreForAdmins(t *testing.T) {
	b := profiled(t)
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap?debug=1", "/debug/pprof/cmdline", "/debug/pprof/profile?seconds=1", "/debug/pprof/trace?seconds=1"} {
		for role, want := range map[Role]int{0: 401, Viewer: 403, Reviewer: 403} {
			if status, body, _ := b.ask(role, "GET", path, "", ""); status != want {
				t.Errorf("%s as %s: got %d %.100s, want %d", path, role, status, body, want)
			}
		}
	}
	for path, want := range map[string]string{
		"/debug/pprof/":                  "goroutine",
		"/debug/pprof/heap?debug=1":      "heap profile:",
		"/debug/pprof/goroutine?debug=2": "goroutine ",
		"/debug/pprof/cmdline":           ".test",
	} {
		if status, body, _ := b.ask(Admin, "GET", path, "", ""); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: got %d %.100s, want %q in it", path, status, body, want)
		}
	}
	if status, body, _ := b.ask(Admin, "GET", "/debug/pprof/heap?deubg=1", "", ""); status != 400 {
		t.Errorf("a parameter that is misspelt: got %d %s", status, body)
	}
	if status, _, _ := b.ask(Admin, "GET", "/debug/pprof/heat", "", ""); status != 404 {
		t.Errorf("a profile that there is not: got %d", status)
	}
}

func TestNoProfilesUnlessAskedFor(t *testing.T) {
	b := newBench(t)
	for _, e := range profiles {
		if status, body, _ := b.ask(Admin, e.method, e.path, "", ""); status != 404 {
			t.Errorf("%s: got %d %s, want 404", e.path, status, body)
		}
	}
}

// A profile that is being taken when the gate stops ends early and whole.
func TestProfileEndsWithTheServer(t *testing.T) {
	b := profiled(t)
	req, err := http.NewRequestWithContext(t.Context(), "GET", b.url+"/debug/pprof/profile?seconds=600", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secrets[Admin])
	stopped := time.AfterFunc(300*time.Millisecond, b.server.Close)
	defer stopped.Stop()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("got %d, %v", resp.StatusCode, err)
	}
	packed, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("no profile: %v", err)
	}
	if _, err := io.Copy(io.Discard, packed); err != nil {
		t.Errorf("the profile is cut off: %v", err)
	}
}
