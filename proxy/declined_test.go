package proxy

import (
	"fmt"
	"net"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// refusalsBy200 are refusals in answers of 200, and what they answer.
var refusalsBy200 = []struct{ name, provider, target, contentType, body, answer string }{
	{"Vonage: it sends too much", "vonage-sms", "/sms/json", "application/x-www-form-urlencoded", "from=Acme&to=14155550100&text=Sale",
		`{"message-count":"1","messages":[{"to":"14155550100","status":"1","error-text":"Throughput Rate Exceeded"}]}`},
	{"Vonage: the account has no money left", "vonage-sms", "/sms/json", "application/x-www-form-urlencoded", "from=Acme&to=14155550100&text=Sale",
		`{"message-count":"1","messages":[{"to":"14155550100","status":"9","error-text":"Partner quota violation"}]}`},
	{"Viber: it sends too much", "viber", "/pa/send_message", "application/json", `{"receiver":"01234567890A=","type":"text","text":"Sale"}`,
		`{"status":12,"status_message":"tooManyRequests"}`},
	{"WeChat: the token has expired", "wechat", "/cgi-bin/message/custom/send?access_token=t", "application/json",
		`{"touser":"oPENid0123456789abcdefghijkl","msgtype":"text","text":{"content":"Sale"}}`, `{"errcode":42001,"errmsg":"access_token expired"}`},
	{"Infobip: the account has no money left", "infobip", "/sms/2/text/advanced", "application/json",
		`{"messages":[{"from":"Acme","destinations":[{"to":"14155550100"}],"text":"Sale"}]}`,
		`{"messages":[{"to":"14155550100","status":{"groupId":5,"groupName":"REJECTED","id":12,"name":"REJECTED_NOT_ENOUGH_CREDITS"}}]}`},
	{"Bird: it took the message and rejected it", "bird", "/v1/sms/messages", "application/json", `{"from":"+15005550006","to":"+14155550100","text":"Sale"}`,
		`{"id":"sms_1","status":"rejected","last_error":{"code":"insufficient_balance"}}`},
}

// TestWhatIsRefusedWith200DoesNotCount: some services refuse in an answer of 200. Nothing was sent then either: the next
// try is no duplicate, its key is free, and nobody was told of privacy.
func TestWhatIsRefusedWith200DoesNotCount(t *testing.T) {
	for _, c := range refusalsBy200 {
		t.Run(c.name, func(t *testing.T) {
			st := memory(t)
			answers := make(chan string, 2)
			answers <- c.answer
			answers <- "{}"
			base := play(t, loopback(t), func(conn net.Conn) {
				echoEach(conn, func(wire) string {
					body := <-answers
					return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
				})
			})
			_, addr := start(t, oneRoute(base, func(rc *RouteConfig) {
				rc.Provider = c.provider
				unrepeated(rc)
				rc.Policy.Notice = filter.Notice{Text: "Privacy: {policy_url}", PolicyURL: policyURL}
			}), st)
			sale := keyed(post("/twilio"+c.target, c.contentType, c.body), "Sendgate-Key: order-1")
			first := ask(t, addr, sale)
			if first.StatusCode != 200 || first.body != c.answer {
				t.Fatalf("answered %s, %s", first.Status, first.body)
			}
			e, ok, err := st.Decisions().Entry(first.Header.Get("Sendgate-Id"))
			if err != nil || !ok {
				t.Fatalf("the log has no such decision: %v", err)
			}
			if rec, err := st.Read(e.To, filter.NeedRecord); err != nil || !rec.Noticed().IsZero() {
				t.Errorf("it is on record that they were told of privacy, by a message that was refused: %v", err)
			}
			if a := ask(t, addr, sale); a.StatusCode != 200 || a.Header.Get("Sendgate-Replayed") != "" || a.body != "{}" {
				t.Errorf("the next try is answered %s for the reason %s: %s", a.Status, a.Header.Get("Sendgate-Reason"), a.body)
			}
		})
	}
}
