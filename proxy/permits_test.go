package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// TestWhatWeChatsTemplatesTeach: people turn the messages by a template off in WeChat's own settings, and permit them again
// where they are asked.
func TestWhatWeChatsTemplatesTeach(t *testing.T) {
	const ana, password = "oAna0123456789abcdefghijklmn", "a-long-password-1"
	at := time.Now().Add(-time.Hour).Unix()
	tell := func(minutes int64, kind, words string) string {
		body := fmt.Sprintf("<xml><ToUserName>gh_1</ToUserName><FromUserName>%s</FromUserName><CreateTime>%d</CreateTime><MsgType>%s</MsgType>%s</xml>", ana, at+60*minutes, kind, words)
		return fmt.Sprintf("POST /wechat HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nX-Hook: %s\r\nContent-Length: %d\r\n\r\n%s", password, len(body), body)
	}
	said := func(minutes int64, event, list string, answers ...string) string {
		words := "<Event>" + event + "</Event><" + list + ">"
		for _, answer := range answers {
			template, status, _ := strings.Cut(answer, " ")
			words += "<List><TemplateId>" + template + "</TemplateId><SubscribeStatusString>" + status + "</SubscribeStatusString></List>"
		}
		return tell(minutes, "event", words+"</"+list+">")
	}
	off := func(minutes int64, template string) string {
		return said(minutes, "subscribe_msg_change_event", "SubscribeMsgChangeEvent", template+" reject")
	}
	asked := func(minutes int64, answers ...string) string {
		return said(minutes, "subscribe_msg_popup_event", "SubscribeMsgPopupEvent", answers...)
	}
	wrote := func(minutes int64, text string) string {
		return tell(minutes, "text", fmt.Sprintf("<Content>%s</Content><MsgId>%d</MsgId>", text, minutes))
	}
	for _, c := range []struct {
		name  string
		calls []string
		want  []string
	}{
		{"what is turned off is the template's topic", []string{off(0, "offers1")}, []string{"opted-out topic:offers"}},
		{"a template of no topic says nothing: WeChat refuses what is sent by it", []string{off(0, "code1"), off(1, "unheard")}, nil},
		{"nor does who permits none when asked", []string{asked(0, "offers1 reject", "news1 reject")}, nil},
		{"who permits some that they never turned off agrees to nothing by that", []string{asked(0, "offers1 accept")}, nil},
		{"who permits again what they turned off has it again", []string{off(0, "offers1"), asked(1, "offers1 accept", "news1 accept")},
			[]string{"opted-out topic:offers", "opted-in topic:offers"}},
		{"but not who turned off more besides", []string{off(0, "offers1"), off(1, "news1"), asked(2, "offers1 accept", "news1 reject")},
			[]string{"opted-out topic:offers", "opted-out topic:news"}},
		{"nor who wrote STOP", []string{off(0, "offers1"), wrote(1, "STOP"), asked(2, "offers1 accept")}, []string{"opted-out topic:offers", "opted-out all", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := memory(t)
			cfg := hooked(t, map[string]RouteConfig{"wechat": {Webhook: &WebhookConfig{Header: "X-Hook", Value: password}, Templates: map[string]filter.Scope{
				"offers1": filter.OfTopic("offers"), "news1": filter.OfTopic("news"), "code1": filter.OfCategory(filter.Authentication)}}})
			cfg.Brands = map[string]filter.Brand{"default": {Topics: map[string]filter.Category{"offers": filter.Marketing, "news": filter.Marketing}}}
			_, _, calls := startHooked(t, cfg, st)
			for range 2 { // each comes once more
				for _, call := range c.calls {
					callBack(t, calls, call, 200)
				}
			}
			wants(t, st, filter.Recipient{Brand: "default", Channel: filter.WeChat, Address: ana}, c.want...)
		})
	}
}
