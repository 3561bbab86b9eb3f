package providers_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// A call is a request before and after credentials are put into it. Headers are lines.
type call struct {
	name, provider string
	target         string
	headers, body  string
	presents       string // the secret in it
	// What becomes of it; empty: as it was. Headers are in the order of their names.
	wantTarget, wantHeaders, wantBody string
	want                              string // the sentence by which it is refused
}

const (
	gateToken   = "sendgate_dGhpcyBpcyBhIHRva2VuIG9mIHRoZSBnYXRl"
	botToken    = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
	basic       = "Authorization: Basic "
	asked       = basic + "QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpzZW5kZ2F0ZV9kR2hwY3lCcGN5QmhJSFJ2YTJWdUlHOW1JSFJvWlNCbllYUmw="
	vonageBasic = basic + "YWJjZDEyMzQ6a2V5c2VjcmV0"
	signed      = basic + "U0swMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMjprZXlzZWNyZXQ="
)

var ownCredentials = map[string]providers.Credentials{
	"twilio":        {Account: account, User: "SK00000000000000000000000000000002", Secret: "keysecret"},
	"plivo":         {Account: "MAXXXXXXXXXXXXXXXXXX", Secret: "keysecret"},
	"telegram":      {Secret: botToken},
	"360dialog":     {Secret: "keysecret"},
	"cm":            {Secret: "keysecret"},
	"bird":          {Secret: "keysecret"},
	"bird-channels": {Secret: "keysecret"},
	"infobip":       {Secret: "keysecret"},
	"line":          {Secret: "keysecret"},
	"mailgun":       {Secret: "keysecret"},
	"messagebird":   {Secret: "keysecret"},
	"postmark":      {Secret: "keysecret"},
	"sendgrid":      {Secret: "keysecret"},
	"telnyx":        {Secret: "keysecret"},
	"viber":         {Secret: "keysecret"},
	"wechat":        {Secret: "keysecret"},
	"whatsapp":      {Secret: "keysecret"},
	"messenger":     {Secret: "keysecret"},
	"instagram":     {Secret: "keysecret"},

	"sinch-conversation": {Account: "p1", User: "abcd1234", Secret: "keysecret"},
	"sinch-sms":          {Account: "plan1", Secret: "keysecret"},
	"vonage-messages":    {Account: "abcd1234", Secret: "keysecret"},
	"vonage-sms":         {Account: "abcd1234", Secret: "keysecret"},
}

const (
	jsonType = "Content-Type: application/json\n"
	formType = "Content-Type: " + form + "\n"
)

var calls = []call{
	{name: "Sinch: a token gives way to the access key", provider: "sinch-conversation", target: "/v1/projects/p1/messages:send", headers: "Authorization: Bearer " + gateToken + "\n" + jsonType,
		body: `{"app_id":"1"}`, presents: gateToken, wantHeaders: vonageBasic + "\n" + jsonType},
	{name: "Sinch: the token of a service plan", provider: "sinch-sms", target: "/xms/v1/plan1/batches", headers: "Authorization: Bearer " + gateToken + "\n" + jsonType, body: `{"to":["1"]}`,
		presents: gateToken, wantHeaders: "Authorization: Bearer keysecret\n" + jsonType},
	{name: "Vonage: a secret in a form", provider: "vonage-sms", target: "/sms/json", headers: formType, body: "api_key=b&api_secret=" + gateToken + "&to=1",
		presents: gateToken, wantHeaders: vonageBasic + "\n" + formType, wantBody: "to=1"},
	{name: "Vonage: a secret in a query", provider: "vonage-sms", target: "/sms/xml?api_key=b&to=1&api_secret=" + gateToken, presents: gateToken,
		wantHeaders: vonageBasic + "\n", wantTarget: "/sms/xml?to=1"},
	{name: "Vonage: a signature goes with the account it is of", provider: "vonage-sms", target: "/sms/json", headers: jsonType,
		body: `{"api_key":"b","to":"1","timestamp":"1795349400","sig":"` + gateToken + `"}`, presents: gateToken, wantHeaders: vonageBasic + "\n" + jsonType, wantBody: `{"to":"1"}`},
	{name: "Vonage: the token of an application", provider: "vonage-messages", target: "/v1/messages", headers: "Authorization: Bearer " + gateToken + "\n" + jsonType, body: `{"to":"1"}`,
		presents: gateToken, wantHeaders: vonageBasic + "\n" + jsonType},
	{name: "Vonage: a new secret", provider: "vonage-messages", target: "/accounts/abcd1234/secrets", want: gives},
	{name: "Vonage: an account below, with a secret of its own", provider: "vonage-messages", target: "/accounts/abcd1234/subaccounts", want: gives},
	{name: "Vonage: an account below, by the host for SMS", provider: "vonage-sms", target: "/accounts/abcd1234/subaccounts", want: gives},
	{name: "Twilio: the password of the account gives way to the API key", provider: "twilio", target: twilioSend, headers: asked + "\n" + formType, body: hello,
		presents: gateToken, wantHeaders: signed + "\n" + formType},
	{name: "Twilio: who brings nothing gets the API key, too", provider: "twilio", target: twilioSend, headers: formType, body: hello, wantHeaders: signed + "\n" + formType},
	{name: "Twilio: a reading call", provider: "twilio", target: "/2010-04-01/Accounts/" + account + "/Messages.json?PageToken=x", headers: asked + "\n", presents: gateToken, wantHeaders: signed + "\n"},
	{name: "Twilio: two secrets are none", provider: "twilio", target: twilioSend, headers: asked + "\n" + asked + "\n" + formType, body: hello, presents: "two",
		wantHeaders: signed + "\n" + formType},
	{name: "Twilio: a header in small letters", provider: "twilio", target: twilioSend, headers: strings.Replace(asked, "Auth", "auth", 1) + "\n", presents: gateToken, wantHeaders: signed + "\n"},
	{name: "Twilio: a signature of the caller's key", provider: "twilio", target: twilioSend, headers: asked + "\nTwilio-Client-Validation: x\n", presents: gateToken, wantHeaders: signed + "\n"},
	{name: "Viber: a header that is none of its own", provider: "viber", target: "/pa/send_message", headers: "Authorization: Bearer " + gateToken + "\n", wantHeaders: "X-Viber-Auth-Token: keysecret\n"},
	{name: "Twilio: another account", provider: "twilio", target: strings.Replace(twilioSend, "01/Mess", "02/Mess", 1), want: account2},
	{name: "Twilio: another account behind the own one", provider: "twilio", target: "/2010-04-01/Accounts/" + account + "/../AC00000000000000000000000000000002/Messages.json", want: account2},
	{name: "Twilio: another account, escaped", provider: "twilio", target: "/2010-04-01/Accounts/%41C00000000000000000000000000000002/Messages.json", want: account2},
	{name: "Twilio: the account itself shows its token", provider: "twilio", target: "/2010-04-01/Accounts/" + account + ".json", want: account2},
	{name: "Twilio: the list of accounts shows all tokens", provider: "twilio", target: "/2010-04-01/Accounts.json", want: account2},
	{name: "Twilio: the list of accounts, up from a message", provider: "twilio", target: "/2010-04-01/Accounts/" + account + "/Messages/../../../Accounts.json", want: account2},
	{name: "Twilio: the list of accounts behind two slashes", provider: "twilio", target: "//2010-04-01/Accounts.json", want: account2},
	{name: "Twilio: the list of accounts behind a slash", provider: "twilio", target: "/2010-04-01/Accounts/.json", want: account2},
	{name: "Twilio: a new API key", provider: "twilio", target: "/2010-04-01/Accounts/" + account + "/Keys.json", want: gives},
	{name: "Twilio: a new API key, escaped", provider: "twilio", target: "/2010-04-01/Accounts/" + account + "/%4beys.json", want: gives},

	{name: "Meta: the token of a header", provider: "whatsapp", target: graphSend, headers: "Authorization: Bearer " + gateToken + "\n" + jsonType, body: helloJSON,
		presents: gateToken, wantHeaders: "Authorization: Bearer keysecret\n" + jsonType},
	{name: "Meta: the token of a query", provider: "whatsapp", target: graphSend + "?access_token=" + gateToken + "&debug=all", headers: jsonType, body: helloJSON,
		presents: gateToken, wantTarget: graphSend + "?debug=all", wantHeaders: "Authorization: Bearer keysecret\n" + jsonType},
	{name: "Meta: the token alone in a query", provider: "whatsapp", target: graphSend + "?access_token=" + gateToken, headers: jsonType, body: helloJSON,
		presents: gateToken, wantTarget: graphSend, wantHeaders: "Authorization: Bearer keysecret\n" + jsonType},
	{name: "Meta: the name of the parameter escaped", provider: "whatsapp", target: graphSend + "?a=1&access%5Ftoken=" + gateToken, headers: jsonType, body: helloJSON,
		presents: gateToken, wantTarget: graphSend + "?a=1", wantHeaders: "Authorization: Bearer keysecret\n" + jsonType},
	{name: "Meta: the token of a JSON body", provider: "whatsapp", target: graphSend, headers: jsonType, body: `{"access_token":"` + gateToken + `", "to":"1"}`,
		presents: gateToken, wantHeaders: "Authorization: Bearer keysecret\n" + jsonType, wantBody: `{"to":"1"}`},
	{name: "Meta: the token at the end of a JSON body, its name escaped", provider: "whatsapp", target: graphSend, headers: jsonType, body: `{"to":"1", "access\u005ftoken":"` + gateToken + `"}`,
		presents: gateToken, wantHeaders: "Authorization: Bearer keysecret\n" + jsonType, wantBody: `{"to":"1"}`},
	{name: "Meta: the token alone in a JSON body", provider: "whatsapp", target: graphSend, headers: jsonType, body: `{"access_token":"` + gateToken + `"}`,
		presents: gateToken, wantHeaders: "Authorization: Bearer keysecret\n" + jsonType, wantBody: `{}`},
	{name: "Meta: a text about a token stays", provider: "whatsapp", target: graphSend, headers: jsonType, body: `{"text":{"body":"your access_token"}}`,
		wantHeaders: "Authorization: Bearer keysecret\n" + jsonType},
	{name: "Meta: three tokens of a form, one behind a semicolon", provider: "whatsapp", target: "/v23.0/1/media", headers: formType,
		body: "access_token=" + gateToken + "&a=1;access_token=x&Access_Token=y&b=2", presents: "two", wantHeaders: "Authorization: Bearer keysecret\n" + formType, wantBody: "a=1&b=2"},
	{name: "Meta: a token in a header and another in the body", provider: "whatsapp", target: graphSend, headers: "Authorization: Bearer " + gateToken + "\n" + jsonType,
		body: `{"access_token":"EAAcaller","to":"1"}`, presents: gateToken, wantHeaders: "Authorization: Bearer keysecret\n" + jsonType, wantBody: `{"to":"1"}`},
	{name: "Meta: a proof that belongs to another token", provider: "whatsapp", target: graphSend + "?appsecret_proof=abc", headers: "Authorization: Bearer " + gateToken + "\n",
		presents: gateToken, wantTarget: graphSend, wantHeaders: "Authorization: Bearer keysecret\n"},
	{name: "Meta: a token deeper in the body", provider: "whatsapp", target: graphSend, headers: jsonType, body: `{"batch":[{"access_token":"x"}]}`, want: sealed},
	{name: "Meta: a body that is no JSON", provider: "whatsapp", target: graphSend, headers: jsonType, body: `{"access_token":"x"`, want: sealed},
	{name: "Meta: a token in a part of a form", provider: "whatsapp", target: "/v23.0/1/media", headers: "Content-Type: multipart/form-data; boundary=x\n",
		body: "--x\r\nContent-Disposition: form-data; name=\"access_token\"\r\n\r\nx\r\n--x--\r\n", want: sealed},
	{name: "Meta: a body without a type", provider: "whatsapp", target: graphSend, headers: "", body: `{"access_token":"x"}`, want: sealed},
	{name: "Meta: a page is asked for its token", provider: "whatsapp", target: "/v23.0/1?fields=name,access_token", want: gives},
	{name: "Meta: a page is asked for its token, escaped", provider: "whatsapp", target: "/v23.0/1?fields=access%255Ftoken", want: gives},
	{name: "Meta: all pages of a user are asked for with their tokens", provider: "messenger", target: "/v23.0/me?fields=id%2Caccounts", want: gives},
	{name: "Meta: they are asked for within something else", provider: "messenger", target: "/v23.0/1?fields=owner%7Baccounts%7D", want: gives},
	{name: "Meta: accounts of WhatsApp have none", provider: "whatsapp", target: "/v23.0/1?fields=owned_whatsapp_business_accounts", headers: jsonType, wantHeaders: "Authorization: Bearer keysecret\n" + jsonType},
	{name: "Meta: a token is made longer", provider: "whatsapp", target: "/v23.0/oauth/access_token?grant_type=x", want: gives},

	{name: "360dialog: the key of a header", provider: "360dialog", target: "/messages", headers: "D360-Api-Key: " + gateToken + "\n", presents: gateToken,
		wantHeaders: "D360-Api-Key: keysecret\n"},
	{name: "MessageBird: the key of a header", provider: "messagebird", target: "/messages", headers: "Authorization: AccessKey " + gateToken + "\n", presents: gateToken,
		wantHeaders: "Authorization: AccessKey keysecret\n"},
	{name: "Bird: the key of a header", provider: "bird-channels", target: "/workspaces/w/channels/c/messages", headers: "Authorization: AccessKey " + gateToken + "\n", presents: gateToken,
		wantHeaders: "Authorization: AccessKey keysecret\n"},
	{name: "Bird: a new key", provider: "bird-channels", target: "/workspaces/w/access-keys", want: gives},
	{name: "Bird: where its calls go", provider: "bird-channels", target: "/workspaces/w/webhook-subscriptions", want: gives},
	{name: "Bird: where the calls of its platform go", provider: "bird", target: "/v1/webhooks/whk_1", want: gives},
	{name: "MessageBird: the key of a form", provider: "messagebird", target: "/messages", headers: formType, body: "access_key=" + gateToken + "&body=Hi", presents: gateToken,
		wantHeaders: "Authorization: AccessKey keysecret\n" + formType, wantBody: "body=Hi"},
	{name: "Telnyx: the token of a header", provider: "telnyx", target: "/v2/messages", headers: "Authorization: Bearer " + gateToken + "\nX-Profile-Secret: x\n", presents: gateToken,
		wantHeaders: "Authorization: Bearer keysecret\n"},
	{name: "Plivo: the auth token", provider: "plivo", target: "/v1/Account/MAXXXXXXXXXXXXXXXXXX/Message/", headers: basic + "TUE6c2VuZGdhdGVfZEdocGN5QnBjeUJoSUhSdmEyVnVJRzltSUhSb1pTQm5ZWFJs\n",
		presents: gateToken, wantHeaders: basic + "TUFYWFhYWFhYWFhYWFhYWFhYWFg6a2V5c2VjcmV0\n"},
	{name: "Plivo: another account", provider: "plivo", target: "/v1/Account/SAXXXXXXXXXXXXXXXXXX/Message/", want: account2},
	{name: "SendGrid: the key of a header", provider: "sendgrid", target: "/v3/mail/send", headers: "Authorization: Bearer " + gateToken + "\n", presents: gateToken,
		wantHeaders: "Authorization: Bearer keysecret\n"},
	{name: "SendGrid: a new key", provider: "sendgrid", target: "/v3/api_keys", want: gives},
	{name: "Postmark: the token of a server", provider: "postmark", target: "/email", headers: "X-Postmark-Server-Token: " + gateToken + "\nX-Postmark-Account-Token: x\n", presents: gateToken,
		wantHeaders: "X-Postmark-Server-Token: keysecret\n"},
	{name: "Mailgun: the key", provider: "mailgun", target: "/v3/a.example/messages", headers: basic + "YXBpOnNlbmRnYXRlX2RHaHBjeUJwY3lCaElIUnZhMlZ1SUc5bUlIUm9aU0JuWVhSbA==\n", presents: gateToken,
		wantHeaders: basic + "YXBpOmtleXNlY3JldA==\n"},
	{name: "Mailgun: the password of a domain", provider: "mailgun", target: "/v3/domains/a.example/credentials", want: gives},
	{name: "Mailgun: the key by which calls are signed", provider: "mailgun", target: "/v5/accounts/http_signing_key", want: gives},
	{name: "Telnyx: a profile shows the secret of version 1", provider: "telnyx", target: "/v2/messaging_profiles/0a", want: gives},
	{name: "Postmark: a server shows its tokens", provider: "postmark", target: "/server", want: gives},
	{name: "LINE: the token of a header", provider: "line", target: "/v2/bot/message/push", headers: "authorization: bearer " + gateToken + "\n", presents: gateToken,
		wantHeaders: "Authorization: Bearer keysecret\n"},
	{name: "Viber: the token of a header", provider: "viber", target: "/pa/send_message", headers: "X-Viber-Auth-Token: " + gateToken + "\n", presents: gateToken,
		wantHeaders: "X-Viber-Auth-Token: keysecret\n"},
	{name: "Viber: the token of the body", provider: "viber", target: "/pa/send_message", headers: jsonType, body: `{"receiver":"a","auth_token":"` + gateToken + `","text":"x"}`, presents: gateToken,
		wantHeaders: jsonType + "X-Viber-Auth-Token: keysecret\n", wantBody: `{"receiver":"a","text":"x"}`},
	{name: "Viber: the token of a body whose type is not said", provider: "viber", target: "/pa/send_message", body: `{"receiver":"a","auth_token":"` + gateToken + `","text":"x"}`, presents: gateToken,
		wantHeaders: "X-Viber-Auth-Token: keysecret\n", wantBody: `{"receiver":"a","text":"x"}`},
	{name: "Telegram: the token of the path", provider: "telegram", target: "/bot110201543:" + gateToken + "/sendMessage", presents: gateToken, wantTarget: "/bot" + botToken + "/sendMessage"},
	{name: "Telegram: a file", provider: "telegram", target: "/file/bot110201543:" + gateToken + "/photos/a.jpg", presents: gateToken, wantTarget: "/file/bot" + botToken + "/photos/a.jpg"},
	{name: "Telegram: another bot", provider: "telegram", target: "/bot110201544:" + gateToken + "/sendMessage", want: "the path has to name the bot of this route, as /bot<the bot's id>:<the token of this gate>/ does"},
	{name: "Telegram: no bot", provider: "telegram", target: "/bot" + gateToken + "/sendMessage", want: "the path has to name the bot of this route, as /bot<the bot's id>:<the token of this gate>/ does"},
}

const (
	account2 = "the path has to name the account that the credentials of this gate are for, and something of it"
	gives    = "the call makes or shows credentials of the account, which nobody gets who sends by those of this gate"
	sealed   = "the body may hold credentials and cannot be read to take them out: send them in a header"
)

func authorizer(t *testing.T, name string) providers.Authorizer {
	t.Helper()
	p, err := providers.New(name, providers.Config{})
	if err != nil {
		t.Fatal(err)
	}
	a, ok := p.(providers.Authorizer)
	if !ok {
		t.Fatalf("the gate cannot put credentials into the calls to %s", name)
	}
	return a
}

// request is a call as the gate hands it over, with its head as the caller wrote it.
func (c *call) request(compressed bool) (req *fasthttp.Request, head string) {
	req = new(fasthttp.Request)
	req.Header.DisableNormalizing()
	req.Header.SetNoDefaultContentType(true)
	req.Header.SetMethod("POST")
	req.Header.SetRequestURI(c.target)
	lines, body := c.headers, c.body
	if compressed {
		lines, body = lines+"Content-Encoding: gzip\n", packed(body)
	}
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		req.Header.Add(name, value)
		head += name + ": " + value + "\r\n"
	}
	req.SetBodyRaw([]byte(body))
	return req, head + "\r\n"
}

// TestAuthorize: of a caller's credentials none get through, wherever they stand, and the gate's take their place.
func TestAuthorize(t *testing.T) {
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) { c.try(t, false) })
		if c.body != "" && c.wantBody != "" {
			t.Run(c.name+", compressed", func(t *testing.T) { c.try(t, true) })
		}
	}
}

func (c call) try(t *testing.T, compressed bool) {
	c.tryWith(t, authorizer(t, c.provider), ownCredentials[c.provider], compressed)
}

func (c call) tryWith(t *testing.T, a providers.Authorizer, credentials providers.Credentials, compressed bool) {
	if err := a.Admits(&credentials); err != nil {
		t.Fatal(err)
	}
	req, head := c.request(compressed)
	before := bytes.Clone(req.Body())
	presented, err := a.Presented(nil, req, []byte(head))
	if got := string(presented); err == providers.ErrTwice && c.presents != "two" || err == nil && c.want == "" && got != c.presents && c.provider != "telegram" {
		t.Errorf("presents %q, %v, want %q", got, err, c.presents)
	}
	old := req.Body()
	err = a.Authorize(req, &credentials, time.Now())
	if !bytes.Equal(old, before) {
		t.Errorf("the bytes of the body were changed where they lie")
	}
	if got := text(err); got != c.want {
		t.Fatalf("got %q, want %q", got, c.want)
	}
	if err != nil {
		return
	}
	if got, want := string(req.Header.RequestURI()), or(c.wantTarget, c.target); got != want {
		t.Errorf("goes to %s, want %s", got, want)
	}
	var headers string
	for _, name := range []string{"Authorization", "Content-Type", "D360-Api-Key", "Twilio-Client-Validation", "X-Api-Key", "X-Postmark-Account-Token", "X-Postmark-Server-Token", "X-Profile-Secret", "X-Viber-Auth-Token"} {
		for n, v := range req.Header.All() {
			if strings.EqualFold(string(n), name) {
				headers += name + ": " + string(v) + "\n"
			}
		}
	}
	if headers != c.wantHeaders {
		t.Errorf("goes with\n%swant\n%s", headers, c.wantHeaders)
	}
	body := string(req.Body())
	if want := or(c.wantBody, c.body); compressed && body != packed(want) || !compressed && body != want {
		t.Errorf("goes with %q, want %q", body, want)
	}
	if text := req.String(); strings.Contains(text, gateToken) {
		t.Errorf("the token of the caller goes out: %s", text)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestDenied: who is not known is answered as the service does, and no library sends again.
func TestDenied(t *testing.T) {
	for _, name := range providers.Names() {
		t.Run(name, func(t *testing.T) {
			var req fasthttp.Request
			var resp fasthttp.Response
			req.Header.SetRequestURI(twilioSend)
			authorizer(t, name).Deny(&req, &resp, `no token`)
			if status := resp.StatusCode(); !slices.Contains([]int{200, 400, 401, 403}, status) {
				t.Errorf("status %d", status)
			}
			if body := string(resp.Body()); !strings.Contains(body, `sendgate: no token`) {
				t.Errorf("answers %s", body)
			}
		})
	}
}
