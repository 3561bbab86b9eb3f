package providers

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// messagebird speaks MessageBird's REST API for SMS, and batches of them.
// Sources: https://github.com/messagebird/go-rest-api/blob/master/sms/message.go and
// https://developers.messagebird.com/api/sms-batch-api/
type messagebird struct {
	shaped
	*keyring
	batch shaped
}

var messagebirdService = known{host: "https://rest.messagebird.com", channel: filter.SMS, text: messagebirdText, later: true, make: newMessageBird,
	enter: "the URL of a flow that forwards incoming messages, and reportUrl; secrets: the signing key"}

// messagebirdText is the longest text MessageBird takes, in characters.
const messagebirdText = 1377

// messagebirdShape is for messages at a place of the body. A call whose program can do no POST says in its query that it
// is one.
func messagebirdShape(path, at string) *shape {
	return &shape{
		service:    "MessageBird",
		sends:      []string{path},
		traces:     []string{"messages"},
		override:   "_method",
		recipients: []reach{{at: at + "recipients[]", split: ","}},
		unseen:     []string{at + "groupIds[]"},
		text:       []bounded{{at + "body", messagebirdText}},
		sender:     []string{at + "originator"},
		when:       []string{at + "scheduledDatetime"},
		channel:    filter.SMS,
	}
}

const messagebirdBatch = "/messages/batches"

var messagebirdOne, messagebirdSeveral = func() (one, several *compiled) {
	o, s := messagebirdShape("/messages", ""), messagebirdShape(messagebirdBatch, "messages[].")
	o.form, o.most = true, 50
	s.refused = []string{"recipients", "groupIds"}
	return o.mustCompile(), s.mustCompile()
}()

func newMessageBird(cfg Config) (Provider, error) {
	return messagebird{newShaped(messagebirdOne, cfg), messagebirdKeyring, newShaped(messagebirdSeveral, cfg)}, nil
}

// Parse reads a message, or a batch of them.
func (m messagebird) Parse(req *fasthttp.Request, b *Batch) error {
	if path, _, _ := splitURI(req.Header.RequestURI()); string(path) == messagebirdBatch {
		return m.batch.Parse(req, b)
	}
	return m.shaped.Parse(req, b)
}

// messagebirdKeyring: the key stands in a header of a scheme of its own, or in a parameter.
// Sources: https://github.com/messagebird/go-rest-api/blob/master/client.go and
// https://github.com/messagebirdguides/voice-call-guide-python/issues/2
var messagebirdKeyring = &keyring{
	name:  "MessageBird",
	takes: []string{"secret"},
	holes: []keyhole{
		{in: inHeader, at: "authorization", scheme: "AccessKey", key: secretKey},
		{in: inQuery, at: "access_key"}, {in: inBody, at: "access_key"},
	},
	denial: denial{401, `{"errors":[{"code":2,"description":"Request not allowed (incorrect access_key). {detail}","parameter":"access_key"}]}`},
}

// messagebirdInvalid is MessageBird's code for a parameter that is missing or wrong, of whichever kind.
// Source: https://github.com/messagebird/messagebird-nodejs/blob/master/lib/test.js
const messagebirdInvalid = 9

// messagebirdRefusals are MessageBird's words by our reasons; those for all others are about the recipients.
var messagebirdRefusals = [filter.Reasons]native{
	filter.Unreadable: {messagebirdInvalid, "request contains invalid parameters"},
	filter.Content:    {messagebirdInvalid, "request contains invalid parameters"},
}

// Refuse answers 422 with MessageBird's list of errors: its Python library reads no other status that fits.
// Source: https://github.com/messagebird/python-rest-api/blob/master/messagebird/http_client.py
func (messagebird) Refuse(resp *fasthttp.Response, b *Batch) {
	n, parameter := messagebirdRefusals[b.reason()], "null"
	if n.code == 0 || b.parsed.code == errMissing {
		n, parameter = native{messagebirdInvalid, "no (correct) recipients found"}, `"recipients"`
	}
	out := append(b.parsed.out[:0], `{"errors":[{"code":`...)
	out = strconv.AppendInt(out, int64(n.code), 10)
	out = append(out, `,"description":"`...)
	out = append(append(out, n.text...), ". "+marker...)
	out = escapeJSON(out, b.why())
	out = append(out, `","parameter":`...)
	out = append(append(out, parameter...), "}]}"...)
	b.refuse(resp, fasthttp.StatusUnprocessableEntity, "application/json", out)
}

// Learn reads the code of a refusal, none of which says anything about anybody's will.
func (messagebird) Learn(resp *fasthttp.Response, _ *Batch) (refusal int, events []filter.Event) {
	body, ok := refused(resp)
	var j struct {
		Errors []struct {
			Code int `json:"code"`
		} `json:"errors"`
	}
	if !ok || json.Unmarshal(body, &j) != nil || len(j.Errors) == 0 {
		return 0, nil
	}
	return j.Errors[0].Code, nil
}

var errUnlike = errors.New("the answer is not as its service documents it")

// Merge adds an item to recipients for each blocked one, and counts it.
// Source: https://github.com/messagebird/go-rest-api/blob/master/recipient.go
func (messagebird) Merge(resp *fasthttp.Response, b *Batch) error {
	return b.merge(resp, func(d document) ([]edit, error) {
		recipients := d.member(0, "recipients")
		if recipients == 0 {
			return nil, errUnlike
		}
		items := d.member(recipients, "items")
		if items == 0 || d.nodes[items].kind != '[' {
			return nil, errUnlike
		}
		var out []byte
		count := 0
		for i := range b.Decisions {
			if b.Decisions[i].Action != filter.Block {
				continue
			}
			number := strings.TrimPrefix(b.Messages[i].To.Address, "+")
			if number == "" {
				number = "0" // what was written there is no number
			}
			if count++; count > 1 || d.child(items) != 0 {
				out = append(out, ',')
			}
			out = append(append(out, `{"recipient":`...), number...)
			out = append(out, `,"status":"delivery_failed","statusReason":"`+marker...)
			out = escapeJSON(out, b.Decisions[i].Reason.Text())
			out = time.Now().UTC().AppendFormat(append(out, `","statusDatetime":"`...), "2006-01-02T15:04:05+00:00")
			out = append(out, `","messagePartCount":0}`...)
		}
		at := int(d.nodes[items].end) - 1
		edits := []edit{{start: at, end: at, text: out}}
		for _, key := range []string{"totalCount", "totalDeliveryFailedCount"} {
			i := d.member(recipients, key)
			if i == 0 {
				continue
			}
			n, err := strconv.Atoi(string(bytes.TrimSpace(d.raw(i))))
			if err != nil {
				return nil, errUnlike
			}
			edits = append(edits, edit{start: int(d.nodes[i].start), end: int(d.nodes[i].end), text: strconv.AppendInt(nil, int64(n+count), 10)})
		}
		return edits, nil
	})
}
