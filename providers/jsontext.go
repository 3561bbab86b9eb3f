package providers

import (
	"unicode/utf16"
	"unicode/utf8"
)

// unescape decodes the escape sequence that b begins with. A surrogate pair counts as one; half of
// one is utf8.RuneError of size 6. Size 0 means that it is no escape.
func unescape(b []byte) (r rune, size int) {
	if len(b) < 2 || b[0] != '\\' {
		return 0, 0
	}
	switch b[1] {
	case '"', '\\', '/':
		return rune(b[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
	default:
		return 0, 0
	}
	r, ok := hex4(b[2:])
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		if low, ok := hex4(b[8:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
	}
	return utf8.RuneError, 6
}

// hex4 is the number of four hexadecimal digits.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		d := unhex(c)
		if d > 15 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

// unquote appends to dst the text that src, valid between two quotes, stands for.
func unquote(dst, src []byte) []byte {
	for i := 0; i < len(src); {
		if src[i] != '\\' {
			dst = append(dst, src[i])
			i++
			continue
		}
		r, size := unescape(src[i:])
		dst = utf8.AppendRune(dst, r)
		i += size
	}
	return dst
}

// escapeJSON appends s to dst as it stands between two quotes.
func escapeJSON(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// hash is FNV-1a over the decoded key: equal keys have equal hashes. Two different keys with one
// hash are taken for the same and refused; nobody meets them by chance.
func (s *scanner) hash(start, end int32, escaped bool) uint64 {
	key := s.src[start:end]
	if escaped {
		var buf [64]byte
		key = unquote(buf[:0], key)
	}
	h := uint64(14695981039346656037)
	for _, c := range key {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// A document is a JSON text and its nodes.
type document struct {
	src   []byte
	nodes []node
}

// member finds the member of object obj called key; 0 means that there is none, or that obj is no
// object. Keys are compared as they are meant, not as they are escaped.
func (d document) member(obj int, key string) int {
	for i := d.first(obj); i != 0; i = int(d.nodes[i].next) {
		if d.named(i, key, false) {
			return i
		}
	}
	return 0
}

// nearly reports whether object obj has a member that is one of keys but for letter case.
func (d document) nearly(obj int, keys []string) bool {
	for i := d.first(obj); i != 0; i = int(d.nodes[i].next) {
		for _, key := range keys {
			if d.named(i, key, true) && !d.named(i, key, false) {
				return true
			}
		}
	}
	return false
}

// first is the first member of object obj, or 0.
func (d document) first(obj int) int {
	o := &d.nodes[obj]
	if o.kind != '{' || obj+1 >= len(d.nodes) || d.nodes[obj+1].start >= o.end {
		return 0
	}
	return obj + 1
}

func (d document) named(i int, key string, anyCase bool) bool {
	name := d.src[d.nodes[i].key:d.nodes[i].keyEnd]
	var buf [64]byte
	for _, c := range name {
		if c == '\\' {
			name = unquote(buf[:0], name)
			break
		}
	}
	if anyCase {
		return fold(name, key)
	}
	return string(name) == key
}

// raw is the value of node i as written; of a string, what is between its quotes.
func (d document) raw(i int) []byte { return d.src[d.nodes[i].start:d.nodes[i].end] }
