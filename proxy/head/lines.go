package head

import (
	"bytes"
	"encoding/binary"
)

// CutLine cuts the first line off raw, less its CR LF. Anything else that ends a line, and a CR
// inside one, is no line.
func CutLine(raw []byte) (line, rest []byte, ok bool) {
	n := bytes.IndexByte(raw, '\n')
	if n < 1 || raw[n-1] != '\r' {
		return nil, nil, false
	}
	return raw[:n-1], raw[n+1:], true
}

// End is where the blank line ends that ends a head, 0 where none does. Also what is no head
// ends somewhere.
func End(b []byte) int {
	if len(b) > 0 && (b[0] == '\r' || b[0] == '\n') {
		return min(2, len(b))
	}
	if n := bytes.Index(b, []byte("\n\r\n")); n >= 0 {
		return n + 3
	}
	if n := bytes.Index(b, []byte("\n\n")); n >= 0 {
		return n + 2
	}
	return 0
}

// CutHeader parts a line of the form `Name: value`, the value without the blanks around it
// (https://www.rfc-editor.org/rfc/rfc9112#section-5). A folded line begins with a blank and is
// none.
func CutHeader(line []byte) (name, value []byte, ok bool) {
	n := bytes.IndexByte(line, ':')
	if n < 1 || !All(line[:n], IsToken) {
		return nil, nil, false
	}
	value = Trim(line[n+1:])
	return line[:n], value, text(value)
}

// text reports whether all of b is what a header value may hold. It looks at eight bytes at a time,
// and closely at eight that have anything in them below a space, or a DEL.
// https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
func text(b []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(b) >= 8 {
		x := binary.LittleEndian.Uint64(b)
		del := x ^ ones*0x7f
		if ((x-ones*' ')&^x|(del-ones)&^del)&highs != 0 && !All(b[:8], isText) {
			return false
		}
		b = b[8:]
	}
	return All(b, isText)
}

// ValueOf is the value of the first line in raw, which is checked, that has this name in lower case,
// and what follows that line. rest is nil where there is none.
func ValueOf(raw []byte, name string) (value, rest []byte) {
	for {
		line, rest, ok := CutLine(raw)
		if !ok || len(line) == 0 {
			return nil, nil
		}
		if n := bytes.IndexByte(line, ':'); n == len(name) && Fold(line[:n], name) {
			return Trim(line[n+1:]), rest
		}
		raw = rest
	}
}

// All reports whether is holds for all of b.
func All(b []byte, is func(byte) bool) bool {
	for _, c := range b {
		if !is(c) {
			return false
		}
	}
	return true
}

// IsDigit: what a number is made of.
func IsDigit(c byte) bool { return '0' <= c && c <= '9' }

// isText: what a header value may hold (https://www.rfc-editor.org/rfc/rfc9110#section-5.5).
func isText(c byte) bool { return c >= ' ' && c != 0x7f || c == '\t' }

// IsToken: what a method or a header name may hold
// (https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
func IsToken(c byte) bool { return tokens[c] }

var tokens = func() (t [256]bool) {
	for c := range t {
		t[c] = IsDigit(byte(c)) || 'a' <= c|0x20 && c|0x20 <= 'z' && c < 0x80 ||
			bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), byte(c)) >= 0
	}
	return t
}()

// Trim takes the spaces and tabs off both ends.
func Trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// Fold reports whether b is want, which is in lower case, in any spelling of ASCII letters.
func Fold(b []byte, want string) bool {
	if len(b) != len(want) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != want[i] {
			return false
		}
	}
	return true
}
