package head

import (
	"bytes"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

func TestSumsOfTheBody(t *testing.T) {
	const raw = "Host: gate\r\ncontent-md5: x\r\nDigest: sha-256=x\r\nContent-Digest: x\r\nRepr-Digest: x\r\nX-Digest: x\r\nContent-Length: 1\r\n\r\n"
	for name, c := range map[string]struct {
		changed bool
		lines   string
	}{
		"go with a body that is forwarded as it came": {false, "content-md5: x\r\nDigest: sha-256=x\r\nContent-Digest: x\r\nRepr-Digest: x\r\nX-Digest: x\r\n"},
		"stay behind when the body was changed":       {true, "\r\nX-Digest: x\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var h Request
			if err := h.Parse([]byte(raw)); err != nil {
				t.Fatal(err)
			}
			var req fasthttp.RequestHeader
			got := string(h.Append(nil, &req, &Destination{Host: "api"}, 1, c.changed))
			if !strings.Contains(got, c.lines) || c.changed && strings.Contains(strings.ToLower(got), "content-md5") {
				t.Errorf("forwarded as %q, want %q in it", got, c.lines)
			}
		})
	}
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
			var a Answer
			if err := a.Parse([]byte(raw)); err == nil {
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
					if got, want := text(b), All(b, isText); got != want {
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
	var h Request
	var req fasthttp.RequestHeader
	req.SetMethod("POST")
	req.SetRequestURI("/2010-04-01/Accounts/AC/Messages.json")
	to, raw, dst := &Destination{Host: "api.twilio.com"}, []byte(clientHead), []byte(nil)
	b.ReportAllocs()
	for b.Loop() {
		if err := h.Parse(raw); err != nil {
			b.Fatal(err)
		}
		dst = h.Append(dst[:0], &req, to, 190, false)
	}
}
