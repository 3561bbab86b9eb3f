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

// listed reads the texts in list n, line by line. The room is that of the last.
func (r *shapeReader) listed(t *locatedText, n int) (found bool, err error) {
	if r.d.nodes[n].kind != '[' {
		return false, r.b.unreadable(0, "what should be a list of messages is none")
	}
	p := &r.b.parsed
	if r.rest.wording = p.spread.worded(n); r.rest.wording >= 0 {
		return true, nil
	}
	start, last, end := len(p.text), 0, 0
	for i := r.d.child(n); i != 0; i = int(r.d.nodes[i].next) {
		if r.d.nodes[i].kind != '{' {
			continue
		}
		if err := r.tidy(i); err != nil {
			return false, err
		}
		node := r.d.member(i, t.below)
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
		p.text = unquote(p.text, r.d.raw(node))
	}
	if end == 0 {
		return false, nil
	}
	above := utf8.RuneCount(p.text[start:last])
	r.rest.wording = r.wording(n, p.keep(start), above+t.most, inBody, end)
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
