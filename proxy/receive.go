package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/valyala/fasthttp"
)

// maxInterim bounds the 1xx answers that may come before the real one.
const maxInterim = 8

// An answer is the head of what an upstream answered, and when the exchange was over.
type answer struct {
	answerHead
	done time.Time
	long []byte // a head that is longer than what is read at a time
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
	case a.length == untilClose:
		a.length = chunked // no body follows, whatever its length would have been
	}
	return a.persist && a.length != untilClose, nil
}

func (c *conn) readBody(resp *fasthttp.Response, a *answer, limit int) error {
	resp.Header.SetContentLength(a.length)
	if err := resp.ReadBody(c.br, limit); err != nil {
		if errors.Is(err, fasthttp.ErrBodyTooLarge) {
			return fmt.Errorf("the answer's body is larger than limits.body (%d bytes)", limit)
		}
		return fmt.Errorf("reading the answer's body: %w", err)
	}
	if a.length != chunked {
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
