package providers

import (
	"cmp"
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

// A telegramUser is who wrote something.
type telegramUser struct {
	ID loose `json:"id"`
}

// strange reports whether u is not the other in a private chat.
func (u telegramUser) strange(chat telegramChat) bool { return u.ID != "" && u.ID != chat.ID }

// A telegramMessage is what somebody wrote, or what a button stands below.
type telegramMessage struct {
	Date    loose        `json:"date"`
	Changed loose        `json:"edit_date"`
	Chat    telegramChat `json:"chat"`
	From    telegramUser `json:"from"`
	Text    string       `json:"text"`
	Caption string       `json:"caption"`
	Reply   struct {
		ID loose `json:"message_id"`
	} `json:"reply_to_message"`
	Markup struct {
		Rows [][]struct {
			Text string `json:"text"`
			Data string `json:"callback_data"`
		} `json:"inline_keyboard"`
	} `json:"reply_markup"`
}

// A telegramUpdate is one thing that Telegram tells.
type telegramUpdate struct {
	ID      loose            `json:"update_id"`
	Message *telegramMessage `json:"message"`
	Edited  *telegramMessage `json:"edited_message"`
	// What stands in a chat of a business account for which the bot writes, too.
	Business       *telegramMessage `json:"business_message"`
	BusinessEdited *telegramMessage `json:"edited_business_message"`

	Pressed *struct {
		From    telegramUser    `json:"from"`
		Message telegramMessage `json:"message"`
		Data    string          `json:"data"`
	} `json:"callback_query"`
	Member *struct {
		Date loose        `json:"date"`
		Chat telegramChat `json:"chat"`
		New  struct {
			Status string `json:"status"`
		} `json:"new_chat_member"`
	} `json:"my_chat_member"`
}

// Signals reads what people wrote to the bot in private, or to a business account for which it writes, or changed that into,
// and who blocked the bot. The command /start opens any conversation, and who unblocks a bot does nothing more: neither asks
// for messages, and neither is told. What the business wrote or pressed itself, or the bot for it, is told by Telegram, too,
// and not here.
// Sources: https://core.telegram.org/bots/api#update and https://core.telegram.org/bots/features#bots-for-business
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
	written := cmp.Or(u.Message, u.Business)
	switch m := cmp.Or(written, u.Edited, u.BusinessEdited); {
	case m != nil && m.From.strange(m.Chat), u.Pressed != nil && u.Pressed.From.strange(u.Pressed.Message.Chat):
		return nil, nil
	case m != nil:
		chat = m.Chat
		if s = (Signal{Kind: Message, Time: unixTime(m.Date), Text: telegramSaid(m.Text), ReplyTo: string(m.Reply.ID)}); m.Text == "" {
			s.Text, s.Media = m.Caption, 1
		}
		if strings.HasPrefix(m.Text, "/start") {
			return nil, nil
		}
		if s.Edited = written == nil; s.Edited {
			s.Time = unixTime(m.Changed)
		}
	case u.Pressed != nil:
		chat = u.Pressed.Message.Chat
		s = Signal{Kind: Message, Text: u.Pressed.Message.label(u.Pressed.Data), Payload: u.Pressed.Data}
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

// label is what stands on the buttons below m that carry data; empty where that is not one thing.
func (m *telegramMessage) label(data string) (text string) {
	for _, row := range m.Markup.Rows {
		for _, b := range row {
			switch {
			case b.Data != data || b.Text == text:
			case text != "":
				return ""
			default:
				text = b.Text
			}
		}
	}
	return text
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
