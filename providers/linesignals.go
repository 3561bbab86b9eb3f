package providers

import (
	"encoding/base64"
	"encoding/json"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// lineSigner signs as LINE does, with the secret of a channel.
// Source: https://github.com/line/line-bot-sdk-go/blob/master/linebot/webhook/parse.go
var lineSigner = bodySigner{header: "X-Line-Signature", write: base64.StdEncoding.EncodeToString}

// Signals reads what people wrote, and who blocked the account. What is written in a group says nothing about
// messages to one person; nor is who follows the account, or unblocks it, thereby asking for messages.
// Source: https://github.com/line/line-openapi/blob/main/webhook.yml
func (line) Signals(req *fasthttp.Request) (all []Signal, err error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call struct {
		Destination string `json:"destination"`
		Events      []struct {
			Type      string `json:"type"`
			ID        string `json:"webhookEventId"`
			Timestamp loose  `json:"timestamp"`
			Source    struct {
				Type   string `json:"type"`
				UserID string `json:"userId"`
			} `json:"source"`
			Message struct {
				Type   string `json:"type"`
				Text   string `json:"text"`
				Quoted string `json:"quotedMessageId"`
			} `json:"message"`
			Postback struct {
				Data string `json:"data"`
			} `json:"postback"`
		} `json:"events"`
	}
	if json.Unmarshal(body, &call) != nil {
		return nil, errNoCall
	}
	for _, e := range call.Events {
		from, fault := filter.Address(filter.LINE, e.Source.UserID, "")
		if e.Source.Type != "user" || fault != nil {
			continue
		}
		s := Signal{ID: e.ID, Time: unixTime(e.Timestamp), From: filter.Recipient{Channel: filter.LINE, Address: from}, Sender: call.Destination}
		switch e.Type {
		case "unfollow":
			s.Kind, s.Stop, s.Scope = Preference, true, filter.All
		case "message":
			s.Kind, s.Text, s.ReplyTo = Message, e.Message.Text, e.Message.Quoted
			if s.Text == "" {
				s.Media = 1
			}
		case "postback":
			s.Kind, s.Payload = Message, e.Postback.Data
		default:
			continue
		}
		if s.ID == "" {
			s.ID = digest("line", e.Type, call.Destination, from, string(e.Timestamp), s.Text, s.Payload)
		}
		all = append(all, s)
	}
	return all, nil
}
