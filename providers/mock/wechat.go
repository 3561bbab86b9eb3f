package mock

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// wechatUser is an OpenID.
var wechatUser = regexp.MustCompile(`^o[A-Za-z0-9_-]{27}$`)

// wechatStatus is an answer of WeChat's, whose errors have status 200.
// https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
func wechatStatus(code int, text string) answer {
	a := jsonAnswer(http.StatusOK, map[string]any{"errcode": code, "errmsg": text})
	if code != 0 {
		a.code, a.fault = code, text
	}
	return a
}

// wechat plays one call of WeChat's message API.
func (m *Mock) wechat(r *http.Request, body []byte, s *Send) answer {
	switch {
	case r.Method != http.MethodPost:
		return wechatStatus(43002, "require POST method")
	case r.URL.Query().Get("access_token") == "":
		return wechatStatus(41001, "access_token missing")
	}
	o, err := readObject(body) // whatever its type is said to be
	if err != nil {
		return wechatStatus(47001, "data format error: "+err.Error())
	}
	many := r.URL.Path == "/cgi-bin/message/mass/send"
	all := o.texts("touser", "")
	s.to(all)
	s.Type, s.Text = o.text("msgtype"), o.object("text").text("content")
	s.Template = o.text("template_id") + o.object("mp_template_msg").text("template_id") + o.object("weapp_template_msg").text("template_id")
	switch _, list := o["touser"].([]any); {
	case list != many || len(all) == 0:
		return wechatStatus(40003, "invalid openid")
	case many && (len(all) < 2 || len(all) > 10_000):
		return wechatStatus(40130, "invalid openid list size, at least two openid")
	case s.Type == "" && s.Template == "":
		return wechatStatus(40008, "invalid message type")
	case s.Type == "text" && s.Text == "":
		return wechatStatus(44004, "empty content")
	case len(s.Text) > 2048:
		return wechatStatus(45002, "content size out of limit")
	}
	var how fate
	for _, to := range all {
		if !wechatUser.MatchString(to) {
			return wechatStatus(40003, "invalid openid")
		}
		o, f := m.called(strings.TrimLeft(to[1:], "0"))
		how = max(how, f)
		switch o {
		case undialable:
			return wechatStatus(40003, "invalid openid")
		case left:
			return wechatStatus(43004, "require subscribe")
		case limited:
			return wechatStatus(45011, "api minute-quota reach limit, must slower, retry next minute")
		case failed, absent:
			return wechatStatus(-1, "system error")
		}
	}
	n, _ := strconv.ParseInt(randomHex(6), 16, 64) // hexadecimal digits
	id := strconv.FormatInt(n, 10)
	reply := map[string]any{"errcode": 0, "errmsg": "ok", "msgid": json.Number(id)}
	if many {
		reply = map[string]any{"errcode": 0, "errmsg": "send job submission success", "msg_id": json.Number(id), "msg_data_id": json.Number(id)}
	}
	a := jsonAnswer(http.StatusOK, reply)
	a.accepted, a.id, a.fate = true, id, how
	return a
}
