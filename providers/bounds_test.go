package providers_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// many is an element, in which %d is its number, n times, with commas.
func many(n int, element string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, element, i)
	}
	return b.String()
}

func TestReadingTakesRoomInMeasure(t *testing.T) {
	const batches = "/xms/v1/jd63jf88477ll123ab4567cd89012ef3/batches"
	long := strings.Repeat("A", 1<<20)
	for _, c := range []struct{ name, provider, target, body string }{
		{"a long sender of thousands of recipients", "infobip", "/sms/3/messages",
			`{"messages":[{"sender":"` + long + `","destinations":[` + many(5000, `{"to":"4179000%04d"}`) + `],"content":{"text":"Sale"}}]}`},
		{"long values of thousands of recipients", "infobip", "/sms/3/messages",
			`{"messages":[{"sender":"S","destinations":[` + many(5000, `{"to":"4179000%04d"}`) + `],"content":{"hex":"` + long + `"}}]}`},
		{"thousands of recipients with thousands of other ways", "infobip", "/messages-api/1/messages",
			`{"messages":[{"channel":"WHATSAPP","sender":"S","destinations":[` + many(3000, `{"to":"4179000%04d"}`) + `],"content":{"body":{"text":"Sale"}},"failover":[` +
				strings.Repeat(`{"channel":"SMS"},`, 3000) + `{"channel":"SMS"}]}]}`},
		{"a value that is said many times", "sinch-sms", batches,
			`{"to":["14155550100"],"body":"` + strings.Repeat("${a}", 1000) + `","parameters":{"a":{"default":"` + long + `"}}}`},
		{"a long text with values for many recipients", "sinch-sms", batches,
			`{"to":[` + many(1000, `"1415555%04d"`) + `],"body":"` + long + `","parameters":{"a":{"default":"x"}}}`},
		{"many values for many recipients", "sinch-sms", batches,
			`{"to":[` + many(1000, `"1415555%04d"`) + `],"body":"` + strings.Repeat("${a}", 300) + `","parameters":{"a":{` + many(100, `"1415555%04d":"x"`) + `}}}`},
		{"a long conversation with thousands of recipients", "cm", "/v1.0/message",
			`{"messages":{"msg":[{"from":"S","to":[` + many(3000, `{"number":"0031612%06d"}`) + `],"body":{"content":"Sale"},"allowedChannels":["WhatsApp"],` +
				`"richContent":{"conversation":[{"text":"Sale","media":"` + long + `"}]}}]}}`},
		{"a long message of a channel's own with many identities", "sinch-conversation", "/v1/projects/p/messages:send",
			`{"app_id":"a","recipient":{"identified_by":{"channel_identities":[` + many(100, `{"channel":"SMS","identity":"1415555%04d"}`) + `]}},` +
				`"message":{"explicit_channel_message":{"SMS":"{\"x\":\"` + long + `\"}"},"text_message":{"text":"Sale"}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := read(t, fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", c.target, len(c.body), c.body))
			b := providers.Batch{Extras: true}
			p := provider(t, c.provider, "")
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_ = p.Parse(req, &b) // either way
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > 100<<20 {
				t.Errorf("reading %d KiB takes %d MiB", len(c.body)>>10, took>>20)
			}
		})
	}
}

// TestLongestMails: how long a request may be is for limits.body to say, up to the longest e-mail that a service takes.
// Source: https://docs.aws.amazon.com/ses/latest/dg/quotas.html#quotas-message
func TestLongestMails(t *testing.T) {
	mail := "To: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b\r\nContent-Type: application/pdf\r\n\r\n" +
		strings.Repeat("A", 39_000_000) + "\r\n--b--\r\n"
	body := `{"Content":{"Raw":{"Data":"` + base64.StdEncoding.EncodeToString([]byte(mail)) + `"}}}`
	req := read(t, fmt.Appendf(nil, "POST /v2/email/outbound-emails HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	var b providers.Batch
	if err := provider(t, "aws-ses", "").Parse(req, &b); err != nil || len(b.Messages) != 1 || b.Messages[0].Text != "Hello" {
		t.Errorf("an e-mail of 39 MB is read as %d messages, %v", len(b.Messages), err)
	}
}

func TestSinchValuesOfAThousandRecipients(t *testing.T) {
	body := `{"to":[` + many(1000, `"1415555%04d"`) + `],"body":"Hi ${name}","parameters":{"name":{"default":"you",` + many(1000, `"1415555%04d":"Ana"`) + `}}}`
	req := read(t, fmt.Appendf(nil, "POST /xms/v1/plan/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	var b providers.Batch
	p := provider(t, "sinch-sms", "")
	if err := p.Parse(req, &b); err != nil || len(b.Messages) != 1000 || b.Messages[999].Text != "Hi Ana" {
		t.Fatalf("read %d messages, %v", len(b.Messages), err)
	}
	decide(&b, filter.Decision{Action: filter.Forward})
	b.Decisions[0] = filter.Decision{Action: filter.Block, Reason: filter.HasOptedOut}
	if err := p.Rewrite(req, &b); err != nil || bytes.Contains(req.Body(), []byte("14155550000")) {
		t.Errorf("rewriting: %v; who is blocked is still there", err)
	}
}
