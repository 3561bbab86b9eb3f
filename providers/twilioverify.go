package providers

import (
	"cmp"

	"github.com/sendgate/sendgate/filter"
)

// twilioVerify is Twilio's Verify API. Its codes are authentication messages, and judged as such: nobody's consent is
// asked for by default, but what somebody opted out of altogether does not come, unless the policy of the route exempts
// authentication. A call and a silent check of the network are no messages, and pass. A service of
// Verify, VA…, is the sender here, and its template unless the request names one.
// Source: https://www.twilio.com/docs/verify/api/verification
var twilioVerify = &twilioAPI{
	paths: &shape{
		sends: []string{"/v2/Services/*/Verifications"},
		others: []string{"/v2/Services", "/v2/Services/*", "/v2/Services/*/Verifications/*", "/v2/Services/*/VerificationCheck",
			"/v2/Services/*/AccessTokens", "/v2/Services/*/RateLimits", "/v2/Services/*/RateLimits/*", "/v2/Services/*/RateLimits/*/Buckets",
			"/v2/Services/*/RateLimits/*/Buckets/*", "/v2/Services/*/Entities", "/v2/Services/*/Entities/*", "/v2/Services/*/Entities/*/*",
			"/v2/Services/*/Entities/*/*/*", "/v2/Services/*/Entities/*/Challenges/*/Notifications", "/v2/Services/*/MessagingConfigurations",
			"/v2/Services/*/MessagingConfigurations/*", "/v2/Services/*/Webhooks", "/v2/Services/*/Webhooks/*", "/v2/Services/*/Passkeys/*",
			"/v2/SafeList/Numbers", "/v2/SafeList/Numbers/*", "/v2/Templates", "/v2/Forms/*", "/v2/Attempts", "/v2/Attempts/*"},
		traces: []string{"verifications"},
	},
	names: []string{"", "To", "Channel", "TemplateSid", "CustomMessage"},
	kind:  verifyForms,
}

var twilioVerifyService = twilioVerify.service("https://verify.twilio.com", 0, filter.Authentication)

// verifyInvalid is Twilio's code for a channel that Verify does not know.
// Source: https://www.twilio.com/docs/api/errors/60200
const verifyInvalid = 60200

// verifyChannels are the ways that a code may take. One that takes any may be a message. Twilio knows them in lower
// case alone, and answers SMS as it does what is no channel.
// Source: https://github.com/apereo/cas/pull/6748
var verifyChannels = map[string]filter.Channel{"sms": filter.SMS, "auto": filter.SMS, "rcs": filter.SMS, "whatsapp": filter.WhatsApp,
	"email": filter.Email, "call": "", "sna": ""}

func (r *twilioReader) verification() error {
	if r.fields[1].text == "" {
		return r.b.unreadable(21604, "the parameter To is missing or empty")
	}
	channel, known := verifyChannels[r.fields[2].text]
	switch {
	case !known:
		return r.b.unreadable(verifyInvalid, "the parameter Channel is missing, or names a channel that this gate does not know of Verify's")
	case channel == "":
		return nil
	}
	service := r.segment("Services")
	m := filter.Message{To: filter.Recipient{Channel: channel}, From: service, Template: cmp.Or(r.fields[3].text, service), Text: r.fields[4].text}
	m.To.Address, _ = filter.Address(channel, r.fields[1].text, r.region) // empty where it is none
	r.one(m)
	return nil
}
