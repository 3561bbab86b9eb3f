package providers

import "unicode/utf8"

// A part is one of several recipients in one text, as bytes of it.
type part struct{ start, end int }

// nextPart is the part of raw that starts at byte i, up to the separator of c or to the end, and where the next
// one starts, which is -1 behind the last. An escaped separator is one too.
func (c *compiledReach) nextPart(raw []byte, i int, e encoding) (p part, next int) {
	p.start = i
	var buf [utf8.UTFMax]byte
	within, literal := false, false
	for i < len(raw) {
		unit, size := e.unit(buf[:0], raw[i:])
		b := unit[0] // of other letters than ASCII no byte is like a sign
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
