package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/configs"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/providers/mock"
	"github.com/sendgate/sendgate/proxy"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// A signedCall is a call of a provider, for the programs of testdata/sdk that check it as its owner would.
type signedCall struct {
	Provider  string `json:"provider"`
	Method    string `json:"method"`
	URL       string `json:"url"`
	Type      string `json:"type"`
	Signature string `json:"signature"`
	Body      string `json:"body"`
	name      string
}

// A verdict is what a client library says of a call.
type verdict struct {
	Good     bool     `json:"good"`
	Texts    []string `json:"texts"`
	Statuses []string `json:"statuses"`
}

const callSecret = "of nobody else"

// TestSDKsTakeCalls has the validators people use, as they come from their registries, look at what the
// mock calls, at what arrives of that behind a gate, and at what the gate signs anew for another address.
func TestSDKsTakeCalls(t *testing.T) {
	direct := ownerCalls(t, "from the mock", func(owner string) string { return owner })
	relayed := ownerCalls(t, "from a gate", func(owner string) string { return gateBefore(t, owner) })
	all := slices.Concat(direct, relayed, signedCalls(t))
	// twilio-go reads the first of several values, where Twilio signs all of them.
	ofTwilio := slices.DeleteFunc(slices.Clone(all), func(c signedCall) bool { return c.Provider != "twilio" || strings.Contains(c.name, "several values") })
	for _, v := range []struct {
		name  string
		build func(*testing.T) []string
		calls []signedCall
	}{
		{"twilio for Node, and a WhatsApp client for Node", func(t *testing.T) []string { return nodeClient(t, "verify.mjs") }, all},
		{"twilio-go", func(t *testing.T) []string {
			bin, err := goProgram(t, "./verify")
			if err != nil {
				goMissing(t, err)
			}
			return []string{bin}
		}, ofTwilio},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			command := v.build(t)
			for i, got := range judged(t, command, v.calls) {
				if !got.Good {
					t.Errorf("%s: refused: %+v", v.calls[i].name, v.calls[i])
				}
				if name := v.calls[i].name; strings.HasPrefix(name, "STOP by whatsapp") && !slices.Equal(got.Texts, []string{"STOP"}) ||
					strings.HasPrefix(name, "a receipt by whatsapp") && !slices.Equal(got.Statuses, []string{"delivered"}) {
					t.Errorf("%s: the client reads %+v", v.calls[i].name, got)
				}
			}
			forged := slices.Clone(v.calls)
			for i := range forged {
				forged[i].Signature = forged[(i+1)%len(forged)].Signature
			}
			for i, got := range judged(t, command, forged) {
				if got.Good {
					t.Errorf("%s: accepted with the signature of another call", forged[i].name)
				}
			}
		})
	}
}

// judged asks a program of testdata/sdk about calls.
func judged(t *testing.T, command []string, calls []signedCall) (all []verdict) {
	t.Helper()
	in, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "SECRET="+callSecret, "NODE_OPTIONS=")
	cmd.Stdin = bytes.NewReader(in)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("running %v: %v\n%s", command, err, &errs)
	}
	if err := json.Unmarshal(out, &all); err != nil || len(all) != len(calls) {
		t.Fatalf("%d calls, %v says %s: %v", len(calls), command, out, err)
	}
	return all
}

// ownerCalls is what arrives at an owner after a message by SMS and one by WhatsApp to somebody who answers
// STOP, where the mock calls what by says.
func ownerCalls(t *testing.T, from string, by func(owner string) string) (all []signedCall) {
	var mu sync.Mutex
	arrived := make(chan struct{}, 4)
	owner := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c := signedCall{Provider: strings.Trim(r.URL.Path, "/"), Method: r.Method, URL: "http://" + r.Host + r.RequestURI, Type: r.Header.Get("Content-Type"), Body: string(body),
			Signature: r.Header.Get("X-Twilio-Signature") + r.Header.Get("X-Hub-Signature-256"), name: "a receipt by "}
		if bytes.Contains(body, []byte("STOP")) {
			c.name = "STOP by "
		}
		c.name += c.Provider + " " + from
		mu.Lock()
		defer mu.Unlock()
		all = append(all, c)
		arrived <- struct{}{}
	}))
	t.Cleanup(owner.Close)
	called := by(owner.URL)
	base, stop, err := mock.New(mock.Config{Webhooks: map[string]mock.Webhook{
		"twilio": {URL: called + "/twilio", Secret: callSecret}, "whatsapp": {URL: called + "/whatsapp", Secret: callSecret}}}).Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	for _, d := range []dispatch{{to: "+15005550710", body: "Spring sale!"}, {to: "+15005550710", whatsapp: demoText}} {
		req, err := d.request(t.Context(), base)
		if err != nil {
			t.Fatal(err)
		}
		req.URL.Path = strings.NewReplacer("/twilio", "", "/whatsapp", "").Replace(req.URL.Path)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	for range cap(arrived) {
		select {
		case <-arrived:
		case <-time.After(time.Minute):
			t.Fatalf("%s: nobody is called", from)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	return slices.Clone(all)
}

// gateBefore starts a gate that relays to an owner, and returns the address that providers call.
func gateBefore(t *testing.T, owner string) string {
	t.Helper()
	cfg, err := configs.Load("")
	if err != nil {
		t.Fatal(err)
	}
	hooks, err := freePort("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Store.Dir, cfg.Proxy.Listen, cfg.Console.Listen = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
	cfg.Proxy.Webhooks.Listen, cfg.Proxy.Webhooks.URL = hooks, "http://"+hooks
	cfg.Proxy.Routes = map[string]proxy.RouteConfig{}
	for _, name := range []string{"twilio", "whatsapp"} {
		cfg.Proxy.Routes[name] = proxy.RouteConfig{Provider: name, Upstream: "http://127.0.0.1:1", Brand: demoBrand,
			Webhook: &proxy.WebhookConfig{Secrets: []string{callSecret}, Relay: &proxy.RelayConfig{URL: owner + "/" + name}}}
	}
	s, err := open(cfg, "", zap.NewNop(), func() (configs.Config, error) { return cfg, nil })
	if err != nil {
		t.Fatal(err)
	}
	s.start()
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	return "http://" + hooks
}

// signedCalls are calls that the gate signed for an address of the owner's.
func signedCalls(t *testing.T) (all []signedCall) {
	for _, c := range []struct{ name, provider, method, url, contentType, body string }{
		{"a form", "twilio", "POST", "https://owner.example/in?tenant=7", "application/x-www-form-urlencoded", "From=%2B14155550100&Body=STOP+%F0%9F%9B%91&NumMedia=0"},
		{"a form at a port of its own", "twilio", "POST", "http://owner.example:8443/in", "application/x-www-form-urlencoded; charset=UTF-8", "Body=STOP&From=%2B14155550100"},
		{"a form with several values of a name", "twilio", "POST", "https://owner.example/in", "application/x-www-form-urlencoded", "Tag=b&Body=STOP&Tag=a&Tag=b"},
		{"JSON", "twilio", "POST", "https://owner.example/in?tenant=7", "application/json", `{"MessageSid":"SM1","Body":"STOP"}`},
		{"a call with GET", "twilio", "GET", "https://owner.example/in?From=%2B14155550100&Body=STOP", "", ""},
		{"a text", "whatsapp", "POST", "https://owner.example/in", "application/json", `{"object":"whatsapp_business_account","entry":[]}`},
	} {
		p, err := providers.New(c.provider, providers.Config{})
		if err != nil {
			t.Fatal(err)
		}
		var req fasthttp.Request
		req.Header.SetMethod(c.method)
		if c.contentType != "" {
			req.Header.SetContentType(c.contentType)
		}
		req.SetBodyString(c.body)
		p.(providers.Caller).Sign(&req, &providers.Webhook{URL: c.url, Secrets: []string{callSecret}})
		all = append(all, signedCall{Provider: c.provider, Method: c.method, URL: string(req.Header.RequestURI()), Type: c.contentType, Body: c.body,
			Signature: string(req.Header.Peek("X-Twilio-Signature")) + string(req.Header.Peek("X-Hub-Signature-256")), name: c.name + " relayed by " + c.provider})
	}
	return all
}
