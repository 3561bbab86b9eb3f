package providers

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// xmlNamed are the entities that need no declaration.
var xmlNamed = map[string]rune{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}

// xmlEntity reads the entity that raw begins with. Size 0: it is none.
func xmlEntity(raw []byte) (r rune, size int) {
	end := bytes.IndexByte(raw[:min(len(raw), 12)], ';')
	if end < 2 {
		return 0, 0
	}
	name := string(raw[1:end])
	if r, ok := xmlNamed[name]; ok {
		return r, end + 1
	}
	number, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(number, "x"); isHex {
		number, base = hex, 16
	}
	n, err := strconv.ParseUint(number, base, 21)
	if !ok || err != nil || strings.ContainsAny(number, "+-_") || n > utf8.MaxRune || !xmlChar(rune(n)) {
		return 0, 0
	}
	return rune(n), end + 1
}

// xmlEntities reports whether each & of raw begins an entity.
func xmlEntities(raw []byte) bool {
	for {
		i := bytes.IndexByte(raw, '&')
		if i < 0 {
			return true
		}
		_, size := xmlEntity(raw[i:])
		if size == 0 {
			return false
		}
		raw = raw[i+size:]
	}
}

// decodeXML appends the text that raw, which was scanned, stands for.
func decodeXML(dst, raw []byte) []byte {
	for len(raw) > 0 {
		size := 1
		switch c := raw[0]; {
		case c == '&':
			var r rune
			r, size = xmlEntity(raw)
			dst = utf8.AppendRune(dst, r)
			size = max(size, 1)
		case c == '\r':
			dst = append(dst, '\n')
			if len(raw) > 1 && raw[1] == '\n' {
				size = 2
			}
		case c == '<' && bytes.HasPrefix(raw, []byte("<![CDATA[")):
			size = bytes.Index(raw, []byte("]]>"))
			inner := bytes.ReplaceAll(raw[len("<![CDATA["):size], []byte("\r\n"), []byte("\n"))
			dst = append(dst, bytes.ReplaceAll(inner, []byte("\r"), []byte("\n"))...)
			size += 3
		default:
			dst = append(dst, c)
		}
		raw = raw[size:]
	}
	return dst
}
