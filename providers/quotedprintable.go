package providers

import "bytes"

// unquotePrintable decodes raw, and tells how many of its bytes stand for the first n.
// Source: https://www.rfc-editor.org/rfc/rfc2045#section-6.7
func unquotePrintable(raw []byte, n int) (out []byte, at int, ok bool) {
	at = len(raw)
	for i := 0; i < len(raw); {
		if len(out) == n {
			at = min(at, i)
		}
		if raw[i] != '=' {
			out = append(out, raw[i])
			i++
			continue
		}
		line, next := mimeLine(raw, i+1)
		switch {
		case len(bytes.TrimRight(line, " \t")) == 0:
			i = next
		case len(line) > 1 && unhex(line[0]) < 16 && unhex(line[1]) < 16:
			out = append(out, unhex(line[0])<<4|unhex(line[1]))
			i += 3
		default:
			return nil, 0, false
		}
	}
	return out, at, true
}

// quotePrintable writes text, in which lines end in LF, in lines that end in eol.
func quotePrintable(text, eol string) []byte {
	const hex = "0123456789ABCDEF"
	var out []byte
	for i, column := 0, 0; i < len(text); i++ {
		c := text[i]
		if c == '\n' {
			out, column = append(out, eol...), 0
			continue
		}
		if column > 70 {
			out, column = append(append(out, '='), eol...), 0
		}
		before := len(out)
		if plain := '!' <= c && c <= '~' && c != '=' || c == ' ' && i+1 < len(text) && text[i+1] != '\n'; plain {
			out = append(out, c)
		} else {
			out = append(out, '=', hex[c>>4], hex[c&15])
		}
		column += len(out) - before
	}
	return out
}
