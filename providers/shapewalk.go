package providers

import "bytes"

// walk goes the steps from node i on, and reads the recipients there.
func (r *shapeReader) walk(c *compiledReach, i int, steps expression, at *spot) error {
	if len(steps) == 0 {
		return r.read(c, i, at)
	}
	s, above := steps[0], i
	if s.key != "" {
		if r.d.nodes[i].kind != '{' {
			return r.b.unreadable(0, "what should hold %s is no object", s.key)
		}
		if err := r.tidy(i); err != nil {
			return err
		}
		if i = r.d.member(i, s.key); i == 0 || r.d.nodes[i].kind == 'n' {
			return nil
		}
	}
	here := *at
	last := len(steps) == 1
	if s.key != "" && (last && c.optional || c.spare && s.kind == '[') {
		here.seat = r.member(above, i, at.seat)
	}
	switch {
	case s.kind == '{':
		return r.walkKeys(c, i, &here)
	case s.kind == '[' && r.d.nodes[i].kind == '[':
		return r.walkList(c, i, steps[1:], &here)
	case s.kind == '[' && !last:
		return r.b.unreadable(0, "%s is no list", s.key)
	}
	return r.walk(c, i, steps[1:], &here)
}

// walkList goes on from each element of list i.
func (r *shapeReader) walkList(c *compiledReach, i int, steps expression, at *spot) error {
	p := &r.b.parsed.spread
	l, seated := p.listed(at.seat, int32(i))
	if !seated {
		l = p.open(inBody, at.seat, int32(max(1, c.fewest)))
		p.lists[l].array = int32(i)
	}
	before, last := int32(-1), int32(0)
	for j := r.d.child(i); j != 0; j = int(r.d.nodes[j].next) {
		here := *at
		switch {
		case c.together:
		case seated:
			last = p.seated(l, last+1)
			here.seat = last
		default:
			here.seat = r.sit(l, j, before)
		}
		here.elements[here.depth] = int32(j)
		here.depth++
		had := len(r.b.Messages)
		if err := r.walk(c, j, steps, &here); err != nil {
			return err
		}
		if len(r.b.Messages) == had && !c.optional && !r.hides {
			return r.b.unreadable(errMissing, "an entry of a list names no recipient")
		}
		_, before = r.span(j)
	}
	return nil
}

// sit adds element j to list l, where the one in front of it ends at before.
func (r *shapeReader) sit(l int32, j int, before int32) int32 {
	start, end := r.span(j)
	after := int32(-1)
	if next := r.d.nodes[j].next; next != 0 {
		after, _ = r.span(int(next))
	}
	return r.b.parsed.spread.take(l, r.apart(seat{start: start, end: end, before: before, after: after}))
}

// walkKeys reads the keys of object i, each with what stands under it.
func (r *shapeReader) walkKeys(c *compiledReach, i int, at *spot) error {
	if r.d.nodes[i].kind != '{' {
		return r.b.unreadable(0, "what should have recipients for keys is no object")
	}
	l := r.b.parsed.spread.open(inBody, at.seat, 1)
	before := int32(-1)
	for j := r.d.child(i); j != 0; j = int(r.d.nodes[j].next) {
		n := &r.d.nodes[j]
		_, end := r.span(j)
		after := int32(-1)
		if n.next != 0 {
			after = r.d.nodes[n.next].key - 1
		}
		here := *at
		here.seat = r.b.parsed.spread.take(l, seat{start: n.key - 1, end: end, before: before, after: after})
		start := len(r.b.parsed.text)
		r.b.parsed.text = unquote(r.b.parsed.text, r.d.src[n.key:n.keyEnd])
		if err := r.add(c, r.b.parsed.keep(start), &here); err != nil {
			return err
		}
		before = end
	}
	return nil
}

// member is the seat of member i of an object, which goes when everybody in it does.
func (r *shapeReader) member(object, i int, in int32) int32 {
	p := &r.b.parsed.spread
	l := int32(-1)
	for n := range p.lists {
		if p.lists[n].object == int32(object) && p.lists[n].parent == in {
			l = int32(n)
		}
	}
	if l < 0 {
		l = p.open(inBody, in, 0)
		p.lists[l].object = int32(object)
	}
	st := seat{before: -1, after: -1}
	for j := r.d.first(object); j != 0; j = int(r.d.nodes[j].next) {
		start, end := r.d.nodes[j].key-1, int32(0)
		_, end = r.span(j)
		switch {
		case j == i:
			st.start, st.end = start, end
		case st.end == 0:
			st.before, st.firm = end, st.firm || !r.optionalKey(j)
		case st.after < 0:
			st.after = start
		}
	}
	return p.take(l, r.apart(st))
}

// apart is st, which in XML nothing joins to its neighbours.
func (r *shapeReader) apart(st seat) seat {
	if r.d.xml() {
		st.before, st.after = st.start, st.end
	}
	return st
}

// optionalKey reports whether member j may go with everybody in it.
func (r *shapeReader) optionalKey(j int) bool {
	var buf [64]byte
	key := r.d.key(j, buf[:0])
	for i := range r.reaches {
		c := &r.reaches[i]
		if c.optional && c.expression[len(c.expression)-1].key == string(key) || c.spare && c.expression[0].key == string(key) {
			return true
		}
	}
	return false
}

// span is the bytes of node i, of a string with its quotes.
func (r *shapeReader) span(i int) (start, end int32) {
	n := &r.d.nodes[i]
	switch {
	case n.kind == '"' && r.d.xml() && n.sign != '@': // with its tags, or with the one that it is
		return n.key - 1, n.end + int32(bytes.IndexByte(r.d.src[n.end:], '>')) + 1
	case n.kind == '"':
		return n.start - 1, n.end + 1
	}
	return n.start, n.end
}

// read reads the recipient at node i, or several in one text.
func (r *shapeReader) read(c *compiledReach, i int, at *spot) (err error) {
	if c.also != nil {
		if r.d.nodes[i].kind != '{' {
			return r.b.unreadable(0, "what should hold a message by another channel is no object")
		}
		if i, err = r.find(&c.to, at); err != nil || i == 0 {
			return err
		}
	}
	if c.inside != "" && r.d.nodes[i].kind != 'n' && (!c.bare || r.d.nodes[i].kind != '"') {
		if r.d.nodes[i].kind != '{' {
			return r.b.unreadable(0, "what should hold %s is no object", c.inside)
		}
		if err := r.tidy(i); err != nil {
			return err
		}
		if i = r.d.member(i, c.inside); i == 0 {
			if r.hides { // it names somebody who cannot be seen
				return nil
			}
			return r.b.unreadable(errMissing, "an entry of a list names no recipient")
		}
	}
	i = r.d.value(i)
	n := &r.d.nodes[i]
	p := &r.b.parsed
	switch {
	case n.kind == '"' && r.d.xml() && c.split != "" && bytes.ContainsAny(r.d.raw(i), "&<"):
		return r.b.unreadable(0, "recipients in one text are written with escapes between them")
	case n.kind == 'n', c.optional && n.kind == '"' && n.start == n.end:
		return nil
	case n.kind == '0' && digits(bytes.TrimPrefix(r.d.raw(i), []byte("-"))):
		return r.add(c, p.copied(r.d.raw(i)), at)
	case n.kind != '"':
		return r.b.unreadable(0, "a recipient is neither text nor a whole number")
	case c.split == "":
		return r.add(c, p.unquoted(r.d, i), at)
	}
	l := p.spread.open(inBody, at.seat, 1)
	return r.joined(c, l, r.d.raw(i), n.start, func(text string, seat int32) error {
		here := *at
		here.seat = seat
		return r.add(c, text, &here)
	})
}

// joined reads the recipients of c that stand in raw, which begins at byte offset, with separators between
// them, as seats of list l.
func (r *shapeReader) joined(c *compiledReach, l int32, raw []byte, offset int32, each func(text string, seat int32) error) error {
	p := &r.b.parsed
	e := p.spread.written
	before := int32(-1)
	for i := 0; i >= 0; {
		var pt part
		pt, i = c.nextPart(raw, i, e)
		start := len(p.text)
		p.text, _ = e.decode(p.text, raw[pt.start:pt.end]) // which was decoded once before
		text := p.keep(start)
		if len(bytes.TrimSpace(p.text[start:])) == 0 {
			return r.b.unreadable(0, "an entry of a list of recipients is empty")
		}
		st := seat{start: offset + int32(pt.start), end: offset + int32(pt.end), before: before, after: -1}
		if i >= 0 {
			st.after = offset + int32(i)
		}
		before = st.end
		if err := each(text, p.spread.take(l, st)); err != nil {
			return err
		}
	}
	return nil
}
