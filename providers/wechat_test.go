package providers

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/valyala/fasthttp"
)

// TestWeChatBelieves: what is signed for another time, or not sealed where it should be, is not WeChat's.
func TestWeChatBelieves(t *testing.T) {
	const key, other = "sendgateToken1:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "sendgateToken1:ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg"
	at := time.Unix(1795340000, 0)
	read := func(name string) *fasthttp.Request {
		a, err := txtar.ParseFile("testdata/wechat/webhooks/" + name + ".txtar")
		if errors.Is(err, os.ErrNotExist) || err != nil {
			t.Fatal(err)
		}
		return arrived(t, rawHTTP(bytes.TrimSuffix(a.Files[0].Data, []byte("\n")), ""))
	}
	for _, c := range []struct {
		name, sample, secret string
		now                  time.Time
		change               func(req *fasthttp.Request)
		good                 bool
	}{
		{"a call in the open, in time", "text", "sendgateToken1", at.Add(wechatAge), nil, true},
		{"a call in the open that comes too late", "text", "sendgateToken1", at.Add(wechatAge + time.Second), nil, false},
		{"a call in the open from tomorrow", "text", "sendgateToken1", at.Add(-24 * time.Hour), nil, false},
		{"a call in the open where all are sealed", "text", key, at, nil, false},
		{"a sealed call, at any time", "sealed", key, at.Add(30 * 24 * time.Hour), nil, true},
		{"a sealed call that another key should open", "sealed", other, at, nil, false},
		{"a sealed call whose seal was changed", "sealed", key, at, func(req *fasthttp.Request) {
			req.SetBody(bytes.Replace(req.Body(), []byte("<Encrypt><![CDATA["), []byte("<Encrypt><![CDATA[A"), 1))
		}, false},
		{"a sealed call with a word beside it that is not sealed", "sealed", key, at, func(req *fasthttp.Request) {
			req.SetBody(bytes.Replace(req.Body(), []byte("<Encrypt>"), []byte("<MsgType>event</MsgType><Event>unsubscribe</Event><FromUserName>oBob</FromUserName><Encrypt>"), 1))
		}, true},
		{"the handshake of an account in the safe mode", "handshake", key, at, nil, true},
		{"a signature that comes twice", "text", "sendgateToken1", at, func(req *fasthttp.Request) {
			req.SetRequestURI(string(req.RequestURI()) + "&signature=0")
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, p := read(c.sample), caller(t, "wechat")
			if c.change != nil {
				c.change(req)
			}
			hook := &Webhook{Secrets: []string{c.secret}}
			err := p.Verify(req, hook, c.now)
			if c.good != (err == nil) || err != nil && !errors.Is(err, ErrSignature) {
				t.Fatalf("Verify answers %v", err)
			}
			if c.sample != "sealed" || !c.good {
				return
			}
			var plain fasthttp.Request
			p.(Opener).Open(req, &plain, hook)
			if got, err := p.Signals(&plain); err != nil || len(got) != 1 || got[0].Text != "STOP" || got[0].From.Address == "oBob" {
				t.Errorf("it tells %+v, %v", got, err)
			}
		})
	}
	for _, secret := range []string{"token:short", "token:" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdef*"} {
		if caller(t, "wechat").(Demander).Wants(&Webhook{Secrets: []string{secret}}) == nil {
			t.Errorf("%q is taken for a key", secret)
		}
	}
}

// TestSenderAbroad: who a message came to is written as sends write it.
func TestSenderAbroad(t *testing.T) {
	for _, c := range []struct{ name, number, region, want string }{
		{"a number without its plus", "14155550199", "", "+14155550199"},
		{"one that is a number of the region, too", "14155550199", "DE", "+14155550199"},
		{"one with its plus", "+14155550199", "DE", "+14155550199"},
		{"a short code", "24273", "", "24273"},
		{"a short code on a route with a region", "24273", "US", "24273"},
		{"a name", "Acme", "US", "Acme"},
	} {
		if got := senderAbroad(c.number, c.region); got != c.want {
			t.Errorf("%s: %q is %q, want %q", c.name, c.number, got, c.want)
		}
	}
}
