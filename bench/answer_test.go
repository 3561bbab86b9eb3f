package bench

import (
	"testing"

	"github.com/valyala/fasthttp"
)

// Some services refuse with a status of success: then the body alone tells a block from a message that was sent.
func TestRefusalsWithAStatusOfSuccess(t *testing.T) {
	for _, c := range []struct {
		name, provider, reason, body string
		wrong                        Wrong
	}{
		{"Vonage's words for one who opted out", "vonage-sms", "opted-out", `{"message-count":"1","messages":[{"to":"14155550100","status":"7","error-text":"x"}]}`, ""},
		{"Vonage's words for something else", "vonage-sms", "opted-out", `{"message-count":"1","messages":[{"to":"14155550100","status":"3","error-text":"x"}]}`, WrongWords},
		{"a message that Vonage took", "vonage-sms", "opted-out", `{"message-count":"1","messages":[{"to":"14155550100","message-id":"0A","status":"0"}]}`, WrongForward},
		{"Viber's words for one who never agreed, which are those for one who left", "viber", "no-consent", `{"status":6,"status_message":"notSubscribed"}`, ""},
		{"a message that Viber took", "viber", "no-consent", `{"status":0,"status_message":"ok"}`, WrongForward},
		{"WeChat's words for one who opted out", "wechat", "opted-out", `{"errcode":43004,"errmsg":"require subscribe"}`, ""},
		{"a message that WeChat took", "wechat", "opted-out", `{"errcode":0,"errmsg":"ok"}`, WrongForward},
		{"Infobip's words for what is no number", "infobip", "bad-address", `{"messages":[{"destination":"1","status":{"groupId":5,"groupName":"REJECTED","id":52}}]}`, ""},
		{"a message that Infobip took", "infobip", "bad-address", `{"messages":[{"destination":"1","status":{"groupId":1,"groupName":"PENDING","id":26}}]}`, WrongForward},
	} {
		t.Run(c.name, func(t *testing.T) {
			var resp fasthttp.Response
			resp.Header.DisableNormalizing()
			resp.Header.Set("Sendgate-Decision", block)
			resp.Header.Set("Sendgate-Reason", c.reason)
			resp.SetBodyString(c.body)
			d := dialect(t, c.provider)
			if wrong, says := d.compare(Want{block, c.reason}, d.read(&resp), true); wrong != c.wrong {
				t.Errorf("got %q: %s", wrong, says)
			}
		})
	}
}

// What a provider says of one who left binds the next send where the gate learns from it, and not where it does not.
func TestWhoLeftByTheProvidersWord(t *testing.T) {
	for _, c := range []struct {
		name, provider string
		answer         Answer
		sure, perhaps  bool
	}{
		{"Twilio's code", "twilio", Answer{Decision: rewrite, Status: 400, Code: "21610"}, true, false},
		{"Telnyx' code, which comes with another status than the gate's own refusals", "telnyx", Answer{Decision: forward, Status: 409, Code: "40300"}, true, false},
		{"Viber's, with a status of success", "viber", Answer{Decision: forward, Status: 200, Code: "6"}, true, false},
		{"MessageBird's, which may mean anything", "messagebird", Answer{Decision: forward, Status: 422, Code: "9"}, false, false},
		{"one that no sample tells of", "twilio-studio", Answer{Decision: forward, Status: 400, Code: "21610"}, false, true},
		{"the gate's own word", "twilio", Answer{Decision: block, Status: 400, Code: "21610"}, false, false},
		{"a provider that is out of order", "twilio", Answer{Decision: forward, Status: 500, Code: "20500"}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if sure, perhaps := dialect(t, c.provider).left(c.answer); sure != c.sure || perhaps != c.perhaps {
				t.Errorf("sure: %t, perhaps: %t", sure, perhaps)
			}
		})
	}
}
