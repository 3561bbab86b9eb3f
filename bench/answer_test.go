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
			if wrong, says := dialect(t, c.provider).compare(Want{block, c.reason}, readAnswer(&resp), true); wrong != c.wrong {
				t.Errorf("got %q: %s", wrong, says)
			}
		})
	}
}
