package providers

import (
	"fmt"
	"strconv"
)

// A node is one value of a JSON text, with the key it stands under. Nodes lie in the order of the
// text: the first child of node i, if it has one, is node i+1, and next is the sibling.
type node struct {
	kind       byte  // { [ " 0 t f n: the first letter of the value, 0 for any number
	escaped    bool  // the string has a backslash in it
	sign       byte  // < for all of an XML text, @ for an attribute of one
	start, end int32 // the bytes of the value; of a string, those between its quotes
	key        int32 // where the key starts, behind its quote
	keyEnd     int32
	next       int32  // index of the next sibling, or 0
	name       uint64 // hash of the decoded key
}

// Limits of a JSON body. WhatsApp's own messages nest nine deep and have about a dozen members an
// object; the limits keep checking cheap.
const (
	maxDepth   = 32
	maxMembers = 128
	maxNodes   = 16 << 10  // values in all
	maxResults = 256 << 10 // values in all of an answer, which says more of each recipient than the request
	maxJSON    = 64 << 20  // bytes: the longest e-mail that a service takes, 40 MB, in base64
)

// A jsonError says what is wrong with a JSON text, and where.
type jsonError struct {
	what string
	at   int // byte
}

func (e *jsonError) Error() string { return fmt.Sprintf("%s (byte %d)", e.what, e.at) }

// scanner reads a JSON text into nodes. It is stricter than the grammar of RFC 8259: no key twice
// in an object, valid UTF-8, no half surrogates, and the limits above. What it accepts,
// encoding/json accepts.
type scanner struct {
	src     []byte
	i       int
	nodes   []node
	members int // how many an object may have
	values  int // how many there may be in all
	fault   *jsonError
}

// scanJSON appends the nodes of src to nodes. A byte order mark in front is skipped.
func scanJSON(src []byte, nodes []node) ([]node, error) { return scanMembers(src, nodes, maxMembers) }

// scanMembers is scanJSON for objects that may have some other number of members.
func scanMembers(src []byte, nodes []node, members int) ([]node, error) {
	return scan(src, nodes, members, maxNodes)
}

// scanResults is the nodes of an answer.
func scanResults(src []byte) ([]node, error) { return scan(src, nil, maxMembers, maxResults) }

func scan(src []byte, nodes []node, members, values int) ([]node, error) {
	s := scanner{src: src, nodes: nodes, members: members, values: values}
	if len(src) > maxJSON {
		return nodes, &jsonError{"the JSON body is too large", len(src)}
	}
	if len(src) > 2 && src[0] == 0xEF && src[1] == 0xBB && src[2] == 0xBF {
		s.i = 3
	}
	s.space()
	if s.value(0) {
		s.space()
		if s.i < len(src) {
			s.fail("something follows the JSON body")
		}
	}
	if s.fault != nil {
		return s.nodes, s.fault
	}
	return s.nodes, nil
}

// fail notes what is wrong at the current byte. It returns false, so that callers can end with it.
func (s *scanner) fail(what string) bool {
	if s.fault == nil {
		s.fault = &jsonError{what, s.i}
	}
	return false
}

func (s *scanner) space() {
	for s.i < len(s.src) {
		switch s.src[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// peek is the current byte, or 0 at the end.
func (s *scanner) peek() byte {
	if s.i < len(s.src) {
		return s.src[s.i]
	}
	return 0
}

// value reads one value into a node of its own.
func (s *scanner) value(depth int) bool {
	n := len(s.nodes)
	if n == s.values {
		return s.fail("the JSON body has more than " + strconv.Itoa(s.values) + " values")
	}
	s.nodes = append(s.nodes, node{kind: s.peek(), start: int32(s.i)})
	switch c := s.peek(); {
	case c == '{':
		return s.within(depth) && s.object(n, depth+1)
	case c == '[':
		return s.within(depth) && s.array(n, depth+1)
	case c == '"':
		start, end, escaped, ok := s.text()
		s.nodes[n].start, s.nodes[n].end, s.nodes[n].escaped = start, end, escaped
		return ok
	case c == '-' || '0' <= c && c <= '9':
		s.nodes[n].kind = '0'
		ok := s.number()
		s.nodes[n].end = int32(s.i)
		return ok
	case s.literal("true") || s.literal("false") || s.literal("null"):
		s.nodes[n].end = int32(s.i)
		return true
	}
	return s.fail("the body is not valid JSON")
}

func (s *scanner) within(depth int) bool {
	return depth < maxDepth || s.fail("the JSON body nests deeper than 32 levels")
}

func (s *scanner) literal(text string) bool {
	if len(s.src)-s.i < len(text) || string(s.src[s.i:s.i+len(text)]) != text {
		return false
	}
	s.i += len(text)
	return true
}

// object reads the members of node n.
func (s *scanner) object(n, depth int) bool {
	s.i++
	last := 0
	for members := 0; ; members++ {
		s.space()
		if s.peek() == '}' && members == 0 {
			break
		}
		if s.peek() != '"' {
			return s.fail("the body is not valid JSON")
		}
		at := s.i
		key, keyEnd, escaped, ok := s.text()
		if !ok {
			return false
		}
		name := s.hash(key, keyEnd, escaped)
		if members > 0 && !s.fresh(n+1, name) {
			s.i = at
			return s.fail("the JSON body has a key twice in one object")
		}
		if members == s.members {
			return s.fail("the JSON body has an object of more than " + strconv.Itoa(s.members) + " members")
		}
		s.space()
		if s.peek() != ':' {
			return s.fail("the body is not valid JSON")
		}
		s.i++
		s.space()
		this, more, ok := s.child(last, depth)
		if !ok {
			return false
		}
		s.nodes[this].key, s.nodes[this].keyEnd, s.nodes[this].name = key, keyEnd, name
		if last = this; !more {
			break
		}
	}
	return s.close(n, '}')
}

// fresh reports whether no member from node first on is called name.
func (s *scanner) fresh(first int, name uint64) bool {
	for i := first; ; {
		if s.nodes[i].name == name {
			return false
		}
		if i = int(s.nodes[i].next); i == 0 {
			return true
		}
	}
}

// array reads the elements of node n.
func (s *scanner) array(n, depth int) bool {
	s.i++
	last := 0
	for elements := 0; ; elements++ {
		s.space()
		if s.peek() == ']' && elements == 0 {
			break
		}
		this, more, ok := s.child(last, depth)
		if !ok {
			return false
		}
		if last = this; !more {
			break
		}
	}
	return s.close(n, ']')
}

// child reads one value of an object or array, makes it the sibling of node last, unless that is 0,
// and tells whether a comma follows.
func (s *scanner) child(last, depth int) (this int, more, ok bool) {
	this = len(s.nodes)
	if !s.value(depth) {
		return 0, false, false
	}
	if last != 0 {
		s.nodes[last].next = int32(this)
	}
	s.space()
	if more = s.peek() == ','; more {
		s.i++
	}
	return this, more, true
}

func (s *scanner) close(n int, bracket byte) bool {
	if s.peek() != bracket {
		return s.fail("the body is not valid JSON")
	}
	s.i++
	s.nodes[n].end = int32(s.i)
	return true
}

// number reads one number; nothing computes with it, so it stays as it is written.
func (s *scanner) number() bool {
	if s.peek() == '-' {
		s.i++
	}
	switch c := s.peek(); {
	case c == '0':
		s.i++
	case !s.figures():
		return s.fail("the body is not valid JSON")
	}
	if s.peek() == '.' {
		s.i++
		if !s.figures() {
			return s.fail("the body is not valid JSON")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.i++
		if c := s.peek(); c == '+' || c == '-' {
			s.i++
		}
		if !s.figures() {
			return s.fail("the body is not valid JSON")
		}
	}
	return true
}

// figures reads one or more digits.
func (s *scanner) figures() bool {
	start := s.i
	for '0' <= s.peek() && s.peek() <= '9' {
		s.i++
	}
	return s.i > start
}
