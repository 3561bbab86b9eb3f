package providers

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// A vector is a signature that somebody else published or computed.
type vector struct {
	name, url, signature string
	form                 url.Values // nil: a call with GET
	json                 string
	refused              bool
}

var (
	theCall = url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"},
		"From": {"+14158675309"}, "To": {"+18005551212"}}
	longerCall = url.Values{"Digits": {"1234"}, "CallSid": {"CA1234567890ABCDE"}, "To": {"+18005551212"}, "Caller": {"+14158675309"},
		"From": {"+14158675309"}, "ReasonConferenceEnded": {"test"}, "Reason": {"Participant"}}
	bindings = url.Values{"MessagingBinding.Address": {"+1415xxxxxxx", "+1325xxxxxxx"}}
)

// bodyUnsigned are services that sign the address and a word of their own, and nothing of the body.
var bodyUnsigned = map[string]bool{"plivo": true, "wechat": true}

// otherKeys are public keys of the right kind that nobody signed with.
var otherKeys = map[string][]string{
	"telnyx":   {"PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="},
	"sendgrid": {"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEJu/OvQ7p40pmkYfhizqRIrL3M5RbZJzJ+fkh6fna2BKQI4venMe7Mw0VDGdwTdJa5wVSBXRLbzG/QHB0WHLQ5g=="},
}

const theURL, theJSON = "https://mycompany.com/myapp.php?foo=1&bar=2", `{"property": "value", "boolean": true}`

// twilioVectors are those of https://github.com/twilio/twilio-node (spec/validation.spec.js) and
// https://github.com/twilio/twilio-go (client/request_validator_test.go), signed with the token 12345.
// Twilio signs with the port and without it, and so each is good for both.
var twilioVectors = []vector{
	{name: "a form", url: theURL, form: theCall, signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
	{name: "names of which one begins with the other", url: theURL, form: longerCall, signature: "vOEb5UThFn24KEfnOFLQY2AE5FY="},
	{name: "the same sorted by name and value together", url: theURL, form: longerCall, signature: "95+Bu0JVPi0r/SsESZCVf0dWAjw=", refused: true},
	{name: "a port in the address, and none in what was signed", url: "https://mycompany.com:1234/myapp.php?foo=1&bar=2", form: theCall, signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
	{name: "a port in the address and in what was signed", url: "http://mycompany.com:1234/myapp.php?foo=1&bar=2", form: theCall, signature: "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="},
	{name: "the standard port of https in what was signed alone", url: theURL, form: theCall, signature: "kvajT1Ptam85bY51eRf/AJRuM3w="},
	{name: "the standard port of http in what was signed alone", url: "http://mycompany.com/myapp.php?foo=1&bar=2", form: theCall, signature: "0ZXoZLH/DfblKGATFgpif+LLRf4="},
	{name: "http without a port", url: "http://mycompany.com/myapp.php?foo=1&bar=2", form: longerCall, signature: "n2xBNyzSW7rfYStDtOFiFMv7qNo="},
	{name: "a name and a password in the address", url: "https://user:pass@mycompany.com/myapp.php?foo=1&bar=2", form: theCall, signature: "CukzLTc1tT5dXEDIHm/tKBanW10="},
	{name: "a name alone in the address", url: "https://user@mycompany.com/myapp.php?foo=1&bar=2", form: theCall, signature: "2YRLlVAflCqxaNicjMpJcSTgzSs="},
	{name: "a name, a password, and the standard port in what was signed alone", url: "https://user:pass@mycompany.com/myapp.php?foo=1&bar=2", form: theCall, signature: "ZQFR1PTIZXF2MXB8ZnKCvnnA+rI="},
	{name: "a query escaped anew by older programs", url: theURL + "&Body=It's+amazing", form: theCall, signature: "TfZzewPq8wqrGlMfyAud8+/IvJ0="},
	{name: "a name with two values, in any order", url: theURL, form: bindings, signature: "83O6e2vORAoJHUNzJjDWN1jz+BA="},
	{name: "a value that is there twice", url: theURL, form: url.Values{"Sid": {"CA123"}, "SidAccount": {"AC123"}, "Digits": {"5678", "1234", "1234"}}, signature: "IK+Dwps556ElfBT0I3Rgjkr1wJU="},
	{name: "JSON, whose hash is in the URL", url: theURL + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620", json: theJSON, signature: "a9nBmqA0ju/hNViExpshrM61xv4="},
	{name: "JSON, whose hash is all of the query", url: "https://mycompany.com/myapp.php?bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620", json: theJSON, signature: "y77kIzt2vzLz71DgmJGsen2scGs="},
	{name: "JSON of nothing", url: theURL + "&bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", json: "{}", signature: "Ldidvp12m26NI7eqEvxnEpkd9Hc="},
	{name: "other JSON under the same hash", url: theURL + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620", json: "{}", signature: "a9nBmqA0ju/hNViExpshrM61xv4=", refused: true},
	{name: "JSON, with the signature of a URL without its hash", url: theURL, json: theJSON, signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8=", refused: true},
	{name: "a parameter that was repeated and empty ones", url: "https://gate.example/in?x=1", form: url.Values{"From": {"whatsapp:+14155550100"}, "Body": {"STOP"}, "MediaUrl0": {""}, "Tag": {"b", "a", "b"}}, signature: "W8i/qPTwDecWvmjjGavd9r1XGBQ="},
	{name: "a form under another address", url: "https://mycompany.com/other.php?foo=1&bar=2", form: theCall, signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8=", refused: true},
	{name: "a form called with GET", url: theURL, signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8=", refused: true},
	{name: "a form with one more parameter", url: theURL, form: longerCall, signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8=", refused: true},
	{name: "no signature but a word", url: theURL, form: theCall, signature: "WRONG_SIGNATURE", refused: true},
	{name: "an empty signature", url: theURL, form: theCall, signature: "", refused: true},
}

func TestWebhookSignatures(t *testing.T) {
	for _, v := range twilioVectors {
		t.Run("twilio/"+v.name, func(t *testing.T) {
			var req fasthttp.Request
			req.Header.SetHost("10.0.0.7:8082") // behind a proxy: what is signed is the address out there
			req.SetRequestURI("/elsewhere")
			req.Header.Set("X-Twilio-Signature", v.signature)
			switch {
			case v.json != "":
				req.Header.SetMethod("POST")
				req.Header.SetContentType("application/json")
				req.SetBodyString(v.json)
			case v.form != nil:
				req.Header.SetMethod("POST")
				req.Header.SetContentType("application/x-www-form-urlencoded")
				req.SetBodyString(v.form.Encode())
			}
			err := caller(t, "twilio").Verify(&req, &Webhook{URL: v.url, Secrets: []string{"newer", "12345"}}, time.Time{})
			if v.refused != errors.Is(err, ErrSignature) || !v.refused && err != nil {
				t.Errorf("Verify answers %v", err)
			}
		})
	}
	t.Run("whatsapp/a body and its signature", func(t *testing.T) {
		req := arrived(t, rawHTTP([]byte("POST / HTTP/1.1\nHost: a\nX-Hub-Signature-256: sha256=09eceea024af6e6343b760cc9bd3ae7c056938dd636e24e92109eb8219500384\n\n"+
			`{"object":"whatsapp_business_account","entry":[]}`), ""))
		if err := caller(t, "whatsapp").Verify(req, &Webhook{Secrets: []string{"appsecret"}}, time.Time{}); err != nil {
			t.Error(err)
		}
	})
	for _, s := range webhookSamples(t) {
		t.Run(s.provider+"/"+s.name, func(t *testing.T) { s.checkVerify(t) })
	}
}

// checkVerify holds that s is signed, and that nothing else of its kind is.
func (s *webhookSample) checkVerify(t *testing.T) {
	c := caller(t, s.provider)
	verify := func(req *fasthttp.Request, hook Webhook) error { return c.Verify(req, &hook, s.now) }
	if err := verify(arrived(t, s.request), s.hook); err != nil {
		t.Fatalf("the call as it is: %v", err)
	}
	refuse := func(how string, err error) {
		t.Helper()
		if !errors.Is(err, ErrSignature) {
			t.Errorf("%s: Verify answers %v", how, err)
		}
	}
	refuse("of a route that knows no secret", verify(arrived(t, s.request), Webhook{URL: s.hook.URL}))
	other := s.hook
	other.Secrets, other.PublicKeys, other.VerifyToken, other.Value = []string{"other", ""}, otherKeys[s.provider], "other", "other"
	if len(other.Topics) > 0 {
		other.Topics = []string{"arn:aws:sns:eu-central-1:123456789012:other"}
	}
	refuse("with the secret of somebody else", verify(arrived(t, s.request), other))
	for _, name := range s.signatures(t) {
		req := arrived(t, s.request)
		value := string(req.Header.Peek(name))
		req.Header.Add(name, value)
		refuse("with "+name+" twice", verify(req, s.hook))
		req.Header.Del(name)
		refuse("without "+name, verify(req, s.hook))
	}
	if s.hook.Header == "" && !bodyUnsigned[s.provider] && len(arrived(t, s.request).Body()) > 0 {
		req := arrived(t, s.request)
		req.SetBody(append(req.Body(), '1'))
		refuse("with another body", verify(req, s.hook))
	}
	if s.challenge != "" {
		return
	}
	if s.provider != "mailgun" { // whose signature is in the body, and grows old with it
		s.now = time.Now() // when it is relayed
	}
	req := arrived(t, s.request)
	before := req.Header.Peek("X-Hub-Signature-256")
	there := s.hook
	there.URL = "https://owner.example/inbound?tenant=7"
	c.Sign(req, &there)
	there.URL = string(req.Header.RequestURI())
	if err := verify(req, there); err != nil || !strings.HasPrefix(there.URL, "https://owner.example/inbound?tenant=7") {
		t.Errorf("signed for %s: %v", there.URL, err)
	}
	if !bytes.Equal(before, req.Header.Peek("X-Hub-Signature-256")) {
		t.Error("a relay to another address has another signature, though the body is the same")
	}
}

// signatures are the headers of s that are part of its signature.
func (s *webhookSample) signatures(t *testing.T) (names []string) {
	for name := range arrived(t, s.request).Header.All() {
		if lower := strings.ToLower(string(name)); strings.Contains(lower, "signature") || lower == "telnyx-timestamp" || strings.EqualFold(lower, s.hook.Header) {
			names = append(names, string(name))
		}
	}
	return names
}

// TestManyParameters: a form of a million letters that nobody signed costs little, however many parameters it has.
func TestManyParameters(t *testing.T) {
	provider, err := New("twilio", Config{})
	if err != nil {
		t.Fatal(err)
	}
	hook := &Webhook{URL: "https://gate.example/in", Secrets: []string{"12345", "67890"}}
	var req fasthttp.Request
	req.Header.SetMethod("POST")
	req.Header.SetContentType("application/x-www-form-urlencoded")
	req.Header.Set("X-Twilio-Signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
	req.SetBodyString(strings.Repeat("a=b&", 250_000))
	if n := testing.AllocsPerRun(1, func() {
		if provider.(Caller).Verify(&req, hook, time.Time{}) == nil {
			t.Error("it is taken for signed")
		}
	}); n > 200 {
		t.Errorf("%g allocations for one call", n)
	}
}
