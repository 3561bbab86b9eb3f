package providers

import (
	"encoding/json"
	"strconv"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// wechat speaks the message APIs of WeChat's official accounts and mini programs. People are named by OpenIDs, which
// each account has of its own. The token in its queries lives two hours, so that no route can keep one for others.
// Sources: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html and
// https://github.com/silenceper/wechat/tree/v2/officialaccount
type wechat struct {
	*keyring
	one, mass shaped
}

var wechatService = known{host: "https://api.weixin.qq.com", channel: filter.WeChat, text: wechatText,
	withdrawn: wechatWithdrawn, busy: []int{45009, 45011}, make: newWeChat,
	enter: "the server URL of the account; secrets: its Token, or Token:EncodingAESKey for the safe mode"}

// wechatText is the longest text that surely passes, in characters: WeChat counts 2048 bytes.
const wechatText = 600

// wechatShape is for messages to whom touser names.
func wechatShape(s shape) *compiled {
	s.service = "WeChat"
	s.untyped = true
	s.text = []bounded{{"text.content", wechatText}}
	s.template = []string{"template_id", "mp_template_msg.template_id", "weapp_template_msg.template_id"}
	s.extra = []string{"data", "url", "page", "miniprogram", "title", "mp_template_msg", "weapp_template_msg", "image", "images", "voice", "video",
		"mpvideo", "music", "news", "mpnews", "mpnewsarticle", "msgmenu", "wxcard", "miniprogrampage", "link"}
	s.channel = filter.WeChat
	s.address = func(text, region string) (string, bool) {
		address, err := filter.Address(filter.WeChat, text, region)
		return address, err == nil
	}
	return s.mustCompile()
}

var (
	wechatOne = wechatShape(shape{
		sends: []string{"/cgi-bin/message/template/send", "/cgi-bin/message/template/subscribe", "/cgi-bin/message/custom/send",
			"/cgi-bin/message/custom/business/send", "/cgi-bin/message/subscribe/send", "/cgi-bin/message/subscribe/bizsend",
			"/cgi-bin/message/wxopen/template/send", "/cgi-bin/message/wxopen/template/uniform_send", "/cgi-bin/message/mass/preview"},
		wide: []string{"/cgi-bin/message/mass/sendall"}, // by a tag, or to all
		others: []string{"/cgi-bin/token", "/cgi-bin/stable_token", "/cgi-bin/message/custom/typing", "/cgi-bin/message/custom/business/typing",
			"/cgi-bin/message/mass/delete", "/cgi-bin/message/mass/get", "/cgi-bin/message/mass/speed/get", "/cgi-bin/message/mass/speed/set", "/wxa/get_user_notify"},
		traces:     []string{"message", "send", "mass", "user_notify"}, // the last is of service cards
		recipients: []reach{{at: "touser"}},
		unseen:     []string{"towxname"}, // a name that people chose for themselves
		refused:    []string{"filter", "is_to_all"},
	})
	// A mass of one is none, and WeChat refuses it: the second to last takes the last along.
	wechatMass = wechatShape(shape{
		sends:      []string{"/cgi-bin/message/mass/send"},
		recipients: []reach{{at: "touser[]", fewest: 2}},
		most:       10_000,
		refused:    []string{"filter", "is_to_all", "towxname"},
	})
)

func newWeChat(cfg Config) (Provider, error) {
	return wechat{wechatKeyring, newShaped(wechatOne, cfg), newShaped(wechatMass, cfg)}, nil
}

// wechatKeyring: the token stands in the query and lasts for two hours, so that a program has to renew the file that it is
// read from. Who is not known is told that they lack a right: after 40001 some libraries get a token and send again.
// Sources: https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Get_access_token.html and
// https://github.com/node-webot/co-wechat-api/blob/master/lib/api_common.js
var wechatKeyring = &keyring{
	name:   "WeChat",
	takes:  []string{"secret"},
	holes:  []keyhole{{in: inQuery, at: "access_token", key: secretKey}, {in: inQuery, at: "secret"}, {in: inBody, at: "secret"}},
	gives:  []string{"token"},
	denial: denial{200, `{"errcode":48001,"errmsg":"api unauthorized, {detail}"}`},
}

// The codes of WeChat's refusals, by which senders forget a person, or do not.
// Sources: https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html and
// https://developers.weixin.qq.com/miniprogram/dev/api-backend/open-api/subscribe-message/subscribeMessage.send.html
const (
	wechatNoOpenID   = 40003
	wechatNoFollower = 43004
	wechatRefused    = 43101 // of subscribe messages, each of which a person permits
	wechatTooMany    = 45047
	wechatBadData    = 47001
)

// The forms that refusals have.
const (
	_ uint8 = iota
	wechatSubscribed
)

// Parse reads a message, or a mass of them.
func (w wechat) Parse(req *fasthttp.Request, b *Batch) error {
	path, _, _ := splitURI(req.Header.RequestURI())
	if matches(path, "/cgi-bin/message/subscribe/send") || matches(path, "/cgi-bin/message/subscribe/bizsend") {
		b.parsed.form = wechatSubscribed
	}
	if w.mass.path(path) == send {
		return w.mass.Parse(req, b)
	}
	return w.one.Parse(req, b)
}

// Rewrite takes out who is blocked and adds the lines, and changes nothing else.
func (wechat) Rewrite(req *fasthttp.Request, b *Batch) error { return b.rewriteSpread(req, nil) }

var wechatRefusals = [filter.Reasons]native{
	filter.BadAddress:     {wechatNoOpenID, "invalid openid"},
	filter.HasOptedOut:    {wechatNoFollower, "require subscribe"},
	filter.NoConsent:      {wechatNoFollower, "require subscribe"},
	filter.ConsentExpired: {wechatNoFollower, "require subscribe"},
	filter.CapReached:     {wechatTooMany, "out of response count limit"},
}

// Refuse answers 200 with WeChat's error: its errors have no other status.
func (wechat) Refuse(resp *fasthttp.Response, b *Batch) {
	n := wechatRefusals[b.reason()]
	switch {
	case n.code == 0:
		n = native{wechatBadData, "data format error"}
	case n.code == wechatNoFollower && b.parsed.form == wechatSubscribed:
		n = native{wechatRefused, "user refuse to accept the msg"}
	}
	out := strconv.AppendInt(append(b.parsed.out[:0], `{"errcode":`...), int64(n.code), 10)
	out = append(append(append(out, `,"errmsg":"`...), n.text...), ": "+marker...)
	b.refuse(resp, fasthttp.StatusOK, "application/json; charset=UTF-8", append(escapeJSON(out, b.why()), `"}`...))
}

// wechatWithdrawn: who does not follow the account any more does not want to be written to. Who did not permit a
// subscribe message was perhaps never asked.
var wechatWithdrawn = map[int]filter.Scope{wechatNoFollower: filter.All}

// Learn reads from the one recipient's answer that they do not follow the account, as an opt-out. A code about the caller's
// token says nothing about the message but that it was not taken, and one below 0 not even that.
func (wechat) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := answer(resp)
	var j struct {
		Code int `json:"errcode"`
	}
	switch {
	case !ok || json.Unmarshal(body, &j) != nil || j.Code <= 0:
		return 0, nil
	case j.Code == 40001 || j.Code == 40014 || j.Code == 42001:
		return Declined, nil
	}
	if scope, ok := wechatWithdrawn[j.Code]; ok {
		events = learnt(b, filter.Event{Kind: filter.OptedOut, Scope: scope, Source: "wechat answer", Note: strconv.Itoa(j.Code)})
	}
	return j.Code, events
}
