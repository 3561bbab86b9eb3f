package providers

import "bytes"

// A pathKind is what a request target is to a provider.
type pathKind uint8

const (
	unknownPath pathKind = iota // outside what this provider is known to serve
	notSend                     // a known call that sends nothing
	disguised                   // may be a send to a generous server, and is not written like one
	send
	sendUnseen    // to people who cannot be seen here
	sendMarketing // WhatsApp's endpoint for marketing alone
	sendElsewhere // of another product at the same host
	sendMany      // Graph's root, which takes batches of calls
)

// splitURI cuts a request target into its path and its query, and tells where the query starts.
func splitURI(uri []byte) (path, query []byte, at int) {
	i := bytes.IndexByte(uri, '?')
	if i < 0 {
		return uri, nil, len(uri)
	}
	return uri[:i], uri[i+1:], i + 1
}

// unmasked appends path to dst as the most generous of servers would read it, for finding
// disguises: letters lower-case, and percent escapes decoded, also those that only decoding brings
// to light.
func unmasked(dst, path []byte) []byte {
	start := len(dst)
	for _, c := range path {
		dst = append(dst, lowered(c))
		for n := len(dst) - 3; n >= start && dst[n] == '%'; n = len(dst) - 3 {
			hi, lo := unhex(dst[n+1]), unhex(dst[n+2])
			if hi > 15 || lo > 15 {
				break
			}
			dst = append(dst[:n], lowered(hi<<4|lo))
		}
	}
	return dst
}

// unhex is the value of a hexadecimal digit, or 16 for anything else.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// segment cuts the first path segment from path, which starts behind a slash. more tells whether
// a slash followed it.
func segment(path []byte) (first, rest []byte, more bool) {
	return bytes.Cut(path, []byte("/"))
}

// word reports whether b is one or more ASCII letters and digits.
func word(b []byte) bool {
	for _, c := range b {
		if !('0' <= c && c <= '9' || 'a' <= lowered(c) && lowered(c) <= 'z') {
			return false
		}
	}
	return len(b) > 0
}

// digits reports whether b is one or more ASCII digits.
func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}
