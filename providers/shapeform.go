package providers

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// A paramAt is where a parameter stands, and which name that is read it has, or -1.
type paramAt struct {
	start, end      int32
	name, nameEnd   int32
	value, valueEnd int32
	key             int32
	file            bool
	// length and lengthEnd are where the length of the value is said; 0: nowhere.
	length, lengthEnd int32
}

// form reads the parameters of a form or a query, src, which begins at byte offset.
func (r *shapeReader) form(src []byte, in place, offset int) error {
	s := &r.b.parsed.spread
	s.written = formText
	for i := 0; i < len(src); {
		start := i
		var p param
		p, i = nextParam(src, i)
		if err := r.b.semicolons(p, r.keys); err != nil {
			return err
		}
		key, found, err := r.b.named(r.bare(p.name), r.keys)
		if err != nil {
			return err
		}
		if !found {
			key = -1
		}
		s.params = append(s.params, paramAt{start: int32(start), end: int32(p.end), name: int32(start), nameEnd: int32(start + len(p.name)),
			value: int32(p.end - len(p.value)), valueEnd: int32(p.end), key: int32(key)})
	}
	return r.parameters(src, in, offset)
}

// parameters reads the messages of src, whose parameters were found.
func (r *shapeReader) parameters(src []byte, in place, offset int) error {
	for _, name := range r.refused {
		if _, _, there, err := r.named(src, name); there || err != nil {
			return r.b.unreadable(0, "the body has a parameter that no send to %s has", r.service)
		}
	}
	for _, e := range r.compiled.unseen {
		text, _, _, err := r.named(src, e[0].key)
		if err != nil {
			return err
		}
		r.hides = r.hides || text != ""
	}
	for i := range r.reaches {
		var err error
		switch c := &r.reaches[i]; {
		case c.flat():
			err = r.reachForm(c, src, in, offset)
		case c.inner():
			err = r.reachInner(c, src, in, offset)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bare is a name of a parameter without the brackets that a list may have behind it.
func (r *shapeReader) bare(name []byte) []byte {
	for i := range r.reaches {
		e := r.reaches[i].expression
		if !e.flat() || e[0].kind != '[' {
			continue
		}
		for _, mark := range []string{"[]", "%5B%5D", "%5b%5d"} {
			if rest, ok := bytes.CutSuffix(name, []byte(mark)); ok && string(rest) == e[0].key {
				return rest
			}
		}
	}
	return name
}

// reachForm reads the recipients of one parameter, or of several of one name.
func (r *shapeReader) reachForm(c *compiledReach, src []byte, in place, offset int) error {
	s := &r.b.parsed.spread
	if err := r.aboutForm(c, src, in, offset); err != nil {
		return err
	}
	least := int32(1)
	if c.optional {
		least = 0
	}
	l, firm := s.open(in, 0, least), false
	s.lists[l].object = 0 // other parameters stand between these, which may go as well
	for n, at := range s.params {
		if at.key < 0 || r.keys[at.key] != c.expression[0].key {
			firm = firm || at.key < 0 || !r.reached(at.key)
			continue
		}
		if s.lists[l].seats > 0 && c.expression[0].kind == 0 {
			return r.b.unreadable(0, "the parameter %s is there more than once", r.keys[at.key])
		}
		st := seat{start: at.start + int32(offset), end: at.end + int32(offset), before: -1, after: -1, firm: firm}
		if n > 0 {
			st.before = s.params[n-1].end + int32(offset)
		}
		if n+1 < len(s.params) {
			st.after = s.params[n+1].start + int32(offset)
		}
		if err := r.value(c, src[at.value:at.valueEnd], in, offset+int(at.value), s.take(l, st)); err != nil {
			return err
		}
	}
	return nil
}

// reached reports whether a name that is read has recipients.
func (r *shapeReader) reached(key int32) bool {
	for i := range r.reaches {
		if e := r.reaches[i].expression; e.flat() && e[0].key == r.keys[key] {
			return true
		}
	}
	return false
}

// value reads the recipient in the value of a parameter, which begins at byte offset, or several in one text.
func (r *shapeReader) value(c *compiledReach, raw []byte, in place, offset int, at int32) error {
	text, err := r.decoded(raw, c.expression[0].key)
	if err != nil {
		return err
	}
	if c.split == "" {
		return r.addForm(text, at)
	}
	return r.joined(c, r.b.parsed.spread.open(in, at, 1), raw, int32(offset),
		func(text string, seat int32) error { return r.addForm(text, seat) })
}

func (r *shapeReader) addForm(text string, seat int32) error {
	if r.group != nil && r.group(text) {
		r.hides = true
		return nil
	}
	return r.message(text, r.rest.m, standing{seat: seat, wording: r.rest.wording})
}

// decoded is the value of a parameter, which lives as long as the batch.
func (r *shapeReader) decoded(raw []byte, key string) (string, error) {
	b := r.b
	start, ok := len(b.parsed.text), false
	if b.parsed.text, ok = b.parsed.spread.written.decode(b.parsed.text, raw); !ok {
		return "", errEscape
	}
	if !utf8.Valid(b.parsed.text[start:]) {
		return "", b.unreadable(0, "the parameter %s is not valid UTF-8", key)
	}
	return b.parsed.keep(start), nil
}

// aboutForm reads all of the messages but the recipients.
func (r *shapeReader) aboutForm(c *compiledReach, src []byte, in place, offset int) (err error) {
	r.rest = rest{wording: -1}
	m := &r.rest.m
	var kind, medium, when, markup string
	for _, part := range [...]struct {
		from []located
		to   *string
	}{{c.sender, &m.From}, {c.template, &m.Template}, {c.kind, &kind}, {c.medium, &medium}, {c.when, &when}, {c.markup, &markup}} {
		if *part.to, err = r.firstParam(src, part.from); err != nil {
			return err
		}
	}
	m.From, m.MarketingOnly = r.abroad(m.From), r.promoted(kind)
	if m.To.Channel, err = r.carrier(medium); err != nil {
		return err
	}
	if m.SendAt, err = r.time(when); err != nil {
		return err
	}
	if err := r.textForm(c, src, in, offset, markup); err != nil || !r.b.Extras {
		return err
	}
	for i := range c.extra {
		l := &c.extra[i]
		// What is a member of a parameter, in which it stands as JSON, is told with the first of them.
		if l.depth > 0 || slices.ContainsFunc(c.extra[:i], func(o located) bool { return o.depth == 0 && o.rest[0] == l.rest[0] }) {
			continue
		}
		text, _, _, err := r.named(src, l.rest[0])
		if err != nil {
			return err
		}
		for n := range c.text {
			if t := &c.text[n]; t.below != "" && slices.Equal(t.rest, c.extra[i].rest) && text != "" {
				text = string(besideNested(nil, text, t.below))
			}
		}
		m.Extra += text
	}
	for _, at := range r.b.parsed.spread.params {
		if at.file {
			m.Extra += filed(src, at)
		}
	}
	return nil
}

// textForm reads the first text that is there.
func (r *shapeReader) textForm(c *compiledReach, src []byte, in place, offset int, markup string) error {
	for i := range c.text {
		l := &c.text[i]
		if len(l.rest) > 2 || l.depth > 0 {
			continue
		}
		text, at, there, err := r.named(src, l.rest[0])
		switch {
		case err != nil:
			return err
		case !there, text == "":
		case len(l.rest) == 2:
			w := wordingOf(int(at.valueEnd)+1, memberText(text, l.rest[1]), 0, in, offset+int(at.valueEnd))
			if w.text != "" && r.found(l, w, offset+int(at.value)) {
				return nil
			}
		case l.below != "":
			end := int(at.valueEnd)
			found, err := r.nested(l, text, wording{key: end + 1, place: in}, src[at.value:end], offset+int(at.value))
			if found || err != nil {
				return err
			}
		default:
			w := wordingOf(int(at.valueEnd)+1, text, l.most, in, offset+int(at.valueEnd))
			w.markup = markup
			if r.found(l, w, offset+int(at.value)) {
				return nil
			}
		}
	}
	return nil
}

// firstParam is the first of ls that is there and not empty.
func (r *shapeReader) firstParam(src []byte, ls []located) (string, error) {
	for i := range ls {
		if len(ls[i].rest) != 1 || ls[i].depth > 0 {
			continue
		}
		if text, _, _, err := r.named(src, ls[i].rest[0]); err != nil || text != "" {
			return text, err
		}
	}
	return "", nil
}

// named is the value of the one parameter of a name, and where it stands. The value of a file is empty.
func (r *shapeReader) named(src []byte, name string) (text string, found paramAt, there bool, err error) {
	for _, at := range r.b.parsed.spread.params {
		if at.key < 0 || r.keys[at.key] != name {
			continue
		}
		if there {
			return "", at, true, r.b.unreadable(0, "the parameter %s is there more than once", name)
		}
		found, there = at, true
		if at.file {
			continue
		}
		if text, err = r.decoded(src[at.value:at.valueEnd], name); err != nil {
			return "", at, true, err
		}
	}
	return text, found, there, nil
}
