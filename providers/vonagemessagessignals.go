package providers

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// vonageClaims are what Vonage says in the token of a call: the SHA-256 of the body.
// Source: https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks
type vonageClaims struct {
	Issuer string `json:"iss"`
	jwtTime
	Issued  int64  `json:"iat,omitempty"`
	ID      string `json:"jti"`
	Payload string `json:"payload_hash"`
}

// Verify checks the token in the Authorization header. Secrets are signature secrets of accounts.
func (vonageMessages) Verify(req *fasthttp.Request, w *Webhook, now time.Time) error {
	if err := w.posted(&req.Header); err != nil || len(w.Secrets) == 0 {
		return err
	}
	given, n := header(&req.Header, "authorization")
	if n != 1 || len(given) < 7 || !fold(given[:7], "bearer ") {
		return unsigned("the header Authorization is not once a Bearer token")
	}
	var c vonageClaims
	if err := readJWT(bytes.TrimSpace(given[7:]), w.Secrets, &c); err != nil {
		return err
	}
	if c.Issuer != "Vonage" || !same([]byte(strings.ToLower(c.Payload)), hexDigest(req.Body())) {
		return unsigned("its JSON Web Token is not for this body")
	}
	if c.jwtTime == (jwtTime{}) { // as Vonage's are
		return nil
	}
	return c.check(now)
}

// Sign signs by a new token.
func (vonageMessages) Sign(req *fasthttp.Request, w *Webhook) {
	w.forward(req)
	if len(w.Secrets) == 0 {
		return
	}
	id := make([]byte, 16)
	rand.Read(id) // never fails
	drop(&req.Header, "authorization")
	c := vonageClaims{Issuer: "Vonage", Issued: time.Now().Unix(), ID: hex.EncodeToString(id), Payload: hexDigest(req.Body())}
	req.Header.Set("Authorization", "Bearer "+signJWT(c, w.Secrets[0]))
}

// A vonageFile is a file that somebody sent, perhaps with words below it.
type vonageFile struct {
	Caption string `json:"caption"`
}

// A vonageMessagesCall is one call: somebody wrote, or something became of a message.
type vonageMessagesCall struct {
	Channel  string       `json:"channel"`
	ID       string       `json:"message_uuid"`
	From     loose        `json:"from"`
	To       loose        `json:"to"`
	At       loose        `json:"timestamp"`
	Type     string       `json:"message_type"`
	Text     string       `json:"text"`
	Image    vonageFile   `json:"image"`
	Audio    vonageFile   `json:"audio"`
	Video    vonageFile   `json:"video"`
	File     vonageFile   `json:"file"`
	Card     vonageFile   `json:"vcard"`
	Content  []vonageFile `json:"content"` // of an MMS with several
	WhatsApp struct {
		Sender    metaPerson `json:"sender"`
		Recipient metaPerson `json:"recipient"`
	} `json:"whatsapp"`
	Status  string `json:"status"`
	Context struct {
		ID string `json:"message_uuid"`
	} `json:"context"`
	Button struct {
		Payload string `json:"payload"`
		Text    string `json:"text"`
	} `json:"button"`
	Reply struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	} `json:"reply"`
	Error struct {
		Type  string `json:"type"`
		Title loose  `json:"title"`
	} `json:"error"`
}

// Signals reads an incoming message, or what became of one.
// Source: https://developer.vonage.com/en/api/messages (webhooks)
func (v vonageMessages) Signals(req *fasthttp.Request) ([]Signal, error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var call vonageMessagesCall
	if json.Unmarshal(body, &call) != nil {
		return nil, errNoCall
	}
	channel, ok := v.media[call.Channel]
	if !ok || call.ID == "" {
		return nil, nil
	}
	one := Signal{ID: call.ID, Time: saidAt(call.At)}
	person, us, who := call.From, call.To, call.WhatsApp.Sender
	if call.Status != "" {
		person, us, who = us, person, call.WhatsApp.Recipient
		one.Kind, one.Status, one.MessageID = Receipt, strings.ToLower(call.Status), call.ID
		one.ID = call.ID + ":" + one.Status
		_, code, _ := strings.Cut(call.Error.Type, "#")
		if one.Code = count(code); one.Code == 0 {
			one.Code = count(string(call.Error.Title))
		}
	} else {
		one.Kind, one.Text, one.ReplyTo, one.Payload = Message, call.Text, call.Context.ID, call.Button.Payload
		switch {
		case call.Button.Text != "":
			one.Text = call.Button.Text
		case call.Reply.Title != "":
			one.Text, one.Payload = call.Reply.Title, call.Reply.ID
		case call.Type != "text" && call.Type != "":
			one.Media = 1
			one.Text = cmp.Or(call.Text, call.Image.Caption, call.Audio.Caption, call.Video.Caption, call.File.Caption, call.Card.Caption)
			for _, f := range call.Content {
				one.Text = cmp.Or(one.Text, f.Caption)
			}
			one.Media = max(one.Media, len(call.Content))
		}
	}
	one.From, one.Sender = v.correspondent(channel, string(person)), string(us)
	if channel == filter.SMS || channel == filter.WhatsApp {
		one.Sender = senderAbroad(string(us), v.region)
	}
	if channel == filter.WhatsApp {
		one.about(one.From.Address, string(who.WaID), string(who.UserID), string(who.ParentUserID))
	}
	return told(one), nil
}
