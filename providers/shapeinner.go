package providers

// reachInner reads the recipient in an object that is written as JSON in a parameter.
func (r *shapeReader) reachInner(c *compiledReach, src []byte, in place, offset int) error {
	text, _, _, err := r.named(src, c.expression[0].key)
	if err != nil || text == "" {
		return err
	}
	nodes, err := scanJSON([]byte(text), nil)
	if err != nil {
		return r.b.unreadable(0, "%w", err)
	}
	inner := *r
	inner.d, inner.tidied = document{[]byte(text), nodes}, false
	i, err := inner.find(&located{rest: []string{c.expression[1].key}}, &spot{})
	if err != nil || i == 0 || nodes[i].kind == 'n' {
		return err
	}
	if nodes[i].kind != '"' && nodes[i].kind != '0' {
		return r.b.unreadable(0, "a recipient is neither text nor a whole number")
	}
	if err := r.aboutForm(c, src, in, offset); err != nil {
		return err
	}
	s := &r.b.parsed.spread
	return r.addForm(string(inner.d.text(nil, i)), s.take(s.open(in, 0, 1), seat{before: -1, after: -1}))
}

// memberText is the text that a member has in an object that is written as JSON; empty where there is none.
func memberText(text, key string) string {
	nodes, err := scanJSON([]byte(text), nil)
	if err != nil || nodes[0].kind != '{' {
		return ""
	}
	d := document{[]byte(text), nodes}
	n := d.member(0, key)
	if n == 0 || nodes[n].kind != '"' {
		return ""
	}
	return string(d.text(nil, n))
}
