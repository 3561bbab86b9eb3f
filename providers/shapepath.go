package providers

import (
	"bytes"
	"strings"
)

// path tells what a path is to the service.
func (s *shape) path(path []byte) pathKind {
	for _, p := range s.sends {
		if matches(path, p) {
			return send
		}
	}
	for _, p := range s.wide {
		if matches(path, p) {
			return sendUnseen
		}
	}
	for _, p := range s.others {
		if matches(path, p) {
			return notSend
		}
	}
	var buf [256]byte
	plain := unmasked(buf[:0], path)
	for _, t := range s.traces {
		if bytes.Contains(plain, []byte(t)) {
			return disguised
		}
	}
	return unknownPath
}

// matches reports whether path is of a pattern, in which a * stands for letters, digits and -_.~:@ up to the
// end of a segment.
func matches(path []byte, pattern string) bool {
	for {
		star := strings.IndexByte(pattern, '*')
		if star < 0 {
			return string(path) == pattern
		}
		if len(path) < star || string(path[:star]) != pattern[:star] {
			return false
		}
		path, pattern = path[star:], pattern[star+1:]
		n, dots := 0, 0
		for n < len(path) && (word(path[n:n+1]) || strings.IndexByte("-_.~:@", path[n]) >= 0) {
			if path[n] == '.' {
				dots++
			}
			n++
		}
		if n == dots { // nothing, or a way up
			return false
		}
		path = path[n:]
	}
}
