package providers

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// twilio speaks Twilio's Messages resource, in all its path and answer formats.
// Source: https://www.twilio.com/docs/messaging/api/message-resource
type twilio struct {
	*keyring
	region string
}

// twilioService says of Twilio which refusals mean that it is busy: https://www.twilio.com/docs/api/errors/20429
var twilioService = known{host: "https://api.twilio.com", channel: filter.SMS, text: twilioBody, moves: twilioMoves, withdrawn: twilioWithdrawn,
	busy: []int{20429}, make: newTwilio,
	enter: "the webhook of the number or Messaging Service for incoming messages, and StatusCallback; secrets: the auth token"}

func newTwilio(cfg Config) (Provider, error) { return twilio{twilioKeyring, cfg.Region}, nil }

// twilioBody is the longest text Twilio takes, in characters; more is its error 21617.
const twilioBody = 1600

// The parameters that are read, by their place in twilioNames.
const (
	twTo = iota
	twFrom
	twService
	twBody
	twContent
	twSendAt
	twSchedule
	twMethod
	twFields
)

var twilioNames = []string{
	twTo: "To", twFrom: "From", twService: "MessagingServiceSid", twBody: "Body",
	twContent: "ContentSid", twSendAt: "SendAt", twSchedule: "ScheduleType", twMethod: "_method",
}

// Parse reads one message. Parameters come from the body and the query together, as Twilio reads
// them; what is there twice is refused, since nothing says which of the two counts.
//
// Multipart bodies are refused although a form could be read from them: Twilio documents only
// application/x-www-form-urlencoded, and multipart readers disagree about names, file names and
// encodings of parts.
func (t twilio) Parse(req *fasthttp.Request, b *Batch) error {
	path, query, at := splitURI(req.Header.RequestURI())
	kind, xml := twilioPath(path)
	b.parsed.xml = xml
	h := b.readHead(&req.Header)
	method := req.Header.Method()
	switch {
	case kind == unknownPath:
		return ErrUnknownPath
	case kind == notSend:
		return t.call(req, b, &h, path, query)
	case h.overridden(method):
		return b.unreadable(0, "a header asks for another method than the call has")
	case reads(method):
		return t.read(req, b, &h, query, at)
	case kind == disguised:
		return b.unreadable(0, "the path looks like a send to Twilio but is not written as Twilio documents it")
	}
	var fields [twFields]field
	if string(method) != "POST" {
		return b.unreadable(0, "a send to Twilio is a POST")
	}
	if err := b.fields(query, inQuery, at, twilioNames, fields[:]); err != nil {
		return err
	}
	if err := t.form(req, b, &h, fields[:]); err != nil {
		return err
	}
	if err := t.message(b, fields[:], h.validated); err != nil {
		return err
	}
	if !b.Extras {
		return nil
	}
	body := b.parsed.plain
	if !b.parsed.gzipped {
		body = req.Body()
	}
	b.Messages[0].Extra = b.shown(twilioShown, query, body)
	return nil
}

// twilioShown are the parameters that say what the recipient sees, besides those that are read.
var twilioShown = []string{"MediaUrl", "ContentVariables", "PersistentAction"}

// otherMethod is the sentence for calls that turn into others.
const otherMethod = "a parameter asks for another method than the call has"

// read answers for a call that would send if its method were another, once it is sure that nothing
// in the call says so.
func (t twilio) read(req *fasthttp.Request, b *Batch, h *head, query []byte, at int) error {
	// Other parameters of a list are filters, and may be there twice.
	tricks, fields := twilioNames[twMethod:], [twFields - twMethod]field{}
	if err := b.fields(query, inQuery, at, tricks, fields[:]); err != nil {
		return err
	}
	if m := fields[0]; m.set && m.text != string(req.Header.Method()) {
		return b.unreadable(0, otherMethod)
	}
	switch found, err := b.hides(req, h, tricks); {
	case err != nil:
		return b.unreadable(0, "%w", err)
	case found:
		return b.unreadable(0, otherMethod)
	}
	return ErrNotSend
}

// form adds the parameters of the body.
func (t twilio) form(req *fasthttp.Request, b *Batch, h *head, fields []field) error {
	body, err := b.body(req, h)
	if err != nil {
		return b.unreadable(0, "%w", err)
	}
	kind, charset, ok := mediaType(h.contentType)
	switch {
	case !ok:
		return b.unreadable(0, "the Content-Type header cannot be read")
	case fold(kind, "multipart/form-data"):
		return b.unreadable(0, "multipart/form-data is not read: send application/x-www-form-urlencoded")
	case len(kind) > 0 && !fold(kind, "application/x-www-form-urlencoded"):
		return b.unreadable(0, "the Content-Type is not application/x-www-form-urlencoded")
	}
	if err := b.fields(body, inBody, 0, twilioNames, fields); err != nil {
		return err
	}
	if m := fields[twMethod]; m.set && m.text != "POST" {
		return b.unreadable(0, otherMethod)
	}
	if inUTF8(charset) {
		return nil
	}
	// Latin-1 is what older Apache clients declare for any form. ASCII reads the same in both.
	if !fold(charset, "us-ascii") && !fold(charset, "iso-8859-1") && !fold(charset, "windows-1252") {
		return b.unreadable(0, "the charset of the body is not UTF-8")
	}
	for i := range fields {
		if strings.ContainsFunc(fields[i].text, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return b.unreadable(0, "the body has letters beyond ASCII and a charset other than UTF-8")
		}
	}
	return nil
}

// message makes the message of b out of the parameters. A messaging service stands in MessagingServiceSid
// instead of From, or beside it, or in From itself.
// Source: https://www.twilio.com/docs/errors/21603
func (t twilio) message(b *Batch, fields []field, signed bool) error {
	to := fields[twTo].text
	if strings.TrimSpace(to) == "" {
		return b.unreadable(21604, "the parameter To is missing or empty")
	}
	sendAt, err := t.sendAt(b, fields)
	if err != nil {
		return err
	}
	m := filter.Message{
		To:       t.recipient(to),
		From:     fields[twFrom].text,
		Template: fields[twContent].text,
		Text:     fields[twBody].text,
		SendAt:   sendAt,
	}
	if service := fields[twService].text; m.From == "" {
		m.From = service
	} else if service != m.From {
		m.Service = service
	}
	// A signed body cannot be changed, and beside a content template Body is not what is read.
	if body := fields[twBody]; body.text != "" && m.Template == "" && !signed {
		m.Room = max(0, twilioBody-utf8.RuneCountInString(m.Text))
		b.parsed.place, b.parsed.at = body.place, body.end
	}
	m.Movable = !signed && schedules(&m, fields)
	b.parsed.when = whenToDeliver(fields)
	b.Messages = append(b.Messages[:0], m)
	return nil
}

// schedules reports whether Twilio itself can be asked to deliver m at another time: it does so for a
// messaging service, for WhatsApp with a template only. A half of a schedule without the other is
// left for Twilio to refuse.
// Source: https://www.twilio.com/docs/messaging/features/message-scheduling
func schedules(m *filter.Message, fields []field) bool {
	service := fields[twService].text != "" || strings.HasPrefix(fields[twFrom].text, "MG")
	whole := !m.SendAt.IsZero() || !fields[twSendAt].set && !fields[twSchedule].set
	return whole && twilioMoves(m, service)
}

// twilioMoves is schedules for a message that asks for no time.
func twilioMoves(m *filter.Message, service bool) bool {
	return service && (m.To.Channel == filter.SMS || m.To.Channel == filter.WhatsApp && m.Template != "")
}

// whenToDeliver is where the value of SendAt stands, or where the parameter can be added: behind the
// last one that is read from the body, or from the query where the body has none.
func whenToDeliver(fields []field) edit {
	if at := fields[twSendAt]; at.set {
		return edit{place: at.place, start: at.start, end: at.end}
	}
	var last edit
	for _, f := range fields {
		if f.set && (f.place < last.place || last.place == nowhere || f.place == last.place && f.end > last.end) {
			last = edit{place: f.place, start: f.end, end: f.end}
		}
	}
	return last
}

// sendAt is the asked delivery time. Twilio schedules only for a messaging service; with a plain
// sender it drops the parameters and sends at once.
// Source: https://www.twilio.com/docs/messaging/features/message-scheduling
func (t twilio) sendAt(b *Batch, fields []field) (time.Time, error) {
	text := strings.TrimSpace(fields[twSendAt].text)
	if text == "" {
		return time.Time{}, nil
	}
	at, ok := readTime(text)
	if !ok {
		return time.Time{}, b.unreadable(35114, "the parameter SendAt is not an ISO 8601 time with a zone, such as 2026-12-01T10:00:00Z")
	}
	if fields[twService].text == "" && !strings.HasPrefix(fields[twFrom].text, "MG") {
		return time.Time{}, nil
	}
	if fields[twSchedule].text != "fixed" {
		return time.Time{}, b.unreadable(35114, "the parameter SendAt is there without ScheduleType=fixed")
	}
	return at, nil
}

// readTime reads the spellings of ISO 8601 that name a zone. A plus sign that was not escaped
// arrives as a space.
func readTime(text string) (time.Time, bool) {
	if i := strings.LastIndexByte(text, ' '); i > len("2006-01-02T15") {
		text = text[:i] + "+" + text[i+1:]
	}
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// recipient reads the parameter To. What is neither a number nor the address of a channel this
// gate knows (a short code, client:, sim:, apple:) gets no address and is blocked for that.
// Source: https://www.twilio.com/docs/messaging/channels
func (t twilio) recipient(to string) filter.Recipient {
	r := filter.Recipient{Channel: filter.SMS}
	prefix, rest, ok := strings.Cut(to, ":")
	switch {
	case !ok:
		rest = to
	case strings.EqualFold(prefix, "whatsapp"):
		r.Channel = filter.WhatsApp
	case strings.EqualFold(prefix, "messenger"):
		r.Channel = filter.Messenger
	case !strings.EqualFold(prefix, "rcs"):
		return r
	}
	if address, err := filter.Address(r.Channel, rest, t.region); err == nil {
		r.Address = address
	}
	return r
}
