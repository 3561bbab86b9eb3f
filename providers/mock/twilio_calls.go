package mock

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// serviceNumber is the number that a messaging service of the mock writes from.
const serviceNumber = "+15005550006"

// twilioFollows are the calls that follow an accepted message: a receipt, and what the person does.
// What is to be delivered later has neither yet.
func (m *Mock) twilioFollows(t *twilioMessage, form url.Values, number string) []*Call {
	hook, does := m.cfg.Webhooks["twilio"], reactions[number]
	back := form.Get("StatusCallback")
	if back == "" && !hook.NoReceipts {
		back = hook.URL
	}
	if hook.URL == "" || back == "" && does.writes == "" || t.Status == "scheduled" {
		return nil
	}
	channel := ""
	if prefix, _, found := strings.Cut(t.To, ":"); found {
		channel = prefix + ":"
	}
	person, us := t.To, channel+serviceNumber
	if number != "" {
		person = channel + "+" + number // in E.164, however the sender wrote it
	}
	if t.From != nil {
		us = *t.From
	}
	about := url.Values{"AccountSid": {t.AccountSid}, "ApiVersion": {t.APIVersion}}
	if t.MessagingServiceSid != nil {
		about.Set("MessagingServiceSid", *t.MessagingServiceSid)
	}
	var calls []*Call
	if back != "" {
		calls = append(calls, twilioCall("receipt", t.To, Webhook{URL: back, Secret: hook.Secret}, twilioReceipt(t.Sid, person, us, about, does.leaves)))
	}
	if does.writes == "" {
		return calls
	}
	if channel != "whatsapp:" {
		m.departed.hears(twilioSender(t), number, does.writes)
	}
	return append(calls, twilioCall("message", t.To, hook, twilioInbound(person, us, about, does.writes)))
}

// twilioSender is what an opt-out at Twilio binds: the messaging service, or the one number.
func twilioSender(t *twilioMessage) string {
	if t.MessagingServiceSid != nil {
		return *t.MessagingServiceSid
	}
	return *t.From
}

// twilioReceipt is the form of a status callback.
// https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
func twilioReceipt(sid, person, us string, about url.Values, leaves bool) url.Values {
	form := with(about, "MessageSid", sid, "SmsSid", sid, "To", person, "From", us, "MessageStatus", "delivered", "SmsStatus", "delivered")
	if leaves {
		form = with(form, "MessageStatus", "failed", "SmsStatus", "failed", "ErrorCode", "21610")
	}
	return form
}

// twilioInbound is the form of an incoming message.
// https://www.twilio.com/docs/messaging/guides/webhook-request
func twilioInbound(person, us string, about url.Values, text string) url.Values {
	sid := "SM" + randomHex(16)
	form := with(about, "MessageSid", sid, "SmsSid", sid, "SmsMessageSid", sid, "SmsStatus", "received", "NumMedia", "0",
		"NumSegments", "1", "From", person, "To", us, "Body", text)
	if number, found := strings.CutPrefix(person, "whatsapp:+"); found {
		return with(form, "WaId", whatsAppID(number), "ProfileName", "Ana")
	}
	// A number of a messaging service has Advanced Opt-Out, which says what it took a message for.
	if about.Has("MessagingServiceSid") && slices.Contains([]string{"STOP", "START", "HELP"}, text) {
		form.Set("OptOutType", text)
	}
	return with(form, "FromCountry", "US", "ToCountry", "US")
}

// with is form with some parameters set, which come as name and value.
func with(form url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for name, values := range form {
		out[name] = values
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

// twilioCall is a call with a form to hook. A repeat has the same idempotency token.
// https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
func twilioCall(kind, to string, hook Webhook, form url.Values) *Call {
	token := randomHex(16)
	return &Call{Provider: "twilio", Kind: kind, To: to, URL: hook.URL,
		request: func(ctx context.Context) (*http.Request, error) {
			return posting(ctx, hook.URL, "application/x-www-form-urlencoded; charset=UTF-8", []byte(form.Encode()),
				"X-Twilio-Signature", twilioSign(hook, form), "I-Twilio-Idempotency-Token", token, "User-Agent", "TwilioProxy/1.1")
		}}
}

// twilioSign is Twilio's signature of a form: https://www.twilio.com/docs/usage/security
func twilioSign(hook Webhook, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(hook.Secret))
	signed := hook.URL
	for _, name := range slices.Sorted(maps.Keys(form)) {
		signed += name + form.Get(name)
	}
	mac.Write([]byte(signed))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
