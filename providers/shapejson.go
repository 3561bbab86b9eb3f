package providers

import "bytes"

// A spot is where a walk through JSON has come: the seat, and the elements of lists on the way.
type spot struct {
	seat     int32
	elements [maxLists]int32
	depth    int
}

// json reads a JSON body.
func (r *shapeReader) json(d document) error {
	r.d = d
	if d.nodes[0].kind != '{' && (d.nodes[0].kind != '[' || r.reaches[0].expression[0].key != "") {
		return r.b.unreadable(0, "%w", errNoObject)
	}
	if d.nodes[0].kind == '{' && d.any(0, r.refused) {
		return r.b.unreadable(0, "the body has a member that no send to %s has", r.service)
	}
	for _, e := range r.compiled.unseen {
		r.hides = r.hides || r.holds(0, e)
	}
	for i := range r.reaches {
		if err := r.walk(&r.reaches[i], 0, r.reaches[i].expression, &spot{}); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether anything stands at e, from node i on.
func (r *shapeReader) holds(i int, e expression) bool {
	n := &r.d.nodes[i]
	switch {
	case len(e) == 0:
		return n.kind != 'n' && (n.kind != '[' && n.kind != '{' || r.d.child(i) != 0) && (n.kind != '"' || n.start < n.end)
	case e[0].key != "":
		if n.kind != '{' {
			return false
		}
		if i = r.d.member(i, e[0].key); i == 0 {
			return false
		}
	}
	if e[0].kind == 0 || r.d.nodes[i].kind != '[' {
		return r.holds(i, e[1:])
	}
	for j := r.d.child(i); j != 0; j = int(r.d.nodes[j].next) {
		if r.holds(j, e[1:]) {
			return true
		}
	}
	return false
}

// tidy refuses an object in which a key differs from one that is read by letter case alone.
func (r *shapeReader) tidy(object int) error {
	if object == 0 && r.tidied {
		return nil
	}
	r.tidied = r.tidied || object == 0
	var buf [64]byte
	for i := r.d.first(object); i != 0; i = int(r.d.nodes[i].next) {
		name := r.d.key(i, buf[:0])
		near := false
		for _, key := range r.keys {
			if string(name) == key {
				near = false
				break
			}
			near = near || len(name) == len(key) && bytes.EqualFold(name, []byte(key))
		}
		if near {
			return r.b.unreadable(0, "a key of the JSON body differs from a known one by letter case alone")
		}
	}
	return nil
}

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
	if last && c.optional && s.key != "" {
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
		l = p.open(inBody, at.seat, 1)
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
	return r.b.parsed.spread.take(l, seat{start: start, end: end, before: before, after: after})
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
	return p.take(l, st)
}

// optionalKey reports whether member j may go with everybody in it.
func (r *shapeReader) optionalKey(j int) bool {
	var buf [64]byte
	key := r.d.key(j, buf[:0])
	for i := range r.reaches {
		if e := r.reaches[i].expression; r.reaches[i].optional && e[len(e)-1].key == string(key) {
			return true
		}
	}
	return false
}

// span is the bytes of node i, of a string with its quotes.
func (r *shapeReader) span(i int) (start, end int32) {
	n := &r.d.nodes[i]
	if n.kind == '"' {
		return n.start - 1, n.end + 1
	}
	return n.start, n.end
}

// read reads the recipient at node i, or several in one text.
func (r *shapeReader) read(c *compiledReach, i int, at *spot) error {
	if c.inside != "" && r.d.nodes[i].kind != 'n' {
		if r.d.nodes[i].kind != '{' {
			return r.b.unreadable(0, "what should hold %s is no object", c.inside)
		}
		if err := r.tidy(i); err != nil {
			return err
		}
		if i = r.d.member(i, c.inside); i == 0 {
			return r.b.unreadable(errMissing, "an entry of a list names no recipient")
		}
	}
	n := &r.d.nodes[i]
	p := &r.b.parsed
	switch {
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
	return r.parts(c, l, r.d.raw(i), n.start, func(text string, seat int32) error {
		here := *at
		here.seat = seat
		return r.add(c, text, &here)
	})
}

// parts reads the recipients of c that stand in raw, which begins at byte offset, with separators between
// them, as seats of list l.
func (r *shapeReader) parts(c *compiledReach, l int32, raw []byte, offset int32, each func(text string, seat int32) error) error {
	p := &r.b.parsed
	form := p.spread.formed
	before := int32(-1)
	for i := 0; i >= 0; {
		var pt part
		pt, i = c.nextPart(raw, i, form)
		start := len(p.text)
		if form {
			p.text, _ = decode(p.text, raw[pt.start:pt.end]) // which was decoded once before
		} else {
			p.text = unquote(p.text, raw[pt.start:pt.end])
		}
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

// add adds the message to a recipient, written as text, with what belongs to it.
func (r *shapeReader) add(c *compiledReach, text string, at *spot) error {
	if r.group != nil && r.group(text) {
		r.hides = true
		return nil
	}
	if r.of != c || !c.shared {
		if err := r.about(c, at); err != nil {
			return err
		}
		r.of = c
	}
	return r.message(text, r.rest.m, standing{seat: at.seat, wording: r.rest.wording})
}

// about reads all of a message but its recipient.
func (r *shapeReader) about(c *compiledReach, at *spot) (err error) {
	r.rest = rest{wording: -1}
	m := &r.rest.m
	if m.From, err = r.first(c.sender, at); err != nil {
		return err
	}
	if m.Template, err = r.first(c.template, at); err != nil {
		return err
	}
	kind, err := r.first(c.kind, at)
	if err != nil {
		return err
	}
	m.MarketingOnly = r.promoted(kind)
	medium, err := r.first(c.medium, at)
	if err != nil {
		return err
	}
	if m.To.Channel, err = r.carrier(medium); err != nil {
		return err
	}
	when, err := r.first(c.when, at)
	if err != nil {
		return err
	}
	if m.SendAt, err = r.time(when); err != nil {
		return err
	}
	markup, err := r.first(c.markup, at)
	if err != nil {
		return err
	}
	if err := r.text(c, at); err != nil {
		return err
	}
	r.b.parsed.spread.mark(r.rest.wording, markup)
	if !r.b.Extras {
		return nil
	}
	m.Extra, err = r.extras(c, at)
	return err
}

// text reads the first text that is there.
func (r *shapeReader) text(c *compiledReach, at *spot) error {
	for i := range c.text {
		n, err := r.find(&c.text[i].located, at)
		if err != nil {
			return err
		}
		switch node := &r.d.nodes[n]; {
		case n == 0, node.kind == 'n':
		case c.text[i].below != "":
			if found, err := r.listed(&c.text[i], n); found || err != nil {
				return err
			}
		case node.kind != '"':
			return r.b.unreadable(0, "the text of a message is not text")
		case node.start < node.end:
			s := &r.b.parsed.spread
			if r.rest.wording = s.worded(n); r.rest.wording < 0 {
				r.rest.wording = r.wording(n, r.b.parsed.unquoted(r.d, n), c.text[i].most, inBody, int(node.end))
			}
			return nil
		}
	}
	return nil
}

// find is the node of l for a recipient at a spot, or 0.
func (r *shapeReader) find(l *located, at *spot) (int, error) {
	i := 0
	if l.depth > 0 {
		i = int(at.elements[l.depth-1])
	}
	for _, key := range l.rest {
		if r.d.nodes[i].kind != '{' {
			return 0, nil
		}
		if err := r.tidy(i); err != nil {
			return 0, err
		}
		if i = r.d.member(i, key); i == 0 {
			return 0, nil
		}
	}
	return i, nil
}

// first is the first text or number that stands at one of ls; empty for none.
func (r *shapeReader) first(ls []located, at *spot) (string, error) {
	for i := range ls {
		node, err := r.find(&ls[i], at)
		if err != nil {
			return "", err
		}
		if node == 0 {
			continue
		}
		switch r.d.nodes[node].kind {
		case '"':
			if r.d.nodes[node].start < r.d.nodes[node].end {
				return r.b.parsed.unquoted(r.d, node), nil
			}
		case '0':
			return r.b.parsed.copied(r.d.raw(node)), nil
		case '{', '[':
			return "", r.b.unreadable(0, "what should be text is a list or an object")
		}
	}
	return "", nil
}

// extras is what else the recipient at a spot would see.
func (r *shapeReader) extras(c *compiledReach, at *spot) (string, error) {
	p := &r.b.parsed
	start := len(p.text)
	for i := range c.extra {
		node, err := r.find(&c.extra[i], at)
		if err != nil {
			return "", err
		}
		below := ""
		for n := range c.text {
			if list, _ := r.find(&c.text[n].located, at); list == node {
				below = c.text[n].below
			}
		}
		switch {
		case node != 0 && below != "":
			p.text = r.beside(p.text, node, below)
		case node != 0:
			p.text = append(append(p.text, r.d.raw(node)...), '\n')
		}
	}
	return p.keep(start), nil
}
