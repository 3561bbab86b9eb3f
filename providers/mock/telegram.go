package mock

import (
	"cmp"
	"encoding/json"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// telegramPath is a bot's id, the rest of its token, and a method in lower case.
var telegramPath = regexp.MustCompile(`^/bot([0-9]+):[A-Za-z0-9_-]+/(?:test/)?([A-Za-z]+)$`)

// telegramNeeds is what the methods that are played need beside chat_id.
var telegramNeeds = map[string]string{"sendmessage": "text", "sendphoto": "photo", "senddocument": "document", "sendvideo": "video",
	"sendlocation": "latitude", "sendpoll": "question", "sendmediagroup": "media",
	"sendwidget": "html", "sendrichmessage": "rich_message", "sendgift": "gift_id", "copymessage": "message_id", "forwardmessage": "message_id"}

// telegramFail is an error of Telegram's, whose status is its code.
// https://github.com/tdlib/telegram-bot-api/blob/master/telegram-bot-api/Query.h
func telegramFail(code int, description string) answer {
	a := jsonAnswer(code, map[string]any{"ok": false, "error_code": code, "description": description})
	a.code, a.fault = code, description
	return a
}

// telegram plays one call of Telegram's Bot API.
func (m *Mock) telegram(r *http.Request, body []byte, s *Send) answer {
	path := telegramPath.FindStringSubmatch(r.URL.Path)
	if path == nil {
		return telegramFail(http.StatusNotFound, "Not Found")
	}
	needs, ok := telegramNeeds[strings.ToLower(path[2])]
	if !ok || r.Method != http.MethodPost && r.Method != http.MethodGet {
		return telegramFail(http.StatusNotFound, "Not Found: method not found")
	}
	o, err := queried(r, body)
	if err != nil {
		return telegramFail(http.StatusBadRequest, "Bad Request: "+err.Error())
	}
	for name, all := range r.URL.Query() { // beside a body, too
		if o[name] == nil {
			o[name] = all[0]
		}
	}
	chat := cmp.Or(o.text("chat_id"), o.text("user_id"))
	s.To, s.From, s.Type = chat, path[1], strings.ToLower(path[2])
	s.Text = o.text("text")
	most := 4096
	if s.Text == "" {
		s.Text, most = o.text("caption"), 1024
	}
	if album := o.list("media"); s.Text == "" && album != nil {
		s.Text = albumText(album)
	}
	if rich := o.inner("rich_message"); s.Text == "" {
		s.Text, most = cmp.Or(rich.text("markdown"), rich.text("html")), math.MaxInt
	}
	switch {
	case chat == "":
		return telegramFail(http.StatusBadRequest, "Bad Request: chat_id is empty")
	case o[needs] == nil || o[needs] == "":
		return telegramFail(http.StatusBadRequest, "Bad Request: "+needs+" is empty")
	case utf8.RuneCountInString(s.Text) > most:
		return telegramFail(http.StatusBadRequest, "Bad Request: message is too long")
	case !slices.Contains([]string{"", "html", "markdown", "markdownv2"}, strings.ToLower(o.text("parse_mode")+o.text("text_parse_mode"))):
		return telegramFail(http.StatusBadRequest, "Bad Request: unsupported parse_mode")
	}
	result, how := m.outcome(strings.TrimPrefix(chat, "-"))
	switch result {
	case undialable:
		return telegramFail(http.StatusBadRequest, "Bad Request: chat not found")
	case left:
		return telegramFail(http.StatusForbidden, "Forbidden: bot was blocked by the user")
	case limited:
		return telegramFail(http.StatusTooManyRequests, "Too Many Requests: retry after 5")
	case failed, absent:
		return telegramFail(http.StatusInternalServerError, "Internal Server Error")
	}
	id, _ := strconv.ParseInt(randomHex(3), 16, 32) // hexadecimal digits
	a := jsonAnswer(http.StatusOK, map[string]any{"ok": true, "result": map[string]any{"message_id": id, "date": m.cfg.Now().Unix(), "text": s.Text,
		"chat": map[string]any{"id": json.Number(chat), "type": "private"}}})
	a.accepted, a.id, a.fate = true, strconv.FormatInt(id, 10), how
	return a
}

// inner is the object called key, which may be JSON within a text.
func (o object) inner(key string) object {
	if v := o.object(key); v != nil {
		return v
	}
	v, _ := readObject([]byte(o.text(key)))
	return v
}

// list is the list called key, which may be JSON within a text; nil where there is none.
func (o object) list(key string) []any {
	if v, ok := o[key].([]any); ok {
		return v
	}
	inner, err := readObject([]byte(`{"":` + o.text(key) + `}`))
	if err != nil {
		return nil
	}
	v, _ := inner[""].([]any)
	return v
}

// albumText are the captions of an album, line by line.
func albumText(album []any) string {
	var captions []string
	for _, v := range album {
		one, _ := v.(object)
		if caption := one.text("caption"); caption != "" {
			captions = append(captions, caption)
		}
	}
	return strings.Join(captions, "\n")
}
