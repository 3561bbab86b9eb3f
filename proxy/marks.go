package proxy

import (
	"time"

	"github.com/sendgate/sendgate/proxy/head"
	"github.com/valyala/fasthttp"
)

// marks are the gate's own headers of an answer. The zero value is none.
type marks struct {
	decision, reason, id string
	until                time.Time
	replayed             bool   // the answer was given before
	blocked              string // the messages that were taken out of the request; see leftOut
}

// set adds them to an answer that fasthttp writes.
func (m *marks) set(h *fasthttp.ResponseHeader) {
	if m.replayed {
		h.Set("Sendgate-Replayed", "true")
	}
	if m.decision == "" {
		return
	}
	h.Set("Sendgate-Decision", m.decision)
	h.Set("Sendgate-Reason", m.reason)
	h.Set("Sendgate-Id", m.id)
	if m.blocked != "" {
		h.Set("Sendgate-Blocked", m.blocked)
	}
	if !m.until.IsZero() {
		h.Set("Sendgate-Until", m.until.UTC().Format(time.RFC3339))
	}
}

// append adds them to a head that the gate writes.
func (m *marks) append(dst []byte) []byte {
	if m.replayed {
		dst = head.AppendHeader(dst, "Sendgate-Replayed", "true")
	}
	if m.decision == "" {
		return dst
	}
	dst = head.AppendHeader(dst, "Sendgate-Decision", m.decision)
	dst = head.AppendHeader(dst, "Sendgate-Reason", m.reason)
	dst = head.AppendHeader(dst, "Sendgate-Id", m.id)
	if m.blocked != "" {
		dst = head.AppendHeader(dst, "Sendgate-Blocked", m.blocked)
	}
	if !m.until.IsZero() {
		dst = append(dst, "Sendgate-Until: "...)
		dst = m.until.UTC().AppendFormat(dst, time.RFC3339)
		dst = append(dst, "\r\n"...)
	}
	return dst
}
