package providers

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// TestAWSRich: what somebody pressed by RCS counts as a text does, with the label for its words, and what nobody did does not.
func TestAWSRich(t *testing.T) {
	person := filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}
	const agent = "rcs-cb1e6e519e9049fabf8c0ae38e4d876b"
	for _, c := range []struct {
		name, from, body string
		want             *Signal
	}{
		{"a text", "+14155550100", "STOP", &Signal{Kind: Message, Text: "STOP"}},
		{"a text, of a number without a plus", "14155550100", "STOP", &Signal{Kind: Message, Text: "STOP"}},
		{"a text that looks like JSON", "+14155550100", `{STOP}`, &Signal{Kind: Message, Text: "{STOP}"}},
		{"a suggestion that somebody pressed", "14155550100", `{"type":"SUGGESTION","text":"No more","postbackData":"STOP"}`, &Signal{Kind: Message, Text: "No more", Payload: "STOP"}},
		{"that somebody unsubscribed", "14155550100", `{"type":"UNSUBSCRIBE"}`, &Signal{Kind: Preference, Stop: true, Scope: filter.All, Detail: "unsubscribed"}},
		{"a place", "14155550100", `{"type":"LOCATION","latitude":51.6,"longitude":4.77}`, &Signal{Kind: Message, Media: 1}},
		{"that somebody types", "14155550100", `{"type":"RCS_TYPING","receivedAt":"2026-06-17T17:36:29.937+0000"}`, nil},
		{"that a session began, by what we sent", "14155550100", `{"type":"CONVERSATION_STARTED","conversationInitiatingMessageType":"OUTBOUND"}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			message, err := json.Marshal(map[string]string{"originationNumber": c.from, "destinationNumber": agent, "messageBody": c.body, "inboundMessageId": "i1"})
			if err != nil {
				t.Fatal(err)
			}
			call, err := json.Marshal(map[string]string{"Type": "Notification", "Message": string(message)})
			if err != nil {
				t.Fatal(err)
			}
			var req fasthttp.Request
			req.SetBody(call)
			all, err := (awsSMS{}).Signals(&req)
			if err != nil || len(all) > 1 || (len(all) == 1) != (c.want != nil) {
				t.Fatalf("it says %+v, %v", all, err)
			}
			if c.want != nil {
				c.want.ID, c.want.From, c.want.Sender = "i1", person, agent
				if !reflect.DeepEqual(all[0], *c.want) {
					t.Errorf("it says %+v, want %+v", all[0], *c.want)
				}
			}
		})
	}
}
