package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/sendgate/sendgate/proxy/head"
	"github.com/valyala/fasthttp"
)

// maxInterim bounds the 1xx answers that may come before the real one.
const maxInterim = 8

// An Answer is the head of what an upstream answered, and when the exchange was over.
type Answer struct {
	head.Answer
	Done time.Time
	long []byte // a head that is longer than what is read at a time
}

// receive reads one complete answer: its head into a, its status, its Content-Encoding and its body
// into resp. keep reports whether the connection can serve another exchange. body bounds the
// answer's body in bytes.
func (c *conn) receive(resp *fasthttp.Response, a *Answer, toHead bool, body int) (keep bool, err error) {
	for n := 0; ; n++ {
		if err := c.readHead(a); err != nil {
			return false, err
		}
		if a.Code >= 200 {
			break
		}
		if a.Code == fasthttp.StatusSwitchingProtocols || n == maxInterim {
			return false, fmt.Errorf("the answer's status %d was not asked for", a.Code)
		}
	}
	resp.ResetBody()
	resp.SkipBody = toHead
	resp.Header.SetStatusCode(a.Code)
	if len(a.Encoding) > 0 {
		resp.Header.SetContentEncodingBytes(a.Encoding)
	}
	bare := toHead || a.Code == fasthttp.StatusNoContent || a.Code == fasthttp.StatusNotModified
	a.Pass(toHead || !bare)
	switch {
	case !bare:
		if err := c.readBody(resp, a, body); err != nil {
			return false, err
		}
		if a.Length < 0 {
			a.Head = head.AppendLength(a.Head, "Content-Length", len(resp.Body()))
		}
	case a.Length == head.UntilClose:
		a.Length = head.Chunked // no body follows, whatever its length would have been
	}
	return a.Persist && a.Length != head.UntilClose, nil
}

func (c *conn) readBody(resp *fasthttp.Response, a *Answer, limit int) error {
	resp.Header.SetContentLength(a.Length)
	if err := resp.ReadBody(c.br, limit); err != nil {
		if errors.Is(err, fasthttp.ErrBodyTooLarge) {
			return fmt.Errorf("the answer's body is larger than limits.body (%d bytes)", limit)
		}
		return fmt.Errorf("reading the answer's body: %w", err)
	}
	if a.Length != head.Chunked {
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
func (c *conn) readHead(a *Answer) error {
	for {
		seen, _ := c.br.Peek(c.br.Buffered())
		if end := head.End(seen); end > 0 {
			if end > c.head {
				return c.tooLong()
			}
			_, _ = c.br.Discard(end)
			return a.Parse(seen[:end])
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
func (c *conn) readLong(a *Answer) error {
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
		case head.End(a.long[max(0, len(a.long)-3):]) > 0:
			return a.Parse(a.long)
		}
	}
}

func (c *conn) tooLong() error {
	return fmt.Errorf("the answer's head is larger than limits.header (%d bytes)", c.head)
}
