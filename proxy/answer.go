package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/valyala/fasthttp"
)

// maxInterim bounds the 1xx answers that may come before the real one.
const maxInterim = 8

var errAnswerHead = errors.New("the answer's head is not well-formed HTTP/1.1")

// An answer is the head of an upstream's answer: what must be known to read on.
type answer struct {
	code    int
	reason  []byte // the words after the code
	lines   []byte // the header lines, with the blank one
	length  int    // of the body; -1 chunked, -2 until the connection closes
	persist bool   // another exchange may follow
	named   [][]byte
}

// receive reads one complete answer into resp: status, reason phrase, and header lines as the
// upstream spelled and ordered them, less those of the connection and any Sendgate-* ones. It
// leaves six lines for fasthttp to spell: Server, Content-Type, Content-Encoding, Content-Length
// and Set-Cookie, and Connection towards the client. keep reports whether the connection can serve
// another exchange. body bounds the answer's body in bytes.
func (c *conn) receive(resp *fasthttp.Response, toHead bool, body int) (keep bool, err error) {
	var a answer
	for n := 0; ; n++ {
		if err := c.readHead(&a); err != nil {
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
	if !toHead && a.code != fasthttp.StatusNoContent && a.code != fasthttp.StatusNotModified {
		if err := c.readBody(resp, &a, body); err != nil {
			return false, err
		}
	} else if a.length == -2 {
		a.length = -1 // no body follows, whatever its length would have been
	}
	return a.persist && a.length != -2, c.fill(resp, &a)
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
	for size := 0; ; { // trailers, which are dropped
		line, err := c.br.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("reading the answer's trailers: %w", err)
		}
		if size += len(line); size > c.br.Size() {
			return errors.New("the answer's trailers are larger than limits.header")
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return nil
		}
	}
}

// readHead reads a status line and the header lines after it.
func (c *conn) readHead(a *answer) error {
	c.head = c.head[:0]
	for {
		line, err := c.br.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull), len(c.head)+len(line) > c.br.Size():
			return fmt.Errorf("the answer's head is larger than limits.header (%d bytes)", c.br.Size())
		case err != nil && len(c.head)+len(line) == 0:
			return fmt.Errorf("no answer: %w", err)
		case err != nil:
			return fmt.Errorf("reading the answer's head: %w", err)
		}
		c.head = append(c.head, line...)
		if len(line) <= 2 {
			break
		}
	}
	return a.parse(c.head)
}

func (a *answer) parse(raw []byte) error {
	status, lines, ok := cutLine(raw)
	if !ok || len(status) < 12 || !bytes.HasPrefix(status, []byte("HTTP/1.")) || status[8] != ' ' || !all(status[9:12], isDigit) {
		return errAnswerHead
	}
	if status[7] != '1' && status[7] != '0' || len(status) > 12 && status[12] != ' ' || !all(status, isText) {
		return errAnswerHead
	}
	*a = answer{length: -2, lines: lines, persist: status[7] == '1', named: a.named[:0]}
	a.code, _ = strconv.Atoi(string(status[9:12]))
	if a.code < 100 {
		return errAnswerHead
	}
	a.reason = status[min(13, len(status)):]
	for {
		line, rest, ok := cutLine(lines)
		if !ok {
			return errAnswerHead
		}
		if len(line) == 0 {
			return nil
		}
		name, value, ok := cutHeader(line)
		if !ok {
			return errAnswerHead
		}
		if err := a.take(name, value); err != nil {
			return err
		}
		lines = rest
	}
}

func (a *answer) take(name, value []byte) error {
	switch kindOf(name) {
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
		if len(value) >= 5 && bytes.Contains(bytes.ToLower(value), []byte("close")) {
			a.persist = false
		}
	}
	return nil
}

// fill writes a's head into resp. fasthttp keeps some headers to itself unless it has read them
// from a wire, so it is given one to read.
func (c *conn) fill(resp *fasthttp.Response, a *answer) error {
	dst := append(c.wire[:0], "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(a.code), 10)
	dst = append(dst, ' ')
	dst = append(dst, a.reason...)
	dst = append(dst, "\r\n"...)
	listed := head{named: a.named}
	for raw := a.lines; ; {
		line, rest, _ := cutLine(raw)
		if len(line) == 0 {
			break
		}
		whole := raw[:len(raw)-len(rest)]
		raw = rest
		name, _, _ := cutHeader(line)
		switch k := kindOf(name); k {
		case kindHop, kindConnection, kindCoding, kindUpgrade:
		case kindLength:
			if resp.SkipBody {
				dst = append(dst, whole...)
			}
		default:
			if listed.forwards(name) {
				dst = append(dst, whole...)
			}
		}
	}
	c.wire = append(dst, "\r\n"...)
	resp.Header.DisableNormalizing()
	c.src.Reset(c.wire)
	if c.again == nil || c.again.Size() < len(c.wire) {
		c.again = bufio.NewReaderSize(&c.src, max(len(c.wire), 4096))
	} else {
		c.again.Reset(&c.src)
	}
	if err := resp.Header.Read(c.again); err != nil {
		return fmt.Errorf("reading the answer's head: %w", err)
	}
	resp.Header.ResetConnectionClose()
	return nil
}
