package providers

import (
	"strings"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// twilioForms speaks one of Twilio's APIs beside Messages. Each is at a host of its own, and takes forms.
//
// Of all that Twilio's APIs can be asked by POST these reach people by a message, as
// https://github.com/twilio/twilio-oai/tree/main/spec/json has them: Messages, which is the provider twilio; messages to
// a conversation and adding somebody to one, which is twilio-conversations; Notify's notifications; Verify's
// verifications; executions and engagements of Studio's flows. Not spoken, and so led to by no host of a route, are
// Proxy's message interactions, Flex's interactions and channels, the older Programmable Chat, whose messages reach who
// uses a program of the customer's, Comms, and commands to devices of Wireless and Super SIM. Phone calls are no
// messages, but for those whose own instructions write one: twilio refuses these.
type twilioForms struct {
	*keyring
	*twilioAPI
	region string
	unseen bool
}

// A twilioAPI is what one of them takes.
type twilioAPI struct {
	paths *shape
	// names are the parameters that are read. The first may be there several times, and those from lists on, unless that is 0.
	names []string
	lists int
	kind  twilioKind
}

// A twilioKind is one of Twilio's APIs beside Messages.
type twilioKind uint8

const (
	conversationForms twilioKind = iota
	notifyForms
	verifyForms
	studioForms
)

// read makes the messages of r. It is no table, so that a request costs no memory.
func (r *twilioReader) read() error {
	switch r.kind {
	case conversationForms:
		return r.participants()
	case notifyForms:
		return r.bindings()
	case verifyForms:
		return r.verification()
	}
	return r.execution()
}

// maxNames is how many names an API has at most.
const maxNames = 8

// service is the API at a host, for messages of a category unless the route says more strictly.
func (a *twilioAPI) service(host string, text int, category filter.Category) known {
	return known{host: host, channel: filter.SMS, text: text, category: category, withdrawn: twilioWithdrawn, busy: []int{20429},
		make: func(cfg Config) (Provider, error) {
			return twilioForms{twilioKeyring, a, cfg.Region, cfg.Unseen}, nil
		}}
}

// calling is a service that calls back.
func (k known) calling(enter string, make func(Config) (Provider, error)) known {
	k.enter, k.make = enter, make
	return k
}

// A twilioReader reads one request.
type twilioReader struct {
	twilioForms
	b      *Batch
	path   []byte
	body   []byte
	fields [maxNames]field // but for the first of names
	hides  bool            // it reaches people who cannot be seen
}

// twilioTrick is the parameter by which a call turns into another.
var twilioTrick = []string{"_method"}

// Parse reads the messages of one request.
func (t twilioForms) Parse(req *fasthttp.Request, b *Batch) error {
	path, query, _ := splitURI(req.Header.RequestURI())
	kind := t.paths.path(path)
	h := b.readHead(&req.Header)
	method := req.Header.Method()
	switch {
	case kind == unknownPath:
		return ErrUnknownPath
	case h.overridden(method):
		return b.unreadable(0, "a header asks for another method than the call has")
	case b.tricks(query, twilioTrick):
		return b.unreadable(0, otherMethod)
	case reads(method) || kind == notSend:
		return t.other(req, b, &h)
	case kind == disguised:
		return b.unreadable(0, "the path looks like a send to Twilio but is not written as Twilio documents it")
	case kind == sendUnseen && t.unseen:
		return passing(t.other(req, b, &h))
	case kind == sendUnseen:
		return b.unreadable(0, "%w", errUnseen)
	case string(method) != "POST":
		return b.unreadable(0, "a send to Twilio is a POST")
	case b.tricks(query, t.names):
		return b.unreadable(0, "%w", errAside)
	}
	body, err := b.body(req, &h)
	if err != nil {
		return b.unreadable(0, "%w", err)
	}
	if kind, charset, ok := mediaType(h.contentType); !ok || !fold(kind, "application/x-www-form-urlencoded") || !inUTF8(charset) {
		return b.unreadable(0, "the Content-Type is not application/x-www-form-urlencoded in UTF-8")
	}
	r := twilioReader{twilioForms: t, b: b, path: path, body: body}
	b.parsed.spread.root()
	b.parsed.spread.written = formText
	if err := r.form(); err != nil {
		return err
	}
	if err := r.read(); err != nil {
		b.Messages = b.Messages[:0]
		return err
	}
	switch {
	case r.hides && !t.unseen:
		return b.unreadable(0, "%w", errUnseen)
	case len(b.Messages) == 0 && r.hides:
		return ErrUnseen
	case len(b.Messages) == 0:
		return ErrNotSend
	}
	return nil
}

// other answers for a call that sends nothing that could be judged, once it is sure that it is no other.
func (t twilioForms) other(req *fasthttp.Request, b *Batch, h *head) error {
	switch found, err := b.hides(req, h, twilioTrick); {
	case err != nil:
		return b.unreadable(0, "%w", err)
	case found:
		return b.unreadable(0, otherMethod)
	}
	return ErrNotSend
}

// form reads the parameters.
func (r *twilioReader) form() error {
	b := r.b
	if b.tricks(r.body, twilioTrick) {
		return b.unreadable(0, otherMethod)
	}
	s := &b.parsed.spread
	for i := 0; i < len(r.body); {
		start := i
		var p param
		p, i = nextParam(r.body, i)
		n, found, err := b.named(p.name, r.names)
		if err != nil {
			return err
		}
		if err := b.semicolons(p, r.names); err != nil {
			return err
		}
		if !found {
			n = -1
		}
		s.params = append(s.params, paramAt{start: int32(start), end: int32(p.end), value: int32(p.end - len(p.value)), valueEnd: int32(p.end), key: int32(n)})
		switch {
		case n <= 0:
		case r.fields[n].set && (r.lists == 0 || n < r.lists):
			return b.unreadable(0, "the parameter %s is there more than once", r.names[n])
		default:
			text, err := r.decoded(p.value)
			if err != nil {
				return err
			}
			r.fields[n] = field{text: b.parsed.copied(text), set: true, place: inBody, start: p.end - len(p.value), end: p.end}
		}
	}
	return nil
}

// decoded is the value of a parameter, which lives as long as the batch.
func (r *twilioReader) decoded(raw []byte) ([]byte, error) {
	b := r.b
	start, ok := len(b.parsed.text), false
	if b.parsed.text, ok = decode(b.parsed.text, raw); !ok {
		return nil, errEscape
	}
	text := b.parsed.text[start:]
	if !utf8.Valid(text) {
		return nil, b.unreadable(0, "a parameter is not valid UTF-8")
	}
	return text, nil
}

// each reads the values of the parameter that may be there several times, each a JSON object. Those in which person
// finds one get a message like m, and go where that is blocked.
func (r *twilioReader) each(m filter.Message, wording int32, person func(d document) (to filter.Recipient, from string, seen bool, err error)) error {
	b, s := r.b, &r.b.parsed.spread
	l := s.open(inBody, 0, 1)
	s.lists[l].object = 0 // other parameters stand between these
	firm := false
	for i, at := range s.params {
		if at.key != 0 {
			firm = true
			continue
		}
		src, err := r.decoded(r.body[at.value:at.valueEnd])
		if err != nil {
			return err
		}
		nodes, err := scanJSON(src, b.parsed.nodes[:0])
		b.parsed.nodes = nodes
		if err != nil {
			return b.unreadable(0, "the JSON in the parameter %s cannot be read: %w", r.names[0], err)
		}
		if nodes[0].kind != '{' {
			return b.unreadable(0, "the JSON in the parameter %s is no object", r.names[0])
		}
		to, from, seen, err := person(document{src, nodes})
		switch {
		case err != nil:
			return err
		case !seen:
			firm = true
			continue
		case len(b.Messages) == maxRecipients:
			return b.unreadable(0, "it has more recipients than a request to Twilio may have")
		}
		st := seat{start: at.start, end: at.end, before: -1, after: -1, firm: firm}
		if i > 0 {
			st.before = s.params[i-1].end
		}
		if i+1 < len(s.params) {
			st.after = s.params[i+1].start
		}
		m.To, m.From = to, from
		b.Messages = append(b.Messages, m)
		s.at = append(s.at, standing{seat: s.take(l, st), wording: wording})
	}
	return nil
}

// one is the message to the person whom a request is about.
func (r *twilioReader) one(m filter.Message) {
	r.b.Messages = append(r.b.Messages, m)
	r.b.parsed.spread.at = append(r.b.parsed.spread.at, standing{wording: -1})
}

// text is the string called key in object i; empty for none.
func (r *twilioReader) text(d document, i int, key string) (string, error) {
	n := d.member(i, key)
	switch {
	case n == 0, d.nodes[n].kind == 'n':
		return "", nil
	case d.nodes[n].kind != '"':
		return "", r.b.unreadable(0, "%s in the parameter %s is not text", key, r.names[0])
	}
	return r.b.parsed.unquoted(d, n), nil
}

// recipient is who an address stands for, as in a message.
func (r *twilioReader) recipient(address string) filter.Recipient {
	if strings.Contains(address, "@") && !strings.Contains(address, ":") {
		to := filter.Recipient{Channel: filter.Email}
		to.Address, _ = filter.Address(filter.Email, address, "") // empty where it is none
		return to
	}
	return twilio{region: r.region}.recipient(address)
}

// Rewrite takes out who is blocked and adds the lines.
func (t twilioForms) Rewrite(req *fasthttp.Request, b *Batch) error { return b.rewriteSpread(req, nil) }

// Refuse answers 400 with Twilio's error.
func (t twilioForms) Refuse(resp *fasthttp.Response, b *Batch) { twilio{}.Refuse(resp, b) }

// Learn reads Twilio's codes.
func (t twilioForms) Learn(resp *fasthttp.Response, b *Batch) (refusal int, events []filter.Event) {
	return twilio{}.Learn(resp, b)
}

// Admits wants the SID of an account, and a secret.
func (t twilioForms) Admits(c *Credentials) error { return twilio{keyring: t.keyring}.Admits(c) }

// Deny answers 401 with Twilio's error.
func (t twilioForms) Deny(_ *fasthttp.Request, resp *fasthttp.Response, why string) {
	native{20003, "Authenticate"}.twilio(resp, nil, fasthttp.StatusUnauthorized, why, false)
}
