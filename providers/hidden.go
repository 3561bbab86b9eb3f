package providers

import (
	"bytes"
	"errors"

	"github.com/valyala/fasthttp"
)

var (
	errNoObject = errors.New("the JSON body is not an object")
	errReadBody = errors.New("a call that reads has a body, of a type this gate cannot look into")
)

// hides reports whether the body of req has a parameter called like one of names, by which a
// service makes another call of this one. An error says why that cannot be told.
func (b *Batch) hides(req *fasthttp.Request, h *head, names []string) (found bool, err error) {
	read := reads(req.Header.Method())
	if read && len(req.Body()) == 0 {
		return false, nil
	}
	body, err := b.body(req, h)
	if err != nil || len(body) == 0 {
		return false, err
	}
	kind, _, ok := mediaType(h.contentType)
	if !ok {
		return false, errors.New("the Content-Type header cannot be read")
	}
	json := fold(kind, "application/json")
	if json || looksJSON(body) {
		if found, err = b.hidesInJSON(body, names); found || err != nil {
			return found, err
		}
	}
	switch {
	case len(kind) == 0, fold(kind, "application/x-www-form-urlencoded"), fold(kind, "text/plain"):
		return b.tricks(body, names), nil
	case fold(kind, "multipart/form-data"):
		return partNamed(body, names), nil
	case read && !json && !looksJSON(body):
		return false, errReadBody
	}
	return false, nil // an upload: a file, not parameters
}

// tricks reports whether a form or query has a parameter called like one of names, to any reader.
func (b *Batch) tricks(src []byte, names []string) bool {
	for i := 0; i < len(src); {
		var p param
		p, i = nextParam(src, i)
		if _, found, err := b.named(p.name, names); found || err != nil || b.semicolons(p, names) != nil {
			return true
		}
	}
	return false
}

// looksJSON reports whether some reader might take body for a JSON object or array, whatever type
// it is said to have.
func looksJSON(body []byte) bool {
	for _, mark := range []string{"\xEF\xBB\xBF", "\xFE\xFF", "\xFF\xFE"} { // byte order marks
		body = bytes.TrimPrefix(body, []byte(mark))
	}
	for _, c := range body {
		if c > ' ' {
			return c == '{' || c == '['
		}
	}
	return false
}

func (b *Batch) hidesInJSON(body []byte, names []string) (found bool, err error) {
	b.parsed.nodes, err = scanJSON(body, b.parsed.nodes[:0])
	if err != nil {
		return false, err
	}
	d := document{body, b.parsed.nodes}
	if d.nodes[0].kind != '{' {
		return false, errNoObject
	}
	return d.nearly(0, names) || d.any(0, names), nil
}

// partNamed reports whether a multipart body has a part called like one of names, or one whose
// name cannot be told. It looks for name= anywhere, which also finds what one multipart reader sees
// and another does not.
func partNamed(body []byte, names []string) bool {
	for {
		i := bytes.IndexByte(body, '=')
		if i < 0 {
			return false
		}
		before, after := bytes.TrimRight(body[:i], " \t"), bytes.TrimLeft(body[i+1:], " \t\"'")
		body = body[i+1:]
		extended := bytes.HasSuffix(before, []byte("*")) // RFC 5987: a name in an encoding of its own
		before = bytes.TrimSuffix(before, []byte("*"))
		at := len(before) - len("name")
		if at < 0 || !fold(before[at:], "name") || at > 0 && word(before[at-1:at]) {
			continue // as in filename=
		}
		if end := bytes.IndexAny(after, "\"';\r\n"); end >= 0 {
			after = after[:end]
		}
		if _, _, found := lookup(names, after); found || extended || bytes.IndexByte(after, '\\') >= 0 {
			return true
		}
	}
}
