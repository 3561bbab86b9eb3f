package providers

import (
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string: the current byte is its quote.
func (s *scanner) text() (start, end int32, escaped, ok bool) {
	s.i++
	start = int32(s.i)
	for s.i < len(s.src) {
		switch c := s.src[s.i]; {
		case c == '"':
			end = int32(s.i)
			s.i++
			return start, end, escaped, true
		case c == '\\':
			escaped = true
			if !s.escape() {
				return 0, 0, false, false
			}
		case c < ' ':
			return 0, 0, false, s.fail("the JSON body has a control character in a string")
		case c < utf8.RuneSelf:
			s.i++
		default:
			r, size := utf8.DecodeRune(s.src[s.i:])
			if r == utf8.RuneError && size == 1 {
				return 0, 0, false, s.fail("the JSON body is not valid UTF-8")
			}
			s.i += size
		}
	}
	return 0, 0, false, s.fail("the body is not valid JSON")
}

// escape reads one escape sequence, or a surrogate pair of two.
func (s *scanner) escape() bool {
	r, size := unescape(s.src[s.i:])
	if size == 0 {
		return s.fail("the JSON body has a broken escape in a string")
	}
	if r == utf8.RuneError && size == 6 && !s.replacement() {
		return s.fail("the JSON body has half a surrogate pair in a string")
	}
	s.i += size
	return true
}

// replacement reports whether the escape at the current byte means U+FFFD itself.
func (s *scanner) replacement() bool {
	r, _ := hex4(s.src[s.i+2:])
	return r == utf8.RuneError
}

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
