package head

import (
	"bytes"
	"errors"

	"github.com/valyala/fasthttp"
)

// CheckTarget refuses request targets that are no path, or hold what no URL may. What a path means
// to the service is the provider's to judge. The error is a sentence for the client.
// https://www.rfc-editor.org/rfc/rfc9112#section-3.2
func CheckTarget(target []byte) error {
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

// CutRequest parts a request line of the common form: HTTP/1.1, one of six methods, and a path.
func CutRequest(line []byte) (method, target []byte, ok bool) {
	n := bytes.IndexByte(line, ' ')
	if n < 0 {
		return nil, nil, false
	}
	switch string(line[:n]) {
	case fasthttp.MethodGet, fasthttp.MethodHead, fasthttp.MethodPost, fasthttp.MethodPut, fasthttp.MethodPatch, fasthttp.MethodDelete:
	default:
		return nil, nil, false
	}
	target, ok = bytes.CutSuffix(line[n+1:], []byte(" HTTP/1.1"))
	if !ok || CheckTarget(target) != nil || bytes.Contains(target, []byte("://")) {
		return nil, nil, false
	}
	return line[:n], target, true
}
