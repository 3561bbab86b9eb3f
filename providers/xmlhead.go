package providers

import (
	"bytes"
	"strings"
)

// declaration reads the declaration in front, if there is one.
func (s *xmlScanner) declaration() bool {
	if !s.skip("<?xml") {
		return true
	}
	for at := 0; ; at++ {
		some := s.space()
		if s.skip("?>") {
			return at > 0 || s.fail(notXML)
		}
		name, value, ok := s.attribute()
		if !ok || !some {
			return s.fail(notXML)
		}
		said := string(s.src[value.start:value.end])
		switch string(s.src[name.start:name.end]) {
		case "version":
			ok = at == 0 && said == "1.0"
		case "encoding":
			ok = at == 1 && strings.EqualFold(said, "utf-8")
		case "standalone":
			ok = at > 0 && (said == "yes" || said == "no")
		default:
			ok = false
		}
		if !ok {
			return s.fail("the XML body is said to be something else than version 1.0 in UTF-8")
		}
	}
}

// name reads the name of an element or an attribute, in ASCII and with one prefix at most.
func (s *xmlScanner) name() (p part, ok bool) {
	p.start = s.i
	colons := 0
	for ; s.i < len(s.src); s.i++ {
		c := s.src[s.i]
		if c == ':' {
			if colons++; s.i == p.start || colons > 1 {
				return p, false
			}
			continue
		}
		first := s.i == p.start || s.src[s.i-1] == ':'
		letter := 'a' <= lowered(c) && lowered(c) <= 'z' || c == '_'
		if !letter && (first || !('0' <= c && c <= '9' || c == '-' || c == '.')) {
			break
		}
	}
	p.end = s.i
	return p, p.end > p.start && s.src[p.end-1] != ':'
}

// attribute reads an attribute, or one of a declaration.
func (s *xmlScanner) attribute() (name, value part, ok bool) {
	if name, ok = s.name(); !ok {
		return name, value, false
	}
	s.space()
	if !s.skip("=") {
		return name, value, false
	}
	s.space()
	if s.i >= len(s.src) || s.src[s.i] != '"' && s.src[s.i] != '\'' {
		return name, value, false
	}
	n := bytes.IndexByte(s.src[s.i+1:], s.src[s.i])
	if n < 0 {
		return name, value, false
	}
	value = part{s.i + 1, s.i + 1 + n}
	s.i = value.end + 1
	raw := s.src[value.start:value.end]
	return name, value, !bytes.ContainsAny(raw, "<\t\r\n") && xmlEntities(raw)
}
