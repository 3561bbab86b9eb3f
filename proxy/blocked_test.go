package proxy

import (
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// TestBlockedAccount: who blocks the account of a business, or writes STOP to it, where people are known by the id
// that the service gives them, is written to no more; a call that is not signed changes nothing.
func TestBlockedAccount(t *testing.T) {
	const lineID, viberID = "Uaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "01234567890b3456789012=="
	for _, c := range []struct {
		about, provider, call, send string
		person                      filter.Recipient
		known                       []string
		status                      int
	}{
		{"a blocked bot", "telegram", `{"update_id":1,"my_chat_member":{"chat":{"id":123456789,"type":"private"},"date":1795340000,"new_chat_member":{"status":"kicked"}}}`,
			post("/telegram/bot1:a/sendMessage", "application/json", `{"chat_id":123456789,"text":"Sale"}`),
			filter.Recipient{Channel: filter.Telegram, Address: "123456789"}, []string{"opted-out all"}, 403},
		{"a command to stop", "telegram", `{"update_id":1,"message":{"chat":{"id":123456789,"type":"private"},"date":1795340000,"text":"/stop"}}`,
			post("/telegram/bot1:a/sendMessage", "application/json", `{"chat_id":123456789,"text":"Sale"}`),
			filter.Recipient{Channel: filter.Telegram, Address: "123456789"}, []string{"opted-out all", ""}, 403},
		{"a blocked account", "line", `{"destination":"U1","events":[{"type":"unfollow","webhookEventId":"1","timestamp":1795340000000,"source":{"type":"user","userId":"` + lineID + `"}}]}`,
			post("/line/v2/bot/message/push", "application/json", `{"to":"`+lineID+`","messages":[{"type":"text","text":"Sale"}]}`),
			filter.Recipient{Channel: filter.LINE, Address: lineID}, []string{"opted-out all"}, 400},
		{"who unsubscribed", "viber", `{"event":"unsubscribed","timestamp":1795340000000,"user_id":"` + viberID + `","message_token":1}`,
			post("/viber/pa/send_message", "application/json", `{"receiver":"`+viberID+`","type":"text","text":"Sale"}`),
			filter.Recipient{Channel: filter.Viber, Address: viberID}, []string{"opted-out all"}, 200},
	} {
		t.Run(c.about, func(t *testing.T) {
			st := memory(t)
			_, sends, calls := startHooked(t, hooked(t, map[string]RouteConfig{c.provider: {}}), st)
			c.person.Brand = "default"
			callBack(t, calls, post("/"+c.provider, "application/json", c.call), 403)
			wants(t, st, c.person)
			callBack(t, calls, signed(t, c.provider, "/"+c.provider, "application/json", c.call), 200)
			wants(t, st, c.person, c.known...)
			if a := ask(t, sends, c.send); a.StatusCode != c.status || a.Header.Get("Sendgate-Reason") != "opted-out" {
				t.Errorf("a send is answered %d, %s: %s", a.StatusCode, a.Header.Get("Sendgate-Reason"), a.body)
			}
		})
	}
}
