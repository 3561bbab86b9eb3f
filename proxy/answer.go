package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/valyala/fasthttp"
)

var errAnswerHead = errors.New("the answer's head is not well-formed HTTP/1.1")

// An answerHead is the head of an upstream's answer: what must be known to read on, and what is passed on of it.
type answerHead struct {
	code     int
	reason   []byte // the words after the code
	lines    []byte // the header lines, without the blank one
	length   int    // of the body, or chunked, or untilClose
	persist  bool   // another exchange may follow
	encoding []byte // of the body, if it is said
	special  []special
	named    [][]byte

	// head is the status line and the header lines that go to the client, as the upstream spelled and
	// ordered them, less those of the connection and any Sendgate-* ones. The blank line is missing.
	head []byte

	src   bytes.Reader
	again *bufio.Reader // reads src
}

// Lengths of a body that the head does not say.
const (
	chunked    = -1
	untilClose = -2 // the connection closes after it
)

// parse checks raw and keeps slices of it.
func (a *answerHead) parse(raw []byte) error {
	status, lines, ok := cutLine(raw)
	if !ok || len(status) < 12 || !bytes.HasPrefix(status, []byte("HTTP/1.")) || status[8] != ' ' || !all(status[9:12], isDigit) {
		return errAnswerHead
	}
	if status[7] != '1' && status[7] != '0' || len(status) > 12 && status[12] != ' ' || !all(status, isText) {
		return errAnswerHead
	}
	a.length, a.lines, a.persist, a.encoding = untilClose, lines, status[7] == '1', nil
	a.special, a.named = a.special[:0], a.named[:0]
	a.code, _ = strconv.Atoi(string(status[9:12]))
	if a.code < 100 {
		return errAnswerHead
	}
	a.reason = status[min(13, len(status)):]
	for at := 0; ; {
		line, rest, ok := cutLine(lines)
		if !ok {
			return errAnswerHead
		}
		if len(line) == 0 {
			break
		}
		name, value, ok := cutHeader(line)
		if !ok {
			return errAnswerHead
		}
		k := kindOf(name)
		if err := a.take(k, value); err != nil {
			return err
		}
		to := at + len(line) + len("\r\n")
		if k.special() {
			a.special = append(a.special, special{at, to, k})
		}
		at, lines = to, rest
	}
	a.lines = a.lines[:len(a.lines)-len(lines)]
	if len(a.named) > 0 {
		a.special = drop(a.special[:0], a.lines, a.named)
	}
	return nil
}

func (a *answerHead) take(k kind, value []byte) error {
	switch k {
	case kindLength:
		n, err := strconv.Atoi(string(value))
		if err != nil || n < 0 || a.length != untilClose || !all(value, isDigit) {
			return errors.New("the answer's length is ambiguous")
		}
		a.length = n
	case kindCoding:
		if a.length != untilClose || !fold(value, "chunked") {
			return errors.New("the answer's length is ambiguous")
		}
		a.length = chunked
	case kindConnection:
		a.named, _ = connectionLists(a.named, value)
		for ; len(value) >= len("close"); value = value[1:] {
			if fold(value[:len("close")], "close") {
				a.persist = false
			}
		}
	case kindCompression:
		a.encoding = value
	}
	return nil
}

// pass makes the head that is passed on. measured says whether a Content-Length is a part of it.
func (a *answerHead) pass(measured bool) {
	dst := append(a.head[:0], "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(a.code), 10)
	dst = append(dst, ' ')
	dst = append(dst, a.reason...)
	dst = append(dst, "\r\n"...)
	at := 0
	for _, l := range a.special {
		dst = append(dst, a.lines[at:l.from]...)
		at = l.to
		switch l.kind {
		case kindHost, kindDigest, kindExpect: // of a request, these would be special
			dst = append(dst, a.lines[l.from:l.to]...)
		case kindLength:
			if measured {
				dst = append(dst, a.lines[l.from:l.to]...)
			}
		}
	}
	a.head = append(dst, a.lines[at:]...)
}

// measure has a's head be that of another body, of so many bytes: a digest is of the one before.
func (a *answerHead) measure(body int) {
	status, lines, _ := cutLine(a.head)
	out := a.head[:len(status)+len("\r\n")]
	for {
		line, rest, ok := cutLine(lines)
		if !ok {
			break
		}
		name, _, _ := cutHeader(line)
		if k := kindOf(name); k != kindLength && k != kindDigest {
			out = append(out, lines[:len(lines)-len(rest)]...) // it only moves to the front
		}
		lines = rest
	}
	a.head = appendLength(out, "Content-Length", body)
}

// fill writes a's head into resp, for fasthttp to send. It leaves six lines for fasthttp to spell
// and place: Server, Content-Type, Content-Encoding, Content-Length and Set-Cookie, and Connection
// towards the client. fasthttp keeps some headers to itself unless it has read them from a wire, so
// it is given one to read.
func (a *answerHead) fill(resp *fasthttp.Response) error {
	a.head = append(a.head, "\r\n"...)
	defer func() { a.head = a.head[:len(a.head)-len("\r\n")] }()
	resp.Header.DisableNormalizing()
	a.src.Reset(a.head)
	if a.again == nil || a.again.Size() < len(a.head) {
		a.again = bufio.NewReaderSize(&a.src, max(len(a.head), 4096))
	} else {
		a.again.Reset(&a.src)
	}
	if err := resp.Header.Read(a.again); err != nil {
		return fmt.Errorf("reading the answer's head: %w", err)
	}
	resp.Header.ResetConnectionClose()
	return nil
}
