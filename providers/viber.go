package providers

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// viber speaks Viber's REST API for bots, which puts its errors into answers of status 200.
// Source: https://developers.viber.com/docs/api/rest-bot-api/
type viber struct {
	shaped
	bodySigner
	*keyring
}

var viberService = known{host: "https://chatapi.viber.com", channel: filter.Viber, text: viberText, withdrawn: viberWithdrawn, busy: []int{viberTooMany}, make: newViber,
	enter: "set_webhook; secrets: the token of the bot"}

// viberText is the longest text Viber takes, in characters.
const viberText = 7000

var viberShape = (&shape{
	service:    "Viber",
	sends:      []string{"/pa/send_message", "/pa/broadcast_message"},
	wide:       []string{"/pa/post"}, // to all who follow a channel
	others:     []string{"/pa/get_account_info", "/pa/get_user_details", "/pa/get_online", "/pa/set_webhook"},
	traces:     []string{"message", "/post"},
	typeless:   true, // https://github.com/Viber/viber-bot-python/blob/master/viberbot/api/api_request_sender.py
	recipients: []reach{{at: "receiver"}, {at: "broadcast_list[]"}},
	most:       300,
	text:       []bounded{{"text", viberText}},
	extra:      []string{"media", "file_name", "contact", "location", "sticker_id", "rich_media", "alt_text", "keyboard"},
	channel:    filter.Viber,
	address: func(text, region string) (string, bool) {
		address, err := filter.Address(filter.Viber, text, region)
		return address, err == nil
	},
}).mustCompile()

func newViber(cfg Config) (Provider, error) {
	return viber{newShaped(viberShape, cfg), viberSigner, viberKeyring}, nil
}

// viberKeyring: https://developers.viber.com/docs/api/rest-bot-api/#authentication-token. Its Python library has the
// token in the body.
var viberKeyring = &keyring{
	name:   "Viber",
	takes:  []string{"secret"},
	holes:  []keyhole{{in: inHeader, at: "x-viber-auth-token", key: secretKey}, {in: inBody, at: "auth_token", typeless: true}, {in: inQuery, at: "auth_token"}},
	denial: denial{200, `{"status":2,"status_message":"invalidAuthToken: {detail}"}`},
}

// viberNotSubscribed is Viber's code for a person whom the bot may not write to, and viberBadData that for what
// is wrong with a request.
// Source: https://developers.viber.com/docs/api/rest-bot-api/#error-codes
const (
	viberBadData       = 3
	viberNotRegistered = 5
	viberNotSubscribed = 6
	viberTooMany       = 12
)

// viberWithdrawn: who is not subscribed any more does not want to be written to.
var viberWithdrawn = map[int]filter.Scope{viberNotSubscribed: filter.All}

// viberRefusals are Viber's words by our reasons. Who reads that somebody is not subscribed forgets them, so
// that it says so of those alone who do not want to be written to.
var viberRefusals = [filter.Reasons]native{
	filter.BadAddress:     {viberNotRegistered, "receiverNotRegistered"},
	filter.HasOptedOut:    {viberNotSubscribed, "notSubscribed"},
	filter.NoConsent:      {viberNotSubscribed, "notSubscribed"},
	filter.ConsentExpired: {viberNotSubscribed, "notSubscribed"},
}

// viberStatus appends what Viber says of a message that was blocked, without the braces.
func viberStatus(out []byte, reason filter.Reason, why string) []byte {
	n := viberRefusals[reason]
	if n.code == 0 {
		n = native{viberBadData, "badData"}
	}
	out = strconv.AppendInt(append(out, `"status":`...), int64(n.code), 10)
	out = append(append(append(out, `,"status_message":"`...), n.text...), ": "+marker...)
	return append(escapeJSON(out, why), '"')
}

// Refuse answers 200 with Viber's error: its libraries read it there alone.
// Source: https://github.com/Viber/viber-bot-node/blob/master/lib/viber-client.js
func (viber) Refuse(resp *fasthttp.Response, b *Batch) {
	out := append(viberStatus(append(b.parsed.out[:0], '{'), b.reason(), b.why()), '}')
	b.refuse(resp, fasthttp.StatusOK, "application/json", out)
}

// A viberFailure is what Viber tells of one recipient of a broadcast.
type viberFailure struct {
	Receiver string `json:"receiver"`
	Status   int    `json:"status"`
}

// Learn reads from the one recipient's answer that they are not subscribed, as an opt-out, and from that to a broadcast
// which of them are not.
func (viber) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := answerUpTo(resp, maxPlain)
	var j struct {
		Status int            `json:"status"`
		Failed []viberFailure `json:"failed_list"`
	}
	switch {
	case !ok || json.Unmarshal(body, &j) != nil || j.Status < 0:
		return 0, nil
	case j.Status == 0:
		return 0, b.viberFailed(j.Failed)
	}
	if e, ok := viberOptOut(j.Status); ok {
		events = learnt(b, e)
	}
	return j.Status, events
}

// viberOptOut is the opt-out that a status means, if it means any.
func viberOptOut(status int) (e filter.Event, ok bool) {
	scope, ok := viberWithdrawn[status]
	return filter.Event{Kind: filter.OptedOut, Scope: scope, Source: "viber answer", Note: strconv.Itoa(status)}, ok
}

// viberFailed are the opt-outs of recipients of b whom a broadcast did not reach.
func (b *Batch) viberFailed(failed []viberFailure) (events []filter.Event) {
	for _, f := range failed {
		e, ok := viberOptOut(f.Status)
		i := slices.IndexFunc(b.parsed.spread.at, func(at standing) bool { return at.written == f.Receiver })
		if !ok || i < 0 || b.Messages[i].To.Address == "" {
			continue
		}
		e.To = filter.Recipient{Channel: b.Messages[i].To.Channel, Address: strings.Clone(b.Messages[i].To.Address)}
		events = append(events, e)
	}
	return events
}

// Merge adds the blocked recipients to failed_list, where Viber itself tells of those it did not write to.
// Source: https://developers.viber.com/docs/guides/broadcast-rest-api/
func (viber) Merge(resp *fasthttp.Response, b *Batch) error {
	return b.merge(resp, func(d document) ([]edit, error) {
		status := d.member(0, "status")
		if status == 0 || string(d.raw(status)) != "0" {
			return nil, errUnlike
		}
		var out []byte
		for i := range b.Decisions {
			if b.Decisions[i].Action == filter.Block {
				if len(out) > 0 {
					out = append(out, ',')
				}
				out = append(escapeJSON(append(out, `{"receiver":"`...), b.parsed.spread.at[i].written), `",`...)
				out = append(viberStatus(out, b.Decisions[i].Reason, b.Decisions[i].Reason.Text()), '}')
			}
		}
		list := d.member(0, "failed_list")
		switch {
		case list == 0:
			at := int(d.nodes[0].end) - 1
			return []edit{{start: at, end: at, text: append(append([]byte(`,"failed_list":[`), out...), ']')}}, nil
		case d.nodes[list].kind != '[':
			return nil, errUnlike
		case d.child(list) != 0:
			out = append([]byte{','}, out...)
		}
		at := int(d.nodes[list].end) - 1
		return []edit{{start: at, end: at, text: out}}, nil
	})
}
