package proxy

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

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
	to := &upstream{host: "up.test:8443", base: "/base"}
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
		out := append(w.head.append(nil, &req.Header, to, len(req.Body()), false), req.Body()...)
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
		if got.Host != to.host || len(got.TransferEncoding) > 0 || got.Header.Get("Connection") != "" {
			t.Errorf("host %q, coding %v:\n%q\nfrom\n%q", got.Host, got.TransferEncoding, out, raw)
		}
		for name := range got.Header {
			if strings.HasPrefix(strings.ToLower(name), "sendgate-") {
				t.Errorf("%s goes to the upstream", name)
			}
		}
	})
}

// TestAnswerHead: a head that is not exactly one of HTTP/1.1 is no answer.
func TestAnswerHead(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing":                   "\r\n",
		"lines that end in LF":      "HTTP/1.1 200 OK\nA: b\n\n",
		"a status of two digits":    "HTTP/1.1 20 OK\r\n\r\n",
		"a status below 100":        "HTTP/1.1 099 No\r\n\r\n",
		"a status of four digits":   "HTTP/1.1 2000\r\n\r\n",
		"HTTP/2":                    "HTTP/2 200\r\n\r\n",
		"HTTP/1.2":                  "HTTP/1.2 200 OK\r\n\r\n",
		"a folded header":           "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
		"a blank before the colon":  "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
		"a NUL in a value":          "HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n",
		"a signed length":           "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
		"a length beyond all sizes": "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"a coding besides chunked":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			var a answer
			if err := a.parse([]byte(raw)); err == nil {
				t.Errorf("%q was taken for %+v", raw, a)
			}
		})
	}
}

// TestTextBesideItsDefinition: the fast look and the plain one agree about every byte at every place.
func TestTextBesideItsDefinition(t *testing.T) {
	for size := range 20 {
		for at := range size {
			for c := range 256 {
				for _, fill := range []byte{' ', 'a', '\t', 0x80, 0xff} {
					b := bytes.Repeat([]byte{fill}, size)
					b[at] = byte(c)
					if got, want := text(b), all(b, isText); got != want {
						t.Fatalf("%q: %t, want %t", b, got, want)
					}
				}
			}
		}
	}
}

const clientHead = "Host: gate:8080\r\nUser-Agent: twilio-python/9.0.4 (Linux x86_64) Python/3.11.2\r\nAccept: application/json\r\n" +
	"Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nX-Twilio-Client: python-9.0.4\r\nAccept-Charset: utf-8\r\n" +
	"Content-Type: application/x-www-form-urlencoded\r\nAuthorization: Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==\r\n" +
	"Content-Length: 190\r\n\r\n"

// BenchmarkHead measures checking a request's head and writing it for the upstream.
func BenchmarkHead(b *testing.B) {
	var h head
	var req fasthttp.RequestHeader
	req.SetMethod("POST")
	req.SetRequestURI("/2010-04-01/Accounts/AC/Messages.json")
	to, raw, dst := &upstream{host: "api.twilio.com"}, []byte(clientHead), []byte(nil)
	b.ReportAllocs()
	for b.Loop() {
		if err := h.parse(raw); err != nil {
			b.Fatal(err)
		}
		dst = h.append(dst[:0], &req, to, 190, false)
	}
}
