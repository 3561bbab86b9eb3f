package providers

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
	"unsafe"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// parsed is what Parse leaves in a batch for Rewrite and Refuse, and the memory it reuses.
type parsed struct {
	text  []byte // what the strings of the batch point to; see keep
	plain []byte // the body, where it came compressed
	out   []byte // a rewritten or composed body, until the request has it, in exchange for its old one
	nodes []node

	place   place // where a footer goes in
	at      int   // and at which byte
	when    edit  // where the asked delivery time stands, or where one goes in; see filter.Message.Movable
	gzipped bool  // the body came compressed: plain holds it readable
	xml     bool  // the answer is to be XML
	items   bool  // the answer is a list, of what became of each element
	wrapped bool  // an error in the answer stands in another object
	form    uint8 // which of the forms that a service has for it the answer has
	code    int   // the service's own code for what Parse could not read; 0 for none in particular

	spread spread // of a provider that reads by a shape
}

// A place is a part of a request.
type place uint8

const (
	nowhere place = iota
	inBody
	inQuery
	inHeader
)

// keepMost is how much memory a batch keeps from one request to the next, per buffer, in bytes.
const keepMost = 64 << 10

func (p *parsed) reset() {
	*p = parsed{text: reuse(p.text), plain: reuse(p.plain), out: reuse(p.out), nodes: p.nodes[:0], spread: p.spread.reset()}
	if cap(p.nodes) > keepMost/40 {
		p.nodes = nil
	}
}

func reuse(b []byte) []byte {
	if cap(b) > keepMost {
		return nil
	}
	return b[:0]
}

// keep returns what was appended to p.text since it was start bytes long, as a string.
//
// The string points into p.text. That is safe until reset: between two resets p.text only grows,
// and growing moves it to new memory and leaves the old to its strings. It is also why a batch
// survives the rewriting of its request.
func (p *parsed) keep(start int) string {
	if start == len(p.text) {
		return ""
	}
	return unsafe.String(&p.text[start], len(p.text)-start)
}

// copied is b as a string that lives as long as the batch.
func (p *parsed) copied(b []byte) string {
	start := len(p.text)
	p.text = append(p.text, b...)
	return p.keep(start)
}

// unreadable is the answer of Parse to what must not be sent: code is the service's own word for
// it, or 0, and the rest a sentence for the sender without any of what he wrote.
func (b *Batch) unreadable(code int, format string, args ...any) error {
	b.Messages = b.Messages[:0]
	b.parsed.code = code
	return fmt.Errorf(format, args...)
}

var (
	errUndecided = errors.New("rewriting: some messages have no decision")
	errBlocked   = errors.New("rewriting: a request with one message cannot be sent without it")
	errNoPlace   = errors.New("rewriting: this message has no text to add a line to")
	errNoRoom    = errors.New("rewriting: the text has no room for the line")
	errNoTime    = errors.New("rewriting: this message cannot be moved to another time")
)

// An edit puts text in place of the bytes from start up to end of one part of a request.
type edit struct {
	place      place
	start, end int
	text       []byte // as it stands there, escapes and all
}

// changes is what is decided for the one message of b, or why b cannot be rewritten so.
func (b *Batch) changes() (filter.Edit, error) {
	var none filter.Edit
	if len(b.Messages) != 1 || len(b.Decisions) != 1 {
		return none, errUndecided
	}
	m, d := &b.Messages[0], &b.Decisions[0]
	switch footer := d.Edit.Footer; {
	case d.Action == filter.Block:
		return none, errBlocked
	case d.Action == filter.Forward:
		return none, nil
	case footer != "" && b.parsed.place == nowhere:
		return none, errNoPlace
	case footer != "" && utf8.RuneCountInString(footer)+1 > m.Room:
		return none, errNoRoom
	case !d.Edit.SendAt.IsZero() && !m.Movable:
		return none, errNoTime
	}
	return d.Edit, nil
}

// footing is the edit that puts a footer where Parse found the end of the text, after a line break.
func (p *parsed) footing(footer string, escape func(dst []byte, s string) []byte) edit {
	start := len(p.text)
	p.text = escape(escape(p.text, "\n"), footer)
	return edit{p.place, p.at, p.at, p.text[start:]}
}

// source is the form of a request that was read as one: its body, or its query where that is empty.
func (b *Batch) source(req *fasthttp.Request, query []byte) []byte {
	switch {
	case b.parsed.gzipped:
		return b.parsed.plain
	case len(req.Body()) > 0:
		return req.Body()
	}
	return query
}

// edited is src with edits made, none of which is in another's way.
func edited(src []byte, edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.start - b.start })
	var out []byte
	last := 0
	for _, e := range edits {
		out = append(append(out, src[last:e.start]...), e.text...)
		last = e.end
	}
	return append(out, src[last:]...)
}

// apply makes edits of what Parse read. Every other byte stays; a body that came compressed goes out
// compressed.
func (b *Batch) apply(req *fasthttp.Request, edits ...edit) error {
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(a.start-b.start, a.end-b.end) })
	if err := b.applyIn(req, inBody, edits); err != nil {
		return err
	}
	return b.applyIn(req, inQuery, edits)
}

func (b *Batch) applyIn(req *fasthttp.Request, in place, edits []edit) error {
	p := &b.parsed
	if !slices.ContainsFunc(edits, func(e edit) bool { return e.place == in }) {
		return nil // p.out stays: it may be the body as it was read, which is looked at once more
	}
	from := req.Header.RequestURI()
	if in == inBody {
		if from = p.plain; !p.gzipped {
			from = req.Body()
		}
	}
	longer := 0
	for _, e := range edits {
		longer += len(e.text)
	}
	out, last := slices.Grow(p.out[:0], len(from)+longer), 0
	for _, e := range edits {
		if e.place != in {
			continue
		}
		if e.end > len(from) || e.start < last {
			return errors.New("rewriting: the request changed since it was read, or two edits are in each other's way")
		}
		out = append(append(out, from[last:e.start]...), e.text...)
		last = e.end
	}
	p.out = append(out, from[last:]...)
	switch {
	case in == inQuery:
		req.SetRequestURIBytes(p.out)
	case p.gzipped:
		req.SetBody(compress(p.out))
	default:
		p.out = req.SwapBody(p.out) // of which there may be much
	}
	return nil
}

// marker begins what a refusal says: by it a person knows that the gate spoke and not the service.
const marker = "sendgate: "

// why says why b was refused, in a sentence that never shows an address.
func (b *Batch) why() string {
	if b.Fault != "" {
		return b.Fault
	}
	return b.reason().Text()
}

// reason is why the first blocked message of b was blocked.
func (b *Batch) reason() filter.Reason {
	if b.Fault != "" {
		return filter.Unreadable
	}
	for i := range b.Decisions {
		if b.Decisions[i].Action == filter.Block {
			return b.Decisions[i].Reason
		}
	}
	return filter.Undecided
}
