package providers

import "bytes"

// A document is a JSON text and its nodes.
type document struct {
	src   []byte
	nodes []node
}

// first is the first member of object obj; 0 means that it has none, or is no object.
func (d document) first(obj int) int {
	o := &d.nodes[obj]
	if o.kind != '{' || obj+1 >= len(d.nodes) || d.nodes[obj+1].start >= o.end {
		return 0
	}
	return obj + 1
}

// child is the first element of a list or member of an object; 0 means that it has none, or is neither.
func (d document) child(i int) int {
	n := &d.nodes[i]
	if n.kind != '[' && n.kind != '{' || i+1 >= len(d.nodes) || d.nodes[i+1].start >= n.end {
		return 0
	}
	return i + 1
}

// member finds the member of object obj called key, or 0. Keys are compared as they are meant, not
// as they are escaped.
func (d document) member(obj int, key string) int {
	var buf [64]byte
	for i := d.first(obj); i != 0; i = int(d.nodes[i].next) {
		if string(d.key(i, buf[:0])) == key {
			return i
		}
	}
	return 0
}

// within finds the member that a way of keys leads to from object obj, or 0.
func (d document) within(obj int, keys ...string) int {
	for _, key := range keys {
		if obj = d.member(obj, key); obj == 0 {
			return 0
		}
	}
	return obj
}

// any reports whether object obj has a member called like one of keys.
func (d document) any(obj int, keys []string) bool {
	for _, key := range keys {
		if d.member(obj, key) != 0 {
			return true
		}
	}
	return false
}

// nearly reports whether object obj has a member that is one of keys but for letter case.
func (d document) nearly(obj int, keys []string) bool {
	var buf [64]byte
	for i := d.first(obj); i != 0; i = int(d.nodes[i].next) {
		name := d.key(i, buf[:0])
		for _, key := range keys {
			if fold(name, key) && string(name) != key {
				return true
			}
		}
	}
	return false
}

// key is the decoded key of member i, in buf if it had to be decoded.
func (d document) key(i int, buf []byte) []byte {
	raw := d.src[d.nodes[i].key:d.nodes[i].keyEnd]
	if d.nodes[i].sign == '@' {
		return append(append(buf, '@'), raw...)
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	return unquote(buf, raw)
}

// called reports whether member i has this key.
func (d document) called(i int, key string) bool {
	var buf [64]byte
	return string(d.key(i, buf[:0])) == key
}

// isOneOf reports whether member i has one of keys.
func (d document) isOneOf(i int, keys []string) bool {
	for _, key := range keys {
		if d.called(i, key) {
			return true
		}
	}
	return false
}

// lettered reports whether node i is text with a letter in it, written without escapes.
func (d document) lettered(i int) bool {
	return d.nodes[i].kind == '"' && !d.nodes[i].escaped &&
		bytes.ContainsFunc(d.raw(i), func(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' })
}

// raw is the value of node i as written; of a string, what is between its quotes.
func (d document) raw(i int) []byte { return d.src[d.nodes[i].start:d.nodes[i].end] }

// is reports whether node i is the string text, written without escapes.
func (d document) is(i int, text string) bool {
	return d.nodes[i].kind == '"' && string(d.raw(i)) == text
}

// xml reports whether the text is XML.
func (d document) xml() bool { return d.nodes[0].sign == '<' }

// value is the text of an element of XML that has attributes, and any other node itself.
func (d document) value(i int) int {
	if d.xml() && d.nodes[i].kind == '{' {
		for j := d.child(i); j != 0; j = int(d.nodes[j].next) {
			if d.nodes[j].key == 0 {
				return j
			}
		}
	}
	return i
}

// text appends what string i stands for.
func (d document) text(dst []byte, i int) []byte {
	switch {
	case !d.nodes[i].escaped:
		return append(dst, d.raw(i)...)
	case d.xml():
		return decodeXML(dst, d.raw(i))
	}
	return unquote(dst, d.raw(i))
}

// without is what takes elements out of list or members out of object i, with their commas.
func (d document) without(i int, gone func(i int) bool) (edits []edit) {
	end, kept := -1, false // where the last of them ends, and whether one in front of it stays
	for j := d.child(i); j != 0; j = int(d.nodes[j].next) {
		start, after := d.begin(j), int(d.nodes[j].end)
		if d.nodes[j].kind == '"' {
			after++
		}
		switch blocked := gone(j); {
		case blocked && kept:
			edits = append(edits, edit{start: end, end: after})
		case blocked && d.nodes[j].next != 0:
			edits = append(edits, edit{start: start, end: d.begin(int(d.nodes[j].next))})
		case blocked:
			edits = append(edits, edit{start: start, end: after})
		default:
			kept = true
		}
		end = after
	}
	return edits
}

// begin is where an element, or a member with its key, begins.
func (d document) begin(i int) int {
	switch n := &d.nodes[i]; {
	case n.keyEnd > 0:
		return int(n.key) - 1
	case n.kind == '"':
		return int(n.start) - 1
	default:
		return int(n.start)
	}
}
