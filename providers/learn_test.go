package providers_test

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

func twilioBody(code int) string {
	return fmt.Sprintf(`{"code":%d,"message":"no","status":400}`, code)
}

func graphBody(code int) string {
	return fmt.Sprintf(`{"error":{"message":"no","code":%d}}`, code)
}

func TestLearn(t *testing.T) {
	for _, c := range []struct {
		name, provider string
		status         int
		headers, body  string
		refusal        int
		want           bool // an opt-out is learnt
	}{
		{"21610 means that the recipient unsubscribed", "twilio", 400, "", twilioBody(21610), 21610, true},
		{"21610 in a compressed answer", "twilio", 400, "content-encoding: gzip\r\n", packed(twilioBody(21610)), 21610, true},
		{"21610 in the compression that axios asks for", "twilio", 400, "Content-Encoding: br\r\n", string(fasthttp.AppendBrotliBytes(nil, []byte(twilioBody(21610)))), 21610, true},
		{"21610 in deflate", "twilio", 400, "Content-Encoding: Deflate\r\n", string(fasthttp.AppendDeflateBytes(nil, []byte(twilioBody(21610)))), 21610, true},
		{"131050 in the compression that Meta likes best", "whatsapp", 400, "Content-Encoding: zstd\r\n", string(fasthttp.AppendZstdBytes(nil, []byte(graphBody(131050)))), 131050, true},
		{"21610 in a compression nobody reads here", "twilio", 400, "Content-Encoding: compress\r\n", twilioBody(21610), 0, false},
		{"21610 in what is not compressed as it says", "twilio", 400, "Content-Encoding: br\r\n", twilioBody(21610), 0, false},
		{"21610 in a success is no refusal", "twilio", 201, "", twilioBody(21610), 0, false},
		{"21610 in a server's fault is none of the recipient's", "twilio", 500, "", twilioBody(21610), 0, false},
		{"21610 in words is no code", "twilio", 400, "", `{"code":"21610"}`, 0, false},
		{"half an answer teaches nothing", "twilio", 400, "", `{"code":21610`, 0, false},
		{"an answer beyond 64 KiB is not read", "twilio", 400, "", twilioBody(21610) + strings.Repeat(" ", 64<<10), 0, false},
		{"21211 is about the number", "twilio", 400, "", twilioBody(21211), 21211, false},
		{"30007 is about the text", "twilio", 400, "", twilioBody(30007), 30007, false},
		{"63016 is about the window", "twilio", 400, "", twilioBody(63016), 63016, false},
		{"429 is about the sender", "twilio", 429, "", twilioBody(20429), 20429, false},
		{"an unknown code of Twilio teaches nothing", "twilio", 400, "", twilioBody(99999), 99999, false},
		{"131050 means that the recipient stopped marketing", "whatsapp", 400, "", graphBody(131050), 131050, true},
		{"131050 means that at Telnyx, too", "telnyx", 400, "", `{"errors":[{"code":"131050","title":"Unable to deliver the message"}]}`, 131050, true},
		{"131050 in a compressed answer", "whatsapp", 400, "Content-Encoding: gzip\r\n", packed(graphBody(131050)), 131050, true},
		{"131050 in a success is no refusal", "whatsapp", 200, "", graphBody(131050), 0, false},
		{"131026 may have many causes", "whatsapp", 400, "", graphBody(131026), 131026, false},
		{"131047 is about the window", "whatsapp", 400, "", graphBody(131047), 131047, false},
		{"131049 is Meta's own choice", "whatsapp", 400, "", graphBody(131049), 131049, false},
		{"130472 is an experiment", "whatsapp", 400, "", graphBody(130472), 130472, false},
		{"131048 is about the sender", "whatsapp", 429, "", graphBody(131048), 131048, false},
		{"what Pinpoint throttles was not sent", "aws-pinpoint", 200, "", `{"Result":{"+14155550100":{"DeliveryStatus":"THROTTLED","StatusCode":429}}}`, providers.Declined, false},
		{"what Pinpoint sends to some was sent", "aws-pinpoint", 200, "", `{"Result":{"+14155550100":{"DeliveryStatus":"THROTTLED"},"+14155550101":{"DeliveryStatus":"SUCCESSFUL"}}}`, 0, false},
		{"an unknown code of Meta teaches nothing", "whatsapp", 400, "", graphBody(1), 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, req := typicalRequest(t, c.provider)
			var b providers.Batch
			if err := p.Parse(req, &b); err != nil {
				t.Fatal(err)
			}
			raw := fmt.Sprintf("HTTP/1.1 %d Whatever\r\n%sContent-Length: %d\r\n\r\n%s", c.status, c.headers, len(c.body), c.body)
			var resp fasthttp.Response
			if err := resp.Read(bufio.NewReader(strings.NewReader(raw))); err != nil {
				t.Fatal(err)
			}
			want := b.Messages[0].To
			want.Address = strings.Clone(want.Address)
			refusal, events := p.Learn(&resp, &b)
			if refusal != c.refusal {
				t.Errorf("Learn reads the refusal %d, want %d", refusal, c.refusal)
			}
			if got := len(events) == 1; got != c.want || len(events) > 1 {
				t.Fatalf("Learn reads %+v", events)
			}
			if !c.want {
				return
			}
			b.Reset() // and the memory of the batch goes to somebody else
			if err := p.Parse(other(t, c.provider), &b); err != nil {
				t.Fatal(err)
			}
			if e := events[0]; e.Kind != filter.OptedOut || e.To != want {
				t.Errorf("Learn reads %+v, want an opt-out of %+v", e, want)
			}
		})
	}
}

// TestLearnFromABroadcast: of several recipients Viber tells by name who is not subscribed any more.
func TestLearnFromABroadcast(t *testing.T) {
	body := `{"broadcast_list":["01234567890b3456789012==","01234567890c3456789012=="],"type":"text","text":"Sale"}`
	req := read(t, fmt.Appendf(nil, "POST /pa/broadcast_message HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	p := provider(t, "viber", "")
	var b providers.Batch
	if err := p.Parse(req, &b); err != nil {
		t.Fatal(err)
	}
	var resp fasthttp.Response
	resp.SetBodyString(`{"status":0,"failed_list":[{"receiver":"01234567890c3456789012==","status":6,"status_message":"Not subscribed"},
		{"receiver":"01234567890b3456789012==","status":7},{"receiver":"01234567890d3456789012==","status":6}]}`)
	refusal, events := p.Learn(&resp, &b)
	want := filter.Recipient{Channel: filter.Viber, Address: "01234567890c3456789012=="}
	if refusal != 0 || len(events) != 1 || events[0].Kind != filter.OptedOut || events[0].To != want || events[0].Scope != filter.All {
		t.Errorf("Learn reads the refusal %d and %+v", refusal, events)
	}
}

// other is a send to somebody else, in the shape of the typical one.
func other(t *testing.T, name string) *fasthttp.Request {
	for _, s := range providers.Samples() {
		if s.Provider == name && s.Name == typical(name) {
			raw := bytes.NewBuffer(nil)
			raw.WriteString(strings.NewReplacer("14155550100", "14155550199", "16505551234", "16505551299").Replace(string(s.Request)))
			return read(t, raw.Bytes())
		}
	}
	t.Fatalf("%s has no sample %q", name, typical(name))
	return nil
}

func TestNoLessonAboutNobody(t *testing.T) {
	p := provider(t, "twilio", "")
	var resp fasthttp.Response
	resp.SetStatusCode(fasthttp.StatusBadRequest)
	resp.SetBodyString(`{"code":21610}`)
	for name, messages := range map[string][]filter.Message{
		"a batch without messages":    nil,
		"a message without address":   {{To: filter.Recipient{Channel: filter.SMS}}},
		"a batch of several messages": {{To: filter.Recipient{Channel: filter.SMS, Address: "+14155550100"}}, {To: filter.Recipient{Channel: filter.SMS, Address: "+14155550101"}}},
	} {
		if _, events := p.Learn(&resp, &providers.Batch{Messages: messages}); len(events) > 0 {
			t.Errorf("%s: Learn reads %+v", name, events)
		}
	}
}

func TestBatchOutlivesItsRequest(t *testing.T) {
	for _, name := range providers.Names() {
		t.Run(name+": what was read does not change when the request's memory is reused", func(t *testing.T) {
			p, req := typicalRequest(t, name)
			var b providers.Batch
			if err := p.Parse(req, &b); err != nil {
				t.Fatal(err)
			}
			before := fmt.Sprintf("%+v", b.Messages)
			for i := range req.Body() {
				req.Body()[i] = 'x'
			}
			for i := range req.Header.RequestURI() {
				req.Header.RequestURI()[i] = 'x'
			}
			if after := fmt.Sprintf("%+v", b.Messages); after != before {
				t.Errorf("the messages became\n%s, were\n%s", after, before)
			}
		})
	}
}
