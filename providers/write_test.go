package providers_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

const (
	account = "AC00000000000000000000000000000001"
	apiKey  = "SK00000000000000000000000000000002"
	service = "MG00000000000000000000000000000003"
	message = "SM00000000000000000000000000000004"
)

var goodCredentials = map[string]providers.Credentials{
	"twilio":   {Account: account, User: apiKey, Secret: "s3cret"},
	"whatsapp": {Secret: "EAAtoken"},

	"bird":          {Secret: "bk_us1_0"},
	"bird-channels": {Account: "w1", Secret: "key"},
	"cm":            {Secret: "key"},
	"infobip":       {Secret: "key"},
	"wechat":        {Secret: "key"},
	"messagebird":   {Secret: "key"},
	"telnyx":        {Secret: "KEY0"},
	"plivo":         {Account: "MA00000000000000000001", Secret: "token"},
	"line":          {Secret: "token"},
	"viber":         {Secret: "token"},
	"telegram":      {Secret: "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"},
	"360dialog":     {Secret: "key"},
	"messenger":     {Secret: "EAApage"},
	"instagram":     {Secret: "IGaccount"},
	"aws-sms":       {User: "AKIDEXAMPLE", Secret: "secret"},
}

// birdSMS is a channel of Bird's for SMS, and birdWhatsApp one for WhatsApp.
const (
	birdSMS      = "614208aa-b153-4d5d-9989-2fddfc0ce4c3"
	birdWhatsApp = "5cc1fd1a-0d2d-4d0b-a3b5-7b1e0a9b6f11"
)

func writer(t *testing.T, name string) (providers.Provider, providers.Writer) {
	t.Helper()
	p, err := providers.New(name, providers.Config{Channels: map[string]filter.Channel{birdSMS: filter.SMS, birdWhatsApp: filter.WhatsApp}})
	if err != nil {
		t.Fatal(err)
	}
	w, ok := p.(providers.Writer)
	if !ok {
		t.Fatalf("%s writes no requests", name)
	}
	return p, w
}

// sent is req as somebody reads it who got its bytes.
func sent(t *testing.T, req *fasthttp.Request) *fasthttp.Request {
	t.Helper()
	req.SetHost("gate.example")
	var wire bytes.Buffer
	out := bufio.NewWriter(&wire)
	if err := req.Write(out); err != nil {
		t.Fatal(err)
	}
	_ = out.Flush()
	var back fasthttp.Request
	if err := back.Read(bufio.NewReader(&wire)); err != nil {
		t.Fatal(err)
	}
	return &back
}

func TestWhatIsComposedParsesAsTheSameMessage(t *testing.T) {
	sms := filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}
	const text = "Acme: \"nous\" + 50 % & Ørsted;\n\\o/ 🙂 STOP=fin"
	for _, c := range []struct {
		name, provider string
		o              providers.Outgoing
		from           string // as it is parsed
		why            string // it is refused
	}{
		{"an SMS goes from the number that was written to", "twilio",
			providers.Outgoing{To: filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}, From: "+14155550199", Service: service}, "+14155550199", ""},
		{"an SMS to a number known by its service alone goes from the service", "twilio",
			providers.Outgoing{To: filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}, Service: service}, service, ""},
		{"what was written to an RCS agent is answered by its service", "twilio",
			providers.Outgoing{To: filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}, From: "brand_agent", Service: service}, service, ""},
		{"WhatsApp by Twilio has the channel before both", "twilio",
			providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}, From: "+14155550199"}, "whatsapp:+14155550199", ""},
		{"a user id of WhatsApp by Twilio", "twilio",
			providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "US.1349"}, From: "+14155550199"}, "whatsapp:+14155550199", ""},
		{"Messenger by Twilio", "twilio",
			providers.Outgoing{To: filter.Recipient{Channel: filter.Messenger, Address: "123456"}, From: "987"}, "messenger:987", ""},
		{"nobody to come from", "twilio",
			providers.Outgoing{To: filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}}, "", "nobody is named that the message could come from"},
		{"a channel that Twilio has not", "twilio",
			providers.Outgoing{To: filter.Recipient{Channel: "line", Address: "x"}, From: "+14155550199"}, "", "no channel line is known of Twilio's"},
		{"a text of the Cloud API", "whatsapp",
			providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}, From: "106540352242922"}, "106540352242922", ""},
		{"a user id of the Cloud API", "whatsapp",
			providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "US.1349"}, From: "106540352242922"}, "106540352242922", ""},
		{"buttons of the Cloud API", "whatsapp",
			providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}, From: "106540352242922",
				Buttons: []providers.Button{{"yes", "AGREE & \"GO\""}, {"no", "No"}}}, "106540352242922", ""},
		{"more buttons than there may be", "whatsapp",
			providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}, From: "1", Buttons: make([]providers.Button, 4)}, "", "a message has at most three buttons"},
		{"a sender that is no phone-number id", "whatsapp",
			providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}, From: "1/../2"}, "",
			"the message names no phone-number id that it could come from"},
		{"an SMS by MessageBird", "messagebird", providers.Outgoing{To: sms, From: "+14155550199"}, "+14155550199", ""},
		{"nobody to come from at MessageBird", "messagebird", providers.Outgoing{To: sms}, "", "nobody is named that the message could come from"},
		{"an SMS by Bird", "bird", providers.Outgoing{To: sms, From: "+14155550199"}, "+14155550199", ""},
		{"WhatsApp by Bird", "bird", providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "US.1349"}, From: "+14155550199"}, "+14155550199", ""},
		{"nobody to come from at Bird", "bird", providers.Outgoing{To: sms}, "", "nobody is named that the message could come from"},
		{"e-mail by Bird", "bird", providers.Outgoing{To: filter.Recipient{Channel: filter.Email, Address: "a@b.example"}, From: "c@b.example"}, "", "no channel email is known of Bird's"},
		{"an SMS by a channel of Bird's", "bird-channels", providers.Outgoing{To: sms, From: birdSMS}, birdSMS, ""},
		{"WhatsApp by a channel of Bird's", "bird-channels", providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}, From: birdWhatsApp}, birdWhatsApp, ""},
		{"a user id of WhatsApp by a channel of Bird's", "bird-channels", providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "US.1349"}, From: birdWhatsApp}, birdWhatsApp, ""},
		{"nobody to come from on a channel of Bird's", "bird-channels", providers.Outgoing{To: sms}, "", "nobody is named that the message could come from"},
		{"WhatsApp by a channel of another kind", "bird-channels", providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}, From: birdSMS}, "", "no channel whatsapp with this id is known of Bird's"},
		{"an SMS by Infobip", "infobip", providers.Outgoing{To: sms, From: "+14155550199"}, "14155550199", ""},
		{"WhatsApp by Infobip", "infobip", providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}, From: "+14155550199"}, "14155550199", ""},
		{"nobody to come from at Infobip", "infobip", providers.Outgoing{To: sms}, "", "nobody is named that the message could come from"},
		{"e-mail by Infobip", "infobip", providers.Outgoing{To: filter.Recipient{Channel: filter.Email, Address: "a@b.example"}, From: "1"}, "", "no channel email is known of Infobip's"},
		{"an SMS by CM.com", "cm", providers.Outgoing{To: sms, From: "+14155550199"}, "14155550199", ""},
		{"WhatsApp by CM.com", "cm", providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}, From: "+14155550199"}, "14155550199", ""},
		{"LINE by CM.com", "cm", providers.Outgoing{To: filter.Recipient{Channel: filter.LINE, Address: "U1"}, From: "1"}, "", "no channel line is known of CM.com's"},
		{"a text to a follower on WeChat", "wechat", providers.Outgoing{To: filter.Recipient{Channel: filter.WeChat, Address: "oAna0123456789abcdefghijklmn"}}, "", ""},
		{"an SMS by Telnyx", "telnyx", providers.Outgoing{To: sms, From: "+14155550199", Service: service}, "+14155550199", ""},
		{"a text on WhatsApp by Telnyx", "telnyx", providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"},
			From: "+14155550199", Service: service}, "+14155550199", ""},
		{"what was written to an RCS agent at Telnyx is answered by its profile", "telnyx", providers.Outgoing{To: sms, From: "e4448a5c0670c2a9", Service: service}, service, ""},
		{"an RCS agent at Telnyx whose profile is not known", "telnyx", providers.Outgoing{To: sms, From: "e4448a5c0670c2a9"}, "", "nobody is named that the message could come from"},
		{"an SMS by Telnyx to a profile", "telnyx", providers.Outgoing{To: sms, Service: service}, service, ""},
		{"an SMS by AWS", "aws-sms", providers.Outgoing{To: sms, From: "+14155550199"}, "+14155550199", ""},
		{"an SMS by AWS from a pool", "aws-sms", providers.Outgoing{To: sms, Service: "pool-1"}, "pool-1", ""},
		{"nobody to come from at AWS", "aws-sms", providers.Outgoing{To: sms}, "", "nobody is named that the message could come from"},
		{"e-mail by AWS' SMS", "aws-sms", providers.Outgoing{To: filter.Recipient{Channel: filter.Email, Address: "a@b.example"}, From: "+14155550199"}, "", "no channel email is known of AWS'"},
		{"an SMS by Plivo", "plivo", providers.Outgoing{To: sms, From: "+14155550199"}, "+14155550199", ""},
		{"WhatsApp by Plivo", "plivo", providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}, From: "+14155550199"}, "+14155550199", ""},
		{"e-mail by Plivo", "plivo", providers.Outgoing{To: filter.Recipient{Channel: filter.Email, Address: "a@b.example"}, From: "+14155550199"}, "", "no channel email is known of Plivo's"},
		{"a push message", "line", providers.Outgoing{To: filter.Recipient{Channel: filter.LINE, Address: "Uaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}, "", ""},
		{"a text of a Viber bot", "viber", providers.Outgoing{To: filter.Recipient{Channel: filter.Viber, Address: "01234567890A="}, Name: "Acme & Sons, Purveyors of Fine Tents"}, "", ""},
		{"a text of a Telegram bot", "telegram", providers.Outgoing{To: filter.Recipient{Channel: filter.Telegram, Address: "987654321"}}, "110201543", ""},
		{"a text at 360dialog, which a key sends", "360dialog",
			providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}, From: "106540352242922"}, "", ""},
		{"a text of a page", "messenger",
			providers.Outgoing{To: filter.Recipient{Channel: filter.Messenger, Address: "2436783366375384"}}, "", ""},
		{"quick replies of an account of Instagram", "instagram",
			providers.Outgoing{To: filter.Recipient{Channel: filter.Messenger, Address: "2436783366375384"},
				Buttons: []providers.Button{{"yes", "AGREE & \"GO\""}, {"no", "No"}}}, "", ""},
		{"WhatsApp by a page", "messenger",
			providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: "+14155550100"}}, "", "no channel whatsapp is known of the Messenger Platform's"},
		{"SMS by the Cloud API", "whatsapp",
			providers.Outgoing{To: filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}, From: "1"}, "", "no channel sms is known of the Cloud API's"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, w := writer(t, c.provider)
			credentials := goodCredentials[c.provider]
			c.o.Text = text
			var req fasthttp.Request
			err := w.Compose(&req, &c.o, &credentials)
			if c.why != "" {
				if err == nil || err.Error() != c.why {
					t.Fatalf("got %v, want %s", err, c.why)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var b providers.Batch
			if err := p.Parse(sent(t, &req), &b); err != nil {
				t.Fatal(err)
			}
			want := filter.Message{To: c.o.To, From: c.from, Text: text}
			if len(b.Messages) == 1 {
				want.Room, want.Movable = b.Messages[0].Room, b.Messages[0].Movable
			}
			if len(b.Messages) != 1 || b.Messages[0] != want {
				t.Errorf("parsed as\n%+v\nwant\n%+v", b.Messages, want)
			}
		})
	}
}

// TestWhoIsNamedToBird: a number and a user id of WhatsApp have names of their own in a contact.
func TestWhoIsNamedToBird(t *testing.T) {
	for address, want := range map[string]string{"+14155550100": "phonenumber", "US.1349": "whatsappbsuid"} {
		_, w := writer(t, "bird-channels")
		credentials := goodCredentials["bird-channels"]
		var req fasthttp.Request
		o := providers.Outgoing{To: filter.Recipient{Channel: filter.WhatsApp, Address: address}, From: birdWhatsApp, Text: "You are out"}
		if err := w.Compose(&req, &o, &credentials); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(req.Body()), `"identifierKey":"`+want+`"`) {
			t.Errorf("%s is named by %s", address, req.Body())
		}
	}
}

func TestACancellationIsNoSend(t *testing.T) {
	p, w := writer(t, "twilio")
	credentials := goodCredentials["twilio"]
	var req fasthttp.Request
	if err := w.Cancel(&req, message, &credentials); err != nil {
		t.Fatal(err)
	}
	got := sent(t, &req)
	var b providers.Batch
	if err := p.Parse(got, &b); !errors.Is(err, providers.ErrNotSend) {
		t.Errorf("parsed as %v", err)
	}
	if path := string(got.RequestURI()); path != "/2010-04-01/Accounts/"+account+"/Messages/"+message+".json" || string(got.Body()) != "Status=canceled" {
		t.Errorf("wrote %s to %s", got.Body(), path)
	}
	if err := w.Cancel(&req, "SM1/../../Messages", &credentials); err == nil {
		t.Error("took an id that is a path")
	}
	if err := w.Cancel(&req, "", nil); err == nil || errors.Is(err, providers.ErrNoSchedule) {
		t.Errorf("without an id: %v", err)
	}
	_, meta := writer(t, "whatsapp")
	if err := meta.Cancel(&req, message, &credentials); !errors.Is(err, providers.ErrNoSchedule) {
		t.Errorf("Meta: %v", err)
	}
}

// TestCancellations: what has an id of the service's own is deleted, and what delivers nothing later says so.
func TestCancellations(t *testing.T) {
	for name, path := range map[string]string{"messagebird": "/messages/e8077d803532c0b5937c639b60216938", "telnyx": "/v2/messages/4f1e2a3b-0000-4000-8000-000000000001",
		"plivo": "", "line": "", "viber": "", "telegram": "", "infobip": "", "cm": "", "wechat": "", "bird": "", "bird-channels": ""} {
		p, w := writer(t, name)
		credentials := goodCredentials[name]
		var req fasthttp.Request
		id := path[strings.LastIndexByte(path, '/')+1:]
		err := w.Cancel(&req, id, &credentials)
		if path == "" {
			if !errors.Is(err, providers.ErrNoSchedule) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var b providers.Batch
		got := sent(t, &req)
		if err := p.Parse(got, &b); !errors.Is(err, providers.ErrNotSend) || string(got.Header.Method()) != "DELETE" || string(got.RequestURI()) != path {
			t.Errorf("%s: it writes %s %s, which is parsed as %v", name, got.Header.Method(), got.RequestURI(), err)
		}
		if w.Cancel(&req, "1/../2", &credentials) == nil {
			t.Errorf("%s takes an id that is a path", name)
		}
		if err := w.Cancel(&req, "", nil); err == nil || errors.Is(err, providers.ErrNoSchedule) {
			t.Errorf("%s, which can cancel, says without an id: %v", name, err)
		}
	}
}

func TestCredentials(t *testing.T) {
	twilio := goodCredentials["twilio"]
	with := func(change func(*providers.Credentials)) providers.Credentials {
		c := twilio
		change(&c)
		return c
	}
	for _, c := range []struct {
		name, provider string
		credentials    providers.Credentials
		want           string
	}{
		{"an account with an API key", "twilio", twilio, ""},
		{"an account with its token", "twilio", with(func(c *providers.Credentials) { c.User = "" }), ""},
		{"no secret", "twilio", with(func(c *providers.Credentials) { c.Secret = "" }), "secret: missing: Twilio asks for it"},
		{"no account", "twilio", with(func(c *providers.Credentials) { c.Account = "" }), "account: missing: Twilio asks for it"},
		{"an account that is a path", "twilio", with(func(c *providers.Credentials) { c.Account = "AC/../x" }), "account: want an account SID: AC and 32 hexadecimal digits"},
		{"a user that is none", "twilio", with(func(c *providers.Credentials) { c.User = "ana" }),
			"user: want the SID of an API key, SK and 32 hexadecimal digits, or that of the account or of the one above it"},
		{"a secret that ends the header", "twilio", with(func(c *providers.Credentials) { c.Secret = "a\r\nHost: b" }),
			"secret: it holds a blank, or a character that no credential has"},
		{"a token", "whatsapp", goodCredentials["whatsapp"], ""},
		{"no token", "whatsapp", providers.Credentials{}, "secret: missing: the Cloud API asks for it"},
		{"a key of 360dialog", "360dialog", goodCredentials["360dialog"], ""},
		{"no token of a page", "messenger", providers.Credentials{}, "secret: missing: the Messenger Platform asks for it"},
		{"an account at Meta", "whatsapp", providers.Credentials{Account: account, Secret: "x"}, "account: the Cloud API knows none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, w := writer(t, c.provider)
			got := ""
			if err := w.Admits(&c.credentials); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if text := fmt.Sprintf("%v %+v %#v %s", twilio, &twilio, twilio, &twilio); strings.Contains(text, twilio.Secret) || strings.Contains(text, twilio.Account) {
		t.Errorf("credentials print as %s", text)
	}
}

func TestAccepted(t *testing.T) {
	for _, c := range []struct {
		name, provider string
		status         int
		headers, body  string
		id             string
		scheduled      bool
	}{
		{"a message that is queued", "twilio", 201, "", `{"sid":"SM1","status":"queued"}`, "SM1", false},
		{"a message that is scheduled", "twilio", 201, "", `{"sid":"SM1","status":"scheduled"}`, "SM1", true},
		{"a message that is scheduled, in XML", "twilio", 201, "",
			"<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse><Message><Sid>SM1</Sid><Status>scheduled</Status></Message></TwilioResponse>", "SM1", true},
		{"a message that is scheduled, compressed", "twilio", 201, "Content-Encoding: gzip\r\n", packed(`{"sid":"SM1","status":"scheduled"}`), "SM1", true},
		{"a refusal", "twilio", 400, "", `{"sid":"SM1","status":"scheduled"}`, "", false},
		{"half an answer", "twilio", 201, "", `{"sid":"SM1","status":"scheduled"`, "", false},
		{"no body", "twilio", 201, "", "", "", false},
		{"a message of the Cloud API", "whatsapp", 200, "", `{"messages":[{"id":"wamid.1"}]}`, "wamid.1", false},
		{"a message of MessageBird", "messagebird", 201, "", `{"id":"e8077d","scheduledDatetime":null,"recipients":{"totalCount":1}}`, "e8077d", false},
		{"one that it is to deliver later", "messagebird", 201, "", `{"id":"e8077d","scheduledDatetime":"2026-12-01T10:00:00+00:00","recipients":{"totalCount":1}}`, "e8077d", true},
		{"to several, which are cancelled together or not at all", "messagebird", 201, "", `{"id":"e8077d","scheduledDatetime":"2026-12-01T10:00:00+00:00","recipients":{"totalCount":2}}`, "e8077d", false},
		{"a message of Bird", "bird", 202, "", `{"id":"sms_1","status":"accepted"}`, "sms_1", false},
		{"one that Bird rejects", "bird", 202, "", `{"id":"sms_1","status":"rejected","last_error":{"code":"recipient_opted_out"}}`, "", false},
		{"a message on a channel of Bird's", "bird-channels", 202, "", `{"id":"96a0b5fa","status":"accepted"}`, "96a0b5fa", false},
		{"a message of Infobip", "infobip", 200, "", `{"messages":[{"messageId":"m1","status":{"groupId":1},"destination":"1"}]}`, "m1", false},
		{"a message of Infobip by WhatsApp", "infobip", 200, "", `{"to":"1","messageId":"m2","status":{"groupId":1}}`, "m2", false},
		{"one that Infobip rejects, in a status of 200", "infobip", 200, "", `{"messages":[{"messageId":"m1","status":{"groupId":5,"id":14}}]}`, "", false},
		{"a message of WeChat", "wechat", 200, "", `{"errcode":0,"errmsg":"ok"}`, "", false},
		{"a refusal of WeChat's, in a status of 200", "wechat", 200, "", `{"errcode":45015,"errmsg":"response out of time limit","msgid":1}`, "", false},
		{"a message of Telnyx", "telnyx", 200, "", `{"data":{"id":"4f1e","to":[{"status":"queued"}]}}`, "4f1e", false},
		{"one that Telnyx is to deliver later", "telnyx", 200, "", `{"data":{"id":"4f1e","to":[{"status":"scheduled"}]}}`, "4f1e", true},
		{"a message of AWS", "aws-sms", 200, "", `{"MessageId":"m1"}`, "m1", false},
		{"a refusal of AWS'", "aws-sms", 400, "", `{"__type":"ConflictException","MessageId":"m1"}`, "", false},
		{"a message of Plivo", "plivo", 202, "", `{"api_id":"x","message":"message(s) queued","message_uuid":["db3c"]}`, "db3c", false},
		{"a message of LINE", "line", 200, "", `{"sentMessages":[{"id":"461230966842064897","quoteToken":"q"}]}`, "461230966842064897", false},
		{"a message of Viber", "viber", 200, "", `{"status":0,"status_message":"ok","message_token":5741311803571721087}`, "5741311803571721087", false},
		{"a refusal of Viber's, in a status of 200", "viber", 200, "", `{"status":6,"status_message":"notSubscribed","message_token":1}`, "", false},
		{"a message of Telegram", "telegram", 200, "", `{"ok":true,"result":{"message_id":7,"chat":{"id":987654321}}}`, "7", false},
		{"a refusal of Telegram's", "telegram", 403, "", `{"ok":false,"error_code":403}`, "", false},
		{"a message of a page", "messenger", 200, "", `{"recipient_id":"1","message_id":"m_1"}`, "m_1", false},
		{"an action of a page", "messenger", 200, "", `{"recipient_id":"1"}`, "", false},
		{"an answer of the Cloud API about none", "whatsapp", 200, "", `{"success":true}`, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, w := writer(t, c.provider)
			var resp fasthttp.Response
			raw := fmt.Sprintf("HTTP/1.1 %d Whatever\r\n%sContent-Length: %d\r\n\r\n%s", c.status, c.headers, len(c.body), c.body)
			if err := resp.Read(bufio.NewReader(strings.NewReader(raw))); err != nil {
				t.Fatal(err)
			}
			if id, scheduled := w.Accepted(&resp); id != c.id || scheduled != c.scheduled {
				t.Errorf("got %q, %t", id, scheduled)
			}
		})
	}
}
