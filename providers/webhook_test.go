package providers

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// A webhookSample is a call of a service as it arrives, and what is to be read from it. Its signature
// was made by another program.
type webhookSample struct {
	provider, name string
	hook           Webhook
	now            time.Time // when it arrives
	request        []byte
	signals        []Signal
	fault          string // what Signals answers besides; empty: nothing
	challenge      string // of a handshake, which has no signals
}

// published is what Amazon SNS publishes for those that have a topic: the certificate that another program signed with.
func published(address string) ([]byte, error) {
	if address != "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem" {
		return nil, errors.New("nothing is published there")
	}
	return os.ReadFile("testdata/sns.pem")
}

// webhookSamples reads testdata/PROVIDER/webhooks. The comment of a file says what it shows, and has a
// line for each field of its Webhook.
func webhookSamples(t testing.TB) (all []webhookSample) {
	t.Helper()
	files, err := filepath.Glob("testdata/*/webhooks/*.txtar")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d samples of webhooks: %v", len(files), err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if about, _, _ := strings.Cut(string(archive.Comment), "\n"); !strings.HasSuffix(about, ".") {
			t.Errorf("%s: %q is no sentence that says what the sample shows", file, about)
		}
		dir, name := filepath.Split(strings.TrimSuffix(file, ".txtar"))
		s := webhookSample{provider: filepath.Base(filepath.Dir(filepath.Clean(dir))), name: name}
		for line := range strings.Lines(string(archive.Comment)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			switch key {
			case "url":
				s.hook.URL = value
			case "secret":
				s.hook.Secrets = []string{value}
			case "verify_token":
				s.hook.VerifyToken = value
			case "public_key":
				s.hook.PublicKeys = []string{value}
			case "topic":
				s.hook.Topics, s.hook.Fetch = []string{value}, published
			case "now":
				if s.now, err = time.Parse(time.RFC3339, value); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			case "header":
				s.hook.Header, s.hook.Value, _ = strings.Cut(value, ": ")
			}
		}
		for _, f := range archive.Files {
			data := bytes.TrimSuffix(f.Data, []byte("\n"))
			switch f.Name {
			case "request":
				s.request = rawHTTP(data, "")
			case "signals":
				s.expect(t, file, string(data))
			default:
				t.Fatalf("%s: there is no section %s", file, f.Name)
			}
		}
		all = append(all, s)
	}
	return all
}

func (s *webhookSample) expect(t testing.TB, file, text string) {
	t.Helper()
	if challenge, found := strings.CutPrefix(text, "handshake: "); found {
		s.challenge = challenge
		return
	}
	if fault, found := strings.CutPrefix(text, "error: "); found {
		if s.fault, text, found = strings.Cut(fault, "\n"); !found {
			text = "[]"
		}
	}
	if err := strict([]byte(text), &s.signals); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if len(s.signals) == 0 {
		s.signals = nil
	}
}

// arrived is a raw request as a listener reads it.
func arrived(t testing.TB, raw []byte) *fasthttp.Request {
	t.Helper()
	var req fasthttp.Request
	if err := req.Read(bufio.NewReaderSize(bytes.NewReader(raw), 64<<10)); err != nil {
		t.Fatal(err)
	}
	return &req
}

// listedChannel is one that the samples' route lists.
const listedChannel = "5cc1fd1a-0d2d-4d0b-a3b5-7b1e0a9b6f11"

func caller(t testing.TB, name string) Caller {
	t.Helper()
	p, err := New(name, Config{Channels: map[string]filter.Channel{listedChannel: filter.WhatsApp}})
	if err != nil {
		t.Fatal(err)
	}
	return p.(Caller)
}

// TestEveryCallerIsEntered: whoever calls back says where people enter the address, and nobody else does.
func TestEveryCallerIsEntered(t *testing.T) {
	for _, name := range Names() {
		p, err := New(name, Config{})
		if err != nil {
			t.Fatal(err)
		}
		if _, calls := p.(Caller); calls != (Enter(name) != "") {
			t.Errorf("%s calls back: %t, and its address is entered as %q", name, calls, Enter(name))
		}
	}
}
