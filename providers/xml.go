package providers

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// An xmlScanner reads an XML text into nodes, as JSON would have them: an element that has others or attributes is
// an object, whose members are called by the names of those, with @ in front of attributes, any other is a text,
// and elements of one name that may be there several times are a list. The text of an element with attributes
// is a member without a name. All is an object whose member is the root.
//
// It is stricter than the grammar: no document type, no entities but the five, no comments, no instructions, no text
// beside elements, UTF-8, the limits of JSON, and no element twice that is read once. What it accepts, encoding/xml
// accepts. Source: https://www.w3.org/TR/xml/
type xmlScanner struct {
	src   []byte
	i     int
	nodes []node
	keys  []string // names that are read
	lists []string // those that may be there several times
	fault *jsonError
}

// scanXML appends the nodes of src to nodes. Names of elements that are read are keys, of which those in lists may
// be there several times, one behind another.
func scanXML(src []byte, nodes []node, keys, lists []string) ([]node, error) {
	s := xmlScanner{src: src, nodes: append(nodes, node{kind: '{', sign: '<', end: int32(len(src))}), keys: keys, lists: lists}
	switch {
	case len(src) > maxJSON:
		s.fail("the XML body is too large")
	case !utf8.Valid(src) || !xmlChars(src):
		s.fail("the XML body is not in UTF-8, or has a control character")
	default:
		s.i = len(src) - len(bytes.TrimPrefix(src, []byte("\uFEFF")))
		if s.declaration() {
			s.space()
			if s.element(0) {
				if s.space(); s.i < len(src) {
					s.fail("something follows the XML body")
				}
			}
		}
	}
	if s.fault != nil {
		return s.nodes, s.fault
	}
	return s.nodes, nil
}

func (s *xmlScanner) fail(what string) bool {
	if s.fault == nil {
		s.fault = &jsonError{what, s.i}
	}
	return false
}

const notXML = "the body is not XML of elements, attributes and texts alone"

// xmlChars reports whether src has only characters that XML has.
func xmlChars(src []byte) bool {
	return !bytes.ContainsFunc(src, func(r rune) bool { return !xmlChar(r) })
}

func xmlChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || ' ' <= r && r <= 0xD7FF || 0xE000 <= r && r <= 0xFFFD || r >= 0x10000
}

func (s *xmlScanner) space() (some bool) {
	for s.i < len(s.src) && strings.IndexByte(" \t\r\n", s.src[s.i]) >= 0 {
		s.i++
		some = true
	}
	return some
}

func (s *xmlScanner) skip(text string) bool {
	if !bytes.HasPrefix(s.src[s.i:], []byte(text)) {
		return false
	}
	s.i += len(text)
	return true
}

// element reads the element at the current byte into a node, with those in it.
func (s *xmlScanner) element(depth int) bool {
	start := s.i
	if depth == maxDepth || len(s.nodes) >= maxNodes {
		return s.fail("the XML body has more than 32 levels or 16384 values")
	}
	if !s.skip("<") {
		return s.fail(notXML)
	}
	name, ok := s.name()
	if !ok {
		return s.fail(notXML)
	}
	n := len(s.nodes)
	s.nodes = append(s.nodes, node{kind: '{', start: int32(start), key: int32(name.start), keyEnd: int32(name.end)})
	last, ok := s.attributes(n)
	if !ok {
		return s.fail(notXML)
	}
	from := s.i
	switch {
	case s.skip("/>"):
		s.text(n, last, from, from, false)
	case s.skip(">"):
		if !s.content(n, last, name, depth) {
			return s.fail(notXML)
		}
	default:
		return s.fail(notXML)
	}
	if s.nodes[n].kind == '{' {
		s.nodes[n].end = int32(s.i)
	}
	return true
}

// attributes reads those of node n, and tells which node is the last; 0: none.
func (s *xmlScanner) attributes(n int) (last int, ok bool) {
	for {
		some := s.space()
		if s.i >= len(s.src) || s.src[s.i] == '>' || s.src[s.i] == '/' {
			return last, true
		}
		name, value, ok := s.attribute()
		if !ok || !some {
			return 0, false
		}
		for i := n + 1; i < len(s.nodes); i++ {
			if string(s.src[s.nodes[i].key:s.nodes[i].keyEnd]) == string(s.src[name.start:name.end]) {
				return 0, false
			}
		}
		last = s.link(last, node{kind: '"', sign: '@', escaped: true, start: int32(value.start), end: int32(value.end), key: int32(name.start), keyEnd: int32(name.end)})
	}
}

// link appends a node, the sibling of node last unless that is 0.
func (s *xmlScanner) link(last int, one node) int {
	if last > 0 {
		s.nodes[last].next = int32(len(s.nodes))
	}
	s.nodes = append(s.nodes, one)
	return len(s.nodes) - 1
}

// text makes node n a text, or gives it one where it has attributes, of which the last is node last.
func (s *xmlScanner) text(n, last, from, to int, escaped bool) {
	if last > 0 {
		s.link(last, node{kind: '"', escaped: escaped, start: int32(from), end: int32(to)})
		return
	}
	s.nodes[n].kind, s.nodes[n].escaped, s.nodes[n].start, s.nodes[n].end = '"', escaped, int32(from), int32(to)
}

// content reads what stands between the tags of node n, whose last attribute is node last.
func (s *xmlScanner) content(n, last int, name part, depth int) bool {
	from, attributes, bare, escaped := s.i, last, true, false
	var list run
	for {
		end := bytes.IndexByte(s.src[s.i:], '<')
		if end < 0 {
			return false
		}
		piece := s.src[s.i : s.i+end]
		if !xmlEntities(piece) || bytes.Contains(piece, []byte("]]>")) {
			return false
		}
		bare, escaped = bare && len(bytes.TrimSpace(piece)) == 0, escaped || bytes.ContainsAny(piece, "&\r")
		s.i += end
		switch rest := s.src[s.i:]; {
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			end := bytes.Index(rest, []byte("]]>"))
			if end < 0 {
				return false
			}
			s.i += end + 3
			bare, escaped = false, true
			continue
		case bytes.HasPrefix(rest, []byte("</")):
			to := s.i
			s.i += 2
			closing, ok := s.name()
			if !ok || string(s.src[closing.start:closing.end]) != string(s.src[name.start:name.end]) {
				return false
			}
			s.space()
			if !s.skip(">") {
				return false
			}
			if last == attributes {
				s.text(n, last, from, to, escaped)
				return true
			}
			return bare
		}
		var ok bool
		if last, list, ok = s.child(n, last, list, depth); !ok {
			return false
		}
	}
}

// A run is a list, and the last of its elements.
type run struct{ list, tail int }

// child reads an element in node n, whose last member is node last. Elements of a list stand in one, and one behind
// another.
func (s *xmlScanner) child(n, last int, in run, depth int) (this int, now run, ok bool) {
	probe := *s
	probe.i++
	name, ok := probe.name()
	if !ok {
		return 0, run{}, false
	}
	key := string(s.src[name.start:name.end])
	switch {
	case in.list > 0 && key == string(s.src[s.nodes[in.list].key:s.nodes[in.list].keyEnd]):
		s.nodes[in.tail].next = int32(len(s.nodes))
	case slices.Contains(s.keys, key) && s.there(n, key):
		return 0, run{}, s.fail("an element of the XML body is there more than once, and not one behind another in a list")
	case slices.Contains(s.lists, key):
		last = s.link(last, node{kind: '[', start: int32(s.i), key: int32(name.start), keyEnd: int32(name.end)})
		in.list = last
	default:
		if last > 0 {
			s.nodes[last].next = int32(len(s.nodes))
		}
		return len(s.nodes), run{}, s.element(depth + 1)
	}
	in.tail = len(s.nodes)
	ok = s.element(depth + 1)
	s.nodes[in.list].end = int32(s.i)
	return last, in, ok
}

// there reports whether node n has an element called key by now.
func (s *xmlScanner) there(n int, key string) bool {
	if n+1 >= len(s.nodes) {
		return false
	}
	for i := n + 1; i != 0; i = int(s.nodes[i].next) {
		if s.nodes[i].sign != '@' && string(s.src[s.nodes[i].key:s.nodes[i].keyEnd]) == key {
			return true
		}
	}
	return false
}
