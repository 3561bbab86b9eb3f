package providers

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

func TestSignals(t *testing.T) {
	for _, s := range webhookSamples(t) {
		t.Run(s.provider+"/"+s.name, func(t *testing.T) {
			c, req := caller(t, s.provider), arrived(t, s.request)
			plain := req
			if o, ok := c.(Opener); ok {
				plain = new(fasthttp.Request)
				o.Open(req, plain, &s.hook)
			}
			got, err := c.Signals(plain)
			var resp fasthttp.Response
			c.Acknowledge(req, &resp)
			if resp.StatusCode() != 200 || string(resp.Body()) != s.answer() {
				t.Errorf("the answer is %d %q", resp.StatusCode(), resp.Body())
			}
			if s.challenge != "" {
				if got != nil || !errors.Is(err, ErrHandshake) {
					t.Errorf("a handshake tells %v, %v", got, err)
				}
				return
			}
			if said := errorText(err); said != s.fault {
				t.Errorf("Signals answers %q, want %q", said, s.fault)
			}
			clear(plain.Body())
			if !reflect.DeepEqual(got, s.signals) {
				text, _ := json.MarshalIndent(got, "", "  ")
				t.Errorf("Signals reads\n%s", text)
			}
		})
	}
}

func (s *webhookSample) answer() string {
	switch s.provider {
	case "twilio":
		return `<?xml version="1.0" encoding="UTF-8"?><Response/>`
	case "messagebird":
		return "OK"
	case "wechat":
		return cmp.Or(s.challenge, "success")
	}
	return s.challenge
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// fuzzSignals holds what is true of any call: nothing panics, what is not signed is not verified, an error shows
// no address, and signals name the person as sends do.
func fuzzSignals(f *testing.F, name string) {
	AddCorpus(f)
	for _, s := range webhookSamples(f) {
		if s.provider == name {
			req := arrived(f, s.request)
			f.Add(string(req.Header.Method()), string(req.Header.RequestURI()), string(req.Header.ContentType()), req.Body())
		}
	}
	personal := regexp.MustCompile(`[0-9]{7}`)
	f.Fuzz(func(t *testing.T, method, target, contentType string, body []byte) {
		var req fasthttp.Request
		req.Header.SetMethod(method)
		req.Header.SetRequestURI(target)
		req.Header.SetContentType(contentType)
		req.SetBody(body)
		c := caller(t, name)
		hook := Webhook{URL: "https://gate.example" + target, Secrets: []string{"secret"}, VerifyToken: "never guessed"}
		if name == "bird" {
			hook.Secrets[0] = "whsec_c2VjcmV0"
		}
		if name == "postmark" || name == "infobip" || name == "cm" {
			hook.Header, hook.Value = "Authorization", "Basic c2VuZGdhdGU6bmV2ZXIgZ3Vlc3NlZA=="
		}
		if len(otherKeys[name]) > 0 {
			hook.Secrets, hook.PublicKeys = nil, otherKeys[name]
		}
		if err := c.Verify(&req, &hook, time.Time{}); !errors.Is(err, ErrSignature) {
			t.Fatalf("an unsigned call: %v", err)
		}
		signals, err := c.Signals(&req)
		if err != nil && personal.MatchString(err.Error()) {
			t.Fatalf("the error may show an address: %v", err)
		}
		for _, s := range signals {
			if s.ID == "" || s.Kind == 0 || (s.From.Address == "") != (s.Kind == Quality || s.Kind == TemplateMoved) {
				t.Fatalf("a signal about nothing: %+v", s)
			}
			if s.From.Address == "" {
				continue
			}
			for _, address := range append([]string{s.From.Address}, s.Aliases...) {
				if again, err := Address(name, s.From.Channel, address, ""); err != nil || again != address {
					t.Fatalf("%q is not as sends have it: %q, %v", address, again, err)
				}
			}
		}
		if _, err := url.Parse(hook.URL); err != nil || !req.Header.IsPost() || hook.PublicKeys != nil || name == "mailgun" {
			return
		}
		if _, ok := pairs(req.Body()); !ok && formBody(&req) {
			return // which no service signs
		}
		c.Sign(&req, &hook)
		hook.URL = string(req.Header.RequestURI())
		if err := c.Verify(&req, &hook, time.Now()); err != nil {
			t.Fatalf("what was signed: %v", err)
		}
	})
}

func FuzzTwilioSignals(f *testing.F)       { fuzzSignals(f, "twilio") }
func FuzzTwilioTalkSignals(f *testing.F)   { fuzzSignals(f, "twilio-conversations") }
func FuzzWhatsAppSignals(f *testing.F)     { fuzzSignals(f, "whatsapp") }
func FuzzTelegramSignals(f *testing.F)     { fuzzSignals(f, "telegram") }
func FuzzLINESignals(f *testing.F)         { fuzzSignals(f, "line") }
func FuzzViberSignals(f *testing.F)        { fuzzSignals(f, "viber") }
func FuzzMessageBirdSignals(f *testing.F)  { fuzzSignals(f, "messagebird") }
func FuzzTelnyxSignals(f *testing.F)       { fuzzSignals(f, "telnyx") }
func FuzzPlivoSignals(f *testing.F)        { fuzzSignals(f, "plivo") }
func FuzzSendGridSignals(f *testing.F)     { fuzzSignals(f, "sendgrid") }
func FuzzInfobipSignals(f *testing.F)      { fuzzSignals(f, "infobip") }
func FuzzPostmarkSignals(f *testing.F)     { fuzzSignals(f, "postmark") }
func FuzzBirdSignals(f *testing.F)         { fuzzSignals(f, "bird") }
func FuzzBirdChannelsSignals(f *testing.F) { fuzzSignals(f, "bird-channels") }
func FuzzWeChatSignals(f *testing.F)       { fuzzSignals(f, "wechat") }
func FuzzCMSignals(f *testing.F)           { fuzzSignals(f, "cm") }
func FuzzMailgunSignals(f *testing.F)      { fuzzSignals(f, "mailgun") }

func FuzzVonageMessagesSignals(f *testing.F)    { fuzzSignals(f, "vonage-messages") }
func FuzzSinchSMSSignals(f *testing.F)          { fuzzSignals(f, "sinch-sms") }
func FuzzSinchConversationSignals(f *testing.F) { fuzzSignals(f, "sinch-conversation") }
