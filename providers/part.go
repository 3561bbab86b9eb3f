package providers

import "unicode/utf8"

// A part is one of several recipients in one text, as bytes of it.
type part struct{ start, end int }

// nextPart is the part of raw that starts at byte i, up to the separator of c or to the end, and where the next
// one starts, which is -1 behind the last. An escaped separator is one too.
func (c *compiledReach) nextPart(raw []byte, i int, form bool) (p part, next int) {
	p.start = i
	within, literal := false, false
	for i < len(raw) {
		b, size := raw[i], 1
		switch {
		case form && b == '%' && i+2 < len(raw):
			b, size = unhex(raw[i+1])<<4|unhex(raw[i+2]), 3
		case !form && b == '\\':
			var r rune
			if r, size = unescape(raw[i:]); r < utf8.RuneSelf {
				b = byte(r)
			} else {
				b = utf8.RuneSelf
			}
			size = max(size, 1)
		}
		switch {
		case !c.quoted:
		case literal:
			literal = false
		case within && b == '\\':
			literal = true
		case b == '"':
			within = !within
		}
		if b == c.split[0] && !within {
			p.end = i
			return p, i + size
		}
		i += size
	}
	p.end = len(raw)
	return p, -1
}
