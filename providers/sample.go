package providers

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sendgate/sendgate/filter"
)

//go:embed testdata/*/*.txtar
var sampleFiles embed.FS

// A Sample is one exchange with a service: what a client writes and what is to become of it. The
// parser tests, the fuzzers, the mock services, the gate's tests and the load tester read the same
// samples.
//
// A sample is a txtar file of these sections. Its comment says in a sentence what it shows, and names the source of its
// fields where there is a message in them. It may have lines "region: US", "channel: ID NAME" for [Config], and
// "refused: CODE", for what Parse can read and the service refuses.
//
//	request          the request as a client writes it; lines of the header may end in LF alone.
//	                 Content-Length is added where it is missing. "request gzip" compresses the
//	                 body, "request chunked" cuts it into chunks. In "request crlf" the lines of the
//	                 body, and of what becomes of it, end in CRLF, and ␊ is an LF alone.
//	messages         what Parse reads, in JSON; or "not a send", "unknown path", "error: SENTENCE"
//	rewrite          the body once "Reply STOP to opt out" was added ("rewrite target": the URI)
//	reschedule       the body once it was moved to 2026-11-23T09:30:00Z ("reschedule target": the URI)
//	refuse-REASON    what Refuse answers: a line with status and content type, and the body
//	answer, learn    an answer of the service, and what Learn reads from it, in JSON
//	without 0 2      the body once these messages were blocked ("without 0 2 target": the URI); or
//	                 "refused" where nothing can be sent then
//	merged 0 2       the answer's body once Merge has told of them
type Sample struct {
	Provider string // a name of [Names]
	Name     string // unique within the provider
	About    string
	Region   string // for [Config], as are Channels
	Channels map[string]filter.Channel
	Code     int // with which the service refuses it; 0: it does not

	Request  []byte           // HTTP/1.1 with CRLF
	Messages []filter.Message // what Parse must read; none if Err is set
	Err      error            // ErrNotSend, ErrUnknownPath, or the sentence Parse must answer with

	Rewritten       string // the body after [SampleFooter] was added; empty where nothing is added there
	RewrittenTarget string // likewise the URI
	Moved           string // the body after the message was moved to [SampleSendAt]; empty where it is not changed
	MovedTarget     string // likewise the URI
	Refusals        map[filter.Reason]Refusal

	Answer []byte // HTTP/1.1 with CRLF; nil where the sample has none
	Learnt []filter.Event

	Without []Partial

	crlf bool // the body has lines that end in CRLF
}

// A Partial is what becomes of a request some of whose messages are blocked because their recipients
// opted out.
type Partial struct {
	Blocked      []int
	Body, Target string // of the request; empty where it is not changed
	Merged       string // the answer's body; empty where Merge changes nothing
	Refused      bool   // nothing is left to be sent
}

// A Refusal is an answer that Refuse must give.
type Refusal struct {
	Status      int
	ContentType string
	Body        string
}

// SampleFooter is the line that the samples' rewrites have added.
const SampleFooter = "Reply STOP to opt out"

// SampleSendAt is the time that the samples' messages are moved to.
var SampleSendAt = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

// Samples reads all samples anew: the caller may change them. It panics on a malformed one, which
// the tests of this package keep out of the program.
func Samples() []Sample {
	var all []Sample
	for _, provider := range Names() {
		dir := path.Join("testdata", provider)
		entries, err := sampleFiles.ReadDir(dir)
		if err != nil {
			panic("providers: " + err.Error())
		}
		for _, e := range entries {
			text, err := sampleFiles.ReadFile(path.Join(dir, e.Name()))
			if err != nil {
				panic("providers: " + err.Error())
			}
			s := Sample{Provider: provider, Name: strings.TrimSuffix(e.Name(), ".txtar"), Refusals: map[filter.Reason]Refusal{}}
			if err := s.read(txtar.Parse(text)); err != nil {
				panic(fmt.Sprintf("providers: %s/%s: %v", dir, e.Name(), err))
			}
			all = append(all, s)
		}
	}
	return all
}

func (s *Sample) read(a *txtar.Archive) error {
	for line := range strings.Lines(string(a.Comment)) {
		if region, ok := strings.CutPrefix(line, "region: "); ok {
			s.Region = strings.TrimSpace(region)
		} else if channel, ok := strings.CutPrefix(line, "channel: "); ok {
			id, name, _ := strings.Cut(strings.TrimSpace(channel), " ")
			if s.Channels == nil {
				s.Channels = map[string]filter.Channel{}
			}
			s.Channels[id] = filter.Channel(name)
		} else if code, ok := strings.CutPrefix(line, "refused: "); ok {
			s.Code, _ = strconv.Atoi(strings.TrimSpace(code))
		} else {
			s.About = strings.TrimSpace(s.About + " " + strings.TrimSpace(line))
		}
	}
	for _, f := range a.Files {
		if err := s.section(f.Name, bytes.TrimSuffix(f.Data, []byte("\n"))); err != nil {
			return fmt.Errorf("section %s: %w", f.Name, err)
		}
	}
	if s.crlf {
		s.Rewritten = string(crlf([]byte(s.Rewritten)))
		for i := range s.Without {
			s.Without[i].Body = string(crlf([]byte(s.Without[i].Body)))
		}
	}
	if s.Request == nil || s.Messages == nil && s.Err == nil {
		return errors.New("a sample has a request and messages")
	}
	return nil
}

func (s *Sample) section(name string, data []byte) (err error) {
	if which, ok := strings.CutPrefix(name, "without "); ok {
		if which, target := strings.CutSuffix(which, " target"); target {
			return s.partial(which, func(p *Partial) { p.Target = string(data) })
		}
		return s.partial(which, func(p *Partial) {
			if p.Refused = string(data) == "refused"; !p.Refused {
				p.Body = string(data)
			}
		})
	}
	if which, ok := strings.CutPrefix(name, "merged "); ok {
		return s.partial(which, func(p *Partial) { p.Merged = string(data) })
	}
	switch reason, refusal := strings.CutPrefix(name, "refuse-"); {
	case refusal:
		return s.refusal(reason, data)
	case name == "request", name == "request gzip", name == "request chunked":
		s.Request = rawHTTP(data, strings.TrimPrefix(name, "request"))
	case name == "request crlf":
		head, body, _ := bytes.Cut(data, []byte("\n\n"))
		s.crlf, s.Request = true, rawHTTP(slices.Concat(head, []byte("\n\n"), crlf(body)), "")
	case name == "messages":
		return s.messages(data)
	case name == "rewrite":
		s.Rewritten = string(data)
	case name == "rewrite target":
		s.RewrittenTarget = string(data)
	case name == "reschedule":
		s.Moved = string(data)
	case name == "reschedule target":
		s.MovedTarget = string(data)
	case name == "answer":
		s.Answer = rawHTTP(data, "")
	case name == "learn":
		return strict(data, &s.Learnt)
	default:
		return errors.New("there is no such section")
	}
	return nil
}

// crlf is text with lines that end in CRLF.
func crlf(text []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), []byte("␊"), []byte("\n"))
}

// partial changes the partial of these messages, which it adds if need be.
func (s *Sample) partial(which string, change func(*Partial)) error {
	var blocked []int
	for word := range strings.FieldsSeq(which) {
		n, err := strconv.Atoi(word)
		if err != nil {
			return err
		}
		blocked = append(blocked, n)
	}
	for i := range s.Without {
		if slices.Equal(s.Without[i].Blocked, blocked) {
			change(&s.Without[i])
			return nil
		}
	}
	p := Partial{Blocked: blocked}
	change(&p)
	s.Without = append(s.Without, p)
	return nil
}

func (s *Sample) messages(data []byte) error {
	switch sentence, isFault := strings.CutPrefix(string(data), "error: "); {
	case isFault:
		s.Err = errors.New(sentence)
	case string(data) == "not a send":
		s.Err = ErrNotSend
	case string(data) == "unknown path":
		s.Err = ErrUnknownPath
	default:
		return strict(data, &s.Messages)
	}
	return nil
}

func (s *Sample) refusal(word string, data []byte) error {
	var reason filter.Reason
	if err := reason.UnmarshalText([]byte(word)); err != nil {
		return err
	}
	line, body, _ := strings.Cut(string(data), "\n")
	status, contentType, _ := strings.Cut(line, " ")
	code, err := strconv.Atoi(status)
	if err != nil {
		return err
	}
	s.Refusals[reason] = Refusal{Status: code, ContentType: contentType, Body: body}
	return nil
}

func strict(data []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(to)
}

// rawHTTP makes a message for the wire: CRLF in its header, its body encoded as the word says,
// and framed.
func rawHTTP(text []byte, encoding string) []byte {
	header, body, _ := bytes.Cut(text, []byte("\n\n"))
	out := bytes.ReplaceAll(bytes.TrimSuffix(header, []byte("\n")), []byte("\n"), []byte("\r\n"))
	lower := bytes.ToLower(out)
	switch encoding {
	case " gzip":
		body = compress(body)
	case " chunked":
		var chunked []byte
		for len(body) > 0 {
			n := min(len(body), 11)
			chunked = fmt.Appendf(chunked, "%x\r\n%s\r\n", n, body[:n])
			body = body[n:]
		}
		body = append(chunked, "0\r\n\r\n"...)
	}
	if !bytes.Contains(lower, []byte("\r\ncontent-length:")) && !bytes.Contains(lower, []byte("\r\ntransfer-encoding:")) &&
		(len(body) > 0 || !bytes.HasPrefix(lower, []byte("get ")) && !bytes.HasPrefix(lower, []byte("delete "))) {
		out = fmt.Appendf(out, "\r\nContent-Length: %d", len(body))
	}
	out = append(out, "\r\n\r\n"...)
	return append(out, body...)
}
