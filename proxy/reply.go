package proxy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// A reply is an answer as it was given, to be given again. It is never changed once it is made.
type reply struct {
	head  []byte // status line and header lines, without the gate's marks and the blank line
	body  []byte
	marks marks
}

// reply is the answer that is in w.
func (w *work) reply() *reply {
	return &reply{head: w.appendHead(nil), body: bytes.Clone(w.resp.Body()), marks: w.marks}
}

// appendHead writes the head of the answer, the upstream's as it was written, without the gate's
// marks and the blank line.
func (w *work) appendHead(dst []byte) []byte {
	if w.relayed {
		return append(dst, w.answer.Head...)
	}
	h := &w.resp.Header
	h.SetContentLength(len(w.resp.Body()))
	dst = h.AppendBytes(dst)
	return dst[:len(dst)-len("\r\n")]
}

// repeat leaves r in w, where nothing is yet. What r holds must not be changed while w is used.
func (w *work) repeat(r *reply) error {
	w.resp.SetBodyRaw(r.body)
	w.answer.Head = append(w.answer.Head[:0], r.head...)
	w.relayed, w.marks = true, r.marks
	w.marks.replayed = true
	if w.framed {
		return nil
	}
	return w.answer.Fill(w.resp)
}

// encode writes r in the form that is kept.
func (r *reply) encode() []byte {
	b := make([]byte, 0, len(r.head)+len(r.body)+128)
	decision := r.marks.decision
	if r.marks.blocked != "" {
		decision += " " + r.marks.blocked
	}
	for _, s := range [...]string{decision, r.marks.reason, r.marks.id} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	until := int64(0)
	if !r.marks.until.IsZero() {
		until = r.marks.until.Unix()
	}
	b = binary.AppendVarint(b, until)
	b = append(binary.AppendUvarint(b, uint64(len(r.head))), r.head...)
	return append(b, r.body...)
}

var errReply = errors.New("the answer that was kept does not read")

// decodeReply reads what encode wrote, and keeps b.
func decodeReply(b []byte) (*reply, error) {
	bad := false
	next := func() (part []byte) {
		size, n := binary.Uvarint(b)
		if bad = bad || n <= 0 || size > uint64(len(b)-n); bad {
			return nil
		}
		part, b = b[n:n+int(size)], b[n+int(size):]
		return part
	}
	r := &reply{marks: marks{decision: string(next()), reason: string(next()), id: string(next())}}
	r.marks.decision, r.marks.blocked, _ = strings.Cut(r.marks.decision, " ")
	until, n := binary.Varint(b)
	if bad || n <= 0 {
		return nil, errReply
	}
	if b = b[n:]; until != 0 {
		r.marks.until = time.Unix(until, 0)
	}
	if r.head = next(); bad {
		return nil, errReply
	}
	r.body = b
	return r, nil
}
