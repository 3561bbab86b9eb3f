package providers_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// seed adds the samples of a provider, taken apart so that the fuzzer need not keep the framing.
func seed(f *testing.F, name string) {
	for _, s := range providers.Samples() {
		if s.Provider != name {
			continue
		}
		req := read(f, s.Request)
		encoding := ""
		for key, value := range req.Header.All() {
			if strings.EqualFold(string(key), "Content-Encoding") {
				encoding = string(value)
			}
		}
		f.Add(string(req.Header.Method()), string(req.Header.RequestURI()), string(req.Header.ContentType()), encoding, req.Body())
	}
}

// compose writes a raw request and reads it; nil where the server would refuse it.
func compose(method, target, contentType, encoding string, body []byte) *fasthttp.Request {
	if encoding != "" {
		encoding = "Content-Encoding: " + encoding + "\r\n"
	}
	raw := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: a.example\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n%s",
		method, target, contentType, encoding, len(body), body)
	var req fasthttp.Request
	req.Header.DisableNormalizing()
	raw = bytes.Replace(raw, []byte("\r\n"), []byte("\r\nX-Amz-Target: PinpointSMSVoiceV2.SendTextMessage\r\n"), 1) // without which AWS reads nothing
	r := bufio.NewReaderSize(bytes.NewReader(raw), 64<<10)
	if err := readLikeGate(&req, r); err != nil || r.Buffered() > 0 {
		return nil
	}
	return &req
}

// personal finds what could be an address in a sentence.
var personal = regexp.MustCompile(`[0-9]{7}`)

// checkParse holds what is true of any request and any provider. It returns the batch if the
// request was read.
func checkParse(t *testing.T, p providers.Provider, req *fasthttp.Request) *providers.Batch {
	b, again := providers.Batch{Extras: true}, providers.Batch{Extras: true}
	err := p.Parse(req, &b)
	errAgain := p.Parse(req, &again)
	if fmt.Sprint(err) != fmt.Sprint(errAgain) || !reflect.DeepEqual(b.Messages, again.Messages) {
		t.Fatalf("twice the same request: %v %+v, then %v %+v", err, b.Messages, errAgain, again.Messages)
	}
	if err != nil {
		if len(b.Messages) > 0 {
			t.Fatalf("Parse answers %v and leaves %+v", err, b.Messages)
		}
		if personal.MatchString(err.Error()) {
			t.Fatalf("the sentence may show an address: %v", err)
		}
		return nil
	}
	if len(b.Messages) != 1 || b.Messages[0].To.Channel == "" || b.Messages[0].Room < 0 {
		t.Fatalf("Parse reads %+v", b.Messages)
	}
	return &b
}

// checkFooter rewrites what was read and reads it again.
func checkFooter(t *testing.T, p providers.Provider, req *fasthttp.Request, b *providers.Batch) {
	before := b.Messages[0]
	decide(b, addFooter)
	err := p.Rewrite(req, b)
	if room := before.Room > len(providers.SampleFooter); room != (err == nil) {
		t.Fatalf("with room for %d characters Rewrite answers %v", before.Room, err)
	}
	if err == nil {
		checkRewritten(t, p, req, before)
	}
	b.Reset()
	b.Extras = true
	if err := p.Parse(req, b); err != nil {
		t.Fatalf("what was read before cannot be read again: %v", err)
	}
	want := b.Messages[0]
	want.Text, want.From, want.Service = strings.Clone(want.Text), strings.Clone(want.From), strings.Clone(want.Service)
	decide(b, move)
	if err := p.Rewrite(req, b); want.Movable != (err == nil) {
		t.Fatalf("Rewrite of %+v to another time answers %v", want, err)
	}
	if want.Movable {
		want.SendAt = providers.SampleSendAt
		if again := reread(t, p, req); again != want {
			t.Fatalf("moved to another time the request says\n%+v, want\n%+v", again, want)
		}
	}
}

func FuzzTwilioParse(f *testing.F) {
	providers.AddCorpus(f)
	seed(f, "twilio")
	sends := regexp.MustCompile(`^/2010-04-01/Accounts/AC[0-9A-Za-z]*/(SMS/)?Messages(\.json|\.xml|\.csv)?$`)
	f.Fuzz(func(t *testing.T, method, target, contentType, encoding string, raw []byte) {
		req := compose(method, target, contentType, encoding, raw)
		if req == nil {
			return
		}
		p := provider(t, "twilio", "US")
		b := checkParse(t, p, req)
		path, query, _ := strings.Cut(target, "?")
		if method == "POST" && sends.MatchString(path) {
			var fresh providers.Batch
			if err := p.Parse(req, &fresh); errors.Is(err, providers.ErrNotSend) || errors.Is(err, providers.ErrUnknownPath) {
				t.Fatalf("a POST to the send path passes: %v", err)
			}
		}
		if b == nil {
			return
		}
		if !sends.MatchString(path) || method != "POST" {
			t.Fatalf("a message is read from %s %s", method, path)
		}
		inQuery, _ := url.ParseQuery(query)
		inBody, _ := url.ParseQuery(body(t, req))
		if n := len(inQuery["To"]) + len(inBody["To"]); n > 1 {
			t.Fatalf("one message is read where another reader sees %d recipients", n)
		}
		inQuery, _ = url.ParseQuery(strings.ReplaceAll(query, ";", "&"))
		inBody, _ = url.ParseQuery(strings.ReplaceAll(body(t, req), ";", "&"))
		if n := len(inQuery["To"]) + len(inBody["To"]); n > 1 {
			t.Fatalf("one message is read where a reader that splits at semicolons sees %d recipients", n)
		}
		checkFooter(t, p, req, b)
	})
}

func FuzzWhatsAppParse(f *testing.F) {
	providers.AddCorpus(f)
	seed(f, "whatsapp")
	sends := regexp.MustCompile(`^/(v[0-9]+\.[0-9]+/)?[0-9]+/(marketing_)?messages$`)
	f.Fuzz(func(t *testing.T, method, target, contentType, encoding string, raw []byte) {
		req := compose(method, target, contentType, encoding, raw)
		if req == nil {
			return
		}
		p := provider(t, "whatsapp", "")
		b := checkParse(t, p, req)
		if b == nil && encoding == "" {
			checkPassing(t, p, req)
		}
		path, _, _ := strings.Cut(target, "?")
		var members map[string]json.RawMessage
		plain := []byte(strings.TrimPrefix(string(raw), "\uFEFF"))
		if method == "POST" && sends.MatchString(path) {
			var fresh providers.Batch
			err := p.Parse(req, &fresh)
			if errors.Is(err, providers.ErrUnknownPath) {
				t.Fatal("a POST to the send path is unknown")
			}
			if errors.Is(err, providers.ErrNotSend) && encoding == "" {
				if err := json.Unmarshal(plain, &members); err != nil {
					t.Fatalf("what passes as no send is no JSON: %v", err)
				}
				for name := range members {
					if strings.EqualFold(name, "to") || strings.EqualFold(name, "recipient") {
						t.Fatalf("what passes as no send has a member %q", name)
					}
				}
			}
		}
		if b == nil {
			return
		}
		if !sends.MatchString(path) || method != "POST" {
			t.Fatalf("a message is read from %s %s", method, path)
		}
		checkFooter(t, p, req, b)
		plain = []byte(strings.TrimPrefix(body(t, req), "\uFEFF"))
		if err := json.Unmarshal(plain, &members); err != nil {
			t.Fatalf("the rewritten body is no JSON: %v", err)
		}
	})
}

// checkPassing fails if a call passes as no send in which a generous reader finds a batch or another
// method.
func checkPassing(t *testing.T, p providers.Provider, req *fasthttp.Request) {
	var b providers.Batch
	if err := p.Parse(req, &b); !errors.Is(err, providers.ErrNotSend) && !errors.Is(err, providers.ErrUnknownPath) {
		return
	}
	var members map[string]json.RawMessage
	json.Unmarshal(bytes.TrimPrefix(req.Body(), []byte("\uFEFF")), &members) // what is no JSON has none
	form := url.Values{}
	kind := strings.ToLower(string(req.Header.ContentType()))
	if req.Header.IsGet() || kind == "application/x-www-form-urlencoded" {
		form, _ = url.ParseQuery(strings.ReplaceAll(string(req.Body()), ";", "&"))
	}
	for _, trick := range []string{"batch", "method", "_method"} {
		if _, inJSON := members[trick]; inJSON || form.Has(trick) {
			t.Fatalf("a call with %s passes: %q", trick, req.Body())
		}
	}
}

// shaped are the providers that read by a shape.
func shaped() (names []string) {
	for _, name := range providers.Names() {
		if name != "twilio" && name != "whatsapp" {
			names = append(names, name)
		}
	}
	return names
}

// FuzzShapes reads requests to all providers that have a shape. What is left once some recipients were taken
// out must be read as the others, and be valid JSON where it was.
func FuzzShapes(f *testing.F) {
	providers.AddCorpus(f)
	for _, s := range providers.Samples() {
		if slices.Contains(shaped(), s.Provider) && (providers.Fuzzed == "" || providers.Fuzzed == s.Provider) {
			req := read(f, s.Request)
			for _, blocked := range []uint64{0, 1, 2, 5} {
				f.Add(s.Provider, string(req.Header.Method()), string(req.Header.RequestURI()), string(req.Header.ContentType()), req.Body(), blocked)
			}
		}
	}
	f.Fuzz(func(t *testing.T, name, method, target, contentType string, raw []byte, blocked uint64) {
		if providers.Fuzzed != "" {
			name = providers.Fuzzed
		}
		req := compose(method, target, contentType, "", raw)
		if req == nil || !slices.Contains(shaped(), name) {
			return
		}
		p := provider(t, name, "")
		b, again := providers.Batch{Extras: true}, providers.Batch{Extras: true}
		err := p.Parse(req, &b)
		if errAgain := p.Parse(req, &again); fmt.Sprint(err) != fmt.Sprint(errAgain) || !reflect.DeepEqual(b.Messages, again.Messages) {
			t.Fatalf("twice the same request: %v %+v, then %v %+v", err, b.Messages, errAgain, again.Messages)
		}
		if err != nil {
			if len(b.Messages) > 0 || personal.MatchString(err.Error()) {
				t.Fatalf("Parse answers %v and leaves %+v", err, b.Messages)
			}
			return
		}
		for i, m := range b.Messages {
			d := filter.Decision{Action: filter.Forward, Reason: filter.Allowed}
			if blocked>>(i%64)&1 == 1 {
				d = filter.Decision{Action: filter.Block, Reason: filter.HasOptedOut}
			} else if blocked>>63 == 1 && m.Room > len(providers.SampleFooter) {
				d = addFooter
			}
			b.Decisions = append(b.Decisions, d)
			if m.To.Channel == "" || m.Room < 0 {
				t.Fatalf("Parse reads %+v", m)
			}
		}
		if p.Rewrite(req, &b) != nil {
			return
		}
		again.Reset()
		again.Extras = true
		err = p.Parse(req, &again)
		var want []filter.Message
		for i, m := range b.Messages {
			if b.Decisions[i].Action == filter.Rewrite && len(want) < len(again.Messages) {
				m = withLine(m, again.Messages[len(want)].Text)
			}
			if b.Decisions[i].Action != filter.Block {
				want = append(want, m)
			}
		}
		if err != nil || !slices.Equal(apart(again.Messages), apart(want)) {
			t.Fatalf("%q is left, which reads %v\n%+v, want\n%+v", req.Body(), err, again.Messages, want)
		}
		if json.Valid(raw) && !json.Valid(req.Body()) {
			t.Fatalf("%q is no JSON any more", req.Body())
		}
	})
}
