package providers

import (
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// line speaks LINE's Messaging API.
// Sources: https://github.com/line/line-openapi/blob/main/messaging-api.yml and https://developers.line.biz/en/reference/line-mini-app/
type line struct {
	shaped
	bodySigner
	*keyring
}

var lineService = known{host: "https://api.line.me", channel: filter.LINE, text: lineText, make: newLine,
	enter: "the Webhook URL of the channel; secrets: the channel secret"}

// lineText is the longest text LINE takes, in UTF-16 code units: one with emoji may have less.
// Source: https://developers.line.biz/en/docs/messaging-api/text-character-count/
const lineText = 5000

var lineShape = (&shape{
	service: "LINE",
	sends:   []string{"/v2/bot/message/push", "/v2/bot/message/multicast"},
	// A reply token stands for whoever wrote, a hash for a phone number, and a notification token for who used a mini app.
	wide: []string{"/v2/bot/message/broadcast", "/v2/bot/message/narrowcast", "/v2/bot/message/reply", "/bot/pnp/push", "/bot/ad/multicast/phone",
		"/message/v3/notifier/send"},
	others: []string{"/v2/bot/message/validate/*", "/v2/bot/message/quota", "/v2/bot/message/quota/consumption", "/v2/bot/message/delivery/*",
		"/v2/bot/message/progress/narrowcast", "/v2/bot/message/aggregation/*", "/v2/bot/message/markAsRead", "/v2/bot/message/*/content",
		"/v2/bot/chat/markAsRead", "/v2/bot/chat/loading/start", "/message/v3/notifier/token"},
	traces:     []string{"/message", "/pnp", "/multicast", "/mission"}, // the last gives a sticker and may tell of it
	recipients: []reach{{at: "to[]"}},
	most:       500,
	text:       []bounded{{"messages[].text", lineText}},
	extra:      []string{"messages"},
	channel:    filter.LINE,
	address: func(text, region string) (string, bool) {
		address, err := filter.Address(filter.LINE, text, region)
		return address, err == nil
	},
	// Ids of groups and of rooms begin with other letters than those of users.
	group: func(text string) bool { return strings.HasPrefix(text, "C") || strings.HasPrefix(text, "R") },
}).mustCompile()

func newLine(cfg Config) (Provider, error) {
	return line{newShaped(lineShape, cfg), lineSigner, lineKeyring}, nil
}

// lineKeyring: https://developers.line.biz/en/reference/messaging-api/#status-codes. What gives channel access tokens
// asks for the channel's secret.
var lineKeyring = &keyring{
	name:  "LINE",
	takes: []string{"secret"},
	holes: []keyhole{{in: inHeader, at: "authorization", scheme: "Bearer", key: secretKey}},
	gives: []string{"/oauth"},
	denial: denial{401, `{"message":"Authentication failed due to the following reason: invalid token. ` +
		`Confirm that the access token in the authorization header is valid. {detail}"}`},
}

// Refuse answers 400, as LINE does for a user it does not know. Its libraries take 409 for a success.
// Source: https://developers.line.biz/en/faq/tags/message/
func (line) Refuse(resp *fasthttp.Response, b *Batch) {
	message, property := "Failed to send messages", `,"property":"to"`
	switch b.reason() {
	case filter.Unreadable:
		message, property = "The request body has 1 error(s)", ""
	case filter.Content:
		message, property = "The request body has 1 error(s)", `,"property":"messages"`
	}
	out := append(b.parsed.out[:0], `{"message":"`...)
	out = append(append(out, message...), `","details":[{"message":"`+marker...)
	out = append(escapeJSON(out, b.why()), '"')
	out = append(append(out, property...), "}]}"...)
	b.refuse(resp, fasthttp.StatusBadRequest, "application/json", out)
}

// Learn reads nothing: LINE's refusals have no codes, and it takes a message to somebody who blocked the account
// without a word.
// Source: https://developers.line.biz/en/faq/tags/message/
func (line) Learn(*fasthttp.Response, *Batch) (refusal int, events []filter.Event) { return 0, nil }
