package head

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/valyala/fasthttp"
)

var errAnswer = errors.New("the answer's head is not well-formed HTTP/1.1")

// An Answer is the head of an upstream's answer: what must be known to read on, and what is passed on of it.
type Answer struct {
	Code     int
	reason   []byte // the words after the code
	lines    []byte // the header lines, without the blank one
	Length   int    // of the body, or Chunked, or UntilClose
	Persist  bool   // another exchange may follow
	Encoding []byte // of the body, if it is said
	special  []special
	named    [][]byte

	// Head is the status line and the header lines that go to the client, as the upstream spelled and
	// ordered them, less those of the connection and any Sendgate-* ones. The blank line is missing.
	Head []byte

	src   bytes.Reader
	again *bufio.Reader // reads src
}

// Lengths of a body that the head does not say.
const (
	Chunked    = -1
	UntilClose = -2 // the connection ends with it
)

// Parse checks raw and keeps slices of it.
func (a *Answer) Parse(raw []byte) error {
	status, lines, ok := CutLine(raw)
	if !ok || len(status) < 12 || !bytes.HasPrefix(status, []byte("HTTP/1.")) || status[8] != ' ' || !All(status[9:12], IsDigit) {
		return errAnswer
	}
	if status[7] != '1' && status[7] != '0' || len(status) > 12 && status[12] != ' ' || !All(status, isText) {
		return errAnswer
	}
	a.Length, a.lines, a.Persist, a.Encoding = UntilClose, lines, status[7] == '1', nil
	a.special, a.named = a.special[:0], a.named[:0]
	a.Code, _ = strconv.Atoi(string(status[9:12]))
	if a.Code < 100 {
		return errAnswer
	}
	a.reason = status[min(13, len(status)):]
	for at := 0; ; {
		line, rest, ok := CutLine(lines)
		if !ok {
			return errAnswer
		}
		if len(line) == 0 {
			break
		}
		name, value, ok := CutHeader(line)
		if !ok {
			return errAnswer
		}
		k := KindOf(name)
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

func (a *Answer) take(k Kind, value []byte) error {
	switch k {
	case Length:
		n, err := strconv.Atoi(string(value))
		if err != nil || n < 0 || a.Length != UntilClose || !All(value, IsDigit) {
			return errors.New("the answer's length is ambiguous")
		}
		a.Length = n
	case Coding:
		if a.Length != UntilClose || !Fold(value, "chunked") {
			return errors.New("the answer's length is ambiguous")
		}
		a.Length = Chunked
	case Connection:
		a.named, _ = Listed(a.named, value)
		for ; len(value) >= len("close"); value = value[1:] {
			if Fold(value[:len("close")], "close") {
				a.Persist = false
			}
		}
	case Compression:
		a.Encoding = value
	}
	return nil
}

// Pass makes the head that is passed on. measured says whether a Content-Length is a part of it.
func (a *Answer) Pass(measured bool) {
	dst := append(a.Head[:0], "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(a.Code), 10)
	dst = append(dst, ' ')
	dst = append(dst, a.reason...)
	dst = append(dst, "\r\n"...)
	at := 0
	for _, l := range a.special {
		dst = append(dst, a.lines[at:l.from]...)
		at = l.to
		switch l.kind {
		case Host, Digest, Expect: // of a request, these would be special
			dst = append(dst, a.lines[l.from:l.to]...)
		case Length:
			if measured {
				dst = append(dst, a.lines[l.from:l.to]...)
			}
		}
	}
	a.Head = append(dst, a.lines[at:]...)
}

// Measure has a's head be that of another body, of so many bytes: a digest is of the one before.
func (a *Answer) Measure(body int) {
	status, lines, _ := CutLine(a.Head)
	out := a.Head[:len(status)+len("\r\n")]
	for {
		line, rest, ok := CutLine(lines)
		if !ok {
			break
		}
		name, _, _ := CutHeader(line)
		if k := KindOf(name); k != Length && k != Digest {
			out = append(out, lines[:len(lines)-len(rest)]...) // it only moves to the front
		}
		lines = rest
	}
	a.Head = AppendLength(out, "Content-Length", body)
}

// Fill writes a's head into resp, for fasthttp to send. It leaves six lines for fasthttp to spell
// and place: Server, Content-Type, Content-Encoding, Content-Length and Set-Cookie, and Connection
// towards the client. fasthttp keeps some headers to itself unless it has read them from a wire, so
// it is given one to read.
func (a *Answer) Fill(resp *fasthttp.Response) error {
	a.Head = append(a.Head, "\r\n"...)
	defer func() { a.Head = a.Head[:len(a.Head)-len("\r\n")] }()
	resp.Header.DisableNormalizing()
	a.src.Reset(a.Head)
	if a.again == nil || a.again.Size() < len(a.Head) {
		a.again = bufio.NewReaderSize(&a.src, max(len(a.Head), 4096))
	} else {
		a.again.Reset(&a.src)
	}
	if err := resp.Header.Read(a.again); err != nil {
		return fmt.Errorf("reading the answer's head: %w", err)
	}
	resp.Header.ResetConnectionClose()
	return nil
}
