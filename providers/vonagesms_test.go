package providers

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

func TestASignedRequestToVonageIsNotChanged(t *testing.T) {
	const signed = "api_key=abcd1234&from=AcmeInc&to=14155550100&text=Sale&timestamp=1795349400&s%69g=1a20e4e2069b609fda6ceca9de18d5ca"
	for _, c := range []struct{ name, method, target, contentType, body string }{
		{"a form", "POST", "/sms/json", "application/x-www-form-urlencoded", signed},
		{"JSON", "POST", "/sms/json", "application/json", `{"to":"14155550100","from":"AcmeInc","text":"Sale","timestamp":"1795349400","si\u0067":"1a20"}`},
		{"a query", "GET", "/sms/json?" + signed, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := vonageRequest(c.method, c.target, c.contentType, c.body)
			p, err := New("vonage-sms", Config{})
			if err != nil {
				t.Fatal(err)
			}
			var b Batch
			if err := p.Parse(req, &b); err != nil {
				t.Fatal(err)
			}
			b.Decisions = []filter.Decision{{Action: filter.Forward, Reason: filter.Allowed}}
			if err := p.Rewrite(req, &b); err != nil {
				t.Errorf("unchanged it is refused: %v", err)
			}
			b.Decisions[0] = filter.Decision{Action: filter.Rewrite, Edit: filter.Edit{Footer: "Reply STOP to opt out"}}
			if err := p.Rewrite(req, &b); err != errSigned {
				t.Errorf("Rewrite answers %v", err)
			}
			if own, err := New("vonage-sms", Config{Replaced: true}); err != nil || own.Rewrite(clone(req), &b) != nil {
				t.Error("it is not changed where the signature goes with its credentials")
			}
			if got := string(req.Header.RequestURI()); got != c.target || string(req.Body()) != c.body {
				t.Errorf("the request was changed: %s %s", got, req.Body())
			}
		})
	}
}

func clone(req *fasthttp.Request) *fasthttp.Request {
	var c fasthttp.Request
	req.CopyTo(&c)
	return &c
}

// vonageJudge is the signature that Vonage wants, told as its page tells it.
func vonageJudge(method, secret string, said url.Values) string {
	said.Del("sig")
	text := ""
	for _, name := range slices.Sorted(maps.Keys(said)) {
		text += "&" + name + "=" + strings.NewReplacer("&", "_", "=", "_").Replace(said.Get(name))
	}
	if method == "" || method == "md5hash" {
		return fmt.Sprintf("%x", md5.Sum([]byte(text+secret)))
	}
	h := hmac.New(map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}[method], []byte(secret))
	h.Write([]byte(text))
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestAMessageToVonageIsSignedAnew(t *testing.T) {
	now := time.Unix(1795349460, 0)
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct{ name, method, target, contentType, body, with string }{
		{"a form", "POST", "/sms/json", form, "api_key=other&from=A%26B&to=14155550100&text=Sale%3D+1&timestamp=1&sig=00", ""},
		{"a form, by an HMAC", "POST", "/sms/json", form, "from=Acme&to=14155550100&text=Sale&s%69g=00", "sha256"},
		{"JSON", "POST", "/sms/json", "application/json", `{"to":"14155550100","from":"Acme","text":"Sale \u00e9","ttl":60000,"timestamp":"1","sig":"00"} `, "sha512"},
		{"a query", "GET", "/sms/json?from=Acme&to=14155550100&text=Sale&sig=00", "", "", "sha1"},
		{"a query that is posted", "POST", "/sms/json?from=Acme&to=14155550100&text=Sale", form, "", "md5"},
		{"what was not signed before", "POST", "/sms/json", form, "api_key=other&api_secret=theirs&from=Acme&to=14155550100&text=Sale", "md5hash"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := own(t, "vonage-sms")
			req := vonageRequest(c.method, c.target, c.contentType, c.body)
			req.Header.Set("Authorization", "Basic b3RoZXI6dGhlaXJz")
			keys := &Credentials{Account: "abcd1234", Signature: "gateSecret", Method: c.with}
			if err := p.Admits(keys); err != nil {
				t.Fatal(err)
			}
			if err := p.Authorize(req, keys, now); err != nil {
				t.Fatal(err)
			}
			said := url.Values{}
			if strings.HasPrefix(c.body, "{") {
				var o map[string]any
				if err := json.Unmarshal(req.Body(), &o); err != nil {
					t.Fatalf("%v: %s", err, req.Body())
				}
				for name, v := range o {
					said.Set(name, fmt.Sprint(v))
				}
			} else if said, _ = url.ParseQuery(string(req.Body())); len(said) == 0 {
				said, _ = url.ParseQuery(string(req.URI().QueryString()))
			}
			sig := said.Get("sig")
			if sig == "" || sig != vonageJudge(c.with, "gateSecret", said) || said.Get("api_key") != "abcd1234" || said.Get("timestamp") != "1795349460" {
				t.Errorf("signed %q, want %q, in %v", sig, vonageJudge(c.with, "gateSecret", said), said)
			}
			if all := req.String(); strings.Contains(all, "theirs") || strings.Contains(all, "Authorization") || strings.Contains(all, "gateSecret") || said.Get("to") != "14155550100" {
				t.Errorf("it goes out as %s", all)
			}
		})
	}
}

func TestWhatCannotBeSignedForVonageIsRefused(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	signs, both := Credentials{Account: "abcd1234", Signature: "gateSecret"}, Credentials{Account: "abcd1234", Secret: "gateKey", Signature: "gateSecret"}
	for _, c := range []struct {
		name, target, contentType, body string
		keys                            Credentials
		want                            string
	}{
		{"a truth in JSON", "/sms/json", "application/json", `{"to":"14155550100","from":"Acme","text":"Sale","status-report-req":true}`, signs, "cannot be signed anew"},
		{"parameters in the query and in the body", "/sms/json?ttl=60000", form, "from=Acme&to=14155550100&text=Sale", signs, "cannot be signed anew"},
		{"a parameter twice", "/sms/json", form, "from=Acme&to=14155550100&text=Sale&text=Sale", signs, "cannot be signed anew"},
		{"a call that is never signed", "/account/get-balance", form, "", signs, "no secret of the account"},
		{"such a call, with the secret", "/account/get-balance", form, "", both, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := vonageRequest("POST", c.target, c.contentType, c.body)
			err := own(t, "vonage-sms").Authorize(req, &c.keys, time.Unix(1795349460, 0))
			if c.want == "" && (err != nil || string(req.Header.Peek("Authorization")) != "Basic YWJjZDEyMzQ6Z2F0ZUtleQ==") || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("it answers %v, and writes %s; want %q", err, req.Header.Peek("Authorization"), c.want)
			}
		})
	}
	for want, keys := range map[string]Credentials{
		"signature, which is missing": {Account: "abcd1234", Secret: "gateKey", Method: "sha256"},
		`unknown word "sha3"`:         {Account: "abcd1234", Signature: "gateSecret", Method: "sha3"},
		"account: missing":            {Signature: "gateSecret"},
		"secret: missing":             {Account: "abcd1234"},
	} {
		if err := own(t, "vonage-sms").Admits(&keys); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("its credentials are %v, want %q", err, want)
		}
	}
	if err := own(t, "telnyx").Admits(&Credentials{Secret: "key", Signature: "gateSecret"}); err == nil || !strings.Contains(err.Error(), "signature: Telnyx knows none") {
		t.Errorf("a service that signs nothing answers %v", err)
	}
}

// own is a provider on a route that has credentials of its own.
func own(t *testing.T, name string) Authorizer {
	t.Helper()
	p, err := New(name, Config{Replaced: true})
	if err != nil {
		t.Fatal(err)
	}
	return p.(Authorizer)
}

func vonageRequest(method, target, contentType, body string) *fasthttp.Request {
	var req fasthttp.Request
	req.Header.SetMethod(method)
	req.SetRequestURI(target)
	req.Header.SetContentType(contentType)
	req.SetBodyString(body)
	return &req
}

// FuzzVonageSignature: whatever a message to Vonage is, what goes out is signed as Vonage checks it, or refused.
func FuzzVonageSignature(f *testing.F) {
	AddCorpus(f)
	for _, s := range Samples() {
		if s.Provider == "vonage-sms" {
			req := arrived(f, s.Request)
			f.Add(string(req.Header.Method()), string(req.Header.RequestURI()), string(req.Header.ContentType()), string(req.Body()))
		}
	}
	keys, now := &Credentials{Account: "abcd1234", Signature: "gateSecret"}, time.Unix(1795349460, 0)
	f.Fuzz(func(t *testing.T, method, target, contentType, body string) {
		if path, _, _ := strings.Cut(target, "?"); path != "/sms/json" || strings.ContainsAny(target, " #\r\n") || method != "POST" && method != "GET" {
			return
		}
		req := vonageRequest(method, target, contentType, body)
		p, err := New("vonage-sms", Config{Replaced: true})
		if err != nil {
			t.Fatal(err)
		}
		if p.(Authorizer).Authorize(req, keys, now) != nil {
			return
		}
		w := &Webhook{URL: "https://gate.example", Secrets: []string{"gateSecret"}}
		if err := p.(Caller).Verify(req, w, now); err != nil {
			t.Errorf("%s %q %q becomes %q %q: %v", method, target, body, req.Header.RequestURI(), req.Body(), err)
		}
	})
}
