package providers

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// telegram speaks Telegram's Bot API. Its paths hold the token of a bot; what stands in front of the colon in
// it is the id of the bot, which anybody may know, and the sender here.
// Sources: https://github.com/PaulSonOfLars/telegram-bot-api-spec/blob/main/api.json and https://core.telegram.org/bots/api-changelog
type telegram struct {
	shaped
	gifts shaped
	*keyring
}

var telegramService = known{host: "https://api.telegram.org", channel: filter.Telegram, text: telegramText, make: newTelegram,
	enter: "setWebhook, with a secret_token; secrets: that"}

// telegramText is the longest text Telegram takes, in characters, telegramCaption that below a file, and telegramWish
// that beside a gift; all are counted without the markup.
const (
	telegramText    = 4096
	telegramCaption = 1024
	telegramWish    = 128
)

// telegramSends are the methods that write to a chat. Others that Telegram may have by the time are refused
// where their name begins like these; what the rest is, the route says.
var telegramSends = []string{"sendMessage", "sendPhoto", "sendLivePhoto", "sendAudio", "sendDocument", "sendVideo", "sendAnimation",
	"sendVoice", "sendVideoNote", "sendPaidMedia", "sendMediaGroup", "sendLocation", "sendVenue", "sendContact", "sendPoll", "sendChecklist",
	"sendDice", "sendSticker", "sendGame", "sendInvoice", "sendRichMessage", "sendRichMessageDraft", "sendMessageDraft", "sendWidget", "sendSharedWidget",
	"forwardMessage", "forwardMessages", "copyMessage", "copyMessages"}

// telegramOthers are the methods that write to nobody, or only answer what somebody just tapped.
var telegramOthers = []string{"get*", "set*", "edit*", "delete*", "answer*", "pin*", "unpin*", "sendChatAction", "sendChatJoinRequestWebApp", "stopPoll",
	"logOut", "close"}

// telegramShape is for the sends at some paths. Telegram takes the parameters of a call wherever they stand.
func telegramShape(s shape) *compiled {
	s.service, s.form, s.multipart, s.query = "Telegram", true, true, true
	s.quote, s.channel = telegramQuote, filter.Telegram
	s.address = func(text, region string) (string, bool) {
		address, err := filter.Address(filter.Telegram, text, region)
		return address, err == nil
	}
	// Groups and channels have negative ids, or a name.
	s.group = func(text string) bool { return strings.HasPrefix(text, "-") || strings.HasPrefix(text, "@") }
	return s.mustCompile()
}

var telegramMessages = telegramShape(shape{
	sends:  telegramPaths(telegramSends),
	others: append(telegramPaths(telegramOthers), "/file/bot*/*", "/file/bot*/*/*"),
	traces: []string{"/send", "/forward", "/copy", "/post", "/repost", "/gift", "/transfergift", "/savepreparedinline"},
	// An ephemeral message is one in a group that one person sees: who is there may not be seen, but that person is.
	recipients: []reach{{at: "chat_id"}, {at: "receiver_user_id"}, {at: "ephemeral_message_parameters.receiver_user_id"}},
	unseen:     []string{"callback_query_id", "ephemeral_message_parameters.callback_query_id"}, // of whoever tapped
	text: []bounded{{"text", telegramText}, {"caption", telegramCaption}, {"media[].caption", telegramCaption},
		{"rich_message.markdown", 0}, {"rich_message.html", 0}}, // a line at whose end may be seen elsewhere, or not at all
	markup: []string{"parse_mode"},
	extra: []string{"photo", "live_photo", "audio", "document", "video", "animation", "voice", "video_note", "media", "latitude", "longitude",
		"title", "address", "phone_number", "question", "options", "checklist", "sticker", "game_short_name", "description", "rich_message", "html",
		"public_data", "chat_data", "widget_id", "from_chat_id", "message_id", "message_ids", "reply_markup"},
})

// telegramGifts are for people, or for channels, with a wish beside them.
var telegramGifts = telegramShape(shape{
	sends:      telegramPaths([]string{"sendGift", "giftPremiumSubscription"}),
	recipients: []reach{{at: "user_id"}, {at: "chat_id"}},
	text:       []bounded{{"text", telegramWish}},
	markup:     []string{"text_parse_mode"},
	extra:      []string{"gift_id", "month_count"},
})

// telegramPaths are the paths of methods, for the service and its test environment. Telegram takes methods in
// any case; its libraries write them like this, and in another they are not read.
// Source: https://github.com/tdlib/telegram-bot-api/blob/master/telegram-bot-api/HttpConnection.cpp
func telegramPaths(methods []string) (paths []string) {
	for _, m := range methods {
		paths = append(paths, "/bot*/"+m, "/bot*/test/"+m)
	}
	return paths
}

func newTelegram(cfg Config) (Provider, error) {
	return telegram{newShaped(telegramMessages, cfg), newShaped(telegramGifts, cfg), telegramKeyring}, nil
}

// Parse reads the message, and the bot that sends it.
func (t telegram) Parse(req *fasthttp.Request, b *Batch) error {
	s := t.shaped
	if path, _, _ := splitURI(req.Header.RequestURI()); t.gifts.path(path) == send {
		s = t.gifts
	}
	if err := s.Parse(req, b); err != nil {
		return err
	}
	token := bytes.TrimPrefix(req.Header.RequestURI(), []byte("/bot"))
	bot, _, ok := bytes.Cut(token, []byte(":"))
	if !ok || !digits(bot) {
		return nil // the service knows no such token
	}
	from := b.parsed.copied(bot)
	for i := range b.Messages {
		b.Messages[i].From = from
	}
	return nil
}

// telegramKeyring: the token of a bot stands in the path alone.
// Source: https://core.telegram.org/bots/api#authorizing-your-bot
var telegramKeyring = &keyring{
	name:   "Telegram",
	takes:  []string{"secret"},
	gives:  []string{"managedbottoken"},
	denial: denial{401, `{"ok":false,"error_code":401,"description":"Unauthorized: {detail}"}`},
}

var errBot = errors.New("the path has to name the bot of this route, as /bot<the bot's id>:<the token of this gate>/ does")

// Admits wants the token of a bot, which its id begins.
func (t telegram) Admits(c *Credentials) error {
	if err := t.keyring.Admits(c); err != nil {
		return err
	}
	if id, key, ok := strings.Cut(c.Secret, ":"); !ok || !digits([]byte(id)) || strings.Trim(key, telegramKey) != "" || key == "" {
		return errors.New("secret: want the token of a bot, such as 110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw")
	}
	return nil
}

// telegramKey is what tokens are made of behind the id.
const telegramKey = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// seat is where the token stands in a path: from and to. Files have it behind /file.
func (telegram) seat(uri []byte) (from, to int, ok bool) {
	path, _, _ := splitURI(uri)
	for _, front := range []string{"/bot", "/file/bot"} {
		if rest, found := bytes.CutPrefix(path, []byte(front)); found {
			token, _, more := segment(rest)
			return len(front), len(front) + len(token), more
		}
	}
	return 0, 0, false
}

// Presented is what stands behind the bot's id.
func (t telegram) Presented(_ []byte, req *fasthttp.Request, _ []byte) ([]byte, error) {
	uri := req.Header.RequestURI()
	from, to, _ := t.seat(uri)
	token := uri[from:to]
	if id, key, ok := bytes.Cut(token, []byte(":")); ok && digits(id) {
		return key, nil
	}
	return token, nil
}

// Authorize wants the caller to name the bot: it is the sender by which messages were judged.
func (t telegram) Authorize(req *fasthttp.Request, c *Credentials, _ time.Time) error {
	uri := req.Header.RequestURI()
	from, to, ok := t.seat(uri)
	id, _, _ := strings.Cut(c.Secret, ":")
	if named, _, _ := bytes.Cut(uri[from:to], []byte(":")); !ok || string(named) != id {
		return errBot
	}
	if t.given(uri) {
		return errGives
	}
	drop(&req.Header, "authorization")
	req.Header.SetRequestURIBytes(slices.Concat(uri[:from], []byte(c.Secret), uri[to:]))
	return nil
}

// telegramQuote writes a line so that it stands for itself in a markup.
// Source: https://core.telegram.org/bots/api#formatting-options
func telegramQuote(markup, line string) string {
	special := ""
	switch strings.ToLower(markup) {
	case "html":
		return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(line)
	case "markdown":
		special = "_*`["
	case "markdownv2":
		special = "\\_*[]()~`>#+-=|{}.!"
	}
	var out strings.Builder
	for _, r := range line {
		if strings.ContainsRune(special, r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// telegramBlocked is what Telegram says of a person who blocked the bot.
// Source: https://github.com/tdlib/telegram-bot-api/blob/master/telegram-bot-api/Client.cpp
const telegramBlocked = "Forbidden: bot was blocked by the user"

// telegramRefusals are Telegram's words by our reasons. Who reads that a bot was blocked writes to that person
// no more, so that it says so of those alone who do not want to be written to.
var telegramRefusals = [filter.Reasons]native{
	filter.BadAddress:     {400, "Bad Request: chat not found"},
	filter.HasOptedOut:    {403, telegramBlocked},
	filter.NoConsent:      {403, telegramBlocked},
	filter.ConsentExpired: {403, telegramBlocked},
}

// Refuse answers 403 or 400 with Telegram's error. Its libraries repeat 429 and 5xx alone.
func (telegram) Refuse(resp *fasthttp.Response, b *Batch) {
	n := telegramRefusals[b.reason()]
	if n.code == 0 {
		n = native{400, "Bad Request"}
	}
	out := append(b.parsed.out[:0], `{"ok":false,"error_code":`...)
	out = strconv.AppendInt(out, int64(n.code), 10)
	out = append(append(append(out, `,"description":"`...), n.text...), ": "+marker...)
	out = append(escapeJSON(out, b.why()), `"}`...)
	b.refuse(resp, n.code, "application/json", out)
}

// Learn reads a blocked bot as an opt-out. Its code is that of many refusals.
func (telegram) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := refused(resp)
	var j struct {
		Code        int    `json:"error_code"`
		Description string `json:"description"`
	}
	if !ok || json.Unmarshal(body, &j) != nil {
		return 0, nil
	}
	if j.Code == 403 && j.Description == telegramBlocked {
		events = learnt(b, filter.Event{Kind: filter.OptedOut, Scope: filter.All, Source: "telegram answer", Note: "403"})
	}
	return j.Code, events
}
