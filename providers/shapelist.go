package providers

import "unicode/utf8"

// listed is where the list stands that a text is in, which locate could read, and the key of the text there.
func listed(text string, r expression) (l located, below string, ok bool) {
	e, _ := parseExpression(text)
	n := len(e) - 1
	if n < 1 || e[n].kind != 0 || e[n-1].kind != '[' || e[n-1].key == "" {
		return l, "", false
	}
	below = e[n].key
	e[n-1].kind = 0
	l, ok = e[:n].from(r)
	return l, below, ok
}

// nested reads the texts in a list that is written as JSON in a text: w has where that is, and raw is how it is
// written, from byte offset on.
func (r *shapeReader) nested(t *locatedText, text string, w wording, raw []byte, offset int) (found bool, err error) {
	s := &r.b.parsed.spread
	if r.rest.wording = s.worded(w.key); r.rest.wording >= 0 {
		return true, nil
	}
	inner := *r
	nodes, err := scanJSON([]byte(text), nil)
	if err != nil {
		return false, r.b.unreadable(0, "%w", err)
	}
	inner.d, inner.tidied = document{[]byte(text), nodes}, false
	if found, err = inner.listed(t, 0); !found || err != nil {
		return found, err
	}
	r.rest.wording = inner.rest.wording
	within := &s.wordings[r.rest.wording]
	within.key, within.place, within.form = w.key, w.place, nested
	within.at = offset + s.written.offset(raw, within.at)
	return true, nil
}

// listed reads the texts in list n, line by line. The room and the markup are those of the last.
func (r *shapeReader) listed(t *locatedText, n int) (found bool, err error) {
	if r.d.nodes[n].kind != '[' {
		return false, r.b.unreadable(0, "what should be a list of messages is none")
	}
	p := &r.b.parsed
	if r.rest.wording = p.spread.worded(n); r.rest.wording >= 0 {
		return true, nil
	}
	start, last, end, markup := len(p.text), 0, 0, ""
	for i := r.d.child(n); i != 0; i = int(r.d.nodes[i].next) {
		if r.d.nodes[i].kind != '{' {
			continue
		}
		if err := r.tidy(i); err != nil {
			return false, err
		}
		node := r.d.value(r.d.member(i, t.below))
		switch {
		case node == 0, r.d.nodes[node].kind == 'n':
			continue
		case r.d.nodes[node].kind != '"':
			return false, r.b.unreadable(0, "the text of a message is not text")
		case r.d.nodes[node].start == r.d.nodes[node].end:
			continue
		}
		if end > 0 {
			p.text = append(p.text, '\n')
		}
		last, end = len(p.text), int(r.d.nodes[node].end)
		p.text = r.d.text(p.text, node)
		for _, name := range r.markup {
			if markup = ""; r.d.member(i, name) != 0 {
				markup = string(r.d.raw(r.d.member(i, name)))
			}
		}
	}
	if end == 0 {
		return false, nil
	}
	above := utf8.RuneCount(p.text[start:last])
	r.rest.wording = r.wording(n, p.keep(start), above+t.most, inBody, end)
	p.spread.mark(r.rest.wording, markup)
	return true, nil
}

// beside appends what stands in the elements of list n beside their text, whose key is below.
func (r *shapeReader) beside(dst []byte, n int, below string) []byte {
	var buf [64]byte
	for i := r.d.child(n); i != 0; i = int(r.d.nodes[i].next) {
		if r.d.nodes[i].kind != '{' {
			continue
		}
		for j := r.d.first(i); j != 0; j = int(r.d.nodes[j].next) {
			if string(r.d.key(j, buf[:0])) != below {
				dst = append(append(dst, r.d.raw(j)...), '\n')
			}
		}
	}
	return dst
}

// besideNested appends what stands beside the texts of a list that is written as JSON in a text.
func besideNested(dst []byte, text, below string) []byte {
	nodes, err := scanJSON([]byte(text), nil)
	if err != nil {
		return append(dst, text...)
	}
	inner := shapeReader{d: document{[]byte(text), nodes}}
	return inner.beside(dst, 0, below)
}
