package mock

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// hears makes whoever a service calls: they read with the gate's own readers, which know nothing of the mock's writers.
func hears(t *testing.T, service string) (url string, told func() []providers.Signal) {
	p, err := providers.New(service, providers.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c := p.(providers.Caller)
	hook := providers.Webhook{Secrets: []string{secretOf(service)}}
	if key := PublicKey(service, ownerSecret); key != "" {
		hook = providers.Webhook{PublicKeys: []string{key}}
	}
	if password := Password(service, ownerSecret); password != "" {
		hook = providers.Webhook{Header: "Authorization", Value: password}
	}
	var mu sync.Mutex
	var all []providers.Signal
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var req fasthttp.Request
		req.Header.SetMethod(r.Method)
		req.SetRequestURI(r.RequestURI)
		for name, values := range r.Header {
			req.Header.Set(name, values[0])
		}
		req.SetBody(body)
		w := hook
		w.URL = url + r.RequestURI
		if err := c.Verify(&req, &w, time.Now()); err != nil {
			t.Errorf("%s %s: %v", r.Method, r.RequestURI, err)
		}
		signals, err := c.Signals(&req)
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, signals...)
	}))
	t.Cleanup(srv.Close)
	url = srv.URL
	return url, func() []providers.Signal {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

// secretOf is what a service signs with here.
func secretOf(service string) string {
	if service == "bird" {
		return "whsec_b3VyIHNlY3JldA=="
	}
	return ownerSecret
}

// TestServicesCallBack: what follows a message by each service that calls back, as the gate reads it.
func TestServicesCallBack(t *testing.T) {
	const key = "application/json"
	for service, c := range map[string]struct {
		path, auth, body string // %s is who it is to
		mail             bool
	}{
		"bird":               {"/v1/sms/messages", "Bearer k", `{"from":"+14155550199","to":"+%s","text":"Hi","category":"service"}`, false},
		"bird-channels":      {"/workspaces/w/channels/14155550199/messages", "AccessKey k", `{"receiver":{"contacts":[{"identifierValue":"+%s"}]},"body":{"type":"text","text":{"text":"Hi"}}}`, false},
		"messagebird":        {"/messages", "AccessKey k", `{"originator":"14155550199","recipients":["%s"],"body":"Hi"}`, false},
		"plivo":              {"/v1/Account/MA/Message/", "Basic TUE6dA==", `{"src":"14155550199","dst":"%s","text":"Hi"}`, false},
		"telnyx":             {"/v2/messages", "Bearer k", `{"from":"+14155550199","to":"+%s","text":"Hi"}`, false},
		"sendgrid":           {"/v3/mail/send", "Bearer k", `{"personalizations":[{"to":[{"email":"%s@example.com"}]}],"from":{"email":"a@b.example"},"content":[{"type":"text/plain","value":"Hi"}]}`, true},
		"mailgun":            {"/v3/b.example/messages", "Basic YXBpOms=", `from=a%40b.example&to=%s%40example.com&subject=Hi&text=Hi`, true},
		"postmark":           {"/email", "", `{"From":"a@b.example","To":"%s@example.com","TextBody":"Hi"}`, true},
		"messenger":          {"/v23.0/1234567/messages", "Bearer k", `{"recipient":{"id":"%s"},"messaging_type":"RESPONSE","message":{"text":"Hi"}}`, false},
		"vonage-sms":         {"/sms/json", "Basic YTpi", `{"from":"14155550199","to":"%s","text":"Hi"}`, false},
		"vonage-messages":    {"/v1/messages", "Basic YTpi", `{"channel":"sms","message_type":"text","from":"14155550199","to":"%s","text":"Hi"}`, false},
		"sinch-sms":          {"/xms/v1/plan1/batches", "Bearer k", `{"from":"14155550199","to":["%s"],"body":"Hi"}`, false},
		"sinch-conversation": {"/v1/projects/p1/messages:send", "Bearer k", `{"app_id":"a","recipient":{"identified_by":{"channel_identities":[{"channel":"SMS","identity":"%s"}]}},"message":{"text_message":{"text":"Hi"}},"channel_properties":{"SMS_SENDER":"14155550199"}}`, false},
		"infobip":            {"/sms/3/messages", "App k", `{"messages":[{"sender":"14155550199","destinations":[{"to":"%s"}],"content":{"text":"Hi"}}]}`, false},
		"cm":                 {"/v1.0/message", "", `{"messages":{"authentication":{"producttoken":"k"},"msg":[{"allowedChannels":["SMS"],"from":"14155550199","to":[{"number":"00%s"}],"body":{"type":"auto","content":"Hi"}}]}}`, false},
	} {
		t.Run(service, func(t *testing.T) {
			url, told := hears(t, service)
			m, base := start(t, Config{Retry: time.Millisecond, Webhooks: map[string]Webhook{service: {URL: url + "/in?tenant=7", Secret: secretOf(service)}}})
			send := func(to string) {
				req, err := http.NewRequest("POST", base+c.path, strings.NewReader(strings.ReplaceAll(c.body, "%s", to)))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Content-Type", key)
				if service == "mailgun" {
					req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				}
				req.Header.Set("X-Postmark-Server-Token", "k")
				if c.auth != "" {
					req.Header.Set("Authorization", c.auth)
				}
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if resp.StatusCode/100 != 2 {
					t.Fatalf("answered %d", resp.StatusCode)
				}
				m.board.busy.Wait()
			}
			send("15005550710") // who answers STOP
			stops, receipts := 0, 0
			for _, s := range told() {
				switch s.From.Address {
				case "+15005550710", "15005550710@example.com", "15005550710":
				default:
					t.Errorf("it is of %q", s.From.Address)
				}
				switch {
				case s.Kind == providers.Message && s.Text == "STOP" && (strings.TrimPrefix(s.Sender, "+") == "14155550199" || service == "messenger"), s.Kind == providers.Preference && s.Stop:
					stops++
				case s.Kind == providers.Receipt && s.Code == 0 && s.Status == "delivered":
					receipts++
				}
				if service == "telnyx" && s.Kind == providers.Message && s.Word != filter.StopWord {
					t.Error("Telnyx does not say what it took it for")
				}
			}
			if stops != 1 || !c.mail && receipts != 1 {
				t.Errorf("it tells %+v", told())
			}
			send("15005550713") // who answers nothing
			for _, call := range m.Calls() {
				if call.Status != 200 || !call.Done {
					t.Errorf("the call ended as %+v", call)
				}
			}
			if said := m.Say(service, "+14155550100", "+14155550199", "STOP"); !c.mail && said.Status != 200 {
				t.Errorf("what somebody says by themselves: %+v", said)
			}
		})
	}
}

// TestServicesTellOfWhoLeft: a message that is taken, and fails since the person had left.
func TestServicesTellOfWhoLeft(t *testing.T) {
	for service, c := range map[string]struct{ path, auth, body string }{
		"bird":               {"/v1/sms/messages", "Bearer k", `{"from":"+14155550199","to":"+15005550720","text":"Hi","category":"service"}`},
		"messagebird":        {"/messages", "AccessKey k", `{"originator":"14155550199","recipients":["15005550720"],"body":"Hi"}`},
		"plivo":              {"/v1/Account/MA/Message/", "Basic TUE6dA==", `{"src":"14155550199","dst":"15005550720","text":"Hi"}`},
		"telnyx":             {"/v2/messages", "Bearer k", `{"from":"+14155550199","to":"+15005550720","text":"Hi"}`},
		"sendgrid":           {"/v3/mail/send", "Bearer k", `{"personalizations":[{"to":[{"email":"15005550720@example.com"}]}],"from":{"email":"a@b.example"},"content":[{"type":"text/plain","value":"Hi"}]}`},
		"vonage-sms":         {"/sms/json", "Basic YTpi", `{"from":"14155550199","to":"15005550720","text":"Hi"}`},
		"vonage-messages":    {"/v1/messages", "Basic YTpi", `{"channel":"sms","message_type":"text","from":"14155550199","to":"15005550720","text":"Hi"}`},
		"sinch-conversation": {"/v1/projects/p1/messages:send", "Bearer k", `{"app_id":"a","recipient":{"identified_by":{"channel_identities":[{"channel":"SMS","identity":"15005550720"}]}},"message":{"text_message":{"text":"Hi"}}}`},
		"infobip":            {"/sms/3/messages", "App k", `{"messages":[{"sender":"14155550199","destinations":[{"to":"15005550720"}],"content":{"text":"Hi"}}]}`},
	} {
		t.Run(service, func(t *testing.T) {
			url, told := hears(t, service)
			m, base := start(t, Config{Webhooks: map[string]Webhook{service: {URL: url + "/in", Secret: secretOf(service)}}})
			req, err := http.NewRequest("POST", base+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", c.auth)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			m.board.busy.Wait()
			for _, s := range told() {
				_, withdrew := providers.Withdrawn(service, s.Code)
				if withdrew || s.Kind == providers.Preference && s.Stop {
					return
				}
			}
			t.Errorf("nothing tells that the person left: %+v", told())
		})
	}
}
