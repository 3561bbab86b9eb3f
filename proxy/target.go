package proxy

import (
	"bytes"
	"errors"
	"slices"
)

// checkTarget refuses request targets that are no path, or hold what no URL may. What a path means
// to the service is the provider's to judge. The error is a sentence for the client.
// https://www.rfc-editor.org/rfc/rfc9112#section-3.2
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
	return nil
}

// cutRoute parts /route/rest?query into the route's name and /rest?query. What is left begins with a slash: a target
// without a path is none (https://www.rfc-editor.org/rfc/rfc9112#section-3.2.1).
func cutRoute(target []byte) (name, rest []byte) {
	target = target[1:]
	n := bytes.IndexAny(target, "/?")
	switch {
	case n < 0:
		return target, []byte("/")
	case target[n] == '?':
		return target[:n], slices.Concat([]byte("/"), target[n:])
	}
	return target[:n], target[n:]
}
