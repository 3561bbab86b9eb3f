package providers

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/valyala/fasthttp"
)

// These are sentences for the sender.
var (
	errBoundary  = errors.New("the Content-Type of the multipart body does not say its boundary, and nothing else")
	errDelimiter = errors.New("the multipart body is not parts between its boundaries from its first byte to its last")
	errPartHead  = errors.New("a part of the multipart body has a header that is read in different ways")
)

// boundary is that of a multipart Content-Type, of which nothing else is said but that it is in UTF-8.
// Source: https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1
func boundary(contentType []byte) (b []byte, ok bool) {
	_, rest, _ := bytes.Cut(contentType, []byte(";"))
	for len(rest) > 0 {
		var name, value []byte
		if name, value, rest, ok = attribute(rest); !ok {
			return nil, false
		}
		switch {
		case fold(name, "boundary") && b == nil:
			b = value
		case !fold(name, "charset") || !inUTF8(value):
			return nil, false
		}
	}
	for _, c := range b {
		if !word([]byte{c}) && bytes.IndexByte([]byte("'()+_,-./:=?"), c) < 0 {
			return nil, false
		}
	}
	return b, len(b) > 0 && len(b) <= 70
}

// attribute cuts name=value, of which the value may be quoted, from a header value, where it stands in front of
// the semicolon of the next one or at the end.
func attribute(v []byte) (name, value, rest []byte, ok bool) {
	name, v, ok = bytes.Cut(bytes.TrimLeft(v, " \t"), []byte("="))
	if !ok || len(name) == 0 {
		return nil, nil, nil, false
	}
	if v, ok = bytes.CutPrefix(v, []byte(`"`)); ok {
		if value, v, ok = bytes.Cut(v, []byte(`"`)); !ok || bytes.HasSuffix(value, []byte(`\`)) {
			return nil, nil, nil, false // a quote that may be a part of it
		}
		v = bytes.TrimLeft(v, " \t")
		if len(v) > 0 && v[0] != ';' {
			return nil, nil, nil, false
		}
		return name, value, bytes.TrimPrefix(v, []byte(";")), true
	}
	value, rest, _ = bytes.Cut(v, []byte(";"))
	value = bytes.TrimRight(value, " \t")
	return name, value, rest, len(value) > 0 && !bytes.ContainsAny(value, " \t\"\\")
}

// A formPart is a part of a multipart/form-data body.
type formPart struct {
	name  []byte
	file  bool // it has a name of a file, or is of a type that no text is of
	odd   bool // its header says more than what a text has
	value int  // where it begins
	// length and lengthEnd are where its header says how many bytes the value has; 0: nowhere.
	length, lengthEnd int
}

// partHead reads the header of a part, which begins at byte i of src, in front of its value.
func partHead(src []byte, i int) (p formPart, err error) {
	var seen [4]bool // of the four headers below
	for {
		n := bytes.Index(src[i:], []byte("\r\n"))
		if n < 0 {
			return p, errDelimiter
		}
		line, at := src[i:i+n], i
		if i += n + 2; n == 0 {
			p.value = i
			return p, p.check(seen[0])
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || bytes.ContainsFunc(line, notInLine) || bytes.ContainsFunc(name, notInPartHeader) || len(name) == 0 {
			return p, errPartHead
		}
		which := 0
		value = bytes.TrimSpace(value)
		switch {
		case fold(name, "content-disposition"):
			ok = p.disposition(value)
		case fold(name, "content-type"):
			which = 1
			kind, charset, said := mediaType(value)
			ok = said && !bytes.HasPrefix(bytes.ToLower(kind), []byte("multipart/"))
			p.file = p.file || !fold(kind, "text/plain") && !fold(kind, "application/json") || !inUTF8(charset)
		case fold(name, "content-transfer-encoding"):
			which = 2
			ok = fold(value, "7bit") || fold(value, "8bit") || fold(value, "binary")
		case fold(name, "content-length"):
			which = 3
			ok = digits(value)
			p.length = at + bytes.Index(line, value)
			p.lengthEnd = p.length + len(value)
		default:
			p.odd = true
			continue
		}
		if !ok || seen[which] {
			return p, errPartHead
		}
		seen[which] = true
	}
}

// notInLine reports what no line of a header has in it: a control character.
func notInLine(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// notInPartHeader reports what no name of a header of a part has in it. It could have more, but what no library writes
// other readers read otherwise, or not at all.
func notInPartHeader(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
}

// disposition reads a Content-Disposition.
// Source: https://www.rfc-editor.org/rfc/rfc7578#section-4.2
func (p *formPart) disposition(v []byte) bool {
	kind, rest, _ := bytes.Cut(v, []byte(";"))
	if !fold(bytes.TrimSpace(kind), "form-data") {
		return false
	}
	var seen [3]bool
	for len(rest) > 0 {
		name, value, more, ok := attribute(rest)
		which := 0
		switch {
		case !ok:
			return false
		case fold(name, "name"):
			p.name = value
		case fold(name, "filename"):
			which, p.file = 1, true
		case fold(name, "filename*"):
			which, p.file = 2, true
		default:
			return false
		}
		if seen[which] {
			return false
		}
		seen[which], rest = true, more
	}
	return true
}

// check refuses a part without a name, and one whose name readers unescape in ways of their own, or by which they
// read all others in another charset.
func (p *formPart) check(disposed bool) error {
	if !disposed || len(p.name) == 0 || bytes.ContainsAny(p.name, `\%`) || fold(p.name, "_charset_") {
		return errPartHead
	}
	return nil
}

// uploads reports whether the body of a call may be nothing but files, whose parameters stand in the query: that is how
// some libraries write what they upload.
// Source: https://github.com/eternnoir/pyTelegramBotAPI/blob/master/telebot/apihelper.py
func (s *shape) uploads(method []byte, h *head) bool {
	kind, charset, ok := mediaType(h.contentType)
	return s.query && s.multipart && string(method) == "POST" && ok && fold(kind, "multipart/form-data") && inUTF8(charset)
}

// upload reads the parameters in the query of such a call, beside which the body has files alone.
func (r *shapeReader) upload(req *fasthttp.Request, h *head, query []byte, at int) error {
	b := r.b
	body, err := b.body(req, h)
	if err != nil {
		return b.unreadable(0, "%w", err)
	}
	if err := r.parts(body, h.contentType); err != nil {
		return err
	}
	s := &b.parsed.spread
	files := slices.Clone(s.params)
	s.params = s.params[:0]
	if err := r.form(query, inQuery, at); err != nil {
		return err
	}
	for _, f := range files {
		if !f.file || f.key >= 0 && slices.ContainsFunc(s.params, func(p paramAt) bool { return p.key == f.key }) {
			return b.unreadable(0, "%w", errAside)
		}
		for i := range b.Messages {
			if b.Extras {
				b.Messages[i].Extra += filed(body, f)
			}
		}
	}
	return nil
}

// filed tells a file in src from others.
func filed(src []byte, at paramAt) string {
	return fmt.Sprintf("%s %x\n", src[at.name:at.nameEnd], sha256.Sum256(src[at.value:at.valueEnd]))
}

// multipart reads the parts of src as the parameters of a form.
func (r *shapeReader) multipart(src, contentType []byte) error {
	if err := r.parts(src, contentType); err != nil {
		return err
	}
	return r.parameters(src, inBody, 0)
}

// parts finds the parts of src, between the boundaries that a Content-Type says.
func (r *shapeReader) parts(src, contentType []byte) error {
	b := r.b
	boundary, ok := boundary(contentType)
	if !ok {
		return b.unreadable(0, "%w", errBoundary)
	}
	b.parsed.spread.written = plainText
	start := len(b.parsed.text)
	b.parsed.text = append(append(b.parsed.text, "--"...), boundary...)
	delimiter := b.parsed.text[start:]
	if !bytes.HasPrefix(src, delimiter) {
		return b.unreadable(0, "%w", errDelimiter)
	}
	for start := 0; ; {
		i := start + len(delimiter)
		if after := src[i:]; bytes.HasPrefix(after, []byte("--")) && (len(after) == 2 || string(after[2:]) == "\r\n") {
			return nil
		} else if !bytes.HasPrefix(after, []byte("\r\n")) {
			return b.unreadable(0, "%w", errDelimiter)
		}
		p, err := partHead(src, i+2)
		if err != nil {
			return b.unreadable(0, "%w", err)
		}
		n := bytes.Index(src[p.value:], delimiter)
		end := p.value + n
		if n < 2 || string(src[end-2:end]) != "\r\n" {
			return b.unreadable(0, "%w", errDelimiter)
		}
		if err := r.part(src, &p, start, end); err != nil {
			return err
		}
		start = end
	}
}

// part takes a part of src, from its boundary to the next one, for a parameter. A file can only be what is not read.
func (r *shapeReader) part(src []byte, p *formPart, start, end int) error {
	b := r.b
	at := paramAt{start: int32(start), end: int32(end), value: int32(p.value), valueEnd: int32(end - 2), key: -1, file: p.file,
		length: int32(p.length), lengthEnd: int32(p.lengthEnd)}
	at.name = int32(bytes.Index(src[start:], p.name) + start)
	at.nameEnd = at.name + int32(len(p.name))
	n, same, found := lookup(r.keys, r.bare(p.name))
	switch {
	case found && !same:
		return b.unreadable(0, "the parameter %s is spelled in another way than the service documents", r.keys[n])
	case found && (p.odd || p.file && n < r.told):
		return b.unreadable(0, "the parameter %s is not a text as others are", r.keys[n])
	case p.length > 0 && digitsValue(src[p.length:p.lengthEnd]) != end-2-p.value:
		return b.unreadable(0, "%w", errPartHead)
	case found:
		at.key = int32(n)
	}
	b.parsed.spread.params = append(b.parsed.spread.params, at)
	return nil
}

// digitsValue is the number that up to nine digits are, or -1.
func digitsValue(b []byte) (n int) {
	if len(b) > 9 {
		return -1
	}
	for _, c := range b {
		n = 10*n + int(c-'0')
	}
	return n
}
