package providers

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
)

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
		there, err := r.holds(0, e)
		if err != nil {
			return err
		}
		r.hides = r.hides || there
	}
	for i := range r.reaches {
		if err := r.walk(&r.reaches[i], 0, r.reaches[i].expression, &spot{}); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether anything stands at e, from node i on.
func (r *shapeReader) holds(i int, e expression) (there bool, err error) {
	n := &r.d.nodes[i]
	switch {
	case len(e) == 0:
		return n.kind != 'n' && (n.kind != '[' && n.kind != '{' || r.d.child(i) != 0) && (n.kind != '"' || n.start < n.end), nil
	case e[0].key != "":
		if n.kind != '{' {
			return false, nil
		}
		if err := r.tidy(i); err != nil {
			return false, err
		}
		if i = r.d.member(i, e[0].key); i == 0 {
			return false, nil
		}
	}
	if e[0].kind == 0 || r.d.nodes[i].kind != '[' {
		return r.holds(i, e[1:])
	}
	for j := r.d.child(i); j != 0; j = int(r.d.nodes[j].next) {
		if there, err = r.holds(j, e[1:]); there || err != nil {
			return there, err
		}
	}
	return false, nil
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
			near = near || len(name) == len(key) && bytes.EqualFold(name, []byte(key)) || r.d.xml() && strings.EqualFold(local(string(name)), local(key))
		}
		if near && r.d.xml() {
			return r.b.unreadable(0, "the name of an element or attribute differs from a known one by letter case or prefix alone")
		}
		if near {
			return r.b.unreadable(0, "a key of the JSON body differs from a known one by letter case alone")
		}
	}
	return nil
}

// local is the name of an element or attribute without its prefix.
func local(name string) string {
	at := ""
	if strings.HasPrefix(name, "@") {
		at = "@"
	}
	if _, after, ok := strings.Cut(name, ":"); ok {
		return at + after
	}
	return name
}

// add adds the message to a recipient, written as text, with what belongs to it.
func (r *shapeReader) add(c *compiledReach, text string, at *spot) error {
	if r.group != nil && r.group(text) {
		r.hides = true
		return nil
	}
	if r.of != c || !slices.Equal(r.within[:c.deep], at.elements[:c.deep]) {
		if err := r.about(c, at); err != nil {
			return err
		}
		r.of, r.within = c, at.elements
	}
	return r.message(text, r.rest.m, standing{seat: at.seat, wording: r.rest.wording, other: c.also != nil})
}

// about reads all of a message but its recipient.
func (r *shapeReader) about(c *compiledReach, at *spot) (err error) {
	r.rest = rest{wording: -1}
	m := &r.rest.m
	if m.From, err = r.first(c.sender, at); err != nil {
		return err
	}
	m.From = r.abroad(m.From)
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
	if c.also != nil {
		m.To.Channel = c.also.channel
	} else if m.To.Channel, err = r.carrier(medium); err != nil {
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
	if markup != "" {
		r.b.parsed.spread.mark(r.rest.wording, markup)
	}
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
		case c.text[i].below != "" && node.kind == '"':
			w := wording{key: n, place: inBody}
			if found, err := r.nested(&c.text[i], r.b.parsed.unquoted(r.d, n), w, r.d.raw(n), int(node.start)); found || err != nil {
				return err
			}
		case c.text[i].below != "":
			if found, err := r.listed(&c.text[i], n); found || err != nil {
				return err
			}
		case node.kind != '"':
			return r.b.unreadable(0, "the text of a message is not text")
		case node.start < node.end:
			if known := r.b.parsed.spread.worded(n); known >= 0 {
				r.rest.wording = known
				return nil
			}
			w := wordingOf(n, r.b.parsed.unquoted(r.d, n), c.text[i].most, inBody, int(node.end))
			if r.found(&c.text[i], w, int(node.start)) {
				return nil
			}
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
	return r.d.value(i), nil
}

// maxWord is how long what is no text of a message may be, in bytes: each recipient may have a copy.
const maxWord = 2 << 10

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
		switch kind := r.d.nodes[node].kind; {
		case (kind == '"' || kind == '0') && len(r.d.raw(node)) > maxWord:
			return "", r.b.unreadable(0, "a name, such as that of a sender or of a template, is longer than 2 KiB")
		case kind == '"':
			if r.d.nodes[node].start < r.d.nodes[node].end {
				return r.b.parsed.unquoted(r.d, node), nil
			}
		case kind == '0':
			return r.b.parsed.copied(r.d.raw(node)), nil
		case kind == '{', kind == '[':
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
		case node != 0 && below != "" && r.d.nodes[node].kind == '"':
			p.text = besideNested(p.text, string(unquote(nil, r.d.raw(node))), below)
		case node != 0 && below != "":
			p.text = r.beside(p.text, node, below)
		case node != 0:
			p.text = append(r.brief(p.text, node), '\n')
		}
	}
	return p.keep(start), nil
}

// brief appends node n as it is written, or a digest of it where that is long: each recipient may have a copy.
func (r *shapeReader) brief(dst []byte, n int) []byte {
	raw := r.d.raw(n)
	if len(raw) <= maxWord {
		return append(dst, raw...)
	}
	if _, ok := r.digests[n]; !ok {
		if r.digests == nil {
			r.digests = make(map[int][sha256.Size]byte)
		}
		r.digests[n] = sha256.Sum256(raw)
	}
	sum := r.digests[n]
	return append(dst, sum[:]...)
}
