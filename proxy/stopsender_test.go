package proxy

import (
	"net/url"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// TestStopOfASender: where a STOP is about one number, it holds for what that number sends, however the service and
// the sender's program spell it, and for no other.
func TestStopOfASender(t *testing.T) {
	st := memory(t)
	rc := RouteConfig{Upstream: play(t, loopback(t), echo(okAnswer, func(wire) {}))}
	cfg := hooked(t, map[string]RouteConfig{"plivo": rc, "messagebird": rc})
	cfg.Brands = map[string]filter.Brand{"default": {Stop: filter.StopSender}}
	_, sends, calls := startHooked(t, cfg, st)
	for provider, pairs := range map[string]url.Values{
		"plivo":       {"From": {"14155550100"}, "To": {"442079460000"}, "Text": {"STOP"}, "MessageUUID": {"1"}},
		"messagebird": {"originator": {"14155550101"}, "recipient": {"442079460000"}, "payload": {"STOP"}, "message_id": {"1"}},
	} {
		callBack(t, calls, signed(t, provider, "/"+provider, "application/x-www-form-urlencoded", pairs.Encode()), 200)
	}
	for _, c := range []struct {
		from    string
		blocked bool
	}{{"442079460000", true}, {"+442079460000", true}, {"+44 20 7946 0000", true}, {"442079460001", false}, {"Acme", false}, {"12345", false}} {
		for _, send := range []string{
			post("/plivo/v1/Account/MA1/Message/", "application/json", `{"src":"`+c.from+`","dst":"14155550100","text":"Sale"}`),
			post("/messagebird/messages", "application/json", `{"originator":"`+c.from+`","recipients":["14155550101"],"body":"Sale"}`),
		} {
			if a := ask(t, sends, send); (a.Header.Get("Sendgate-Reason") == "opted-out") != c.blocked {
				t.Errorf("from %s: %s %s", c.from, a.Status, a.body)
			}
		}
	}
}

// TestStopWhereNoSenderIsNamed: a request that does not say whom it comes from may come from whom the person left.
func TestStopWhereNoSenderIsNamed(t *testing.T) {
	const user = "Uaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	st := memory(t)
	_, addr := start(t, Config{Routes: map[string]RouteConfig{"line": {Policy: anyone, Upstream: play(t, loopback(t), echo(okAnswer, func(wire) {}))}}}, st)
	send := post("/line/v2/bot/message/push", "application/json", `{"to":"`+user+`","messages":[{"type":"text","text":"Sale"}]}`)
	to := filter.Recipient{Channel: filter.LINE, Address: user, Brand: "default"}
	learn(t, st, filter.Event{To: to, Kind: filter.Wrote, Source: "test"})
	if a := ask(t, addr, send); a.StatusCode != 200 {
		t.Fatalf("before: %s %s", a.Status, a.body)
	}
	learn(t, st, filter.Event{To: to, Kind: filter.OptedOut, Scope: filter.OfSender("Ubot"), Source: "test"})
	if a := ask(t, addr, send); a.Header.Get("Sendgate-Reason") != "opted-out" {
		t.Errorf("after: %s %s", a.Status, a.body)
	}
}

// TestStopToANumberOfAPool: a pool is a sender whose numbers nobody sees, so that it may write from the one that the person
// left. A name that nobody can answer to is another sender.
func TestStopToANumberOfAPool(t *testing.T) {
	aws := func(identity string) string {
		send := post("/aws-sms/", "application/x-amz-json-1.0", `{"DestinationPhoneNumber":"+14155550100","OriginationIdentity":"`+identity+`","MessageBody":"Sale"}`)
		return strings.Replace(send, "\r\n", "\r\nX-Amz-Target: PinpointSMSVoiceV2.SendTextMessage\r\n", 1)
	}
	plivo := func(sender string) string {
		return post("/plivo/v1/Account/MA1/Message/", "application/json", `{`+sender+`,"dst":"14155550100","text":"Sale"}`)
	}
	bird := func(sender string) string {
		return post("/bird/v1/sms/messages", "application/json", `{"to":"+14155550100",`+sender+`,"text":"Sale"}`)
	}
	// What is signed for AWS cannot go on from here, and is judged before that.
	const arn = "arn:aws:sms-voice:us-east-1:123456789012:"
	st := memory(t)
	rc := RouteConfig{Policy: anyone, Upstream: play(t, loopback(t), echo(okAnswer, func(wire) {}))}
	_, addr := start(t, Config{Routes: map[string]RouteConfig{"aws-sms": rc, "plivo": rc, "bird": rc}}, st)
	learn(t, st, filter.Event{To: filter.Recipient{Brand: "default", Channel: filter.SMS, Address: "+14155550100"}, Kind: filter.OptedOut,
		Scope: filter.OfSender("+12065550199"), Source: "test"},
		filter.Event{To: filter.Recipient{Brand: "default", Channel: filter.Email, Address: "ana@example.com"}, Kind: filter.OptedOut,
			Scope: filter.OfSender("news@acme.example"), Source: "test"})
	for _, c := range []struct {
		name, send string
		blocked    bool
	}{
		{"the number that was left", aws("+12065550199"), true},
		{"another number", aws("+12065550198"), false},
		{"a name", aws("ACME"), false},
		{"a name by its address", aws(arn + "sender-id/ACME/US"), false},
		{"a pool", aws("pool-0123456789abcdef0123456789abcdef"), true},
		{"a pool by its address", aws(arn + "pool/pool-0123456789abcdef0123456789abcdef"), true},
		{"a number by its id", aws("phone-0123456789abcdef0123456789abcdef"), true},
		{"a number by its address", aws(arn + "phone-number/phone-0123456789abcdef0123456789abcdef"), true},
		{"a powerpack", plivo(`"powerpack_uuid":"86bbb125-97bb-4d72-89fd-81d5c515b015"`), true},
		{"a name that Plivo writes from", plivo(`"src":"ACME"`), false},
		{"a profile of Bird's", bird(`"messaging_profile_id":"0198f3a2-7c1e-7d7e-9a53-0b1e4c2d9f10"`), true},
		{"an address that Bird writes e-mails from", post("/bird/v1/email/messages", "application/json",
			`{"to":["ana@example.com"],"from":"orders@acme.example","subject":"Sale","text":"Sale"}`), false},
		{"a name that Bird writes from", bird(`"from":"ACME"`), false},
	} {
		if a := ask(t, addr, c.send); (a.Header.Get("Sendgate-Reason") == "opted-out") != c.blocked {
			t.Errorf("from %s: %s %s", c.name, a.Status, a.body)
		}
	}
}
