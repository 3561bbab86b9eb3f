package console

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

const notifySecret = "0123456789abcdef"

// The vector of the documentation.
func TestSignature(t *testing.T) {
	const want = "t=1773144000,v1=3a2d1a11d7369cfabc26dcac976bb156b1ae48e83e75ba480031cdbeca51041b"
	body, err := json.Marshal(Changes{Changes: []store.Change{}})
	if err != nil || string(body) != `{"changes":[],"next":0,"head":0}` {
		t.Fatalf("the body is %s, %v", body, err)
	}
	at := time.Date(2026, 3, 10, 12, 0, 0, 999, time.UTC)
	if got := Signature(notifySecret, at, body); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, other := range map[string]string{
		"another secret": Signature("0123456789abcdeg", at, body), "another second": Signature(notifySecret, at.Add(time.Second), body),
		"another body": Signature(notifySecret, at, append(body, '\n')),
	} {
		if other == want {
			t.Errorf("%s has the same signature", name)
		}
	}
	for _, text := range [][]byte{openAPIText, mustRead(t, "notify.go")} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the vector is not in the documentation")
		}
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestBackoffGrowsToItsMostAndIsJittered(t *testing.T) {
	b := Backoff{First: time.Second, Most: 10 * time.Second}
	for failures, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 5: 10 * time.Second, 1 << 30: 10 * time.Second} {
		if low, high := b.wait(failures, 0), b.wait(failures, 1); low != want/2 || high != want {
			t.Errorf("after %d failures: from %s to %s, want %s to %s", failures, low, high, want/2, want)
		}
	}
}

// A cursor that cannot be trusted is none: changes come again rather than never.
func TestACursorThatDoesNotFit(t *testing.T) {
	b := newBench(t)
	b.learnMany(5)
	other := newBench(t)
	other.learnMany(2)
	page, err := b.client(Reviewer).Changes(t.Context(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	kept := func(seq uint64, sum wire.Digest) string {
		text, err := json.Marshal(keptCursor{seq, sum})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	third := page.Changes[2].Link.Sum
	for name, c := range map[string]struct {
		text string
		want uint64
	}{
		"the right one":              {kept(3, third), 3},
		"of another chain":           {kept(3, page.Changes[3].Link.Sum), 0},
		"beyond the end":             {kept(6, third), 0},
		"empty, as after a bad disk": {"", 0},
		"half of it":                 {`{"seq":3,"su`, 0},
		"something else":             {`{"cursor":3}`, 0},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, cursorName), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if n := b.quick("http://127.0.0.1:1/", dir, nil); n.status().Cursor != c.want {
			t.Errorf("%s: goes on after %d, want %d", name, n.status().Cursor, c.want)
		}
	}
}

func TestWhatAReceiverIsTold(t *testing.T) {
	for evidence, personal := range map[bool]bool{false: false, true: true} {
		b := newBench(t)
		e := optIn(carol, noon)
		e.Note = "said on the line"
		e.Proof = filter.Evidence{Method: "paper", Wording: "Offers by SMS", FullName: "Carol Example", Email: "c@example.com", IP: "192.0.2.7"}
		b.learn(e)
		b.learn(optIn(berta, noon))
		if _, err := b.client(Admin).Erase(t.Context(), Removal{To: berta, Reason: "asked"}); err != nil {
			t.Fatal(err)
		}
		var body string
		n := b.quick("https://crm.example.com/", "", func(c *Notify) { c.Evidence = evidence })
		n.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			text, err := io.ReadAll(r.Body)
			body = string(text)
			return replied(200, nil), err
		})
		if _, err := n.step(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"said on the line", "Carol Example", "c@example.com", "192.0.2.7"} {
			if strings.Contains(body, text) != personal {
				t.Errorf("evidence %t: %q is in %s: %t", evidence, text, body, !personal)
			}
		}
		if !strings.Contains(body, "Offers by SMS") || !strings.Contains(body, carol.Address) || !strings.Contains(body, `"seq":1`) ||
			!strings.Contains(body, `"kind":"erased"`) || strings.Contains(body, berta.Address) {
			t.Errorf("got %s", body)
		}
	}
}

// A stop waits for a POST that is under way, but not for ever.
func TestAStopWaitsForTheLastPOST(t *testing.T) {
	b := newBench(t)
	for name, c := range map[string]struct {
		takes time.Duration
		want  uint64
	}{"one that is taken in time": {lastTry - time.Second, 1}, "one that hangs": {time.Hour, 0}} {
		synctest.Test(t, func(t *testing.T) {
			s := &Server{store: b.store, log: zap.NewNop(), now: time.Now}
			cfg := b.config(nil)
			cfg.Notify = &Notify{URL: "https://crm.example.com/", Secret: notifySecret, Timeouts: NotifyTimeouts{Answer: time.Hour}}
			if err := s.outfit(&cfg); err != nil {
				t.Fatal(err)
			}
			s.notifier.pretend(1)
			posted := make(chan struct{})
			s.notifier.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				close(posted)
				select {
				case <-time.After(c.takes):
					return replied(200, nil), nil
				case <-r.Context().Done():
					return nil, r.Context().Err()
				}
			})
			s.Start()
			s.Start()
			<-posted
			s.Stop(context.Background())
			if got := s.notifier.status(); got.Cursor != c.want || got.Failures != 0 {
				t.Errorf("%s: got %+v, want the cursor at %d", name, got, c.want)
			}
		})
	}
}

func TestNotifyIsVisible(t *testing.T) {
	b := newBench(t)
	b.learnMany(2)
	var got Notified
	if err := b.client(Viewer).get(t.Context(), "/api/v1/notify", nil, &got); err != nil || got != (Notified{Head: 2}) {
		t.Errorf("without a webhook: got %+v, %v", got, err)
	}
	_, err := b.client(Reviewer).RetryWebhook(t.Context())
	wantError(t, err, 404, "", "there is no webhook: console.notify in the configuration makes one")
	_, err = b.client(Viewer).RetryWebhook(t.Context())
	wantError(t, err, 403, "", `POST /api/v1/notify/retry needs the role reviewer; token "vera" is a viewer`)
	cfg := b.config(nil)
	cfg.Notify = &Notify{URL: "https://crm.example.com/hooks/s3cret?key=s3cret", Secret: notifySecret}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) string {
		req := httptest.NewRequest("GET", path, nil)
		req.Header.Set("Authorization", "Bearer "+secrets[Viewer])
		w := httptest.NewRecorder()
		s.ServeHTTP(w, req)
		return w.Body.String()
	}
	if got, want := get("/api/v1/notify"), `{"on":true,"host":"https://crm.example.com","cursor":0,"head":2,"behind":2}`+"\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	for _, line := range []string{"sendgate_notify_behind 2", "sendgate_notify_cursor 0", `sendgate_notify_posts_total{result="failed"} 0`} {
		if !strings.Contains(get("/metrics"), line) {
			t.Errorf("/metrics has no %q", line)
		}
	}
}

// Who has mended the receiver need not wait until the webhook tries again by itself.
func TestRetryNow(t *testing.T) {
	b := newBench(t)
	b.learnMany(2)
	met := make(chan struct{})
	_, url := newReceiver(t, 2, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		close(met)
	})
	n := b.quick(url, t.TempDir(), func(c *Notify) { c.Retry = Backoff{First: time.Hour, Most: time.Hour} })
	tried := make(chan struct{})
	go func() {
		<-met
		n.tryNow(t.Context(), t.Context())
		close(tried)
	}()
	b.during(n, tried)
	if s := n.status(); s.Behind != 0 || s.Failures != 0 || n.failed != 1 || n.taken != 1 {
		t.Errorf("got %+v after %d failures", s, n.failed)
	}
	over, end := context.WithCancel(t.Context())
	end()
	n.tryNow(t.Context(), over) // it runs no more, and nobody waits for it
}

func TestReceiversThatAreRefused(t *testing.T) {
	for url, want := range map[string]string{
		"":                                   "url: missing: want where to post, such as https://crm.example.com/consent",
		"crm.example.com":                    "url: this is no URL with a host: want one such as https://crm.example.com/consent",
		"ftp://crm.example.com/":             `url: scheme "ftp": want https, or http to a loopback address`,
		"http://crm.example.com/":            "url: crm.example.com is another machine: want https, since http is read by everyone on the way",
		"http://localhost.example.com/":      "url: localhost.example.com is another machine: want https, since http is read by everyone on the way",
		"https://ana:s3cret@crm.example.com": "url: a name or password in a URL ends up in logs: leave it out, the signature says who is posting",
		"https://crm.example.com/":           "",
		"http://127.0.0.1:9/":                "",
		"http://[::1]:9/":                    "",
		"http://localhost/":                  "",
	} {
		err := (&Notify{URL: url, Secret: notifySecret}).Check()
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: got %v, want %q", url, err, want)
		}
	}
}
