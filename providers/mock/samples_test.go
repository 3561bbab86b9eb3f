package mock

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// refusedSamples are those that the parsers can read and that the service refuses all the same,
// with its code.
var refusedSamples = map[string]int{
	"aws-ses/joined":                   0, // AWS has no numbers for its errors
	"twilio/half-a-schedule":           35111,
	"twilio/scheduled-without-service": 35118, // older documentation has it sent at once
	"twilio/short-code-recipient":      21211,
	"whatsapp/bad-number":              131009,
	"whatsapp/byte-order-mark":         100,
	"whatsapp/unknown-type":            100,
}

// otherIdentity are the samples whose recipient is written without the digit it has by now.
var otherIdentity = map[string]bool{"twilio/brazil": true}

// TestSamples: what the gate's parsers read in a sample, the mock reads too, by other means.
func TestSamples(t *testing.T) {
	refused := maps.Clone(refusedSamples)
	for _, s := range providers.Samples() {
		if s.Err != nil || len(s.Messages) == 0 {
			continue
		}
		name := s.Provider + "/" + s.Name
		t.Run(name, func(t *testing.T) {
			_, got := serve(t, New(Config{Now: still}), sampleRequest(t, s))
			code, ok := refused[name]
			if ok || s.Code != 0 {
				code += s.Code
				delete(refused, name)
				if got.Accepted || got.Code != code {
					t.Errorf("recorded %+v; want a refusal with code %d", got, code)
				}
				return
			}
			want := s.Messages[0]
			if s.Region != "" && "+"+got.From == want.From { // which the service reads with its country code
				got.From = want.From
			}
			checkSample(t, got, want, want.Text)
			if !otherIdentity[name] {
				checkNumber(t, got.To, want.To.Address)
			}
			if n := max(1, len(got.Recipients)); n != len(s.Messages) {
				t.Errorf("recorded %d recipients; the parser reads %d", n, len(s.Messages))
			}
			for i, to := range got.Recipients {
				checkNumber(t, to, s.Messages[i].To.Address)
			}
		})
	}
	for name := range refused {
		t.Errorf("there is no sample %s to refuse", name)
	}
}

// sampleRequest is the request of s, with credentials that have the right form.
func sampleRequest(t *testing.T, s providers.Sample) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(s.Request)))
	if err != nil {
		t.Fatal(err)
	}
	if s.Provider == "twilio" {
		r.SetBasicAuth(account, "secret")
	}
	return r
}

// checkSample compares what the mock recorded with what a parser read, but for the text.
func checkSample(t *testing.T, got Send, want filter.Message, text string) {
	t.Helper()
	if !got.Accepted || got.Text != text || got.Template != want.Template || got.From != want.From || !got.SendAt.Equal(want.SendAt) {
		t.Errorf("recorded fault %q, to %q, text %q, template %q, from %q, at %s; the parser reads %+v",
			got.Fault, got.To, got.Text, got.Template, got.From, got.SendAt, want)
	}
}

// checkNumber compares a recipient as written with what a parser read: a number may be written
// without its country code.
func checkNumber(t *testing.T, to, address string) {
	t.Helper()
	number, ok := strings.CutPrefix(address, "+")
	if strings.Contains(address, "@") && to != address {
		t.Errorf("to %q; the parser reads %s", to, address)
	}
	if !ok {
		return
	}
	if _, rest, prefixed := strings.Cut(to, ":"); prefixed {
		to = rest
	}
	if d, ok := digits(to); !ok || !strings.HasSuffix(number, d) {
		t.Errorf("to %q; the parser reads %s", to, address)
	}
}

// inBase64 is an e-mail in MIME within JSON.
var inBase64 = regexp.MustCompile(`"Raw":\{"Data":"([^"]*)"`)

// readable is a body with such an e-mail as it is.
func readable(body string) string {
	return inBase64.ReplaceAllStringFunc(body, func(member string) string {
		src, err := base64.StdEncoding.DecodeString(inBase64.FindStringSubmatch(member)[1])
		if err != nil {
			return member
		}
		return strings.ReplaceAll(string(src), "\r\n", "\n")
	})
}
