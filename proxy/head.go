package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/valyala/fasthttp"
)

// A head is the header lines of a request as the client wrote them, checked.
//
// fasthttp reads heads more kindly than a gate may: it takes lines that end in a bare LF, folded
// lines, names with a space inside, Content-Length beside Transfer-Encoding, the coding "identity",
// and any HTTP version of two digits. What two readers could take for two different requests is
// refused here, in every mode, because the upstream might be the other reader
// (https://www.rfc-editor.org/rfc/rfc9112#section-11.2).
type head struct {
	raw     []byte // the lines, with the blank one that ends them
	special []special
	named   [][]byte // header names that Connection lists, besides close and keep-alive
	seen    [kinds]bool
	upgrade bool // to something else than h2c, which a server may ignore
	claims  bool // there are Sendgate-* headers
	ends    bool // the connection is to end with this request
	odd     bool // sound, and written in a way that only fasthttp is trusted with
	host    []byte
	length  int // of the body, where it is said and not odd
}

var errHead = errors.New("the request head is not lines of `Name: value`, each ended by CR LF")

// parse checks raw and keeps slices of it. The error is a sentence for the client.
func (h *head) parse(raw []byte) error {
	*h = head{raw: raw, special: h.special[:0], named: h.named[:0]}
	if len(raw) == 0 { // HTTP/1.0 allows it
		return nil
	}
	for at := 0; ; {
		line, rest, ok := cutLine(raw)
		if !ok {
			return errHead
		}
		if len(line) == 0 {
			if len(rest) > 0 {
				return errHead
			}
			return h.check()
		}
		name, value, ok := cutHeader(line)
		if !ok {
			return errHead
		}
		k := kindOf(name)
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

// forget lets go of the bytes of the request.
func (h *head) forget() { h.raw, h.named = nil, h.named[:0] }

func (h *head) take(k kind, name, value []byte) error {
	if k > kindOnce && h.seen[k] {
		return fmt.Errorf("the request has two %s headers", name)
	}
	h.seen[k] = true
	switch k {
	case kindHop:
		h.odd = h.odd || fold(name, "trailer")
	case kindHost:
		h.host = value
	case kindConnection:
		names, ends := connectionLists(h.named, value)
		h.named, h.ends = names, h.ends || ends
	case kindLength:
		if len(value) == 0 || !all(value, isDigit) {
			return errors.New("the Content-Length is not a number")
		}
		h.measure(value)
	case kindCoding:
		if !fold(value, "chunked") {
			return errors.New("the only Transfer-Encoding understood is chunked")
		}
	case kindExpect:
		if !fold(value, "100-continue") {
			return errors.New("the only expectation understood is 100-continue")
		}
	case kindUpgrade:
		h.upgrade = !fold(value, "h2c")
	case kindClaim:
		h.claims = true
	}
	return nil
}

// measure reads the digits of a Content-Length.
func (h *head) measure(digits []byte) {
	if len(digits) > 9 || len(digits) > 1 && digits[0] == '0' {
		h.odd = true
		return
	}
	for _, c := range digits {
		h.length = h.length*10 + int(c-'0')
	}
}

// check looks at the whole once every line is known.
func (h *head) check() error {
	if h.seen[kindLength] && h.seen[kindCoding] {
		return errors.New("the request has both Content-Length and Transfer-Encoding, so its end is ambiguous")
	}
	for _, name := range h.named {
		if k := kindOf(name); k == kindHost || k == kindLength || k == kindType || k == kindCompression || fold(name, "authorization") {
			return fmt.Errorf("the Connection header lists %s, which the upstream must see", name)
		}
	}
	if len(h.named) > 0 {
		h.special = drop(h.special[:0], h.raw, h.named)
	}
	return nil
}

// drop lists the special lines of raw, which is checked, when those that are called by one of names
// belong to the connection.
func drop(list []special, raw []byte, names [][]byte) []special {
	for at := 0; ; {
		line, _, ok := cutLine(raw[at:])
		if !ok || len(line) == 0 {
			return list
		}
		name := line[:bytes.IndexByte(line, ':')]
		k := kindOf(name)
		for _, n := range names {
			// What says how to read the body belongs to it, whatever is listed: without a length in its stead, a body
			// in chunks would be the next request to the upstream, which nobody judged.
			if k != kindLength && k != kindCoding && k != kindType && k != kindCompression && bytes.EqualFold(n, name) {
				k = kindHop
			}
		}
		to := at + len(line) + len("\r\n")
		if k.special() {
			list = append(list, special{at, to, k})
		}
		at = to
	}
}

// connectionLists adds to names what a Connection header lists, besides close and keep-alive. ends says that close is there.
func connectionLists(names [][]byte, value []byte) (all [][]byte, ends bool) {
	for len(value) > 0 {
		end := 0
		for end < len(value) && value[end] != ',' {
			end++
		}
		switch name := trim(value[:end]); {
		case fold(name, "close"):
			ends = true
		case len(name) > 0 && !fold(name, "keep-alive"):
			names = append(names, name)
		}
		value = value[min(end+1, len(value)):]
	}
	return names, ends
}

// A destination is where a request goes, as its head says it.
type destination struct {
	host string // for the Host header
	base string // path in front of every target, without a slash at its end
}

// append writes the head that goes to the upstream: the client's lines as they were, less those of
// this connection and of the gate, with the Host of where it goes, and a Content-Length where the client
// sent chunks or the body was changed.
func (h *head) append(dst []byte, req *fasthttp.RequestHeader, to *destination, body int, changed bool) []byte {
	dst = append(dst, req.Method()...)
	dst = append(dst, ' ')
	dst = append(dst, to.base...)
	dst = append(dst, req.RequestURI()...)
	dst = append(dst, " HTTP/1.1\r\n"...)
	if !h.seen[kindHost] { // HTTP/1.0
		dst = appendHeader(dst, "Host", to.host)
	}
	at := 0
	for _, l := range h.special {
		line := h.raw[l.from:l.to]
		dst = append(dst, h.raw[at:l.from]...)
		at = l.to
		switch {
		case l.kind == kindHost:
			dst = append(dst, line[:len("Host")]...)
			dst = appendHeader(dst, "", to.host)
		case l.kind == kindCoding:
			dst = appendLength(dst, "Content-Length", body)
		case l.kind == kindLength && changed:
			dst = append(dst, line[:len("Content-Length")]...)
			dst = appendLength(dst, "", body)
		case l.kind == kindLength, l.kind == kindDigest && !changed:
			dst = append(dst, line...)
		}
	}
	if len(h.raw) > 0 {
		dst = append(dst, h.raw[at:len(h.raw)-len("\r\n")]...)
	}
	if changed && body > 0 && !h.seen[kindLength] && !h.seen[kindCoding] {
		dst = appendLength(dst, "Content-Length", body)
	}
	return append(dst, "\r\n"...)
}

func appendHeader(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

func appendLength(dst []byte, name string, n int) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	return append(dst, "\r\n"...)
}
