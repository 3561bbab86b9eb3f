package providers

import "unicode/utf8"

// An encoding is how texts are written in a body.
type encoding uint8

const (
	jsonText  encoding = iota // as a string, without its quotes
	formText                  // with percent escapes, in a form or a query
	plainText                 // as it is, in multipart/form-data
	xmlText                   // in an element or an attribute of XML
)

// unit appends to dst what raw, which is not empty and was read before, begins with: one escape or one byte. It
// tells how many bytes of raw that is.
func (e encoding) unit(dst, raw []byte) (out []byte, size int) {
	switch c := raw[0]; {
	case e == formText && c == '+':
		return append(dst, ' '), 1
	case e == formText && c == '%' && len(raw) > 2:
		return append(dst, unhex(raw[1])<<4|unhex(raw[2])), 3
	case e == jsonText && c == '\\':
		r, size := unescape(raw)
		return utf8.AppendRune(dst, r), max(size, 1)
	default:
		return append(dst, c), 1
	}
}

// decode appends to dst what raw stands for; ok is false where an escape of a form is broken.
func (e encoding) decode(dst, raw []byte) (out []byte, ok bool) {
	switch e {
	case formText:
		return decode(dst, raw)
	case plainText:
		return append(dst, raw...), true
	case xmlText:
		return decodeXML(dst, raw), true
	}
	return unquote(dst, raw), true
}

// offset is how many bytes of raw stand for the first n bytes of what it stands for.
func (e encoding) offset(raw []byte, n int) int {
	if e == plainText {
		return n
	}
	var buf [utf8.UTFMax]byte
	i := 0
	for n > 0 && i < len(raw) {
		out, size := e.unit(buf[:0], raw[i:])
		n, i = n-len(out), i+size
	}
	return i
}

// escape appends s to dst as it is written.
func (e encoding) escape(dst []byte, s string) []byte {
	switch e {
	case formText:
		return escapeForm(dst, s)
	case plainText:
		return append(dst, s...)
	case xmlText:
		return escapeXML(dst, s)
	}
	return escapeJSON(dst, s)
}
