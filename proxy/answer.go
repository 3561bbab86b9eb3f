package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"
)

// maxInterim bounds the 1xx answers that may come before the real one.
const maxInterim = 8

var errAnswerHead = errors.New("the answer's head is not well-formed HTTP/1.1")

// An answer is the head of an upstream's answer: what must be known to read on, and what is passed
// on of it.
type answer struct {
	code     int
	reason   []byte // the words after the code
	lines    []byte // the header lines, without the blank one
	length   int    // of the body; -1 chunked, -2 until the connection closes
	persist  bool   // another exchange may follow
	encoding []byte // of the body, if it is said
	special  []special
	named    [][]byte

	// head is the status line and the header lines that go to the client, as the upstream spelled and
	// ordered them, less those of the connection and any Sendgate-* ones. The blank line is missing.
	head []byte
	long []byte // a head that is longer than what is read at a time

	done time.Time // when the exchange was over

	src   bytes.Reader
	again *bufio.Reader // reads src
}

// receive reads one complete answer: its head into a, its status, its Content-Encoding and its body
// into resp. keep reports whether the connection can serve another exchange. body bounds the
// answer's body in bytes.
func (c *conn) receive(resp *fasthttp.Response, a *answer, toHead bool, body int) (keep bool, err error) {
	for n := 0; ; n++ {
		if err := c.readHead(a); err != nil {
			return false, err
		}
		if a.code >= 200 {
			break
		}
		if a.code == fasthttp.StatusSwitchingProtocols || n == maxInterim {
			return false, fmt.Errorf("the answer's status %d was not asked for", a.code)
		}
	}
	resp.ResetBody()
	resp.SkipBody = toHead
	resp.Header.SetStatusCode(a.code)
	if len(a.encoding) > 0 {
		resp.Header.SetContentEncodingBytes(a.encoding)
	}
	bare := toHead || a.code == fasthttp.StatusNoContent || a.code == fasthttp.StatusNotModified
	a.pass(toHead || !bare)
	switch {
	case !bare:
		if err := c.readBody(resp, a, body); err != nil {
			return false, err
		}
		if a.length < 0 {
			a.head = appendLength(a.head, "Content-Length", len(resp.Body()))
		}
	case a.length == -2:
		a.length = -1 // no body follows, whatever its length would have been
	}
	return a.persist && a.length != -2, nil
}

func (c *conn) readBody(resp *fasthttp.Response, a *answer, limit int) error {
	resp.Header.SetContentLength(a.length)
	if err := resp.ReadBody(c.br, limit); err != nil {
		if errors.Is(err, fasthttp.ErrBodyTooLarge) {
			return fmt.Errorf("the answer's body is larger than limits.body (%d bytes)", limit)
		}
		return fmt.Errorf("reading the answer's body: %w", err)
	}
	if a.length != -1 {
		return nil
	}
	for size, begins := 0, true; ; { // trailers, which are dropped
		line, err := c.br.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("reading the answer's trailers: %w", err)
		}
		if size += len(line); size > c.head {
			return errors.New("the answer's trailers are larger than limits.header")
		}
		if begins && err == nil && len(bytes.TrimRight(line, "\r\n")) == 0 {
			return nil
		}
		begins = err == nil
	}
}

// readHead reads a status line and the header lines after it. What a knows of them is good until
// the connection is read from again.
func (c *conn) readHead(a *answer) error {
	for {
		seen, _ := c.br.Peek(c.br.Buffered())
		if end := headEnd(seen); end > 0 {
			if end > c.head {
				return c.tooLong()
			}
			_, _ = c.br.Discard(end)
			return a.parse(seen[:end])
		}
		if len(seen) == c.br.Size() {
			return c.readLong(a)
		}
		if _, err := c.br.Peek(len(seen) + 1); err != nil {
			if len(seen) == 0 {
				return fmt.Errorf("no answer: %w", err)
			}
			return fmt.Errorf("reading the answer's head: %w", err)
		}
	}
}

// readLong reads a head that is longer than the reader's buffer.
func (c *conn) readLong(a *answer) error {
	for a.long = a.long[:0]; ; {
		part, err := c.br.ReadSlice('\n')
		if len(a.long)+len(part) > c.head {
			return c.tooLong()
		}
		a.long = append(a.long, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return fmt.Errorf("reading the answer's head: %w", err)
		case headEnd(a.long[max(0, len(a.long)-3):]) > 0:
			return a.parse(a.long)
		}
	}
}

func (c *conn) tooLong() error {
	return fmt.Errorf("the answer's head is larger than limits.header (%d bytes)", c.head)
}

// headEnd is where the blank line ends that ends a head, 0 where none does. Also what is no head
// ends somewhere.
func headEnd(b []byte) int {
	if len(b) > 0 && (b[0] == '\r' || b[0] == '\n') {
		return min(2, len(b))
	}
	if n := bytes.Index(b, []byte("\n\r\n")); n >= 0 {
		return n + 3
	}
	if n := bytes.Index(b, []byte("\n\n")); n >= 0 {
		return n + 2
	}
	return 0
}

func (a *answer) parse(raw []byte) error {
	status, lines, ok := cutLine(raw)
	if !ok || len(status) < 12 || !bytes.HasPrefix(status, []byte("HTTP/1.")) || status[8] != ' ' || !all(status[9:12], isDigit) {
		return errAnswerHead
	}
	if status[7] != '1' && status[7] != '0' || len(status) > 12 && status[12] != ' ' || !all(status, isText) {
		return errAnswerHead
	}
	a.length, a.lines, a.persist, a.encoding = -2, lines, status[7] == '1', nil
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

func (a *answer) take(k kind, value []byte) error {
	switch k {
	case kindLength:
		n, err := strconv.Atoi(string(value))
		if err != nil || n < 0 || a.length != -2 || !all(value, isDigit) {
			return errors.New("the answer's length is ambiguous")
		}
		a.length = n
	case kindCoding:
		if a.length != -2 || !fold(value, "chunked") {
			return errors.New("the answer's length is ambiguous")
		}
		a.length = -1
	case kindConnection:
		var h head
		h.list(value)
		a.named = append(a.named, h.named...)
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
func (a *answer) pass(measured bool) {
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
func (a *answer) measure(body int) {
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
func (a *answer) fill(resp *fasthttp.Response) error {
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
