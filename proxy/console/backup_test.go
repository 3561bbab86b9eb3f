package console

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/decisions"
	"go.uber.org/zap"
)

func TestBackupOverTheAPI(t *testing.T) {
	b := newBenchOn(t, store.Config{Dir: t.TempDir()})
	b.learn(optOut(berta, noon.Add(-time.Hour)))
	b.store.Decisions().Add(decisions.Entry{Time: noon, Route: "twilio", To: berta, Action: filter.Block, Reason: filter.HasOptedOut})
	for _, role := range []Role{0, Viewer, Reviewer} {
		if status, body, _ := b.ask(role, "GET", "/api/v1/backup", "", ""); status != 401 && status != 403 || strings.Contains(body, "PK") {
			t.Errorf("%s: %d %.40q", role, status, body)
		}
	}
	if status, body, _ := b.ask(Admin, "GET", "/api/v1/backup?decisions=some", "", ""); status != 400 || !strings.Contains(body, `"field":"decisions"`) {
		t.Errorf("a parameter that does not read: %d %s", status, body)
	}
	for _, asked := range []bool{false, true} {
		name := filepath.Join(t.TempDir(), "backup.zip")
		f, err := os.Create(name)
		if err == nil {
			err = b.client(Admin).Backup(t.Context(), f, asked)
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		dir := filepath.Join(t.TempDir(), "data")
		if _, err := store.Restore(t.Context(), name, dir, store.RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
		copied, err := store.Open(store.Config{Dir: dir, Now: b.now})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := copied.Read(berta, filter.NeedOptOut); err != nil || !r.EverOptedOut() {
			t.Errorf("who opted out did not in the copy: %+v, %v", r, err)
		}
		entries := 0
		for range copied.Decisions().Entries(decisions.Query{}) {
			entries++
		}
		if entries > 0 != asked {
			t.Errorf("the copy has %d decisions, and they were asked for: %v", entries, asked)
		}
		_ = copied.Close()
	}
	var kept []string
	for a := range b.store.Audit().Acts(t.Context(), audit.Query{Kind: audit.Backup}) {
		kept = append(kept, a.Actor+" "+string(a.Outcome))
	}
	if got := strings.Join(kept, ", "); got != "ada done, ada done, rosa refused, vera refused" {
		t.Errorf("the audit has %s", got)
	}
}

// A backup that breaks off is none: who asked sees a broken answer, and the gate can stop meanwhile.
func TestBackupThatBreaksOff(t *testing.T) {
	b := newBenchOn(t, store.Config{Dir: t.TempDir()})
	picture := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 9<<20)...)
	for i := range 4 {
		picture[100] = byte(i)
		if _, err := b.store.PutBlob(t.Context(), bytes.NewReader(picture)); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", b.url+"/api/v1/backup", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secrets[Admin])
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.CopyN(io.Discard, resp.Body, 1000); err != nil || resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Disposition"), `attachment; filename="sendgate-2026`) {
		t.Fatalf("%s %v, %v", resp.Status, resp.Header, err)
	}
	b.server.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Errorf("it ended like a whole one, after %d bytes", n)
	}
	if err := b.store.Close(); err != nil {
		t.Error(err)
	}
}

// That no backup is made any more is noticed by its age alone, which a restart must not take for news.
func TestAgeOfTheLastBackup(t *testing.T) {
	b := newBenchOn(t, store.Config{Dir: t.TempDir()})
	shows := func(what string, s *Server, want int64) {
		t.Helper()
		for by := time.Now().Add(10 * time.Second); s.backedUp.Load() != want && time.Now().Before(by); {
			time.Sleep(time.Millisecond) // it is looked for beside all else
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		line := regexp.MustCompile(`(?m)^sendgate_backup_last_timestamp_seconds (.*)$`).FindStringSubmatch(w.Body.String())
		if line == nil {
			t.Fatalf("%s: the metric is missing", what)
		}
		if at, err := strconv.ParseFloat(line[1], 64); err != nil || int64(at) != want {
			t.Errorf("%s: the last backup was made at %s (%v), want %d", what, line[1], err, want)
		}
	}
	restarted := func(after time.Duration) *Server {
		t.Helper()
		b.at(noon.Add(after))
		s, err := New(b.config(zap.NewNop()))
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() { s.Stop(context.Background()) })
		return s
	}
	shows("before any", restarted(0), 0)
	b.at(noon)
	if err := b.client(Admin).Backup(t.Context(), io.Discard, false); err != nil {
		t.Fatal(err)
	}
	shows("once one was made", b.server, noon.Unix())
	if err := b.client(Viewer).Backup(t.Context(), io.Discard, false); err == nil {
		t.Fatal("a viewer made a backup")
	}
	shows("after a restart, and one that was refused", restarted(48*time.Hour), noon.Unix())
	later := restarted(100 * 24 * time.Hour)
	later.recallBackup(t.Context())
	shows("after a hundred days", later, 0)
	b.at(noon)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	b.server.backedUp.Store(0)
	b.server.recallBackup(stopped)
	shows("to a gate that stops before it has looked", b.server, 0)
}
