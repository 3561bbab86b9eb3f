package head

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/valyala/fasthttp"
)

// A Request is the header lines of a request as the client wrote them, checked.
//
// fasthttp reads heads more kindly than a gate may: it takes lines that end in a bare LF, folded
// lines, names with a space inside, Content-Length beside Transfer-Encoding, the coding "identity",
// and any HTTP version of two digits. What two readers could take for two different requests is
// refused here, in every mode, because the upstream might be the other reader
// (https://www.rfc-editor.org/rfc/rfc9112#section-11.2).
type Request struct {
	Raw     []byte // the lines, with the blank one that ends them
	special []special
	named   [][]byte    // header names that Connection lists, besides close and keep-alive
	Seen    [kinds]bool // which kinds of headers there are
	Upgrade bool        // to something else than h2c, which a server may ignore
	Claims  bool        // there are Sendgate-* headers
	ends    bool        // the connection is to end with this request
	Odd     bool        // sound, and written in a way that only fasthttp is trusted with
	Host    []byte
	Length  int // of the body, where it is said and not odd
}

// ErrHead is for what is no head at all.
var ErrHead = errors.New("the request head is not lines of `Name: value`, each ended by CR LF")

// Parse checks raw and keeps slices of it. The error is a sentence for the client.
func (h *Request) Parse(raw []byte) error {
	*h = Request{Raw: raw, special: h.special[:0], named: h.named[:0]}
	if len(raw) == 0 { // HTTP/1.0 allows it
		return nil
	}
	for at := 0; ; {
		line, rest, ok := CutLine(raw)
		if !ok {
			return ErrHead
		}
		if len(line) == 0 {
			if len(rest) > 0 {
				return ErrHead
			}
			return h.check()
		}
		name, value, ok := CutHeader(line)
		if !ok {
			return ErrHead
		}
		k := KindOf(name)
		if err := h.take(k, name, value); err != nil {
			return err
		}
		to := at + len(line) + len("\r\n")
		if k.special() {
			h.special = append(h.special, special{at, to, k})
		}
		at, raw = to, rest
	}
}

// Forget lets go of the bytes of the request.
func (h *Request) Forget() { h.Raw, h.named = nil, h.named[:0] }

func (h *Request) take(k Kind, name, value []byte) error {
	if k > once && h.Seen[k] {
		return fmt.Errorf("the request has two %s headers", name)
	}
	h.Seen[k] = true
	switch k {
	case Hop:
		h.Odd = h.Odd || Fold(name, "trailer")
	case Host:
		h.Host = value
	case Connection:
		names, ends := Listed(h.named, value)
		h.named, h.ends = names, h.ends || ends
	case Length:
		if len(value) == 0 || !All(value, IsDigit) {
			return errors.New("the Content-Length is not a number")
		}
		h.measure(value)
	case Coding:
		if !Fold(value, "chunked") {
			return errors.New("the only Transfer-Encoding understood is chunked")
		}
	case Expect:
		if !Fold(value, "100-continue") {
			return errors.New("the only expectation understood is 100-continue")
		}
	case Upgrade:
		h.Upgrade = !Fold(value, "h2c")
	case Claim:
		h.Claims = true
	}
	return nil
}

// measure reads the digits of a Content-Length.
func (h *Request) measure(digits []byte) {
	if len(digits) > 9 || len(digits) > 1 && digits[0] == '0' {
		h.Odd = true
		return
	}
	for _, c := range digits {
		h.Length = h.Length*10 + int(c-'0')
	}
}

// check looks at the whole once every line is known.
func (h *Request) check() error {
	if h.Seen[Length] && h.Seen[Coding] {
		return errors.New("the request has both Content-Length and Transfer-Encoding, so its end is ambiguous")
	}
	for _, name := range h.named {
		if k := KindOf(name); k == Host || k == Length || k == Type || k == Compression || Fold(name, "authorization") {
			return fmt.Errorf("the Connection header lists %s, which the upstream must see", name)
		}
	}
	if len(h.named) > 0 {
		h.special = drop(h.special[:0], h.Raw, h.named)
	}
	return nil
}

// Common reports whether the head, which is sound, has nothing in it but what is common.
func (h *Request) Common() bool {
	if h.Odd || h.ends || len(h.named) > 0 || h.Seen[Coding] || h.Seen[Expect] || h.Seen[Upgrade] {
		return false
	}
	name, port, _ := bytes.Cut(h.Host, []byte(":"))
	return len(name) > 0 && All(name, isHostByte) && All(port, IsDigit)
}

// isHostByte: what the name of a common host is made of.
func isHostByte(c byte) bool {
	return IsDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' && c < 0x80 || c == '.' || c == '-' || c == '_'
}

// drop lists the special lines of raw, which is checked, when those that are called by one of names
// belong to the connection.
func drop(list []special, raw []byte, names [][]byte) []special {
	for at := 0; ; {
		line, _, ok := CutLine(raw[at:])
		if !ok || len(line) == 0 {
			return list
		}
		name := line[:bytes.IndexByte(line, ':')]
		k := KindOf(name)
		for _, n := range names {
			// What says how to read the body belongs to it, whatever is listed: without a length in its stead, a body
			// in chunks would be the next request to the upstream, which nobody judged.
			if k != Length && k != Coding && k != Type && k != Compression && bytes.EqualFold(n, name) {
				k = Hop
			}
		}
		to := at + len(line) + len("\r\n")
		if k.special() {
			list = append(list, special{at, to, k})
		}
		at = to
	}
}

// Listed adds to names what a Connection header lists, besides close and keep-alive. ends says that close is there.
func Listed(names [][]byte, value []byte) (all [][]byte, ends bool) {
	for len(value) > 0 {
		end := 0
		for end < len(value) && value[end] != ',' {
			end++
		}
		switch name := Trim(value[:end]); {
		case Fold(name, "close"):
			ends = true
		case len(name) > 0 && !Fold(name, "keep-alive"):
			names = append(names, name)
		}
		value = value[min(end+1, len(value)):]
	}
	return names, ends
}

// A Destination is where a request goes, as its head says it.
type Destination struct {
	Host string // for the Host header
	Base string // path in front of every target, without a slash at its end
}

// Append writes the head that goes to the upstream: the client's lines as they were, less those of
// this connection and of the gate, with the Host of where it goes, and a Content-Length where the client
// sent chunks or the body was changed.
func (h *Request) Append(dst []byte, req *fasthttp.RequestHeader, to *Destination, body int, changed bool) []byte {
	dst = append(dst, req.Method()...)
	dst = append(dst, ' ')
	dst = append(dst, to.Base...)
	dst = append(dst, req.RequestURI()...)
	dst = append(dst, " HTTP/1.1\r\n"...)
	if !h.Seen[Host] { // HTTP/1.0
		dst = AppendHeader(dst, "Host", to.Host)
	}
	at := 0
	for _, l := range h.special {
		line := h.Raw[l.from:l.to]
		dst = append(dst, h.Raw[at:l.from]...)
		at = l.to
		switch {
		case l.kind == Host:
			dst = append(dst, line[:len("Host")]...)
			dst = AppendHeader(dst, "", to.Host)
		case l.kind == Coding:
			dst = AppendLength(dst, "Content-Length", body)
		case l.kind == Length && changed:
			dst = append(dst, line[:len("Content-Length")]...)
			dst = AppendLength(dst, "", body)
		case l.kind == Length, l.kind == Digest && !changed:
			dst = append(dst, line...)
		}
	}
	if len(h.Raw) > 0 {
		dst = append(dst, h.Raw[at:len(h.Raw)-len("\r\n")]...)
	}
	if changed && body > 0 && !h.Seen[Length] && !h.Seen[Coding] {
		dst = AppendLength(dst, "Content-Length", body)
	}
	return append(dst, "\r\n"...)
}

// AppendHeader writes one line.
func AppendHeader(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

// AppendLength writes one line with a number.
func AppendLength(dst []byte, name string, n int) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, "\r\n"...)
}
