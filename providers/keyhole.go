package providers

import (
	"bytes"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"
)

// find is what stands in the place, and how often there is something. Of two names that a service might take for
// one, both count. What cannot be read holds nothing here; see put.
func (h *keyhole) find(req *fasthttp.Request, head []byte) (value []byte, n int) {
	switch h.in {
	case inQuery:
		_, query, _ := splitURI(req.Header.RequestURI())
		return h.findParams(query)
	case inBody:
		return h.findBody(req, head)
	}
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, []byte("\n"))
		head = rest
		if name, v, ok := bytes.Cut(line, []byte(":")); ok && fold(name, h.at) {
			value = bytes.TrimSpace(v)
			n++
		}
	}
	return value, n
}

// findParams looks through a query, or a form.
func (h *keyhole) findParams(src []byte) (value []byte, n int) {
	for i := 0; i < len(src); {
		var p param
		if p, i = nextParam(src, i); h.names(p.name) {
			value, _ = decode(nil, p.value)
			n++
		}
	}
	return value, n
}

// names reports whether a parameter with this name, as written, may be read as that of the place.
func (h *keyhole) names(raw []byte) bool {
	if len(raw) < len(h.at) {
		return false
	}
	name, _ := decode(nil, raw)
	_, _, found := lookup([]string{h.at}, name)
	return found
}

// cutQuery takes the parameter out of the query.
func (h *keyhole) cutQuery(req *fasthttp.Request) {
	uri := req.Header.RequestURI()
	_, query, at := splitURI(uri)
	kept, found := h.cutParams(query, "")
	switch {
	case !found:
	case len(kept) == 0:
		req.Header.SetRequestURIBytes(slices.Clone(uri[:at-1]))
	default:
		req.Header.SetRequestURIBytes(slices.Concat(uri[:at], kept))
	}
}

// cutParams is src without the parameter, or with value, if there is one, in its place. What stands behind a
// semicolon in another is taken with it.
func (h *keyhole) cutParams(src []byte, value string) (kept []byte, found bool) {
	for i := 0; i < len(src); {
		var p param
		p, i = nextParam(src, i)
		raw := p.raw
		switch {
		case h.names(p.name) && (value == "" || found):
			found = true
			continue
		case h.names(p.name):
			raw, found = escapeForm(append(slices.Clone(p.name), '='), value), true
		case bytes.IndexByte(raw, ';') >= 0:
			if raw = h.cutPieces(raw); len(raw) < len(p.raw) {
				found = true
			}
			if len(raw) == 0 {
				continue
			}
		}
		if len(kept) > 0 {
			kept = append(kept, '&')
		}
		kept = append(kept, raw...)
	}
	return kept, found
}

// cutPieces is a parameter without what a reader who parts parameters at semicolons, too, would find in it.
func (h *keyhole) cutPieces(raw []byte) (kept []byte) {
	for piece := range bytes.SplitSeq(raw, []byte(";")) {
		if name, _, _ := bytes.Cut(piece, []byte("=")); h.names(name) {
			continue
		}
		kept = append(append(kept, piece...), ';')
	}
	return kept[:max(len(kept)-1, 0)]
}

// A sheet is a readable body.
type sheet struct {
	text          []byte
	packed        bool // it came compressed
	form          bool
	json          document // where it is not a form
	alien, broken bool     // it is of another type, or cannot be read
}

// readSheet reads the body of req, of which head is the header. Typeless: without a Content-Type it is JSON.
func readSheet(req *fasthttp.Request, h *head, typeless bool) (s sheet) {
	if s.text = req.Body(); len(s.text) == 0 {
		s.form = true
		return s
	}
	b := Batch{}
	text, err := b.body(req, h)
	kind, _, ok := mediaType(h.contentType)
	if s.text, s.packed = text, b.parsed.gzipped; err != nil || !ok {
		s.broken = true
		return s
	}
	switch {
	case fold(kind, "application/x-www-form-urlencoded"):
		s.form = true
	case fold(kind, "application/json"), typeless && len(kind) == 0:
		nodes, err := scanJSON(text, nil)
		s.json, s.broken = document{text, nodes}, err != nil
	default:
		s.alien = true
	}
	return s
}

// last is the name of the member itself.
func (h *keyhole) last() string { return h.at[strings.LastIndexByte(h.at, '.')+1:] }

// absent reports whether the body surely does not hold the name, which costs less than reading it.
func (h *keyhole) absent(req *fasthttp.Request, of *head) bool {
	body := req.Body()
	return len(body) == 0 ||
		of.encodings == 0 && bytes.IndexByte(body, '%') < 0 && !bytes.Contains(body, []byte(`\u`)) && !containsFold(body, h.last())
}

// containsFold reports whether b holds name in any letter case.
func containsFold(b []byte, name string) bool {
	for i := 0; i+len(name) <= len(b); i++ {
		if lowered(b[i]) == lowered(name[0]) && strings.EqualFold(string(b[i:i+len(name)]), name) {
			return true
		}
	}
	return false
}

func (h *keyhole) findBody(req *fasthttp.Request, raw []byte) (value []byte, n int) {
	b := Batch{Head: raw}
	of := b.readHead(&req.Header)
	if h.absent(req, &of) {
		return nil, 0
	}
	s := readSheet(req, &of, h.typeless)
	switch {
	case s.broken || s.alien:
		return nil, 0
	case s.form:
		return h.findParams(s.text)
	}
	i := h.member(s.json)
	if i == 0 || s.json.nodes[i].kind != '"' {
		return nil, 0
	}
	return unquote(nil, s.json.raw(i)), 1
}

// member is the node in the place, or 0.
func (h *keyhole) member(d document) (i int) {
	for key := range strings.SplitSeq(h.at, ".") {
		if i = d.member(i, key); i == 0 {
			return 0
		}
	}
	return i
}

// putBody puts value in the place of what the body holds, or takes that out. A body that may hold it elsewhere, or
// where nobody can tell, is refused.
func (h *keyhole) putBody(req *fasthttp.Request, value string) (filled bool, err error) {
	b := Batch{}
	of := b.readHead(&req.Header)
	if h.absent(req, &of) {
		return false, nil
	}
	s := readSheet(req, &of, h.typeless)
	var out []byte
	switch {
	case s.broken:
		return false, errSealed
	case s.alien:
		if containsFold(s.text, h.last()) {
			err = errSealed
		}
		return false, err
	case s.form:
		kept, found := h.cutParams(s.text, value)
		if !found {
			return false, nil
		}
		out = kept
	default:
		i := h.member(s.json)
		if h.elsewhere(s.json, i) {
			return false, errSealed
		}
		if i == 0 {
			return false, nil
		}
		from, to := s.json.span(i)
		var text []byte
		if value != "" {
			from, to, text = s.json.begins(i), s.json.ends(i), append(escapeJSON([]byte{'"'}, value), '"')
		}
		out = slices.Concat(s.text[:from], text, s.text[to:])
	}
	if s.packed {
		out = compress(out)
	}
	req.SetBodyRaw(out)
	return value != "", nil
}

// elsewhere reports whether a member of this name stands anywhere but at node i.
func (h *keyhole) elsewhere(d document, at int) bool {
	var buf [64]byte
	for i := range d.nodes {
		if i != at && d.nodes[i].keyEnd > 0 && bytes.EqualFold(d.key(i, buf[:0]), []byte(h.last())) {
			return true
		}
	}
	return false
}

// begins and ends are where the value of node i does, with its quotes.
func (d document) begins(i int) int {
	if d.nodes[i].kind == '"' {
		return int(d.nodes[i].start) - 1
	}
	return int(d.nodes[i].start)
}

func (d document) ends(i int) int {
	if d.nodes[i].kind == '"' {
		return int(d.nodes[i].end) + 1
	}
	return int(d.nodes[i].end)
}

// span is what is taken out of its object with member i: the member, and a comma where it has neighbours.
func (d document) span(i int) (from, to int) {
	for j := i - 1; j > 0; j-- {
		if int(d.nodes[j].next) == i {
			return d.ends(j), d.ends(i)
		}
	}
	from, to = int(d.nodes[i].key)-1, d.ends(i)
	if next := int(d.nodes[i].next); next != 0 {
		to = int(d.nodes[next].key) - 1
	}
	return from, to
}
