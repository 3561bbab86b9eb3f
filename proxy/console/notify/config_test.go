package notify

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/wire"
)

const secret = "0123456789abcdef"

// The vector of the documentation.
func TestSignature(t *testing.T) {
	const want = "t=1773144000,v1=3a2d1a11d7369cfabc26dcac976bb156b1ae48e83e75ba480031cdbeca51041b"
	body, err := json.Marshal(Changes{Changes: []store.Change{}})
	if err != nil || string(body) != `{"changes":[],"next":0,"head":0}` {
		t.Fatalf("the body is %s, %v", body, err)
	}
	at := time.Date(2026, 3, 10, 12, 0, 0, 999, time.UTC)
	if got := Signature(secret, at, body); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, other := range map[string]string{
		"another secret": Signature("0123456789abcdeg", at, body), "another second": Signature(secret, at.Add(time.Second), body),
		"another body": Signature(secret, at, append(body, '\n')),
	} {
		if other == want {
			t.Errorf("%s has the same signature", name)
		}
	}
	for _, name := range []string{"../openapi.yaml", "signature.go"} {
		if text, err := os.ReadFile(name); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("the vector is not in the documentation: %v", err)
		}
	}
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
	b := newChain(t)
	b.learnMany(5)
	other := newChain(t)
	other.learnMany(2)
	page, _, err := After(b.store, 0, 10, nil)
	storetest.Must(t, err)
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
		if n := b.quick("http://127.0.0.1:1/", dir, nil); n.Status().Cursor != c.want {
			t.Errorf("%s: goes on after %d, want %d", name, n.Status().Cursor, c.want)
		}
	}
}

// Who has mended the receiver need not wait until the webhook tries again by itself.
func TestRetryNow(t *testing.T) {
	b := newChain(t)
	b.learnMany(2)
	met := make(chan struct{})
	_, url := newReceiver(t, 2, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		close(met)
	})
	n := b.quick(url, t.TempDir(), func(c *Config) { c.Retry = Backoff{First: time.Hour, Most: time.Hour} })
	tried := make(chan struct{})
	go func() {
		<-met
		n.TryNow(t.Context(), t.Context())
		close(tried)
	}()
	during(t, n, tried)
	if s := n.Status(); s.Behind != 0 || s.Failures != 0 || n.failed != 1 || n.taken != 1 {
		t.Errorf("got %+v after %d failures", s, n.failed)
	}
	over, end := context.WithCancel(t.Context())
	end()
	n.TryNow(t.Context(), over) // it runs no more, and nobody waits for it
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
		err := (&Config{URL: url, Secret: secret}).Check()
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: got %v, want %q", url, err, want)
		}
	}
}

// A stop waits for a POST that is under way, until it is broken off.
func TestAStopWaitsForTheLastPOST(t *testing.T) {
	b := newChain(t)
	for name, c := range map[string]struct {
		takes time.Duration
		want  uint64
	}{"one that is taken in time": {time.Second, 1}, "one that hangs": {time.Hour, 0}} {
		synctest.Test(t, func(t *testing.T) {
			n := b.quick("https://crm.example.com/", "", func(c *Config) { c.Timeouts.Answer = time.Hour })
			n.pretend(1)
			quit, stop := context.WithCancel(t.Context())
			abort, kill := context.WithTimeout(t.Context(), 5*time.Second)
			defer kill()
			n.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				stop()
				select {
				case <-time.After(c.takes):
					return replied(200, nil), nil
				case <-r.Context().Done():
					return nil, r.Context().Err()
				}
			})
			n.Run(quit, abort)
			if got := n.Status(); got.Cursor != c.want || got.Failures != 0 {
				t.Errorf("%s: got %+v, want the cursor at %d", name, got, c.want)
			}
		})
	}
}

// Without Evidence a receiver sees no more of an event than the gate shows.
func TestWhatIsVeiled(t *testing.T) {
	for _, evidence := range []bool{false, true} {
		b := newChain(t)
		b.learn(filter.Event{To: carol, Kind: filter.OptedOut, Time: noon, Note: "said on the line"})
		n := b.quick("https://crm.example.com/", "", func(c *Config) { c.Evidence = evidence })
		n.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			text, err := io.ReadAll(r.Body)
			if strings.Contains(string(text), "said on the line") != evidence || !strings.Contains(string(text), carol.Address) {
				t.Errorf("evidence %t: got %s", evidence, text)
			}
			return replied(200, nil), err
		})
		if _, err := n.step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
