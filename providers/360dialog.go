package providers

import (
	"encoding/json"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// d360dialog speaks the Cloud API as 360dialog passes it on: a key in a header stands for the number that sends,
// which nothing in a request says. What went by /v1/messages was WhatsApp's On-Premises API, which Meta ended;
// it is refused.
// Sources: https://docs.360dialog.com/docs/waba-basics/the-basics-overview and
// https://docs.360dialog.com/partner/integration/waba-integration
type d360dialog struct{ whatsapp }

var d360dialogService = cloudAPI("https://waba-v2.360dialog.io", "the webhook of the channel, with a header of your own; header and value: that", func(cfg Config) (Provider, error) {
	cloud, err := newCloud("360dialog", cfg, d360dialogKeyring, d360dialogPath)
	return d360dialog{cloud}, err
})

// d360dialogShape are the paths. What is none of them, such as the number's own settings, the route lets pass or not.
var d360dialogShape = &shape{
	sends: []string{"/messages", "/messages/"},
	others: []string{"/media", "/media/*", "/v1/configs/webhook", "/v1/configs/templates", "/v1/configs/templates/*", "/message_templates", "/block_users",
		"/whatsapp_business_profile", "/whatsapp_business_encryption", "/flows", "/flows/*", "/flows/*/*", "/calls", "/groups", "/health_status"},
	traces: []string{"messages"},
}

func d360dialogPath(path []byte) (kind pathKind, from []byte) {
	switch string(path) {
	case "/marketing_messages":
		return sendMarketing, nil
	case "/": // where Meta takes batches of calls
		return sendMany, nil
	}
	return d360dialogShape.path(path), nil
}

// Parse reads one message.
func (d d360dialog) Parse(req *fasthttp.Request, b *Batch) error {
	path, _, _ := splitURI(req.Header.RequestURI())
	b.parsed.wrapped = string(path) == "/marketing_messages"
	return d.whatsapp.Parse(req, b)
}

// Refuse answers as Meta does; on the endpoint for marketing its answer stands in another.
// Source: https://docs.360dialog.com/partner/mm-lite-api-beta-program
func (d d360dialog) Refuse(resp *fasthttp.Response, b *Batch) {
	d.whatsapp.Refuse(resp, b)
	if b.parsed.wrapped {
		resp.SetBodyString(`{"detail":` + string(resp.Body()) + "}")
	}
}

// Learn reads an error of Meta's, which may stand in another, as that of the Cloud API. Those of 360dialog itself have
// no such code.
func (d d360dialog) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	body, ok := refused(resp)
	if !ok {
		return 0, nil
	}
	var j struct {
		Detail json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(body, &j) == nil && len(j.Detail) > 0 {
		body = j.Detail
	}
	return d.learn(body, b)
}

// Signals reads what Meta tells, but for the number that was written to, since no request says what it comes from: a
// STOP that was kept for one sender would bind nothing.
func (d d360dialog) Signals(req *fasthttp.Request) ([]Signal, error) {
	all, err := d.whatsapp.Signals(req)
	for i := range all {
		all[i].Sender, all[i].Display = "", ""
	}
	return all, err
}

// d360dialogKeyring: the key of a number, https://docs.360dialog.com/docs/waba-basics/the-basics-overview.
var d360dialogKeyring = &keyring{
	name:   "360dialog",
	takes:  []string{"secret"},
	holes:  []keyhole{{in: inHeader, at: "d360-api-key", key: secretKey}, {in: inHeader, at: "authorization"}},
	gives:  []string{"api_key", "token"},
	denial: denial{401, `{"meta":{"success":false,"http_code":401,"developer_message":"Invalid api key. {detail}"}}`},
}

// Compose writes what the Cloud API takes, from the number whose key c is.
func (d d360dialog) Compose(req *fasthttp.Request, o *Outgoing, c *Credentials) error {
	own := *o
	own.From = "0" // which the key stands for
	if err := d.whatsapp.Compose(req, &own, c); err != nil {
		return err
	}
	req.SetRequestURI("/messages")
	req.Header.Del(fasthttp.HeaderAuthorization)
	req.Header.Set("D360-API-KEY", c.Secret)
	return nil
}
