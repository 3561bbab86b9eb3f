package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/sendgate/sendgate/store/audit"
	"go.uber.org/zap"
)

// As is a client of s in the same process, on whose calls s acts as it would for a token of that name and
// role. Who calls it vouches for the name.
func (s *Server) As(name string, role Role) *Client { return s.as(actor{name: name, role: role}) }

func (s *Server) as(by actor) *Client {
	c := NewClient("http://console", "")
	c.http.Transport = inProcess{s, by}
	return c
}

// Audit keeps an act that is no call of s: that somebody logged in, say.
func (s *Server) Audit(a audit.Act) error { return s.store.Audit().Keep(a) }

// actorOf is where a context holds the actor of a call in the process.
type actorOf struct{}

// inside reports whether r comes from a client in the same process.
func inside(r *http.Request) bool {
	_, ok := r.Context().Value(actorOf{}).(actor)
	return ok
}

// inProcess answers requests by the server itself, without a network.
type inProcess struct {
	server *Server
	by     actor
}

// RoundTrip returns as soon as the server begins its answer, which is read while it is written.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(context.WithValue(r.Context(), actorOf{}, p.by))
	body, out := io.Pipe()
	w := &pipedAnswer{header: http.Header{}, trailer: http.Header{}, out: out, begun: make(chan struct{})}
	inner := r.WithContext(ctx)
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	go func() {
		defer cancel()
		defer inner.Body.Close()
		defer func() {
			switch fault := recover(); fault {
			case nil:
			case http.ErrAbortHandler:
				w.end(io.ErrUnexpectedEOF)
			default: // as net/http does, which serves others none the worse
				p.server.log.Error("a call of the console failed", zap.String("path", r.URL.Path), zap.Any("fault", fault), zap.Stack("stack"))
				w.end(errors.New("the gate failed on this call"))
			}
		}()
		p.server.ServeHTTP(w, inner)
		w.end(nil)
	}()
	<-w.begun
	return &http.Response{Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Trailer: w.trailer, Body: &pipedBody{PipeReader: body, cancel: cancel}, ContentLength: -1, Request: r}, nil
}

// pipedBody ends the call when its reader has enough.
type pipedBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (b *pipedBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}

// A pipedAnswer is an http.ResponseWriter whose reader is in the same process. It has no deadlines: who
// reads it has those of his own.
type pipedAnswer struct {
	header  http.Header // as the handler sees it
	sent    http.Header // as it was when the answer began
	trailer http.Header // complete before the body ends
	status  int
	out     *io.PipeWriter
	once    sync.Once
	begun   chan struct{}
}

func (w *pipedAnswer) Header() http.Header { return w.header }

func (w *pipedAnswer) WriteHeader(status int) {
	if status < 200 {
		return // what is sent before the answer
	}
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.begun)
	})
}

func (w *pipedAnswer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.out.Write(b)
}

func (w *pipedAnswer) end(err error) {
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
	w.WriteHeader(http.StatusOK)
	for _, name := range w.sent.Values("Trailer") {
		w.trailer.Set(name, w.header.Get(name))
	}
	_ = w.out.CloseWithError(err) // never fails
}

func (w *pipedAnswer) Flush() { w.WriteHeader(http.StatusOK) }

func (w *pipedAnswer) SetReadDeadline(time.Time) error  { return nil }
func (w *pipedAnswer) SetWriteDeadline(time.Time) error { return nil }
func (w *pipedAnswer) EnableFullDuplex() error          { return nil }
