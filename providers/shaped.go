package providers

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// shaped reads and rewrites the sends that a shape describes. A provider embeds it, and adds how its
// service refuses and what its answers mean.
type shaped struct {
	*compiled
	region string
	unseen bool // what reaches people who cannot be seen passes
}

func newShaped(c *compiled, cfg Config) shaped {
	return shaped{compiled: c, region: cfg.Region, unseen: cfg.Unseen}
}

// errMissing is the code, of [Batch.unreadable], for a request without a recipient.
const errMissing = 1

// maxRecipients is how many recipients a request may have, whatever its service takes.
const maxRecipients = 10_000

// errAside is a sentence for the sender.
var errAside = errors.New("the query of a send carries a parameter that belongs into its body")

// errUnseen is a sentence for the sender.
var errUnseen = errors.New("it writes to a group, an audience or a topic, and who is in that cannot be seen here: `unseen: pass` on the route lets it through")

// asksFor reports whether a query asks by the parameter called name, as some reader might see it, for another method than
// the call has.
func (b *Batch) asksFor(query []byte, at int, name string, method []byte) bool {
	var asked [1]field
	err := b.fields(query, inQuery, at, []string{name}, asked[:])
	return err != nil || asked[0].set && !bytes.EqualFold([]byte(asked[0].text), method)
}

// passing is the answer of Parse for a send to people who cannot be seen, where err is all that there is against it.
func passing(err error) error {
	if err == ErrNotSend {
		return ErrUnseen
	}
	return err
}

// Parse reads the messages of one request, in the order of the shape's recipients.
func (s shaped) Parse(req *fasthttp.Request, b *Batch) error {
	path, query, at := splitURI(req.Header.RequestURI())
	kind := s.path(path)
	h := b.readHead(&req.Header)
	method := req.Header.Method()
	asks := s.query && (string(method) == "GET" || string(method) == "HEAD") // what is asked for by GET may be a send
	get := s.query && kind == send && (string(method) == "GET" || string(method) == "POST" && len(req.Body()) == 0)
	switch {
	case kind == unknownPath:
		return ErrUnknownPath
	case h.overridden(method):
		return b.unreadable(0, "a header asks for another method than the call has")
	case s.override != "" && b.asksFor(query, at, s.override, method):
		return b.unreadable(0, otherMethod)
	case kind == notSend, reads(method) && !asks:
		return ErrNotSend
	case kind == disguised:
		return b.unreadable(0, "the path looks like a send to %s and is not one that this gate reads", s.service)
	case kind == sendUnseen && s.unseen:
		return ErrUnseen
	case kind == sendUnseen:
		return b.unreadable(0, "%w", errUnseen)
	case !get && string(method) != "POST" && !(s.put && string(method) == "PUT"):
		return b.unreadable(0, "a send to %s is a POST", s.service)
	}
	aside := !get && b.tricks(query, s.keys)
	if aside && !s.uploads(method, &h) {
		return b.unreadable(0, "%w", errAside)
	}
	p := &b.parsed
	p.spread.root()
	r := shapeReader{shaped: s, b: b}
	var err error
	switch {
	case get && len(req.Body()) > 0:
		return b.unreadable(0, "a send by GET has a body")
	case get:
		err = r.form(query, inQuery, at)
	case aside:
		err = r.upload(req, &h, query, at)
	default:
		err = r.body(req, &h)
	}
	if err != nil {
		b.Messages = b.Messages[:0]
		return err
	}
	switch {
	case r.hides && !s.unseen:
		return b.unreadable(0, "%w", errUnseen)
	case len(b.Messages) > 0:
		return nil
	case r.hides:
		return ErrUnseen
	case s.idle:
		return ErrNotSend
	}
	return b.unreadable(errMissing, "the request names no recipient")
}

// body reads a request with a body.
func (r *shapeReader) body(req *fasthttp.Request, h *head) error {
	b := r.b
	kind, charset, ok := mediaType(h.contentType)
	form := r.shape.form && fold(kind, "application/x-www-form-urlencoded")
	parts := r.shape.multipart && fold(kind, "multipart/form-data")
	markup := r.shape.xml && (fold(kind, "application/xml") || fold(kind, "text/xml"))
	typed := form || parts || markup || r.untyped || r.typeless && len(kind) == 0 || !r.shape.xml && fold(kind, r.shape.json)
	if !ok || !typed || !inUTF8(charset) {
		return b.unreadable(0, "the Content-Type of a send is %s", r.shape.types())
	}
	body, err := b.body(req, h)
	switch {
	case err != nil:
		return b.unreadable(0, "%w", err)
	case form:
		return r.form(body, inBody, 0)
	case parts:
		return r.multipart(body, h.contentType)
	case markup:
		b.parsed.spread.written = xmlText
		if b.parsed.nodes, err = scanXML(body, b.parsed.nodes[:0], r.keys, r.lists); err != nil {
			return b.unreadable(0, "%w", err)
		}
		return r.json(document{body, b.parsed.nodes})
	}
	if b.parsed.nodes, err = scanMembers(body, b.parsed.nodes[:0], cmp.Or(r.members, maxMembers)); err != nil {
		return b.unreadable(0, "%w", err)
	}
	if r.folds {
		if body, err = b.lowered(body); err != nil {
			return err
		}
	}
	return r.json(document{body, b.parsed.nodes})
}

// types says what the Content-Type of a send is not where it cannot be read.
func (s *shape) types() string {
	switch {
	case s.xml:
		return "neither application/xml nor text/xml, in UTF-8"
	case s.multipart:
		return "none of application/json, application/x-www-form-urlencoded and multipart/form-data, in UTF-8"
	case s.form:
		return "neither application/json nor application/x-www-form-urlencoded, in UTF-8"
	}
	return "not " + s.json + " in UTF-8"
}

// A shapeReader reads one request of a shape.
type shapeReader struct {
	shaped
	b     *Batch
	d     document // of JSON
	hides bool     // it reaches people who cannot be seen

	tidied bool // the keys of the whole were looked at

	// rest is what was read last of a message besides its recipient, of where, and within which elements of lists:
	// the others there share it.
	rest    rest
	of      *compiledReach
	within  [maxLists]int32
	digests map[int][sha256.Size]byte // of nodes; see brief
}

// A rest is a message without its recipient, and its wording or -1.
type rest struct {
	m       filter.Message
	wording int32
}

// message adds a message to who is written to by text; the rest of it is in m.
func (r *shapeReader) message(text string, m filter.Message, at standing) error {
	b := r.b
	if len(b.Messages) == maxRecipients || r.most > 0 && len(b.Messages) == r.most {
		return b.unreadable(0, "it has more recipients than a request to %s may have", r.service)
	}
	m.To.Address, at.written = r.recipient(m.To.Channel, text), text
	if at.wording >= 0 {
		w := &b.parsed.spread.wordings[at.wording]
		m.Text = w.text
		if m.Template == "" {
			m.Room = w.room
		}
	}
	b.Messages = append(b.Messages, m)
	b.parsed.spread.at = append(b.parsed.spread.at, at)
	return nil
}

// carrier is the channel that the service means by a word, or goes by without one.
func (r *shapeReader) carrier(medium string) (filter.Channel, error) {
	if medium == "" {
		return r.channel, nil
	}
	if channel, ok := r.media[medium]; ok {
		return channel, nil
	}
	return "", r.b.unreadable(0, "it goes by a channel that this gate does not know of %s", r.service)
}

// promoted reports whether text is a word by which the service means marketing.
func (s *shape) promoted(text string) bool {
	for _, w := range s.promotional {
		if strings.EqualFold(text, w) {
			return true
		}
	}
	return false
}

// maxEpoch is the year 10000, which no time in an API is behind, in seconds since 1970.
const maxEpoch = 253_402_300_800

// time reads the asked delivery time.
func (r *shapeReader) time(text string) (time.Time, error) {
	if text = strings.TrimSpace(text); text == "" {
		return time.Time{}, nil
	}
	if r.epoch {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds < 0 || seconds >= maxEpoch {
			return time.Time{}, r.b.unreadable(0, "the delivery time is not a whole number of seconds since 1970")
		}
		return time.Unix(seconds, 0).UTC(), nil
	}
	at, ok := readTime(text)
	if !ok {
		return at, r.b.unreadable(0, "the delivery time is not an ISO 8601 time with a zone, such as 2026-12-01T10:00:00Z")
	}
	return at, nil
}

// Rewrite takes out who is blocked and adds the lines, and changes nothing else.
func (s shaped) Rewrite(req *fasthttp.Request, b *Batch) error { return b.rewriteSpread(req, s.quote) }
