package providers

import (
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// plivo speaks Plivo's Message API.
// Source: https://docs.plivo.com/docs/messaging/api/message/send-a-message
type plivo struct {
	shaped
	*keyring
}

var plivoService = known{host: "https://api.plivo.com", channel: filter.SMS, text: plivoText, pooled: pooledByID, withdrawn: plivoWithdrawn, make: newPlivo,
	enter: "the message URL of the application, and url of messages; secrets: the auth token"}

// plivoText is the longest text Plivo takes, in characters, of those that GSM 7 has not: longer ones
// might not pass with the line that is added.
const plivoText = 737

// plivoInteractive is the longest text above the buttons of a message on WhatsApp, in characters.
const plivoInteractive = 1024

var plivoShape = (&shape{
	service:     "Plivo",
	sends:       []string{"/v1/Account/*/Message/", "/v1/Account/*/Message"},
	others:      []string{"/v1/Account/*/Message/*/", "/v1/Account/*/Message/*/Media/"},
	traces:      []string{"message"},
	form:        true,
	recipients:  []reach{{at: "dst", split: "<"}},
	most:        1000,
	text:        []bounded{{"text", plivoText}, {"interactive.body.text", plivoInteractive}},
	sender:      []string{"src", "powerpack_uuid"},
	template:    []string{"template.name"},
	kind:        []string{"dlt_template_category"},
	promotional: []string{"promotional"},
	medium:      []string{"type"},
	media:       map[string]filter.Channel{"sms": filter.SMS, "mms": filter.SMS, "whatsapp": filter.WhatsApp},
	extra: []string{"media_urls", "media_ids", "template", "interactive.header", "interactive.footer", "interactive.action",
		"interactive.type", "location"},
	channel: filter.SMS,
}).mustCompile()

func newPlivo(cfg Config) (Provider, error) {
	return plivo{newShaped(plivoShape, cfg), plivoKeyring}, nil
}

// plivoKeyring: the auth id stands in the path, too. What is below Subaccount shows their auth tokens.
// Sources: https://github.com/plivo/plivo-go/blob/master/baseclient.go and
// https://github.com/plivo/plivo-node/blob/master/lib/rest/axios.js
var plivoKeyring = &keyring{
	name:   "Plivo",
	takes:  []string{"account", "secret"},
	holes:  []keyhole{{in: inHeader, at: "authorization", scheme: "Basic", key: pairKey}},
	gives:  []string{"/subaccount"},
	denial: denial{401, `{"api_id":"sendgate","error":"{detail}"}`},
}

// Authorize lets nobody act for another account than that of the credentials.
func (p plivo) Authorize(req *fasthttp.Request, c *Credentials, now time.Time) error {
	if !within(req, "account", "/v1/account/", c.Account) {
		return errAccount
	}
	return p.keyring.Authorize(req, c, now)
}

// Refuse answers 400 with Plivo's error: its Node library takes a 403 here for one about the country.
// Source: https://github.com/plivo/plivo-node/blob/master/lib/rest/axios.js
func (plivo) Refuse(resp *fasthttp.Response, b *Batch) {
	out := append(b.parsed.out[:0], `{"api_id":"sendgate","error":"`+marker...)
	out = append(escapeJSON(out, b.why()), `"}`...)
	b.refuse(resp, fasthttp.StatusBadRequest, "application/json", out)
}

// Learn reads nothing: Plivo's refusals have no codes, and tells of an opt-out in a receipt alone.
func (plivo) Learn(*fasthttp.Response, *Batch) (refusal int, events []filter.Event) { return 0, nil }

// Merge adds the blocked recipients to invalid_number, beside which message_uuid has an entry for each
// of the others alone, as for numbers that Plivo itself leaves out.
// Source: https://docs.plivo.com/docs/messaging/api/message/bulk-messaging
func (plivo) Merge(resp *fasthttp.Response, b *Batch) error {
	return b.merge(resp, func(d document) ([]edit, error) {
		list := d.member(0, "invalid_number")
		if list != 0 && d.nodes[list].kind != '[' {
			return nil, errUnlike
		}
		var out []byte
		for i := range b.Decisions {
			if b.Decisions[i].Action == filter.Block {
				if len(out) > 0 {
					out = append(out, ',')
				}
				out = append(escapeJSON(append(out, '"'), b.parsed.spread.at[i].written), '"')
			}
		}
		if list == 0 {
			if d.nodes[0].kind != '{' || d.child(0) == 0 {
				return nil, errUnlike
			}
			at := int(d.nodes[0].end) - 1
			return []edit{{start: at, end: at, text: append(append([]byte(`,"invalid_number":[`), out...), ']')}}, nil
		}
		if d.child(list) != 0 {
			out = append([]byte{','}, out...)
		}
		at := int(d.nodes[list].end) - 1
		return []edit{{start: at, end: at, text: out}}, nil
	})
}
