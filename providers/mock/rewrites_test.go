package mock

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// edits are changes of all kinds that a decision may ask for, with what is hard to write in a form, a
// query or JSON.
var edits = map[string]filter.Edit{
	"a line":                           {Footer: providers.SampleFooter},
	"a line of what has to be escaped": {Footer: `Tom & "Ana" = 50% \ {stop}; +1 <b> /\u0041\n` + "\ttab"},
	"lines in other alphabets":         {Footer: "Ответьте STOP\n退订回 T \u2028 ☂️ 🎉 \U0010FFFF"},
	"a time":                           {SendAt: providers.SampleSendAt},
	"a time and a line":                {Footer: "Répondez « STOP »", SendAt: time.Date(2026, 12, 24, 8, 0, 0, 0, time.FixedZone("", 3600))},
}

// quoted are the samples whose text is in a markup, and how a line is written in it.
var quoted = map[string]*strings.Replacer{
	"telegram/photo":      strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;"),
	"telegram/album-json": strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;"),
	"telegram/upload":     strings.NewReplacer("=", `\=`, `\`, `\\`, "{", `\{`, "}", `\}`, "+", `\+`, ">", `\>`),
	"telegram/gift":       strings.NewReplacer("=", `\=`, `\`, `\\`, "{", `\{`, "}", `\}`, "+", `\+`, ">", `\>`),
}

// TestRewritesAccepted: what a rewrite makes of any sample, the service still takes, as the message that
// it was but for what was changed; and no other byte of the request is touched.
func TestRewritesAccepted(t *testing.T) {
	done := map[string]int{}
	for _, s := range providers.Samples() {
		if _, refused := refusedSamples[s.Provider+"/"+s.Name]; refused || s.Err != nil || s.Code != 0 {
			continue
		}
		if len(s.Messages) > 1 && slices.ContainsFunc(s.Messages, func(m filter.Message) bool { return m.Room == 0 }) {
			continue // who cannot have the line is taken out
		}
		for name, e := range edits {
			t.Run(s.Provider+"/"+s.Name+"/"+name, func(t *testing.T) {
				m := s.Messages[0]
				after := rewrite(t, s, e)
				if possible := (e.Footer == "" || m.Room > 0) && (e.SendAt.IsZero() || m.Movable); possible != (after != nil) {
					t.Fatalf("it was rewritten: %v, and the sample has room for %d and can be moved: %v", after != nil, m.Room, m.Movable)
				}
				if after == nil {
					return
				}
				done[s.Provider+" "+name]++
				e := e
				if r := quoted[s.Provider+"/"+s.Name]; r != nil {
					e.Footer = r.Replace(e.Footer)
				}
				if s.Provider+"/"+s.Name != "mailgun/mime" { // whose texts are encoded within a part
					checkUntouched(t, s.Request, after, e)
				}
				_, was := serve(t, New(Config{Now: still}), asRequest(t, s, s.Request))
				_, got := serve(t, New(Config{Now: still}), asRequest(t, s, after))
				if !got.Accepted {
					t.Fatalf("refused with %d: %s", got.Code, got.Fault)
				}
				want := was
				if page := paragraph(e.Footer); e.Footer != "" && strings.TrimSpace(strings.Replace(got.Text, page, "", 1)) == was.Text {
					want.Text = got.Text
				} else if e.Footer != "" {
					want.Text += "\n" + e.Footer
				}
				if !e.SendAt.IsZero() {
					want.SendAt = e.SendAt.UTC()
				}
				if a, b := recorded(got), recorded(want); a != b {
					t.Errorf("recorded\n%s, want\n%s", a, b)
				}
			})
		}
	}
	for name := range edits {
		if done["twilio "+name] < 3 || strings.HasSuffix(name, "line") && !strings.Contains(name, "time") && done["whatsapp "+name] < 5 {
			t.Errorf("%s: tried on %d requests to Twilio and %d to WhatsApp", name, done["twilio "+name], done["whatsapp "+name])
		}
	}
}

// rewrite is the request of s, raw, once e is made; nil where the provider says that it cannot be.
func rewrite(t *testing.T, s providers.Sample, e filter.Edit) []byte {
	t.Helper()
	p, err := providers.New(s.Provider, providers.Config{Region: s.Region, Channels: s.Channels})
	if err != nil {
		t.Fatal(err)
	}
	var req fasthttp.Request
	req.Header.DisableNormalizing()
	r := bufio.NewReaderSize(bytes.NewReader(s.Request), 64<<10)
	if err := errors.Join(req.Header.Read(r), req.ContinueReadBody(r, 0, false)); err != nil {
		t.Fatal(err)
	}
	var b providers.Batch
	if err := p.Parse(&req, &b); err != nil {
		t.Fatal(err)
	}
	for range b.Messages {
		b.Decisions = append(b.Decisions, filter.Decision{Action: filter.Rewrite, Edit: e})
	}
	if p.Rewrite(&req, &b) != nil {
		return nil
	}
	head, _, _ := bytes.Cut(s.Request, []byte("\r\n\r\n"))
	lines := strings.Split(string(head), "\r\n")
	lines[0] = string(req.Header.Method()) + " " + string(req.Header.RequestURI()) + " HTTP/1.1"
	var kept []string
	for _, line := range lines {
		if lower := strings.ToLower(line); !strings.HasPrefix(lower, "content-length:") && !strings.HasPrefix(lower, "transfer-encoding:") {
			kept = append(kept, line)
		}
	}
	return fmt.Appendf(nil, "%s\r\nContent-Length: %d\r\n\r\n%s", strings.Join(kept, "\r\n"), len(req.Body()), req.Body())
}

// asRequest is a raw request to the mock, with credentials that have the right form.
func asRequest(t *testing.T, s providers.Sample, raw []byte) *http.Request {
	t.Helper()
	s.Request = raw
	return sampleRequest(t, s)
}

// recorded is what a service took, less what is of its own making.
func recorded(s Send) string {
	s.Seq, s.ID, s.Target, s.Body, s.SendAt = 0, "", "", nil, s.SendAt.UTC()
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// checkUntouched takes what e asks for out of the rewritten request, and compares the rest with the one
// before, byte by byte.
func checkUntouched(t *testing.T, before, after []byte, e filter.Edit) {
	t.Helper()
	target0, header0, body0 := taken(t, before)
	target1, header1, body1 := taken(t, after)
	if !reflect.DeepEqual(header0, header1) {
		t.Errorf("the header was\n%q, and is\n%q", header0, header1)
	}
	was, is := target0+"\n"+readable(body0), target1+"\n"+readable(body1)
	if !e.SendAt.IsZero() {
		at := url.QueryEscape(e.SendAt.UTC().Format("2006-01-02T15:04:05Z"))
		added := "&SendAt=" + at + "&ScheduleType=fixed"
		if own := parameter(was, "SendAt"); own != "" {
			is = strings.Replace(is, "SendAt="+at, "SendAt="+own, 1)
		} else if strings.Count(is, added) == 1 {
			is = strings.Replace(is, added, "", 1)
		}
	}
	if e.Footer != "" {
		was, is = contentLength.ReplaceAllString(was, ""), contentLength.ReplaceAllString(is, "") // of parts
		added := false
		for _, line := range written("\n" + e.Footer) { // the same line goes into each text
			for _, page := range append(written(paragraph(e.Footer)), "") {
				without := is
				if page != "" {
					without = strings.ReplaceAll(is, page, "")
				}
				added = added || is != was && strings.ReplaceAll(without, line, "") == was
			}
		}
		if !added {
			t.Errorf("the request was\n%s, and is\n%s, which is not with %q added", was, is, e.Footer)
		}
		is = was
	}
	if is != was {
		t.Errorf("the request was\n%s, and is\n%s", was, is)
	}
}

// paragraph is a line in HTML.
func paragraph(line string) string {
	var out strings.Builder
	for _, r := range line {
		if strings.ContainsRune(`&<>"'`, r) || r > '~' {
			fmt.Fprintf(&out, "&#%d;", r)
		} else {
			out.WriteRune(r)
		}
	}
	return "<p>" + strings.ReplaceAll(out.String(), "\n", "<br>") + "</p>"
}

// written is text as it may stand in a body.
func written(text string) []string {
	inJSON := strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\t", `\u0009`).Replace
	inForm := func(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
	return []string{text, inJSON(text), inForm(text), inJSON(inJSON(text)), inForm(inJSON(text))}
}

// parameter is the raw value of a parameter.
func parameter(text, name string) string {
	_, rest, found := strings.Cut(text, name+"=")
	if !found {
		return ""
	}
	value, _, _ := strings.Cut(rest, "&")
	return value
}

// taken is a raw request as a server takes it: its target, its header but for how the body is framed,
// and its body, readable.
func taken(t *testing.T, raw []byte) (target string, header http.Header, body string) {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var from io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		if from, err = gzip.NewReader(r.Body); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Del("Content-Length")
	return r.RequestURI, r.Header, string(text)
}

// TestWrongRewritesAreRefused shows that a rewrite which the mock takes was not taken for want of looking:
// what a careless one would write is refused, with the code that the service has for it.
func TestWrongRewritesAreRefused(t *testing.T) {
	samples := map[string]providers.Sample{}
	for _, s := range providers.Samples() {
		samples[s.Provider+"/"+s.Name] = s
	}
	for _, c := range []struct {
		name, sample, old, new string
		code                   int
	}{
		{"a line that is not escaped in a form", "twilio/service-in-from", "Body=Hi", "Body=Hi\nReply STOP to opt out", 0},
		{"letters that are not escaped in a form", "twilio/service-in-from", "Body=Hi", "Body=Hi%0AОтписка", 0},
		{"half of an escape", "twilio/service-in-from", "Body=Hi", "Body=Hi%0AReply%2", 0},
		{"half of a letter", "twilio/service-in-from", "Body=Hi", "Body=Hi%0A%D0", 0},
		{"a line in a second parameter", "twilio/service-in-from", "Body=Hi", "Body=Hi&Body=Reply%20STOP", 0},
		{"a text too long", "twilio/service-in-from", "Body=Hi", "Body=Hi" + strings.Repeat("%C3%A9", 1599), 21617},
		{"a time without the kind of schedule", "twilio/service-in-from", "Body=Hi", "Body=Hi&SendAt=2026-11-23T09%3A30%3A00Z", 0},
		{"the kind of schedule without a time", "twilio/service-in-from", "Body=Hi", "Body=Hi&ScheduleType=fixed", 35111},
		{"a time without a zone", "twilio/service-in-from", "Body=Hi", "Body=Hi&SendAt=2026-11-23T09%3A30%3A00&ScheduleType=fixed", 35114},
		{"a time whose plus was not escaped", "twilio/service-in-from", "Body=Hi", "Body=Hi&SendAt=2026-11-23T09%3A30%3A00+01:00&ScheduleType=fixed", 35114},
		{"a time too soon", "twilio/service-in-from", "Body=Hi", "Body=Hi&SendAt=2026-11-21T12%3A04%3A59Z&ScheduleType=fixed", 35115},
		{"a time too far", "twilio/service-in-from", "Body=Hi", "Body=Hi&SendAt=2026-12-26T12%3A00%3A01Z&ScheduleType=fixed", 35115},
		{"a time beside another", "twilio/scheduled", "Body=Hi", "Body=Hi&SendAt=2026-11-23T09%3A30%3A00Z", 0},
		{"a time for a plain number", "twilio/order-and-repeats-kept", "&Body=", "&SendAt=2026-11-23T09%3A30%3A00Z&ScheduleType=fixed&Body=", 35118},
		{"a body that is no longer compressed", "twilio/gzip", "", "plain", 0},
		{"a line break that is not escaped in JSON", "whatsapp/text", `"body":"`, "\"body\":\"Sale\n", 100},
		{"a quote that is not escaped in JSON", "whatsapp/text", `"body":"`, `"body":"Reply "STOP" `, 100},
		{"letters of another encoding in JSON", "whatsapp/text", `"body":"`, "\"body\":\"d\xe9j\xe0 ", 100},
		{"a line in a second member", "whatsapp/text", `"body":"`, `"body":"Reply STOP","body":"`, 100},
		{"a text too long in JSON", "whatsapp/text", `"body":"`, `"body":"` + strings.Repeat("é", 4097), 100},
		{"a caption too long", "whatsapp/image-with-caption", `"caption":"`, `"caption":"` + strings.Repeat("é", 1025), 100},
		{"a body of an interactive message too long", "whatsapp/interactive", `"body":{"text":"`, `"body":{"text":"` + strings.Repeat("é", 1025), 100},
		{"a caption for what has none", "whatsapp/audio", `"audio":{`, `"audio":{"caption":"Reply STOP",`, 100},
		{"a text in a template", "whatsapp/template", `"template":{`, `"template":{"text":"Reply STOP",`, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, found := samples[c.sample]
			head, body, _ := bytes.Cut(s.Request, []byte("\r\n\r\n"))
			wrong := bytes.Replace(body, []byte(c.old), []byte(c.new), 1)
			if !found || c.old != "" && bytes.Equal(wrong, body) {
				t.Fatalf("the sample is %q, and has no %q", s.Request, c.old)
			}
			if c.old == "" {
				wrong = []byte(s.Rewritten)
			}
			lines := contentLength.ReplaceAllString(string(head), fmt.Sprintf("Content-Length: %d", len(wrong)))
			_, got := serve(t, New(Config{Now: still}), asRequest(t, s, append([]byte(lines+"\r\n\r\n"), wrong...)))
			if got.Accepted || got.Code != c.code || got.Fault == "" {
				t.Errorf("accepted: %v, code %d (%s), want code %d", got.Accepted, got.Code, got.Fault, c.code)
			}
		})
	}
}

var contentLength = regexp.MustCompile(`(?i)content-length: *[0-9]+`)
