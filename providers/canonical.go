package providers

import (
	"bytes"
	"slices"
	"strings"
)

// canonicalV4 is a request as AWS signs it: its parts in one order and one spelling. The path is that of all services
// but S3, which is escaped once more and has no dots and no empty segments. payload stands for the body.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request
func canonicalV4(method, target []byte, lines []headerLine, signed, payload string) string {
	path, query, _ := splitURI(target)
	out := append(append(make([]byte, 0, 1024), method...), '\n')
	out = append(canonicalPath(out, path), '\n')
	out = append(canonicalQuery(out, query), '\n')
	for name := range strings.SplitSeq(signed, ";") {
		out = append(append(out, name...), ':')
		first := true
		for _, f := range lines {
			if !fold(f.name, name) {
				continue
			}
			if !first {
				out = append(out, ',')
			}
			out, first = append(out, bytes.Join(bytes.Fields(f.value), []byte(" "))...), false
		}
		out = append(out, '\n')
	}
	out = append(append(append(out, '\n'), signed...), '\n')
	return string(append(out, payload...))
}

// canonicalPath appends path as it is signed.
func canonicalPath(dst, path []byte) []byte {
	var segments [][]byte
	last := true // whether it ends in a slash
	for segment := range bytes.SplitSeq(path, []byte("/")) {
		last = true
		switch string(segment) {
		case "", ".":
		case "..":
			segments = segments[:max(0, len(segments)-1)]
		default:
			segments, last = append(segments, segment), false
		}
	}
	for _, segment := range segments {
		dst = escapeURI(append(dst, '/'), segment)
	}
	if last {
		dst = append(dst, '/')
	}
	return dst
}

// canonicalQuery appends the parameters of query, sorted, each escaped in the one way. The signature is none of them.
func canonicalQuery(dst, query []byte) []byte {
	var params [][2]string
	for p := range bytes.SplitSeq(query, []byte("&")) {
		if len(p) == 0 {
			continue
		}
		name, value, _ := strings.Cut(string(p), "=")
		if name, value = unescapeURI(name), unescapeURI(value); name != "X-Amz-Signature" {
			params = append(params, [2]string{string(escapeURI(nil, []byte(name))), string(escapeURI(nil, []byte(value)))})
		}
	}
	slices.SortFunc(params, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	for i, p := range params {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(append(append(dst, p[0]...), '='), p[1]...)
	}
	return dst
}

// escapeURI appends text with all escaped but letters, digits and -._~.
// https://www.rfc-editor.org/rfc/rfc3986#section-2.3
func escapeURI(dst, text []byte) []byte {
	const hex = "0123456789ABCDEF"
	for i, c := range text {
		if word(text[i:i+1]) || strings.IndexByte("-._~", c) >= 0 {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}

// unescapeURI is text without its percent escapes. What is none stays, as does a plus.
func unescapeURI(text string) string {
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if hi, lo := unhex(text[i+1]), unhex(text[i+2]); hi < 16 && lo < 16 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		out = append(out, text[i])
	}
	return string(out)
}
