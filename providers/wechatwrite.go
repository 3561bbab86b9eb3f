package providers

import (
	"encoding/json"
	"fmt"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// Compose writes a customer service message, which WeChat takes for 48 hours after somebody wrote. It is written without
// escapes for what is no ASCII, which WeChat would show as they are.
func (wechat) Compose(req *fasthttp.Request, o *Outgoing, _ *Credentials) error {
	if o.To.Channel != filter.WeChat {
		return fmt.Errorf("no channel %s is known of WeChat's", o.To.Channel)
	}
	out := escapeJSON([]byte(`{"touser":"`), o.To.Address)
	out = escapeJSON(append(out, `","msgtype":"text","text":{"content":"`...), o.Text)
	posting(req, "/cgi-bin/message/custom/send", "application/json", append(out, `"}}`...))
	return nil
}

// Cancel has nothing to cancel.
func (wechat) Cancel(*fasthttp.Request, string, *Credentials) error { return ErrNoSchedule }

// Accepted reads the id, which few answers have; its errors have a status of 200.
func (wechat) Accepted(resp *fasthttp.Response) (id string, scheduled bool) {
	var a struct {
		Code int   `json:"errcode"`
		ID   loose `json:"msgid"`
	}
	if body, ok := answer(resp); resp.StatusCode()/100 != 2 || !ok || json.Unmarshal(body, &a) != nil || a.Code != 0 {
		return "", false
	}
	return string(a.ID), false
}
