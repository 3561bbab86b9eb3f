package providers

import (
	"bytes"
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// wechatAge is how old a call may be whose body nothing vouches for. WeChat makes it again after five seconds, and again.
// Source: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_standard_messages.html
const wechatAge = 10 * time.Minute

// wechatSaid are the parameters of a call's query that are read.
var wechatSaid = []string{"signature", "timestamp", "nonce", "echostr", "msg_signature"}

// A wechatSealed is a call, or one that is encrypted.
type wechatSealed struct {
	Sealed string `xml:"Encrypt" json:"Encrypt"`
}

// wechatRead reads the body of a call, which is XML, or JSON where a mini program has it so.
func wechatRead(body []byte, v any) error {
	if body = bytes.TrimLeft(body, " \t\r\n"); bytes.HasPrefix(body, []byte("{")) {
		return json.Unmarshal(body, v)
	}
	return xml.Unmarshal(body, v)
}

// wechatSecret is the token and the key of a secret: TOKEN, or TOKEN:EncodingAESKey. Key is nil where it has none.
func wechatSecret(secret string) (token string, key []byte, err error) {
	token, text, sealed := strings.Cut(secret, ":")
	if !sealed {
		return token, nil, nil
	}
	if key, err = base64.StdEncoding.DecodeString(text + "="); err != nil || len(key) != 32 {
		return "", nil, errors.New("secrets: want the Token, or the Token, a colon and the EncodingAESKey, which has 43 letters and digits")
	}
	return token, key, nil
}

// Wants asks for what WeChat signs with.
func (wechat) Wants(w *Webhook) error {
	for _, secret := range w.Secrets {
		if _, _, err := wechatSecret(secret); err != nil {
			return err
		}
	}
	return nil
}

// wechatHash is the hash of parts in their order.
func wechatHash(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// Verify checks the signature in the query. That of a call in the open vouches for a time and a word, and not for the
// body: such a call counts for [wechatAge]. Where a secret has a key the call must be sealed by it, and is good at any time.
// Source: https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Technical_Plan.html
func (wechat) Verify(req *fasthttp.Request, w *Webhook, now time.Time) error {
	if err := w.called(&req.Header); err != nil || len(w.Secrets) == 0 {
		return err
	}
	_, query, _ := splitURI(req.Header.RequestURI())
	said, err := saidInForm(query, wechatSaid)
	if err != nil {
		return unsigned("its query cannot be read")
	}
	good, stale := 0, false
	for _, secret := range w.Secrets {
		token, key, err := wechatSecret(secret)
		switch {
		case err != nil || token == "":
		case key != nil && req.Header.IsPost():
			if sealed, ok := wechatSeal(req.Body()); ok && same([]byte(said["msg_signature"]), wechatHash(token, said["timestamp"], said["nonce"], sealed)) {
				if _, ok := wechatOpen(key, sealed); ok {
					good++
				}
			}
		case same([]byte(said["signature"]), wechatHash(token, said["timestamp"], said["nonce"])):
			if at := unixTime(loose(said["timestamp"])); at.IsZero() || now.Sub(at).Abs() > wechatAge {
				stale = true
			} else {
				good++
			}
		}
	}
	switch {
	case good > 0:
		return nil
	case stale:
		return unsigned("its signature is not of this time, by the clock of this machine")
	}
	return unsigned("its signature is not that of WeChat with any secret of the route, or it is not sealed though they have a key")
}

// wechatSeal is what is encrypted of a body.
func wechatSeal(body []byte) (sealed string, ok bool) {
	var call wechatSealed
	return call.Sealed, wechatRead(body, &call) == nil && call.Sealed != ""
}

// wechatOpen decrypts: 16 bytes of no meaning, a length of four bytes, the text, and the id of the app.
func wechatOpen(key []byte, sealed string) (text []byte, ok bool) {
	data, err := base64.StdEncoding.DecodeString(sealed)
	block, fault := aes.NewCipher(key)
	if err != nil || fault != nil || len(data) < 2*aes.BlockSize || len(data)%aes.BlockSize != 0 {
		return nil, false
	}
	cipher.NewCBCDecrypter(block, key[:aes.BlockSize]).CryptBlocks(data, data)
	pad := int(data[len(data)-1])
	if pad < 1 || pad > 32 || pad > len(data)-20 {
		return nil, false
	}
	data = data[16 : len(data)-pad]
	n := int(binary.BigEndian.Uint32(data))
	if data = data[4:]; n > len(data) {
		return nil, false
	}
	return data[:n], true
}

// Open decrypts what is sealed.
func (wechat) Open(req, plain *fasthttp.Request, w *Webhook) {
	req.CopyTo(plain)
	for _, secret := range w.Secrets {
		if _, key, err := wechatSecret(secret); err == nil && key != nil {
			if sealed, ok := wechatSeal(req.Body()); ok {
				if text, ok := wechatOpen(key, sealed); ok {
					plain.SetBody(text)
				}
			}
		}
	}
}

// Acknowledge answers success, which is no message; a handshake with its word.
func (wechat) Acknowledge(req *fasthttp.Request, resp *fasthttp.Response) {
	resp.SetStatusCode(fasthttp.StatusOK)
	resp.Header.SetContentType("text/plain; charset=utf-8")
	if req.Header.IsGet() {
		_, query, _ := splitURI(req.Header.RequestURI())
		said, _ := saidInForm(query, wechatSaid) // it was read when it was verified
		resp.SetBodyString(said["echostr"])
		return
	}
	resp.SetBodyString("success")
}

// Sign signs as of now, in the query. What is sealed stays so.
func (wechat) Sign(req *fasthttp.Request, w *Webhook) {
	if w.forward(req); len(w.Secrets) == 0 {
		return
	}
	token, key, err := wechatSecret(w.Secrets[0])
	if err != nil {
		return
	}
	fresh := make([]byte, 8)
	rand.Read(fresh) // never fails
	at, nonce := strconv.FormatInt(time.Now().Unix(), 10), hex.EncodeToString(fresh)
	said := "signature=" + wechatHash(token, at, nonce) + "&timestamp=" + at + "&nonce=" + nonce
	if sealed, ok := wechatSeal(req.Body()); ok && key != nil {
		said += "&encrypt_type=aes&msg_signature=" + wechatHash(token, at, nonce, sealed)
	}
	uri := req.Header.RequestURI()
	_, query, i := splitURI(uri)
	own, _ := (&keyhole{at: "signature"}).cutParams(query, "")
	for _, name := range []string{"timestamp", "nonce", "encrypt_type", "msg_signature"} {
		own, _ = (&keyhole{at: name}).cutParams(own, "")
	}
	if len(own) > 0 {
		said = string(own) + "&" + said
	}
	req.Header.SetRequestURI(strings.TrimSuffix(string(uri[:min(i, len(uri))]), "?") + "?" + said)
}

// A wechatCall is one call.
// Sources: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_standard_messages.html,
// Receiving_event_pushes.html and Template_Message_Interface.html beside it
type wechatCall struct {
	To      string `xml:"ToUserName" json:"ToUserName"`
	From    string `xml:"FromUserName" json:"FromUserName"`
	Created loose  `xml:"CreateTime" json:"CreateTime"`
	Type    string `xml:"MsgType" json:"MsgType"`
	Content string `xml:"Content" json:"Content"`
	ID      loose  `xml:"MsgId" json:"MsgId"`
	Event   string `xml:"Event" json:"Event"`
	Key     string `xml:"EventKey" json:"EventKey"`
	Sent    loose  `xml:"MsgID" json:"-"` // of a template
	Status  string `xml:"Status" json:"Status"`

	Off   wechatPermits `xml:"SubscribeMsgChangeEvent>List" json:"List"` // in JSON what was asked, too
	Asked wechatPermits `xml:"SubscribeMsgPopupEvent>List" json:"-"`
}

// A wechatPermit is what somebody said of the messages by one template, each of which they permit.
// Source: https://developers.weixin.qq.com/doc/service/en/guide/product/subscription_messages/push.html
type wechatPermit struct {
	Template string `xml:"TemplateId" json:"TemplateId"`
	Answer   string `xml:"SubscribeStatusString" json:"SubscribeStatusString"`
}

type wechatPermits []wechatPermit

// UnmarshalJSON takes an object for a list of one.
func (p *wechatPermits) UnmarshalJSON(b []byte) error { return oneOrMore(b, (*[]wechatPermit)(p)) }

// wechatMedia are the types of messages that are files or the like.
var wechatMedia = []string{"image", "voice", "video", "shortvideo", "location", "link", "miniprogrampage"}

// wechatBlocked is why a template did not reach somebody who has messages of the account turned off.
// Source: https://developers.weixin.qq.com/community/develop/doc/000ecccb7cc1b0060da1f5ee86f400
const wechatBlocked = "failed:user block"

// Signals reads what people wrote or chose in a menu, who unsubscribed, and what became of templates; and by which templates
// they want no messages any more, or permit some again. Who subscribes does not thereby ask for messages, and who does not
// permit one when asked stops none.
func (wechat) Signals(req *fasthttp.Request) ([]Signal, error) {
	if req.Header.IsGet() {
		return nil, ErrHandshake
	}
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call wechatCall
	if wechatRead(body, &call) != nil {
		return nil, errors.New("the body is neither the XML nor the JSON that the service calls with")
	}
	s := Signal{Time: unixTime(call.Created), Sender: call.To, ID: string(call.ID)}
	if address, err := filter.Address(filter.WeChat, call.From, ""); err == nil {
		s.From = filter.Recipient{Channel: filter.WeChat, Address: address}
	}
	if s.ID == "" {
		s.ID = digest("wechat", call.To, call.From, call.Event, call.Key, string(call.Created))
	}
	event := strings.ToLower(call.Event)
	switch {
	case call.Type == "text":
		s.Kind, s.Text = Message, call.Content
	case slices.Contains(wechatMedia, call.Type):
		s.Kind, s.Media = Message, 1
	case call.Type != "event":
		return nil, nil
	case event == "click":
		s.Kind, s.Payload = Message, call.Key
	case event == "unsubscribe":
		s.Kind, s.Stop, s.Scope = Preference, true, filter.All
	case event == "templatesendjobfinish":
		s.Kind, s.Status, s.MessageID = Receipt, strings.ToLower(call.Status), string(cmp.Or(call.Sent, call.ID))
		s.ID = digest("wechat", s.MessageID, call.From, s.Status)
		all := told(s)
		if len(all) > 0 && strings.ReplaceAll(s.Status, ": ", ":") == wechatBlocked {
			all = append(all, Signal{Kind: Preference, ID: s.ID + ":blocked", Time: s.Time, From: s.From, Sender: s.Sender, Stop: true, Scope: filter.All, Detail: "receipt: " + wechatBlocked})
		}
		return all, nil
	case event == "subscribe_msg_change_event":
		return s.permits(call.Off, "reject", "turned off"), nil
	case event == "subscribe_msg_popup_event":
		return s.permits(slices.Concat(call.Asked, call.Off), "accept", "permitted"), nil
	default:
		return nil, nil
	}
	return told(s), nil
}

// permits are signals as s of those templates of which somebody said answer.
func (s Signal) permits(of wechatPermits, answer, detail string) (all []Signal) {
	s.Kind, s.Stop, s.Scope = Preference, answer == "reject", filter.All
	for _, p := range of {
		if p.Answer == answer && p.Template != "" {
			one := s
			one.Template, one.Detail, one.ID = p.Template, detail+": "+p.Template, digest(s.ID, p.Template)
			all = append(all, told(one)...)
		}
	}
	return all
}
