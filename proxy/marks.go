package proxy

import (
	"fmt"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// marks are the gate's own headers of an answer. The zero value is none.
type marks struct {
	decision, reason, id string
	until                time.Time
	replayed             bool   // the answer was given before
	blocked              string // the messages that were taken out of the request; see blocked
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
		dst = appendHeader(dst, "Sendgate-Replayed", "true")
	}
	if m.decision == "" {
		return dst
	}
	dst = appendHeader(dst, "Sendgate-Decision", m.decision)
	dst = appendHeader(dst, "Sendgate-Reason", m.reason)
	dst = appendHeader(dst, "Sendgate-Id", m.id)
	if m.blocked != "" {
		dst = appendHeader(dst, "Sendgate-Blocked", m.blocked)
	}
	if !m.until.IsZero() {
		dst = append(dst, "Sendgate-Until: "...)
		dst = m.until.UTC().AppendFormat(dst, time.RFC3339)
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// maxBlocked is how long the header Sendgate-Blocked may become, in bytes, since clients take no more than
// a few thousand of all headers together.
const maxBlocked = 2 << 10

// blocked is the value of Sendgate-Blocked, a dictionary (https://www.rfc-editor.org/rfc/rfc9651#section-3.2):
// to each reason the places of the recipients that were taken out of a request, counted from 0 in the order
// in which they stand there, as in opted-out=(0 2), cap-reached=(7). What has no room is counted by more.
func blocked(ds []filter.Decision) string {
	var places [filter.Reasons]strings.Builder
	size, more := 0, 0
	for i := range ds {
		if ds[i].Action != filter.Block {
			continue
		}
		b := &places[ds[i].Reason]
		if size > maxBlocked {
			more++
			continue
		}
		n, _ := fmt.Fprintf(b, " %d", i)
		size += n
	}
	var out []string
	for reason := range places {
		if list := places[reason].String(); list != "" {
			out = append(out, filter.Reason(reason).String()+"=("+list[1:]+")")
		}
	}
	if more > 0 {
		out = append(out, fmt.Sprintf("more=%d", more))
	}
	return strings.Join(out, ", ")
}
