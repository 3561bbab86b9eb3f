package proxy

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// TestWebhookIsBelievedOnlyIfSigned: whatever is not signed for its route is refused, and nothing of it is
// kept, in each mode.
func TestWebhookIsBelievedOnlyIfSigned(t *testing.T) {
	for _, mode := range []Mode{Open, Report, Enforce} {
		t.Run(mode.String(), func(t *testing.T) {
			st := memory(t)
			cfg := hooked(t, map[string]RouteConfig{"twilio": {Mode: mode}, "whatsapp": {Mode: mode, Webhook: &WebhookConfig{
				Secrets: []string{hookSecret}, VerifyToken: "agreed"}}})
			cfg.Routes["quiet"] = RouteConfig{Provider: "twilio"}
			g, _, addr := startHooked(t, cfg, st)
			stop := texted(t, "SM1", person.Address, "STOP")
			chat := chatted(t, "wamid.1", "14155550100", "STOP", time.Now())
			before := st.Seq()
			for name, c := range map[string]struct {
				request string
				status  int
			}{
				"no signature":             {strings.Replace(stop, "X-Twilio-Signature", "X-Other", 1), 403},
				"a word changed":           {strings.Replace(stop, "Body=STOP", "Body=STAP", 1), 403},
				"signed for another route": {strings.Replace(stop, "POST /twilio", "POST /whatsapp", 1), 403},
				"signed for another path":  {strings.Replace(stop, "POST /twilio", "POST /twilio/more", 1), 403},
				"Meta's, a byte changed":   {strings.Replace(chat, "STOP", "STOp", 1), 403},
				"a route that takes none":  {strings.Replace(stop, "POST /twilio", "POST /quiet", 1), 404},
				"no such route":            {strings.Replace(stop, "POST /twilio", "POST /other", 1), 404},
				"another method":           {strings.Replace(stop, "POST /twilio", "PUT /twilio", 1), 405},
				"no path":                  {strings.Replace(stop, "POST /twilio", "POST *", 1), 400},
				"a handshake, wrong token": {"GET /whatsapp?hub.mode=subscribe&hub.verify_token=guessed&hub.challenge=7 HTTP/1.1\r\nHost: x\r\n\r\n", 403},
				"a handshake of nobody's":  {"GET /twilio?hub.mode=subscribe&hub.verify_token=&hub.challenge=7 HTTP/1.1\r\nHost: x\r\n\r\n", 403},
				"more than 3 MiB":          {"POST /twilio HTTP/1.1\r\nHost: x\r\nContent-Length: 3145729\r\n\r\n", 413},
			} {
				if answer := ask(t, addr, c.request); answer.StatusCode != c.status {
					t.Errorf("%s: answered %s %s, want %d", name, answer.Status, answer.body, c.status)
				}
			}
			if now := st.Seq(); now != before {
				t.Errorf("%d events were kept", now-before)
			}
			if n := g.table.Load().routes["twilio"].count.calls[callUnsigned].Load(); n != 4 {
				t.Errorf("%d calls of Twilio's are counted as unsigned, want 4", n)
			}
			// Whoever it says it was sent to.
			callBack(t, addr, strings.Replace(stop, "Host: 10.0.0.7:8082", "Host: evil.example", 1), 200)
			wants(t, st, person, "", "opted-out all")
			handshake := callBack(t, addr, "GET /whatsapp?hub.mode=subscribe&hub.verify_token=agreed&hub.challenge=1158201444 HTTP/1.1\r\nHost: x\r\n\r\n", 200)
			if handshake.body != "1158201444" {
				t.Errorf("the challenge came back as %q", handshake.body)
			}
		})
	}
}

// TestWhatWebhooksTeach: calls in turn, and what is known of the person then.
func TestWhatWebhooksTeach(t *testing.T) {
	at := time.Now().Add(-time.Hour)
	later := at.Add(time.Minute)
	stated := func(person, value string, at time.Time) string {
		return metaCall(t, "user_preferences", fmt.Sprintf(`{"user_preferences":[{%s,"category":"marketing_messages","value":%q,"timestamp":%d}]}`, person, value, at.Unix()))
	}
	preference := func(value string, at time.Time) string { return stated(`"wa_id":"14155550100"`, value, at) }
	preferenceOfBoth := func(value string, at time.Time) string {
		return stated(`"wa_id":"14155550100","user_id":"US.1"`, value, at)
	}
	receipt := func(code string) string {
		return signed(t, "twilio", "/twilio", "application/x-www-form-urlencoded", url.Values{"MessageSid": {"SM9"}, "SmsSid": {"SM9"}, "AccountSid": {"AC00000000000000000000000000000001"},
			"To": {person.Address}, "From": {"+15005550006"}, "MessageStatus": {"failed"}, "SmsStatus": {"failed"}, "ErrorCode": {code}}.Encode())
	}
	sms := func(id, text string, more ...string) string { return texted(t, id, person.Address, text, more...) }
	chat := func(id, text string, at time.Time) string { return chatted(t, id, "14155550100", text, at) }
	both := func(id, text string, at time.Time) string {
		return metaCall(t, "messages", fmt.Sprintf(`{"contacts":[{"wa_id":"14155550100","user_id":"US.1"}],"messages":[{"from":"14155550100","from_user_id":"US.1","id":%q,"timestamp":"%d","type":"text","text":{"body":%q}}]}`, id, at.Unix(), text))
	}
	for _, c := range []struct {
		name    string
		channel filter.Channel
		address string // left out: that of person
		brand   filter.Brand
		consent bool // marketing needs it
		before  []filter.Event
		calls   []string
		want    []string
	}{
		{name: "talk opens the window and is no opt-in", calls: []string{sms("1", "Hello")}, want: []string{""}},
		{name: "STOP is an opt-out", calls: []string{sms("1", "Stop.")}, want: []string{"", "opted-out all"}},
		{name: "the same STOP again is nothing new", calls: []string{sms("1", "STOP"), sms("1", "STOP")}, want: []string{"", "opted-out all"}},
		{name: "STOP and a topic is an opt-out of that", calls: []string{sms("1", "stop offers")}, want: []string{"", "opted-out topic:offers"}},
		{name: "of a topic that the provider took for everything, everything", calls: []string{sms("1", "stop offers", "OptOutType", "STOP")}, want: []string{"", "opted-out all"}},
		{name: "STOP to a number of a service, where STOP means the sender, ends both", brand: filter.Brand{Stop: filter.StopSender},
			calls: []string{sms("1", "STOP", "MessagingServiceSid", "MG1")}, want: []string{"", "opted-out sender:+15005550006", "opted-out sender:MG1"}},
		{name: "a phrase is an opt-out", calls: []string{sms("1", "Please take me off your list")}, want: []string{"", "opted-out all"}},
		{name: "an uncertain word is an opt-out", calls: []string{sms("1", "cancel")}, want: []string{"", "opted-out all"}},
		{name: "a word inside a sentence is none", calls: []string{sms("1", "We have got to stop this terrible bill before the vote on Friday")}, want: []string{""}},
		{name: "what the provider took for STOP is one, whatever it reads like", calls: []string{sms("1", "genug jetzt", "OptOutType", "STOP")}, want: []string{"", "opted-out all"}},
		{name: "START of a stranger is no opt-in", calls: []string{sms("1", "START")}, want: []string{""}},
		{name: "START after STOP", calls: []string{sms("1", "STOP"), sms("2", "START")}, want: []string{"", "opted-out all", "", "opted-in all"}},
		{name: "START of somebody who never agreed to marketing brings them none", consent: true, calls: []string{sms("1", "STOP"), sms("2", "START")},
			want: []string{"", "opted-out all", "", "opted-in utility", "opted-in service", "opted-in authentication"}},
		{name: "START brings back the marketing that was agreed to before", consent: true,
			before: []filter.Event{{Kind: filter.OptedIn, Basis: filter.Express, Scope: filter.OfTopic("offers"), To: person, Time: at, Source: "test"}},
			calls:  []string{sms("1", "STOP"), sms("2", "START")},
			want:   []string{"opted-in topic:offers", "", "opted-out all", "", "opted-in utility", "opted-in service", "opted-in authentication", "opted-in topic:offers"}},
		{name: "START inside a sentence lifts nothing", calls: []string{sms("1", "STOP"), sms("2", "When do you start")}, want: []string{"", "opted-out all", ""}},
		{name: "START that the provider took for one", calls: []string{sms("1", "STOP"), sms("2", "yes", "OptOutType", "START")}, want: []string{"", "opted-out all", "", "opted-in all"}},
		{name: "START and more is no START", calls: []string{sms("1", "STOP"), sms("2", "start offers")}, want: []string{"", "opted-out all", ""}},
		{name: "START lifts the topic that was left", calls: []string{sms("1", "STOP offers"), sms("2", "START")}, want: []string{"", "opted-out topic:offers", "", "opted-in topic:offers"}},
		{name: "START once more does not lift a later STOP", calls: []string{sms("1", "START"), sms("2", "STOP"), sms("1", "START")}, want: []string{"", "", "opted-out all"}},
		{name: "START answers what was asked", before: []filter.Event{{Kind: filter.Asked, Scope: filter.OfTopic("offers"), To: person, Time: at, Source: "test"}},
			calls: []string{sms("1", "START")}, want: []string{"asked topic:offers", "", "opted-in topic:offers"}},
		{name: "START after a STOP to what was asked is no yes to it", consent: true,
			before: []filter.Event{{Kind: filter.Asked, Scope: filter.OfTopic("offers"), To: person, Time: at, Source: "test"}}, calls: []string{sms("1", "STOP"), sms("2", "START")},
			want: []string{"asked topic:offers", "", "opted-out all", "", "opted-in utility", "opted-in service", "opted-in authentication"}},
		{name: "START after a no is no yes to anything", before: []filter.Event{{Kind: filter.Refused, Scope: filter.OfTopic("offers"), To: person, Time: at, Source: "test"}},
			calls: []string{sms("1", "START")}, want: []string{"refused topic:offers", ""}},
		{name: "a refusal because they unsubscribed", calls: []string{receipt("21610")}, want: []string{"opted-out all"}},
		{name: "a refusal because they blocked the sender", calls: []string{receipt("63014")}, want: []string{"opted-out all"}},
		{name: "a number that cannot be reached left nothing", calls: []string{receipt("30003")}},
		{name: "marketing stopped in WhatsApp", channel: filter.WhatsApp, calls: []string{preference("stop", at)}, want: []string{"opted-out marketing"}},
		{name: "and resumed", channel: filter.WhatsApp, calls: []string{preference("stop", at), preference("resume", later)}, want: []string{"opted-out marketing", "opted-in marketing"}},
		{name: "and resumed under all their addresses", channel: filter.WhatsApp, address: "US.1", calls: []string{preferenceOfBoth("stop", at), preferenceOfBoth("resume", later)},
			want: []string{"opted-out marketing", "opted-in marketing"}},
		{name: "resumed by a stranger", channel: filter.WhatsApp, calls: []string{preference("resume", at)}},
		{name: "resumed, which lifts no STOP", channel: filter.WhatsApp, calls: []string{preference("stop", at), chat("wamid.1", "STOP", at), preference("resume", later)},
			want: []string{"opted-out marketing", "", "opted-out all"}},
		{name: "resumed, which lifts nothing that the business itself was told", channel: filter.WhatsApp,
			before: []filter.Event{{Kind: filter.OptedOut, Scope: filter.OfCategory(filter.Marketing), Time: at.Add(-time.Hour), Source: "console: ana",
				To: filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: person.Address}}},
			calls: []string{preference("stop", at), preference("resume", later)}, want: []string{"opted-out marketing", "opted-out marketing"}},
		{name: "nor what every brand was", channel: filter.WhatsApp,
			before: []filter.Event{{Kind: filter.OptedOut, Scope: filter.OfCategory(filter.Marketing), Time: at.Add(-time.Hour), Source: "console: ana",
				To: filter.Recipient{Channel: filter.WhatsApp, Address: person.Address}}},
			calls: []string{preference("stop", at), preference("resume", later)}, want: []string{"opted-out marketing"}},
		{name: "resumed, and what the business was told is long over", channel: filter.WhatsApp,
			before: []filter.Event{{Kind: filter.OptedOut, Scope: filter.OfCategory(filter.Marketing), Time: at.Add(-2 * time.Hour), Source: "console: ana",
				To: filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: person.Address}},
				{Kind: filter.OptedIn, Basis: filter.Express, Scope: filter.OfCategory(filter.Marketing), Time: at.Add(-time.Hour), Source: "console: ana",
					To: filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: person.Address}}},
			calls: []string{preference("stop", at), preference("resume", later)}, want: []string{"opted-out marketing", "opted-in marketing", "opted-out marketing", "opted-in marketing"}},
		{name: "START from before STOP, which comes late", channel: filter.WhatsApp, calls: []string{chat("wamid.1", "STOP", later), chat("wamid.2", "START", at)},
			want: []string{"", "", "opted-out all"}},
		{name: "START at the second of STOP", channel: filter.WhatsApp, calls: []string{chat("wamid.1", "STOP", at), chat("wamid.2", "START", at)},
			want: []string{"", "", "opted-out all"}},
		{name: "STOP from before START, which comes late", channel: filter.WhatsApp, before: []filter.Event{{Kind: filter.OptedOut, Time: at.Add(-time.Hour), Source: "test",
			To: filter.Recipient{Brand: "default", Channel: filter.WhatsApp, Address: person.Address}}},
			calls: []string{chat("wamid.2", "START", later.Add(time.Hour/2)), chat("wamid.1", "STOP", at)}, want: []string{"opted-out all", "", "opted-out all", "", "opted-in all"}},
		{name: "STOP under an id binds the number that came with it", channel: filter.WhatsApp, calls: []string{both("wamid.1", "Hi", at), chatted(t, "wamid.2", "US.1", "STOP", later)},
			want: []string{"", "opted-out all"}},
		{name: "also where the two come together later", channel: filter.WhatsApp, calls: []string{chatted(t, "wamid.2", "US.1", "STOP", at), both("wamid.1", "Hi", later)},
			want: []string{"", "opted-out all"}},
		{name: "START lifts it under both", channel: filter.WhatsApp, address: "US.1", calls: []string{both("wamid.1", "STOP", at), both("wamid.2", "START", later)},
			want: []string{"opted-in all", "opted-out all"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := memory(t)
			var rc RouteConfig
			if c.consent {
				rc.Policy.Require = map[filter.Category]filter.Basis{filter.Marketing: filter.Express}
			}
			cfg := hooked(t, map[string]RouteConfig{"twilio": rc, "whatsapp": rc})
			c.brand.Topics = map[string]filter.Category{"offers": filter.Marketing}
			cfg.Brands = map[string]filter.Brand{"default": c.brand}
			_, _, addr := startHooked(t, cfg, st)
			learn(t, st, c.before...)
			for _, request := range c.calls {
				callBack(t, addr, request, 200)
			}
			to := person
			if c.channel != "" {
				to.Channel = c.channel
			}
			to.Address = cmp.Or(c.address, to.Address)
			got, want := learnt(t, st, to), slices.Clone(c.want)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("of the person is known %q, want %q", got, want)
			}
			again := st.Seq()
			for _, request := range c.calls {
				callBack(t, addr, request, 200)
			}
			if st.Seq() != again {
				t.Errorf("the same calls once more kept %d further events: %q", st.Seq()-again, learnt(t, st, to))
			}
		})
	}
}

// TestRecordedStart: a call that somebody recorded lifts nothing when it is played again, not even of a person who had
// themselves erased since. What they write anew does.
func TestRecordedStart(t *testing.T) {
	st := memory(t)
	_, _, addr := startHooked(t, hooked(t, map[string]RouteConfig{"twilio": {}}), st)
	start := texted(t, "SM2", person.Address, "START")
	callBack(t, addr, texted(t, "SM1", person.Address, "STOP"), 200)
	callBack(t, addr, start, 200)
	if _, err := st.Erase(t.Context(), person, "a test", "asked for"); err != nil {
		t.Fatal(err)
	}
	withdrew := func(want int) {
		t.Helper()
		if rec, err := st.Read(person, filter.NeedRecord); err != nil || len(rec.Withdrawn()) != want {
			t.Errorf("they withdrew from %v, %v, want %d scopes", rec.Withdrawn(), err, want)
		}
	}
	callBack(t, addr, start, 200)
	withdrew(1)
	callBack(t, addr, texted(t, "SM3", person.Address, "START"), 200)
	withdrew(0)
}
