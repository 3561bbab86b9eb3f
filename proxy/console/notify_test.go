package console

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/notify"
)

const webhookSecret = "0123456789abcdef"

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// learnMany adds n opt-outs.
func (b *bench) learnMany(n int) {
	for i := range n {
		b.learn(optOut(carol, noon.Add(time.Duration(i)*time.Minute)))
	}
}

// posted is what the webhook that cfg describes posts until the event of a number was acknowledged. How far it is, is in
// dir.
func (b *bench) posted(dir string, last uint64, cfg notify.Config) (bodies []string) {
	b.t.Helper()
	done := make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var page notify.Changes
		if err = errors.Join(err, json.Unmarshal(body, &page)); err != nil {
			b.t.Error(err)
		}
		if page.Next > last {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if bodies = append(bodies, string(body)); page.Next == last {
			close(done)
		}
	}))
	defer receiver.Close()
	all := b.config(b.server.log)
	cfg.URL, cfg.Secret = receiver.URL, webhookSecret
	all.Notify, all.Dir = &cfg, dir
	s, err := New(all)
	if err != nil {
		b.t.Fatal(err)
	}
	s.Start()
	defer s.Stop(b.t.Context())
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		b.t.Fatalf("gave up waiting: %+v", s.notifier.Status())
	}
	return bodies
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
		body := b.posted("", b.store.Head().Seq, notify.Config{Evidence: evidence})[0]
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

// A stop waits for what is under way, but not for ever.
func TestAStopWaitsForWhatIsUnderWay(t *testing.T) {
	for takes, want := range map[time.Duration]bool{lastTry - time.Second: true, time.Hour: false} {
		synctest.Test(t, func(t *testing.T) {
			s, begun, ended := new(Server), 0, false
			s.background.quit, s.background.stop = context.WithCancel(t.Context())
			s.background.abort, s.background.kill = context.WithCancel(t.Context())
			s.background.tasks = append(s.background.tasks, func(quit, abort context.Context) {
				begun++
				<-quit.Done()
				select {
				case <-time.After(takes):
					ended = true
				case <-abort.Done():
				}
			})
			s.Start()
			s.Start()
			s.Stop(context.Background())
			if begun != 1 || ended != want {
				t.Errorf("%s: begun %d times, ended %t", takes, begun, ended)
			}
		})
	}
}

func TestNotifyIsVisible(t *testing.T) {
	b := newBench(t)
	b.learnMany(2)
	var got notify.Status
	if err := b.client(Viewer).get(t.Context(), "/api/v1/notify", nil, &got); err != nil || got != (notify.Status{Head: 2}) {
		t.Errorf("without a webhook: got %+v, %v", got, err)
	}
	_, err := b.client(Reviewer).RetryWebhook(t.Context())
	wantError(t, err, 404, "", "there is no webhook: console.notify in the configuration makes one")
	_, err = b.client(Viewer).RetryWebhook(t.Context())
	wantError(t, err, 403, "", `POST /api/v1/notify/retry needs the role reviewer; token "vera" is a viewer`)
	cfg := b.config(nil)
	cfg.Notify = &notify.Config{URL: "https://crm.example.com/hooks/s3cret?key=s3cret", Secret: webhookSecret}
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
