package proxy

import (
	"bytes"
	"errors"
)

// checkTarget refuses request targets that two readers could understand in two ways. The error is
// a sentence for the client. https://www.rfc-editor.org/rfc/rfc9112#section-3.2
func checkTarget(target []byte) error {
	if len(target) == 0 || target[0] != '/' {
		return errors.New("the request target must be a path that begins with a slash")
	}
	for _, c := range target {
		if c <= ' ' || c == 0x7f {
			return errors.New("the request target has a blank or a control character in it")
		}
		if c == '#' {
			return errors.New("the request target has a fragment, which belongs to the client alone")
		}
	}
	path, _, _ := bytes.Cut(target, []byte("?"))
	for len(path) > 0 {
		var segment []byte
		segment, path, _ = bytes.Cut(path, []byte("/"))
		if isDots(segment) {
			return errors.New("the path has a segment of dots, which servers resolve in different ways")
		}
	}
	return nil
}

// isDots reports whether a path segment is . or .., also where dots are written %2e.
func isDots(segment []byte) bool {
	dots := 0
	for len(segment) > 0 {
		switch {
		case segment[0] == '.':
			segment = segment[1:]
		case len(segment) >= 3 && fold(segment[:3], "%2e"):
			segment = segment[3:]
		default:
			return false
		}
		dots++
	}
	return dots == 1 || dots == 2
}

// cutRoute parts /route/rest?query into the route's name and /rest?query.
func cutRoute(target []byte) (name, rest []byte) {
	target = target[1:]
	n := bytes.IndexAny(target, "/?")
	if n < 0 {
		return target, []byte("/")
	}
	return target[:n], target[n:]
}
