package mock

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// An answer is what a service says to one request.
type answer struct {
	status int
	mime   string
	header [][2]string
	body   []byte

	accepted bool
	id       string         // of the accepted message
	message  *twilioMessage // the accepted message, as Twilio keeps it
	code     int            // the service's error code
	fault    string         // why it was refused
	fate     fate
	follows  []*Call // what the service and the person do, once the message is accepted
}

// A fate is how an answer reaches the client, or does not.
type fate uint8

const (
	answered    fate = iota
	silent           // not until Config.Hold is closed
	closedFirst      // the connection is closed before the answer
	closedAmid       // the connection is closed in the middle of the answer
	resetFirst       // the connection is reset before the answer
)

// refusal is the mock's own answer: to what no real service documents, or should ever see.
func refusal(fault string) answer {
	a := jsonAnswer(http.StatusBadRequest, map[string]string{"mock": fault})
	a.fault = fault
	return a
}

// jsonAnswer is v as JSON. v is one of this package's own types, which always can be written.
func jsonAnswer(status int, v any) answer {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("mock: writing an answer: %v", err))
	}
	return answer{status: status, mime: "application/json", body: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}
}

// deliver brings a to the client, or lets it fail on the way.
func (m *Mock) deliver(w http.ResponseWriter, r *http.Request, a answer, seq int64) {
	switch a.fate {
	case silent:
		select {
		case <-r.Context().Done():
			hangUp(w, func(net.Conn) {})
		case <-m.cfg.Hold:
			m.kept.update(seq, func(s *Send) { s.Status = a.status })
			a.write(w)
		}
	case closedFirst:
		hangUp(w, func(net.Conn) {})
	case closedAmid:
		hangUp(w, func(c net.Conn) {
			head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n", a.status, http.StatusText(a.status), a.mime, len(a.body))
			if len(a.body) > 0 {
				head += "\r\n"
			}
			_, _ = fmt.Fprintf(c, "%s%s", head, a.body[:len(a.body)/2]) // it is cut off anyway
		})
	case resetFirst:
		hangUp(w, func(c net.Conn) {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // without it the connection is closed, which is nearly as rude
			}
		})
	default:
		a.write(w)
	}
}

// write gives the whole answer.
func (a answer) write(w http.ResponseWriter) {
	h := w.Header()
	for _, kv := range a.header {
		h.Set(kv[0], kv[1])
	}
	if a.mime != "" {
		h.Set("Content-Type", a.mime)
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the client may leave
}

// hangUp takes the connection, lets last do something with it, and closes it.
func hangUp(w http.ResponseWriter, last func(net.Conn)) {
	hj, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	c, _, err := hj.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	last(c)
	_ = c.Close() // closing is the whole point
}

// decoded undoes the content encoding of a body.
func decoded(h http.Header, body []byte) ([]byte, error) {
	switch coding := strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding"))); coding {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("the body is not gzip, as its Content-Encoding says: %w", err)
		}
		plain, err := io.ReadAll(io.LimitReader(z, maxBody+1))
		if err != nil {
			return nil, fmt.Errorf("the gzip body is broken: %w", err)
		}
		if len(plain) > maxBody {
			return nil, fmt.Errorf("the gzip body is longer than %d bytes", maxBody)
		}
		return plain, nil
	default:
		return nil, fmt.Errorf("the Content-Encoding %q is not understood", coding)
	}
}
