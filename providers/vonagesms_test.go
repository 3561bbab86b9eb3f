package providers

import (
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

func TestASignedRequestToVonageIsNotChanged(t *testing.T) {
	const signed = "api_key=abcd1234&from=AcmeInc&to=14155550100&text=Sale&timestamp=1795349400&s%69g=1a20e4e2069b609fda6ceca9de18d5ca"
	for _, c := range []struct{ name, method, target, contentType, body string }{
		{"a form", "POST", "/sms/json", "application/x-www-form-urlencoded", signed},
		{"JSON", "POST", "/sms/json", "application/json", `{"to":"14155550100","from":"AcmeInc","text":"Sale","timestamp":"1795349400","si\u0067":"1a20"}`},
		{"a query", "GET", "/sms/json?" + signed, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var req fasthttp.Request
			req.Header.SetMethod(c.method)
			req.SetRequestURI(c.target)
			req.Header.SetContentType(c.contentType)
			req.SetBodyString(c.body)
			p, err := New("vonage-sms", Config{})
			if err != nil {
				t.Fatal(err)
			}
			var b Batch
			if err := p.Parse(&req, &b); err != nil {
				t.Fatal(err)
			}
			b.Decisions = []filter.Decision{{Action: filter.Forward, Reason: filter.Allowed}}
			if err := p.Rewrite(&req, &b); err != nil {
				t.Errorf("unchanged it is refused: %v", err)
			}
			b.Decisions[0] = filter.Decision{Action: filter.Rewrite, Edit: filter.Edit{Footer: "Reply STOP to opt out"}}
			if err := p.Rewrite(&req, &b); err != errSigned {
				t.Errorf("Rewrite answers %v", err)
			}
			if own, err := New("vonage-sms", Config{Replaced: true}); err != nil || own.Rewrite(clone(&req), &b) != nil {
				t.Error("it is not changed where the signature goes with its credentials")
			}
			if got := string(req.Header.RequestURI()); got != c.target || string(req.Body()) != c.body {
				t.Errorf("the request was changed: %s %s", got, req.Body())
			}
		})
	}
}

func clone(req *fasthttp.Request) *fasthttp.Request {
	var c fasthttp.Request
	req.CopyTo(&c)
	return &c
}
