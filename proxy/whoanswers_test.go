package proxy

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// TestWhoAnswersWhat: by provider, channel and word. What the provider answers, the gate never does.
func TestWhoAnswersWhat(t *testing.T) {
	const ours, ana = "+15005550006", "+14155550100"
	for _, c := range []struct {
		name   string
		call   func(t *testing.T) string
		change func(*Config)
		before []filter.Event
		want   []string
	}{
		{"STOP by SMS is Twilio's", func(t *testing.T) string { return texted(t, "SM1", ana, " stop ") }, nil, nil, nil},
		{"HELP by SMS is Twilio's", func(t *testing.T) string { return texted(t, "SM1", ana, "Help") }, nil, nil, nil},
		{"START by SMS is Twilio's", func(t *testing.T) string { return texted(t, "SM1", ana, "START") }, nil, []filter.Event{{Kind: filter.OptedOut}}, nil},
		{"a word that Twilio does not know is ours", func(t *testing.T) string { return texted(t, "SM1", ana, "BAJA") }, nil, nil, []string{twilioAnswer(ours, "es Acme stop")}},
		{"STOP with more words is ours", func(t *testing.T) string { return texted(t, "SM1", ana, "Stop please") }, nil, nil, []string{twilioAnswer(ours, "en Acme stop")}},
		{"a phrase is ours", func(t *testing.T) string { return texted(t, "SM1", ana, "please take me off this list") }, nil, nil, []string{twilioAnswer(ours, "en Acme stop")}},
		{"what Twilio says it took for STOP is Twilio's", func(t *testing.T) string { return texted(t, "SM1", ana, "BAJA", "OptOutType", "STOP") }, nil, nil, nil},
		{"STOP is ours where Twilio was told to leave it", func(t *testing.T) string { return texted(t, "SM1", ana, "STOP") },
			onTwilio(func(rc *RouteConfig) { rc.KeywordReplies = "gate" }), nil, []string{twilioAnswer(ours, "en Acme stop")}},
		{"STOP to a toll-free number is the network's all the same", func(t *testing.T) string { return texted(t, "SM1", ana, "STOP", "To", "+18005550006") },
			onTwilio(func(rc *RouteConfig) { rc.KeywordReplies = "gate" }), nil, nil},
		{"STOP to a short code is ours", func(t *testing.T) string { return texted(t, "SM1", ana, "STOP", "To", "12345") }, nil, nil, []string{twilioAnswer("12345", "en Acme stop")}},
		{"PRIVACY is ours", func(t *testing.T) string { return texted(t, "SM1", ana, "privacy") }, nil, nil, []string{twilioAnswer(ours, "en https://acme.example/p")}},
		{"STOP on WhatsApp by Twilio is ours", func(t *testing.T) string {
			return texted(t, "SM1", "whatsapp:"+ana, "STOP", "To", "whatsapp:"+ours)
		}, nil, nil, []string{"To=whatsapp%3A%2B14155550100&From=whatsapp%3A%2B15005550006&Body=en%20Acme%20stop"}},
		{"STOP on WhatsApp is ours", func(t *testing.T) string { return chatted(t, "wamid.1", ana[1:], "STOP", time.Now()) }, nil, nil, []string{whatsappAnswer("en Acme stop")}},
		{"HELP on WhatsApp is ours", func(t *testing.T) string { return chatted(t, "wamid.1", ana[1:], "help", time.Now()) }, nil, nil, []string{whatsappAnswer("en help@acme.example often")}},
		{"START on WhatsApp is ours for who had stopped", func(t *testing.T) string { return chatted(t, "wamid.1", ana[1:], "start", time.Now()) },
			nil, []filter.Event{{Kind: filter.OptedOut, To: filter.Recipient{Channel: filter.WhatsApp}}}, []string{whatsappAnswer("en start")}},
		{"START of a stranger has no answer", func(t *testing.T) string { return chatted(t, "wamid.1", ana[1:], "start", time.Now()) }, nil, nil, nil},
		{"STOP OFFERS names the topic", func(t *testing.T) string { return chatted(t, "wamid.1", ana[1:], "stop offers", time.Now()) }, nil, nil, []string{whatsappAnswer("en no offers")}},
		{"ordinary talk has no answer", func(t *testing.T) string {
			return chatted(t, "wamid.1", ana[1:], "We have got to stop this bill", time.Now())
		}, nil, nil, nil},
		{"what comes a day late has none", func(t *testing.T) string {
			return chatted(t, "wamid.1", ana[1:], "STOP", time.Now().Add(-30*time.Hour))
		}, nil, nil, nil},
		{"a preference set at Meta has none", func(t *testing.T) string {
			return metaCall(t, "user_preferences", fmt.Sprintf(`{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"106"},`+
				`"user_preferences":[{"wa_id":"14155550100","detail":"User requested to stop","category":"marketing_messages","value":"stop","timestamp":%d}]}`, time.Now().Unix()))
		}, nil, nil, nil},
		{"a receipt has none", func(t *testing.T) string {
			return texted(t, "SM1", ana, "STOP", "MessageStatus", "failed", "SmsStatus", "failed", "ErrorCode", "21610")
		}, nil, nil, nil},
		{"our own words that come back have none", func(t *testing.T) string {
			return metaCall(t, "smb_message_echoes", `{"metadata":{"phone_number_id":"106"},"message_echoes":[{"from":"15550783881","to":"14155550100","id":"wamid.1","timestamp":"1","type":"text","text":{"body":"STOP"}}]}`)
		}, nil, nil, nil},
		{"nobody is answered unless the brand says so", func(t *testing.T) string { return chatted(t, "wamid.1", ana[1:], "STOP", time.Now()) }, func(c *Config) {
			b := c.Brands["acme"]
			b.Answers = nil
			c.Brands["acme"] = b
		}, nil, nil},
		{"nobody is answered without credentials", func(t *testing.T) string { return texted(t, "SM1", ana, "BAJA") },
			onTwilio(func(rc *RouteConfig) { rc.Credentials = nil }), nil, nil},
		{"who opted out with Twilio itself cannot be answered", func(t *testing.T) string { return texted(t, "SM1", ana, "privacy") },
			nil, []filter.Event{{Kind: filter.OptedOut, Source: "twilio webhook", Proof: filter.Evidence{Wording: "Stop"}}}, nil},
		{"nor who Twilio said had opted out", func(t *testing.T) string { return texted(t, "SM1", ana, "privacy") },
			nil, []filter.Event{{Kind: filter.OptedOut, Source: "twilio answer"}}, nil},
		{"who opted out here can", func(t *testing.T) string { return texted(t, "SM1", ana, "privacy") },
			nil, []filter.Event{{Kind: filter.OptedOut, Source: "import optouts.csv"}}, []string{twilioAnswer(ours, "en https://acme.example/p")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got posted
			st := memory(t)
			for i, e := range c.before {
				e.To.Brand, e.To.Address, e.ID, e.Time = "acme", ana, fmt.Sprint("before", i), time.Now().Add(-time.Hour)
				if e.To.Channel == "" {
					e.To.Channel = filter.SMS
				}
				if e.Source == "" {
					e.Source = "a test"
				}
				learn(t, st, e)
			}
			g, _, calls := startHooked(t, answering(t, play(t, loopback(t), got.serve), c.change), st)
			callBack(t, calls, c.call(t), 200)
			callBack(t, calls, c.call(t), 200) // the provider tells it once more
			errandsDone(t, g)
			if texts := got.texts(); !slices.Equal(texts, c.want) {
				t.Errorf("sent %q, want %q", texts, c.want)
			}
			if dead := deadLetters(t, st); len(dead) > 0 {
				t.Errorf("given up: %q", dead)
			}
		})
	}
}
