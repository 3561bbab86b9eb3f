package proxy

import "github.com/sendgate/sendgate/proxy/head"

// A form is what the bytes on a connection are.
type form uint8

const (
	uncommon form = iota // for fasthttp: refused, or unusual, or more than one request
	partial              // maybe the beginning of a request of the common form
	whole                // exactly one
)

// frame reads b, which begins where a request does. It is whole only when no reader of HTTP could
// find anything in b but one request that ends where b does: HTTP/1.1, one of six methods, a path, a
// plain Host, a plain Content-Length or none, and nothing that asks for another way of reading on
// (Transfer-Encoding, Expect, Upgrade, Trailer, Connection with more than keep-alive). The head is
// checked as strictly as any. The request is in w then, and keeps b.
func (w *work) frame(b []byte, most int) form {
	end := head.End(b)
	if end == 0 {
		if len(b) > 0 && (b[0] < 'A' || b[0] > 'Z') {
			return uncommon
		}
		return partial
	}
	line, lines, ok := head.CutLine(b[:end])
	if !ok || w.head.Parse(lines) != nil || !w.head.Common() {
		return uncommon
	}
	method, target, ok := head.CutRequest(line)
	if !ok || w.head.Length > most {
		return uncommon
	}
	switch size := end + w.head.Length; {
	case len(b) < size:
		return partial
	case len(b) > size:
		return uncommon
	}
	req := &w.ownReq
	req.Header.SetMethodBytes(method)
	req.SetRequestURIBytes(target)
	req.SetBodyRaw(b[end:])
	w.batch.Head = lines
	return whole
}
