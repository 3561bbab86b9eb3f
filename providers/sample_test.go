package providers_test

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// read reads a raw request as the gate does: names of headers keep their spelling.
func read(t testing.TB, raw []byte) *fasthttp.Request {
	t.Helper()
	var req fasthttp.Request
	req.Header.DisableNormalizing()
	if err := readLikeGate(&req, bufio.NewReaderSize(bytes.NewReader(raw), 64<<10)); err != nil {
		t.Fatalf("reading the request: %v", err)
	}
	return &req
}

// readLikeGate leaves a body in parts as it is.
func readLikeGate(req *fasthttp.Request, r *bufio.Reader) error {
	if err := req.Header.Read(r); err != nil {
		return err
	}
	return req.ContinueReadBody(r, 0, false)
}

// sampleChannels are those that the samples of Bird's list.
var sampleChannels = map[string]filter.Channel{"614208aa-b153-4d5d-9989-2fddfc0ce4c3": filter.SMS, "5cc1fd1a-0d2d-4d0b-a3b5-7b1e0a9b6f11": filter.WhatsApp,
	"8f2b7c44-9a1e-4b8f-bd0e-3f6f5a2c9e22": filter.Email, "b6f0a1de-7d3c-4f5e-8a9b-0c1d2e3f4a55": filter.Telegram}

func provider(t testing.TB, name, region string) providers.Provider {
	t.Helper()
	p, err := providers.New(name, providers.Config{Region: region, Channels: sampleChannels})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// decide gives every message of b the same decision.
func decide(b *providers.Batch, d filter.Decision) {
	b.Decisions = b.Decisions[:0]
	for range b.Messages {
		b.Decisions = append(b.Decisions, d)
	}
}

var addFooter = filter.Decision{Action: filter.Rewrite, Reason: filter.Content, Edit: filter.Edit{Footer: providers.SampleFooter}}

var move = filter.Decision{Action: filter.Rewrite, Reason: filter.InQuietHours, Edit: filter.Edit{SendAt: providers.SampleSendAt}}

// body is the body of req as its reader sees it.
func body(t testing.TB, req *fasthttp.Request) string {
	t.Helper()
	for name, value := range req.Header.All() {
		if strings.EqualFold(string(name), "Content-Encoding") && strings.EqualFold(string(value), "gzip") {
			z, err := gzip.NewReader(bytes.NewReader(req.Body()))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			return string(plain)
		}
	}
	return string(req.Body())
}

func TestSamples(t *testing.T) {
	for _, s := range providers.Samples() {
		t.Run(s.Provider+"/"+s.Name, func(t *testing.T) {
			if s.About == "" {
				t.Error("the sample does not say what it shows")
			}
			if len(s.Messages) > 0 && !strings.Contains(s.About, "https://") {
				t.Error("the sample does not name the source of its fields")
			}
			p := provider(t, s.Provider, s.Region)
			req := read(t, s.Request)
			b := providers.Batch{Extras: true}
			err := p.Parse(req, &b)
			if again := read(t, s.Request); !bytes.Equal(again.Body(), req.Body()) || again.Header.String() != req.Header.String() {
				t.Error("Parse changed the request")
			}
			if s.Err != nil {
				if err == nil || err.Error() != s.Err.Error() {
					t.Fatalf("Parse answers %v, want %v", err, s.Err)
				}
				if len(b.Messages) > 0 {
					t.Errorf("Parse failed and left messages: %+v", b.Messages)
				}
				b.Messages, b.Fault = append(b.Messages, filter.Message{}), err.Error()
			} else if err != nil {
				t.Fatalf("Parse answers %v", err)
			} else if !reflect.DeepEqual(b.Messages, s.Messages) {
				t.Fatalf("Parse reads\n%+v, want\n%+v", b.Messages, s.Messages)
			}
			checkRefusals(t, p, &b, s)
			if s.Err == nil {
				checkLearn(t, p, &b, s)
				checkRewrite(t, p, req, &b, s)
			}
		})
	}
}

// TestEnoughSamples: a few samples show a few of the ways in which a service is written to. Twilio and WhatsApp have parsers
// of their own.
func TestEnoughSamples(t *testing.T) {
	count := map[string]int{}
	for _, s := range providers.Samples() {
		count[s.Provider]++
	}
	for name, n := range count {
		if want := max(8, map[string]int{"twilio": 25, "whatsapp": 25}[name]); n < want {
			t.Errorf("%s has %d samples, want at least %d", name, n, want)
		}
	}
}

func checkRefusals(t *testing.T, p providers.Provider, b *providers.Batch, s providers.Sample) {
	for reason := range filter.Reason(filter.Reasons) {
		if s.Err != nil && reason != filter.Unreadable {
			continue
		}
		decide(b, filter.Decision{Action: filter.Block, Reason: reason})
		var resp fasthttp.Response
		p.Refuse(&resp, b)
		got := providers.Refusal{Status: resp.StatusCode(), ContentType: string(resp.Header.ContentType()), Body: string(resp.Body())}
		if want, ok := s.Refusals[reason]; ok && got != want {
			t.Errorf("Refuse %s answers\n%+v, want\n%+v", reason, got, want)
		}
		if got.Status != fasthttp.StatusOK && (got.Status/100 != 4 || slices.Contains([]int{408, 409, 425, 429}, got.Status)) {
			t.Errorf("Refuse %s answers status %d, which some client repeats", reason, got.Status)
		}
		if !strings.Contains(got.Body, "sendgate: ") {
			t.Errorf("Refuse %s does not say who refused: %s", reason, got.Body)
		}
		if whole := json.Valid([]byte(got.Body)) || strings.Contains(got.ContentType, "/xml") && wellFormed(got.Body); !whole {
			t.Errorf("Refuse %s answers a body that clients cannot read: %s", reason, got.Body)
		}
		for _, m := range s.Messages {
			// A service's own words may name the recipient; a sentence of the gate does not.
			for _, said := range strings.Split(got.Body, "sendgate: ")[1:] {
				said, _, _ = strings.Cut(said, `"`)
				if to := strings.TrimPrefix(m.To.Address, "+"); to != "" && strings.Contains(said, to) {
					t.Errorf("Refuse %s shows the recipient: %s", reason, got.Body)
				}
			}
		}
	}
}

func wellFormed(text string) bool {
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); err == io.EOF {
			return true
		} else if err != nil {
			return false
		}
	}
}

func checkLearn(t *testing.T, p providers.Provider, b *providers.Batch, s providers.Sample) {
	if s.Answer == nil {
		return
	}
	var resp fasthttp.Response
	if err := resp.Read(bufio.NewReader(bytes.NewReader(s.Answer))); err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	_, events := p.Learn(&resp, b)
	if !slices.Equal(events, s.Learnt) && len(events)+len(s.Learnt) > 0 {
		t.Errorf("Learn reads\n%+v, want\n%+v", events, s.Learnt)
	}
	two := providers.Batch{Messages: append(slices.Clone(b.Messages), filter.Message{To: filter.Recipient{Channel: filter.SMS, Address: "+14155559999"}})}
	if _, events := p.Learn(&resp, &two); len(events) > 0 {
		t.Errorf("Learn tells whom of two recipients an answer is about: %+v", events)
	}
}

func checkRewrite(t *testing.T, p providers.Provider, req *fasthttp.Request, b *providers.Batch, s providers.Sample) {
	before := slices.Clone(req.Body())
	for _, d := range []filter.Decision{{Action: filter.Block, Reason: filter.HasOptedOut}, {}} {
		decide(b, d)
		if err := p.Rewrite(req, b); err == nil {
			t.Error("Rewrite sends on what was blocked")
		}
	}
	b.Decisions = b.Decisions[:0]
	if err := p.Rewrite(req, b); err == nil {
		t.Error("Rewrite sends on what nobody decided")
	}
	decide(b, filter.Decision{Action: filter.Forward, Reason: filter.Allowed})
	if err := p.Rewrite(req, b); err != nil || !bytes.Equal(before, req.Body()) {
		t.Errorf("Rewrite of a forwarded message: %v, %q", err, req.Body())
	}
	m, room := s.Messages[0], false
	for _, m := range s.Messages {
		room = room || m.Room > 0
	}
	checkEdit(t, p, req, b, addFooter, room, s.Rewritten, s.RewrittenTarget)
	if m.Room > 0 {
		checkRewritten(t, p, req, m)
	}
	checkWithout(t, p, s)
	req = read(t, s.Request)
	checkEdit(t, p, req, b, move, m.Movable, s.Moved, s.MovedTarget)
	if m.Movable {
		m.SendAt = providers.SampleSendAt
		if again := reread(t, p, req); again != m {
			t.Errorf("the rescheduled request says\n%+v, want\n%+v", again, m)
		}
	}
}

// checkEdit has d done to req, which b was read from, and compares what comes of it. Where it is not
// possible the request stays as it is.
func checkEdit(t *testing.T, p providers.Provider, req *fasthttp.Request, b *providers.Batch, d filter.Decision, possible bool, wantBody, wantTarget string) {
	t.Helper()
	body0, target0, messages := body(t, req), string(req.Header.RequestURI()), slices.Clone(b.Messages)
	decide(b, d)
	for i := range b.Messages { // where a line is added, those without a text do without
		if possible && d.Edit.Footer != "" && b.Messages[i].Room == 0 {
			b.Decisions[i] = filter.Decision{Action: filter.Forward, Reason: filter.Allowed}
		}
	}
	err := p.Rewrite(req, b)
	if possible != (err == nil) || possible != (wantBody != "" || wantTarget != "") {
		t.Fatalf("Rewrite answers %v, and the sample wants %q %q", err, wantBody, wantTarget)
	}
	if !slices.Equal(b.Messages, messages) {
		t.Errorf("Rewrite changed the batch:\n%+v, want\n%+v", b.Messages, messages)
	}
	if got, want := body(t, req), cmp.Or(wantBody, body0); got != want {
		t.Errorf("Rewrite writes\n%s, want\n%s", got, want)
	}
	if got, want := string(req.Header.RequestURI()), cmp.Or(wantTarget, target0); got != want {
		t.Errorf("Rewrite writes the target\n%s, want\n%s", got, want)
	}
}

// reread is the one message that req has.
func reread(t testing.TB, p providers.Provider, req *fasthttp.Request) filter.Message {
	t.Helper()
	b := providers.Batch{Extras: true}
	if err := p.Parse(req, &b); err != nil || len(b.Messages) == 0 {
		t.Fatalf("the rewritten request cannot be read: %v", err)
	}
	return b.Messages[0]
}

// checkWithout blocks some messages of s, and reads what is left again: it must be the others.
func checkWithout(t *testing.T, p providers.Provider, s providers.Sample) {
	t.Helper()
	if len(s.Messages) > 1 && len(s.Without) == 0 {
		t.Error("the sample has several messages, and does not show what becomes of some of them")
	}
	for _, part := range s.Without {
		req := read(t, s.Request)
		b := providers.Batch{Extras: true}
		if err := p.Parse(req, &b); err != nil {
			t.Fatal(err)
		}
		body0, target0 := body(t, req), string(req.Header.RequestURI())
		decide(&b, filter.Decision{Action: filter.Forward, Reason: filter.Allowed})
		for _, i := range part.Blocked {
			b.Decisions[i] = filter.Decision{Action: filter.Block, Reason: filter.HasOptedOut}
		}
		if err := p.Rewrite(req, &b); (err != nil) != part.Refused {
			t.Fatalf("without %v: Rewrite answers %v", part.Blocked, err)
		}
		if got, want := body(t, req), cmp.Or(part.Body, body0); got != want {
			t.Errorf("without %v Rewrite writes\n%s, want\n%s", part.Blocked, got, want)
		}
		if got, want := string(req.Header.RequestURI()), cmp.Or(part.Target, target0); got != want {
			t.Errorf("without %v Rewrite writes the target\n%s, want\n%s", part.Blocked, got, want)
		}
		if part.Refused {
			continue
		}
		again := providers.Batch{Extras: true}
		if err := p.Parse(req, &again); err != nil {
			t.Fatalf("without %v: what is left cannot be read: %v", part.Blocked, err)
		}
		var want []filter.Message
		for i, m := range s.Messages {
			if b.Decisions[i].Action != filter.Block {
				want = append(want, m)
			}
		}
		if !slices.Equal(apart(again.Messages), apart(want)) {
			t.Errorf("without %v is left\n%+v, want\n%+v", part.Blocked, again.Messages, want)
		}
		checkMerged(t, p, &b, s.Answer, part)
	}
}

// apart is all without in whose stead they go, which is another number once some are taken out.
func apart(all []filter.Message) []filter.Message {
	all = slices.Clone(all)
	for i := range all {
		all[i].Instead = 0
	}
	return all
}

// checkMerged has p add to an answer what became of the blocked messages of b.
func checkMerged(t *testing.T, p providers.Provider, b *providers.Batch, answer []byte, part providers.Partial) {
	t.Helper()
	m, ok := p.(providers.Merger)
	if !ok || answer == nil {
		if part.Merged != "" {
			t.Error("the sample has a merged answer, and nothing merges")
		}
		return
	}
	var resp fasthttp.Response
	if err := resp.Read(bufio.NewReader(bytes.NewReader(answer))); err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	before := string(resp.Body())
	if err := m.Merge(&resp, b); (err == nil) != (part.Merged != "") {
		t.Errorf("Merge without %v answers %v", part.Blocked, err)
	}
	if got, want := now.ReplaceAllString(string(resp.Body()), "NOW"), cmp.Or(part.Merged, before); got != want {
		t.Errorf("Merge without %v writes\n%s, want\n%s", part.Blocked, got, want)
	}
}

// now finds the time at which an answer was merged.
var now = regexp.MustCompile(`20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+00:00`)

// checkRewritten reads a rewritten request again: the same message with the footer below it.
func checkRewritten(t testing.TB, p providers.Provider, req *fasthttp.Request, before filter.Message) {
	t.Helper()
	again := reread(t, p, req)
	if want := withLine(before, again.Text); again != want {
		t.Errorf("the rewritten request says\n%+v, want\n%+v", again, want)
	}
}

// withLine is m once [providers.SampleFooter] was added, which made its text this one: below it, or as a paragraph of it.
func withLine(m filter.Message, text string) filter.Message {
	added := "\n" + providers.SampleFooter
	for _, page := range []string{"\n<p>" + providers.SampleFooter + "</p>\n", "<p>" + providers.SampleFooter + "</p>"} {
		if strings.Replace(text, page, "", 1) == m.Text {
			m.Text, m.Room = text, m.Room-len(page)
			return m
		}
	}
	m.Text, m.Room = m.Text+added, m.Room-len(added)
	return m
}
