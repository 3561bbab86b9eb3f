package providers

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// sinchSMS speaks Sinch's SMS API, which writes to batches of people. A batch may be replaced, and changed before it
// goes out: to people who then are not in the request, which is refused unless the route lets the unseen pass. Groups
// are unseen, too. The answer has no place for who was taken out.
// Source: https://developers.sinch.com/docs/sms/api-reference/sms/batches
type sinchSMS struct {
	shaped
	*keyring
	nonceSigner
	change shaped // of a batch
}

var sinchSMSService = known{host: "https://us.sms.api.sinch.com", channel: filter.SMS, text: sinchSMSText, later: true, make: newSinchSMS,
	enter: "the callback URL of the service plan, with hmac settings; secrets: the hmac secret"}

// sinchSMSText is the longest text that surely passes, in characters.
const sinchSMSText = 1600

// sinchSMSBatch is the path of one batch, which dry runs have for a name of their own.
const (
	sinchSMSBatch = "/xms/v1/*/batches/*"
	sinchSMSTries = "/xms/v1/*/batches/dry_run"
)

var sinchSMSShape = (&shape{
	service: "Sinch",
	sends:   []string{"/xms/v1/*/batches", sinchSMSBatch},
	others: []string{"/xms/v1/*/batches/*/delivery_feedback", "/xms/v1/*/batches/*/delivery_report", "/xms/v1/*/batches/*/delivery_report/*",
		"/xms/v1/*/delivery_reports", "/xms/v1/*/inbounds", "/xms/v1/*/inbounds/*", "/xms/v1/*/groups", "/xms/v1/*/groups/*",
		"/xms/v1/*/groups/*/members"},
	traces:     []string{"/batches"},
	put:        true,
	members:    1001, // the values of a parameter, one a recipient, and the one for all others
	recipients: []reach{{at: "to[]"}},
	most:       1000,
	sender:     []string{"from"},
	when:       []string{"send_at"},
	own:        sinchSMSOwn,
	extra:      []string{"udh"},
	channel:    filter.SMS,
	group:      sinchSMSGroup,
}).mustCompile()

// sinchSMSOwn are members that sinchSMS reads itself.
var sinchSMSOwn = []string{"body", "parameters", "type", "message", "url", "subject"}

// sinchSMSChange are changes of a batch: who is added to it is written to, and what is changed reaches all in it.
var sinchSMSChange = (&shape{
	service:    "Sinch",
	sends:      []string{sinchSMSBatch},
	idle:       true,
	recipients: []reach{{at: "to_add[]", optional: true}},
	most:       1000,
	unseen:     []string{"body", "parameters", "udh", "from", "send_at", "expire_at", "flash_message"},
	sender:     []string{"from"},
	when:       []string{"send_at"},
	own:        append([]string{"to", "to_remove"}, sinchSMSOwn...),
	channel:    filter.SMS,
	group:      sinchSMSGroup,
}).mustCompile()

// sinchSMSGroup: the id of a group has letters in it.
func sinchSMSGroup(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' })
}

// sinchSMSKeyring: https://developers.sinch.com/docs/sms/api-reference/authentication. A project's token lives an hour,
// so that what the gate puts in is that of a service plan.
var sinchSMSKeyring = &keyring{
	name:   "Sinch",
	takes:  []string{"account", "secret"},
	holes:  []keyhole{{in: inHeader, at: "authorization", scheme: "Bearer", key: secretKey}},
	denial: denial{401, `{"code":"unauthorized","text":"{detail}"}`},
}

func newSinchSMS(cfg Config) (Provider, error) {
	return sinchSMS{newShaped(sinchSMSShape, cfg), sinchSMSKeyring, sinchSigner, newShaped(sinchSMSChange, cfg)}, nil
}

// Parse reads a batch, or a change of one.
func (s sinchSMS) Parse(req *fasthttp.Request, b *Batch) error {
	path, _, _ := splitURI(req.Header.RequestURI())
	shape, post := s.shaped, string(req.Header.Method()) == "POST"
	switch {
	case !matches(path, sinchSMSBatch):
	case post && matches(path, sinchSMSTries):
		return ErrNotSend
	case post:
		shape = s.change
	}
	if err := shape.Parse(req, b); err != nil {
		return err
	}
	d := document{b.source(req, nil), b.parsed.nodes}
	if post && shape.idle && d.any(0, []string{"to"}) {
		return b.unreadable(0, "a change of a batch names recipients as a whole batch does")
	}
	return b.sinchSMSBody(d)
}

// sinchSMSBody reads what all recipients of b get, and what differs from one to another.
func (b *Batch) sinchSMSBody(d document) error {
	var extra string
	wording, ok := int32(-1), true
	body, kind := d.member(0, "body"), d.member(0, "type")
	text := body
	if body != 0 && d.nodes[body].kind == '{' {
		if d.nearly(body, sinchSMSOwn) {
			return b.unreadable(0, "a key of the JSON body differs from a known one by letter case alone")
		}
		text = d.member(body, "message")
		for _, key := range [...]string{"url", "subject"} {
			if i := d.member(body, key); i != 0 && b.Extras {
				extra += string(d.raw(i)) + "\n"
			}
		}
	}
	switch {
	case text == 0 || d.nodes[text].kind == 'n':
	case d.nodes[text].kind != '"':
		return b.unreadable(0, "the text of a message is not text")
	case kind != 0 && b.parsed.unquoted(d, kind) == "mt_binary":
		if b.Extras {
			extra = b.parsed.unquoted(d, text)
		}
	case d.nodes[text].start < d.nodes[text].end:
		wording = b.parsed.spread.word(wordingOf(text, b.parsed.unquoted(d, text), sinchSMSText, inBody, int(d.nodes[text].end)))
	}
	parameters := d.member(0, "parameters")
	if parameters != 0 && d.nodes[parameters].kind != '{' && d.nodes[parameters].kind != 'n' {
		return b.unreadable(0, "parameters is no object")
	}
	var pieces []sinchSMSPiece
	if wording >= 0 && parameters != 0 {
		text := b.parsed.spread.wordings[wording].text
		if len(text) > sinchSMSLongest {
			return b.unreadable(0, "%w", errSinchSMSLong)
		}
		pieces = d.sinchSMSPieces(parameters, text)
	}
	for i := range b.Messages {
		m := &b.Messages[i]
		if m.Extra += extra; wording < 0 {
			continue
		}
		w := &b.parsed.spread.wordings[wording]
		b.parsed.spread.at[i].wording = wording
		if m.Text, m.Room = w.text, w.room; pieces != nil {
			if m.Text, ok = b.sinchSMSFilled(d, pieces, m.To.Address); !ok {
				return b.unreadable(0, "%w", errSinchSMSLong)
			}
			m.Room = max(0, min(w.room, sinchSMSText-utf8.RuneCountInString(m.Text)))
		}
	}
	return nil
}

// sinchSMSLongest is how long a text with values may be, in bytes: each recipient has their own.
const sinchSMSLongest = 16 << 10

var errSinchSMSLong = errors.New("the text is longer than any that Sinch takes, to somebody with what the parameters have for them")

// A sinchSMSPiece is a part of a text: as it stands there, or the value that it has for each number, or for all others,
// which are nodes.
type sinchSMSPiece struct {
	text    string
	values  map[string]int
	initial int
}

// sinchSMSPieces parts a text at each ${name} that parameters has.
func (d document) sinchSMSPieces(parameters int, text string) (pieces []sinchSMSPiece) {
	of := map[int]map[string]int{}
	for text != "" {
		before, rest, ok := strings.Cut(text, "${")
		name, after, whole := strings.Cut(rest, "}")
		if !ok || !whole {
			return append(pieces, sinchSMSPiece{text: text})
		}
		values := d.member(parameters, name)
		if values == 0 {
			pieces, text = append(pieces, sinchSMSPiece{text: text[:len(text)-len(after)]}), after
			continue
		}
		if of[values] == nil {
			of[values] = map[string]int{}
			for i := d.first(values); i != 0; i = int(d.nodes[i].next) {
				if address := d.sinchSMSNumber(i); address != "" {
					of[values][address] = i
				}
			}
		}
		plain := text[len(before) : len(text)-len(after)]
		pieces, text = append(pieces, sinchSMSPiece{text: before}, sinchSMSPiece{plain, of[values], d.member(values, "default")}), after
	}
	return pieces
}

// sinchSMSFilled is a text with what each ${name} in it stands for to one recipient; ok is false where it is too long.
func (b *Batch) sinchSMSFilled(d document, pieces []sinchSMSPiece, address string) (text string, ok bool) {
	start := len(b.parsed.text)
	for _, p := range pieces {
		value := p.values[address]
		if value == 0 {
			value = p.initial
		}
		if value != 0 && d.nodes[value].kind == '"' {
			if len(d.raw(value)) > sinchSMSLongest {
				return "", false
			}
			b.parsed.text = unquote(b.parsed.text, d.raw(value))
		} else {
			b.parsed.text = append(b.parsed.text, p.text...)
		}
		if len(b.parsed.text)-start > sinchSMSLongest {
			return "", false
		}
	}
	return b.parsed.keep(start), true
}

// sinchSMSNumber is the number that member i of a parameter is for; empty for none.
func (d document) sinchSMSNumber(i int) string {
	var buf [64]byte
	key := d.key(i, buf[:0])
	address, err := filter.Number("+"+strings.TrimPrefix(string(key), "+"), "")
	if err != nil {
		return ""
	}
	return address
}

// Rewrite takes out who is blocked, with the values that parameters have for them alone, and adds the lines.
func (s sinchSMS) Rewrite(req *fasthttp.Request, b *Batch) error {
	if err := s.shaped.Rewrite(req, b); err != nil {
		return err
	}
	return b.again(req, func(d document) (gone []edit) {
		if d.member(0, "parameters") == 0 {
			return nil
		}
		for values := d.first(d.member(0, "parameters")); values != 0; values = int(d.nodes[values].next) {
			gone = append(gone, d.without(values, func(i int) bool { return b.sinchSMSBlocked(d.sinchSMSNumber(i)) })...)
		}
		return gone
	})
}

// sinchSMSBlocked reports whether no message to address is sent, and one was to be.
func (b *Batch) sinchSMSBlocked(address string) (blocked bool) {
	for i := range b.Messages {
		if b.Messages[i].To.Address == address && address != "" {
			if b.Decisions[i].Action != filter.Block {
				return false
			}
			blocked = true
		}
	}
	return blocked
}
