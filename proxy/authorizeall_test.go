package proxy

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/access"
	"github.com/valyala/fasthttp"
)

// A carrier is what a library of a provider writes, with TOKEN where it has its secret, and what arrives there with the
// credentials of the gate.
type carrier struct {
	name, provider string
	keys           providers.Credentials
	target, lines  string // lines are apart by |
	body           string
	status         int // of an answer to a stranger, 401 unless it says another
	says           string
	// What arrives. A target that is empty is that of the request.
	wantTarget, wantLine string
	wantBody             string // begins so; empty: as the request's does
}

// carriers are at least one for each place that a secret may have.
var carriers = []carrier{
	{"Twilio", "twilio", ownKeys, messages, "Authorization: Basic " + b64(ownAccount+":TOKEN") + "|Content-Type: application/x-www-form-urlencoded",
		"To=%2B14155550100&From=%2B15005550006&Body=Sale", 0, `"code":20003`, "", "Authorization: " + ownBasic, ""},
	{"Twilio in XML", "twilio", ownKeys, strings.TrimSuffix(messages, ".json"), "Authorization: Basic " + b64(ownAccount+":TOKEN") + "|Content-Type: application/x-www-form-urlencoded",
		"To=%2B14155550100&From=%2B15005550006&Body=Sale", 0, `<Code>20003</Code>`, "", "Authorization: " + ownBasic, ""},
	{"the Cloud API", "whatsapp", oneKey, "/v23.0/106540352242922/messages", "Authorization: Bearer TOKEN|Content-Type: application/json",
		`{"messaging_product":"whatsapp","to":"+14155550100","type":"text","text":{"body":"Sale"}}`, 0, `"code":190`, "", "Authorization: Bearer " + ownSecret, ""},
	{"the Cloud API by a query", "whatsapp", oneKey, "/v23.0/106540352242922/messages?access_token=TOKEN", "Content-Type: application/json",
		`{"messaging_product":"whatsapp","to":"+14155550100","type":"text","text":{"body":"Sale"}}`, 0, `"code":190`, "/v23.0/106540352242922/messages", "Authorization: Bearer " + ownSecret, ""},
	{"360dialog", "360dialog", oneKey, "/messages", "D360-API-KEY: TOKEN|Content-Type: application/json",
		`{"messaging_product":"whatsapp","to":"+14155550100","type":"text","text":{"body":"Sale"}}`, 0, `"http_code":401`, "", "D360-Api-Key: " + ownSecret, ""},
	{"MessageBird", "messagebird", oneKey, "/messages", "Authorization: AccessKey TOKEN|Content-Type: application/json",
		`{"recipients":["14155550100"],"originator":"Shop","body":"Sale"}`, 0, `"code":2`, "", "Authorization: AccessKey " + ownSecret, ""},
	{"MessageBird by a form", "messagebird", oneKey, "/messages", "Content-Type: application/x-www-form-urlencoded",
		`access_key=TOKEN&recipients=14155550100&originator=Shop&body=Sale`, 0, `"code":2`, "", "Authorization: AccessKey " + ownSecret, "recipients=14155550100&originator=Shop&body=Sale"},
	{"Telnyx", "telnyx", oneKey, "/v2/messages", "Authorization: Bearer TOKEN|Content-Type: application/json",
		`{"from":"+13125550000","to":"+14155550100","text":"Sale"}`, 0, `"code":"10009"`, "", "Authorization: Bearer " + ownSecret, ""},
	{"Plivo", "plivo", providers.Credentials{Account: "MA1", Secret: ownSecret}, "/v1/Account/MA1/Message/", "Authorization: Basic " + b64("MA1:TOKEN") + "|Content-Type: application/json",
		`{"src":"+14155550000","dst":"+14155550100","text":"Sale"}`, 0, `"error":"sendgate: `, "", "Authorization: Basic " + b64("MA1:"+ownSecret), ""},
	{"SendGrid", "sendgrid", oneKey, "/v3/mail/send", "Authorization: Bearer TOKEN|Content-Type: application/json",
		`{"from":{"email":"shop@example.com"},"personalizations":[{"to":[{"email":"ana@example.com"}]}],"subject":"Sale","content":[{"type":"text/plain","value":"Sale"}]}`,
		0, `"errors":[{"message":"The provided authorization grant`, "", "Authorization: Bearer " + ownSecret, ""},
	{"Postmark", "postmark", oneKey, "/email", "X-Postmark-Server-Token: TOKEN|Content-Type: application/json",
		`{"From":"shop@example.com","To":"ana@example.com","Subject":"Sale","TextBody":"Sale"}`, 0, `"ErrorCode":10`, "", "X-Postmark-Server-Token: " + ownSecret, ""},
	{"LINE", "line", oneKey, "/v2/bot/message/push", "Authorization: Bearer TOKEN|Content-Type: application/json",
		`{"to":"Uaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","messages":[{"type":"text","text":"Sale"}]}`, 0, "Authentication failed", "", "Authorization: Bearer " + ownSecret, ""},
	{"Viber", "viber", oneKey, "/pa/send_message", "X-Viber-Auth-Token: TOKEN|Content-Type: application/json",
		`{"receiver":"01234567890A=","type":"text","text":"Sale"}`, 200, `"status":2`, "", "X-Viber-Auth-Token: " + ownSecret, ""},
	{"Viber by the body", "viber", oneKey, "/pa/send_message", "Content-Type: application/json",
		`{"auth_token":"TOKEN","receiver":"01234567890A=","type":"text","text":"Sale"}`, 200, `"status":2`, "", "X-Viber-Auth-Token: " + ownSecret,
		`{"receiver":"01234567890A=","type":"text","text":"Sale"}`},
	{"Telegram", "telegram", providers.Credentials{Secret: "110201543:" + ownSecret}, "/bot110201543:TOKEN/sendMessage", "Content-Type: application/json",
		`{"chat_id":123456789,"text":"Sale"}`, 0, `"error_code":401`, "/bot110201543:" + ownSecret + "/sendMessage", "", ""},
	{"Vonage's Messages", "vonage-messages", providers.Credentials{Account: "abcd1234", Secret: ownSecret}, "/v1/messages", "Authorization: Basic " + b64("abcd1234:TOKEN") + "|Content-Type: application/json",
		`{"message_type":"text","channel":"sms","from":"Shop","to":"14155550100","text":"Sale"}`, 0, `#unauthorized`, "", "Authorization: Basic " + b64("abcd1234:"+ownSecret), ""},
	{"Vonage by a form", "vonage-sms", providers.Credentials{Account: "abcd1234", Secret: ownSecret}, "/sms/json", "Content-Type: application/x-www-form-urlencoded",
		"api_key=abcd1234&api_secret=TOKEN&from=Shop&to=14155550100&text=Sale", 200, `"status":"4"`, "", "Authorization: Basic " + b64("abcd1234:"+ownSecret), "from=Shop&to=14155550100&text=Sale"},
}

// request is what the library writes that has token for its secret, on the route r.
func (c carrier) request(token string) string {
	lines := strings.Split(c.lines, "|")
	for i, line := range lines {
		if name, code, basic := strings.Cut(line, "Basic "); basic {
			plain, _ := base64.StdEncoding.DecodeString(code)
			lines[i] = name + "Basic " + b64(strings.Replace(string(plain), "TOKEN", token, 1))
		}
		lines[i] = strings.Replace(lines[i], "TOKEN", token, 1)
	}
	body := strings.Replace(c.body, "TOKEN", token, 1)
	return fmt.Sprintf("POST /r%s HTTP/1.1\r\nHost: gate\r\n%s\r\nContent-Length: %d\r\n\r\n%s", strings.Replace(c.target, "TOKEN", token, 1), strings.Join(lines, "\r\n"), len(body), body)
}

var oneKey = providers.Credentials{Secret: ownSecret}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// TestAuthorizeCarriers: a library that has the gate's token for its secret sends as the account of the gate, also
// where its request is changed on the way, and by each way in; without the token it is told what its provider would say.
func TestAuthorizeCarriers(t *testing.T) {
	for _, c := range carriers {
		for _, policy := range []string{"as it is", "with a line"} {
			t.Run(c.name+", "+policy, func(t *testing.T) {
				token, entry := access.NewToken("shop")
				seen := make(chan wire, 1)
				base := play(t, loopback(t), echo(okAnswer, func(w wire) { seen <- w }))
				rc := RouteConfig{Provider: c.provider, Upstream: base, Policy: anyone, Authorize: "gate", Credentials: &c.keys, Clients: &access.Config{Tokens: []access.Token{entry}}}
				if policy == "with a line" {
					rc.Policy = footed
				}
				st, wrote := memory(t), person
				wrote.Channel = filter.WhatsApp
				learn(t, st, filter.Event{To: wrote, Kind: filter.Wrote, Source: "test"}) // which opens the window
				_, addr := start(t, Config{Routes: map[string]RouteConfig{"r": rc}}, st)
				guess, _ := access.NewToken("x")
				if got := ask(t, addr, c.request(guess)); got.StatusCode != cmp.Or(c.status, 401) || !strings.Contains(got.body, c.says) {
					t.Errorf("a stranger is answered %d %s", got.StatusCode, got.body)
				}
				if got := ask(t, addr, c.request(token)); got.StatusCode != 200 {
					t.Fatalf("answered %d %s", got.StatusCode, got.body)
				}
				w := <-seen
				line, _, _ := strings.Cut(w.head, "\r\n")
				target, body := c.wantTarget, c.wantBody
				if target == "" {
					target = c.target
				}
				if body == "" {
					body = c.body
				}
				if line != "POST "+target+" HTTP/1.1" || c.wantLine != "" && strings.Count(w.head, "\r\n"+c.wantLine+"\r\n") != 1 {
					t.Errorf("sent\n%s", w.head)
				}
				if policy == "as it is" && w.body != body || policy != "as it is" && (w.body == body || !strings.Contains(w.body, "STOP")) {
					t.Errorf("sent %s", w.body)
				}
				if strings.Contains(w.head+w.body, token) || w.header("Content-Length") != fmt.Sprint(len(w.body)) {
					t.Errorf("sent\n%s%s", w.head, w.body)
				}
			})
		}
	}
}

// TestSignedAnew: a message to Vonage that its sender signed, and that gets a line here, goes out signed by the gate; with
// the sender's signature it is not changed, and refused.
func TestSignedAnew(t *testing.T) {
	const secret = "gateSignatureSecret"
	seen := make(chan wire, 1)
	base := play(t, loopback(t), echo(okAnswer, func(w wire) { seen <- w }))
	anew := RouteConfig{Provider: "vonage-sms", Upstream: base, Policy: footed, Authorize: "gate", Credentials: &providers.Credentials{Account: "abcd1234", Signature: secret, Method: "sha256"}}
	kept := RouteConfig{Provider: "vonage-sms", Upstream: base, Policy: footed}
	_, addr := start(t, Config{Routes: map[string]RouteConfig{"anew": anew, "kept": kept}}, memory(t))
	body := "api_key=other&from=Shop&to=14155550100&text=Sale&timestamp=1795349400&sig=1a20e4e2069b609fda6ceca9de18d5ca"
	if got := ask(t, addr, post("/kept/sms/json", "application/x-www-form-urlencoded", body)); got.Header.Get("Sendgate-Decision") != "block" || !strings.Contains(got.body, `"status":"6"`) {
		t.Errorf("with the sender's signature it is answered %d %s %s", got.StatusCode, got.Header.Get("Sendgate-Decision"), got.body)
	}
	if got := ask(t, addr, post("/anew/sms/json", "application/x-www-form-urlencoded", body)); got.StatusCode != 200 || got.Header.Get("Sendgate-Decision") != "rewrite" {
		t.Fatalf("answered %d %s %s", got.StatusCode, got.Header.Get("Sendgate-Decision"), got.body)
	}
	w := <-seen
	said, err := url.ParseQuery(w.body)
	if err != nil {
		t.Fatal(err)
	}
	p, err := providers.New("vonage-sms", providers.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var req fasthttp.Request
	req.Header.SetMethod("POST")
	req.Header.SetContentType("application/x-www-form-urlencoded")
	req.SetBodyString(w.body)
	if err := p.(providers.Caller).Verify(&req, &providers.Webhook{Secrets: []string{secret}}, time.Time{}); err != nil || said.Get("api_key") != "abcd1234" || !strings.Contains(said.Get("text"), "STOP") {
		t.Errorf("it goes out as %s: %v", w.body, err)
	}
	if w.header("Authorization") != "" || strings.Contains(w.head+w.body, secret) || len(seen) > 0 {
		t.Errorf("it goes out as %s%s", w.head, w.body)
	}
}
