package proxy

import "errors"

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
