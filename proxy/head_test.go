package proxy

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/proxy/head"
	"github.com/valyala/fasthttp"
)

// FuzzHead reads requests as the gate does. Whatever it lets through, it writes as a request that
// another reader understands in the same way.
func FuzzHead(f *testing.F) {
	for _, r := range oddRequests {
		f.Add([]byte(crlf(r)))
	}
	for _, c := range badInput {
		if len(c.request) < 1000 {
			f.Add([]byte(crlf(c.request)))
		}
	}
	for _, c := range cutShort {
		f.Add([]byte(c.request))
	}
	to := &head.Destination{Host: "up.test:8443", Base: "/base"}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var req fasthttp.Request
		in := bufio.NewReader(bytes.NewReader(raw))
		if req.Header.Read(in) != nil || req.ContinueReadBody(in, 1<<20, false) != nil {
			return
		}
		var w work
		if w.req = &req; w.admit() != "" {
			return
		}
		out := append(w.head.Append(nil, &req.Header, to, len(req.Body()), false), req.Body()...)
		br := bufio.NewReader(bytes.NewReader(out))
		got, err := http.ReadRequest(br)
		if err != nil {
			// net/http knows fewer methods, targets and values than HTTP allows.
			if s := err.Error(); strings.Contains(s, "malformed") || strings.Contains(s, "invalid") || strings.Contains(s, "parse") {
				return
			}
			t.Fatalf("%v:\n%q\nfrom\n%q", err, out, raw)
		}
		var body bytes.Buffer
		if _, err := body.ReadFrom(got.Body); err != nil {
			t.Fatalf("reading the body: %v:\n%q\nfrom\n%q", err, out, raw)
		}
		if br.Buffered() > 0 || !bytes.Equal(body.Bytes(), req.Body()) {
			t.Errorf("another reader finds the body %q, and %d bytes more:\n%q\nfrom\n%q", body.Bytes(), br.Buffered(), out, raw)
		}
		if got.Host != to.Host || len(got.TransferEncoding) > 0 || got.Header.Get("Connection") != "" {
			t.Errorf("host %q, coding %v:\n%q\nfrom\n%q", got.Host, got.TransferEncoding, out, raw)
		}
		for name := range got.Header {
			if strings.HasPrefix(strings.ToLower(name), "sendgate-") {
				t.Errorf("%s goes to the upstream", name)
			}
		}
	})
}
