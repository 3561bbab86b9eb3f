package providers

import (
	"encoding/hex"
	"encoding/json"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// viberSigner signs as Viber does, with the token of a bot.
// Source: https://github.com/Viber/viber-bot-node/blob/master/lib/message/message-validator.js
var viberSigner = bodySigner{header: "X-Viber-Content-Signature", write: hex.EncodeToString}

// Signals reads what people wrote, and who unsubscribed. Who subscribes, or opens the conversation, does not
// thereby ask for messages.
// Source: https://developers.viber.com/docs/api/rest-bot-api/#callbacks
func (viber) Signals(req *fasthttp.Request) (all []Signal, err error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call struct {
		Event     string `json:"event"`
		Timestamp loose  `json:"timestamp"`
		Token     loose  `json:"message_token"`
		UserID    string `json:"user_id"`
		Sender    struct {
			ID string `json:"id"`
		} `json:"sender"`
		Message struct {
			Text string `json:"text"`
			Type string `json:"type"`
		} `json:"message"`
	}
	if json.Unmarshal(body, &call) != nil {
		return nil, errNoCall
	}
	s := Signal{Time: unixTime(call.Timestamp)}
	who := call.UserID
	switch call.Event {
	case "unsubscribed":
		s.Kind, s.Stop, s.Scope = Preference, true, filter.All
	case "message":
		who = call.Sender.ID
		s.Kind, s.Text = Message, call.Message.Text
		if call.Message.Type != "text" {
			s.Media = 1
		}
	default:
		return nil, nil
	}
	from, fault := filter.Address(filter.Viber, who, "")
	if fault != nil {
		return nil, nil
	}
	s.From = filter.Recipient{Channel: filter.Viber, Address: from}
	s.ID = digest("viber", call.Event, from, string(call.Token), string(call.Timestamp))
	return []Signal{s}, nil
}
