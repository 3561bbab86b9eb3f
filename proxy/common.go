package proxy

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// cutRequest parts a request line of the common form.
func cutRequest(line []byte) (method, target []byte, ok bool) {
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
	if !ok || checkTarget(target) != nil || bytes.Contains(target, []byte("://")) {
		return nil, nil, false
	}
	return line[:n], target, true
}

// common reports whether the head, which is sound, has nothing in it but what is common.
func (h *head) common() bool {
	if h.odd || h.ends || len(h.named) > 0 || h.seen[kindCoding] || h.seen[kindExpect] || h.seen[kindUpgrade] {
		return false
	}
	name, port, _ := bytes.Cut(h.host, []byte(":"))
	return len(name) > 0 && all(name, isHostByte) && all(port, isDigit)
}

// isHostByte: what the name of a common host is made of.
func isHostByte(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' && c < 0x80 || c == '.' || c == '-' || c == '_'
}
