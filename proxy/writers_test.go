package proxy

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// TestAnswersByEveryWriter: what somebody writes to a service is answered by it, once, with the credentials of the
// route where the service takes them; and not where the service itself answered.
func TestAnswersByEveryWriter(t *testing.T) {
	form := func(provider string, pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return signed(t, provider, "/"+provider, "application/x-www-form-urlencoded", v.Encode())
	}
	object := func(provider, body string) string {
		return signed(t, provider, "/"+provider, "application/json", body)
	}
	telnyx := func(id, text, took string) string {
		return telnyxCall(fmt.Sprintf(`{"data":{"event_type":"message.received","payload":{"id":%q,"from":{"phone_number":"+14155550100"},"to":[{"phone_number":"+14155550199"}],"text":%q,"autoresponse_type":%q}}}`, id, text, took))
	}
	const line, viber = "Uaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "01234567890A="
	for _, c := range []struct {
		name, provider, call      string
		to                        filter.Recipient
		path, authorization, body string // of the answer; no path: there is none
	}{
		{"a phrase to MessageBird", "messagebird", form("messagebird", "originator", "14155550100", "recipient", "14155550199", "payload", "take me off", "message_id", "1"),
			filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}, "/messages", "Authorization: AccessKey token",
			`{"body":"en Acme stop","datacoding":"auto","originator":"+14155550199","recipients":["14155550100"]}`},
		{"a phrase to Telnyx", "telnyx", telnyx("1", "take me off", ""), filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}, "/v2/messages", "Authorization: Bearer token",
			`{"from":"+14155550199","text":"en Acme stop","to":"+14155550100"}`},
		{"STOP to Telnyx, which answered it", "telnyx", telnyx("1", "STOP", "STOP"), filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}, "", "", ""},
		{"a phrase to Plivo", "plivo", form("plivo", "From", "14155550100", "To", "14155550199", "Text", "take me off", "MessageUUID", "1", "Type", "sms"),
			filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}, "/v1/Account/MA1/Message/", "Authorization: Basic TUExOnRva2Vu",
			`{"dst":"+14155550100","src":"+14155550199","text":"en Acme stop"}`},
		{"STOP to a number of Plivo's in the United States, which answered it", "plivo", form("plivo", "From", "14155550100", "To", "14155550199", "Text", "stop", "MessageUUID", "1", "Type", "sms"),
			filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}, "", "", ""},
		{"STOP to one in Britain, which did not", "plivo", form("plivo", "From", "14155550100", "To", "442079460000", "Text", "stop", "MessageUUID", "1", "Type", "sms"),
			filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}, "/v1/Account/MA1/Message/", "Authorization: Basic TUExOnRva2Vu",
			`{"dst":"+14155550100","src":"+442079460000","text":"en Acme stop"}`},
		{"STOP to LINE", "line", object("line", `{"destination":"Udddddddddddddddddddddddddddddddd","events":[{"type":"message","webhookEventId":"1","source":{"type":"user","userId":"`+line+`"},"message":{"type":"text","text":"Stop"}}]}`),
			filter.Recipient{Channel: filter.LINE, Address: line}, "/v2/bot/message/push", "Authorization: Bearer token",
			`{"messages":[{"text":"en Acme stop","type":"text"}],"to":"` + line + `"}`},
		{"STOP to Viber", "viber", object("viber", `{"event":"message","message_token":1,"sender":{"id":"`+viber+`"},"message":{"type":"text","text":"Stop"}}`),
			filter.Recipient{Channel: filter.Viber, Address: viber}, "/pa/send_message", "X-Viber-Auth-Token: token",
			`{"receiver":"` + viber + `","sender":{"name":"Acme"},"text":"en Acme stop","type":"text"}`},
		{"/stop to Telegram", "telegram", object("telegram", `{"update_id":1,"message":{"message_id":7,"chat":{"id":987654321,"type":"private"},"text":"/stop"}}`),
			filter.Recipient{Channel: filter.Telegram, Address: "987654321"}, "/bot110201543:AAHdqTcv/sendMessage", "",
			`{"chat_id":987654321,"text":"en Acme stop"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got posted
			st := memory(t)
			g, _, calls := startHooked(t, answering(t, play(t, loopback(t), got.serve), func(cfg *Config) {
				credentials := &providers.Credentials{Secret: "token"}
				switch c.provider {
				case "plivo":
					credentials.Account = "MA1"
				case "telegram":
					credentials.Secret = "110201543:AAHdqTcv"
				}
				rc := cfg.Routes["twilio"]
				rc.Credentials = credentials
				if c.provider == "telnyx" {
					rc.Webhook = telnyxHook()
				}
				cfg.Routes = map[string]RouteConfig{c.provider: rc}
				words := fewWords
				words.Providers = []filter.ProviderWords{{Provider: "plivo", Channel: filter.SMS, Countries: []string{"US", "CA"}, Stop: []string{"STOP"},
					Source: "a test", Reviewed: "2026-11-22", Confidence: "high"}}
				var err error
				if cfg.Keywords, err = filter.NewKeywords(words); err != nil {
					t.Fatal(err)
				}
			}), st)
			callBack(t, calls, c.call, 200)
			callBack(t, calls, c.call, 200)
			errandsDone(t, g)
			c.to.Brand = "acme"
			wants(t, st, c.to, "", "opted-out all")
			if dead := deadLetters(t, st); len(dead) > 0 {
				t.Errorf("given up: %q", dead)
			}
			if len(got.all) != min(len(c.path), 1) {
				t.Fatalf("%d answers were written: %+v", len(got.all), got.all)
			}
			for _, w := range got.all {
				if !strings.HasPrefix(w.head, "POST "+c.path+" HTTP/1.1\r\n") || w.body != c.body || !strings.Contains(w.head, c.authorization) {
					t.Errorf("written is %+v", w)
				}
			}
		})
	}
}
