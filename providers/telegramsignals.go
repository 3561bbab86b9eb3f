package providers

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

const telegramToken = "X-Telegram-Bot-Api-Secret-Token"

// Verify compares the secret token, which Telegram sends with each call as setWebhook was given it: it does not
// sign. Any secret of the route may be the token.
// Source: https://core.telegram.org/bots/api#setwebhook
func (telegram) Verify(req *fasthttp.Request, w *Webhook, _ time.Time) error {
	if err := w.posted(&req.Header); err != nil || len(w.Secrets) == 0 {
		return err
	}
	given, n := header(&req.Header, strings.ToLower(telegramToken))
	good := 0
	for _, secret := range w.Secrets {
		if secret != "" && same(given, secret) {
			good++
		}
	}
	if n != 1 || good == 0 {
		return unsigned("the header " + telegramToken + " is not once any secret of the route")
	}
	return nil
}

// Sign adds the token that Verify wants.
func (telegram) Sign(req *fasthttp.Request, w *Webhook) {
	req.SetRequestURI(w.URL)
	w.carry(&req.Header)
	if len(w.Secrets) > 0 {
		drop(&req.Header, strings.ToLower(telegramToken))
		req.Header.Set(telegramToken, w.Secrets[0])
	}
}

// Acknowledge answers 200 without a body, in which Telegram would take a call for one to be made: that would go
// round the gate.
func (telegram) Acknowledge(_ *fasthttp.Request, resp *fasthttp.Response) {
	resp.SetStatusCode(fasthttp.StatusOK)
}

// A telegramChat is where something was written.
type telegramChat struct {
	ID   loose  `json:"id"`
	Type string `json:"type"`
}

// A telegramUpdate is one thing that Telegram tells.
type telegramUpdate struct {
	ID      loose `json:"update_id"`
	Message *struct {
		Date    loose        `json:"date"`
		Chat    telegramChat `json:"chat"`
		Text    string       `json:"text"`
		Caption string       `json:"caption"`
		Reply   struct {
			ID loose `json:"message_id"`
		} `json:"reply_to_message"`
	} `json:"message"`
	Pressed *struct {
		From    telegramChat `json:"from"`
		Message struct {
			Chat telegramChat `json:"chat"`
		} `json:"message"`
		Data string `json:"data"`
	} `json:"callback_query"`
	Member *struct {
		Date loose        `json:"date"`
		Chat telegramChat `json:"chat"`
		New  struct {
			Status string `json:"status"`
		} `json:"new_chat_member"`
	} `json:"my_chat_member"`
}

// Signals reads what people wrote to the bot in private, and who blocked it. The command /start opens any
// conversation, and who unblocks a bot does nothing more: neither asks for messages, and neither is told.
// Source: https://core.telegram.org/bots/api#update
func (telegram) Signals(req *fasthttp.Request) ([]Signal, error) {
	body, err := calledWith(req)
	if err != nil {
		return nil, err
	}
	var u telegramUpdate
	if json.Unmarshal(body, &u) != nil {
		return nil, errNoCall
	}
	var s Signal
	var chat telegramChat
	switch {
	case u.Message != nil:
		m := u.Message
		chat = m.Chat
		if s = (Signal{Kind: Message, Time: unixTime(m.Date), Text: telegramSaid(m.Text), ReplyTo: string(m.Reply.ID)}); m.Text == "" {
			s.Text, s.Media = m.Caption, 1
		}
		if strings.HasPrefix(m.Text, "/start") {
			return nil, nil
		}
	case u.Pressed != nil:
		chat = u.Pressed.Message.Chat
		s = Signal{Kind: Message, Payload: u.Pressed.Data}
	case u.Member != nil && u.Member.New.Status == "kicked":
		chat = u.Member.Chat
		s = Signal{Kind: Preference, Time: unixTime(u.Member.Date), Stop: true, Scope: filter.All}
	default:
		return nil, nil
	}
	from, fault := filter.Address(filter.Telegram, string(chat.ID), "")
	if chat.Type != "private" || fault != nil {
		return nil, nil
	}
	s.From = filter.Recipient{Channel: filter.Telegram, Address: from}
	s.ID = digest("telegram", s.Kind.String(), from, string(u.ID), s.Time.String())
	return []Signal{s}, nil
}

// telegramSaid is a text, of which a command such as /stop or /stop@ShopBot says its word.
func telegramSaid(text string) string {
	command, ok := strings.CutPrefix(text, "/")
	if !ok {
		return text
	}
	command, rest, _ := strings.Cut(command, " ")
	command, _, _ = strings.Cut(command, "@")
	return strings.TrimSpace(command + " " + rest)
}
