package proxy

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/head"
	"github.com/valyala/fasthttp"
)

// uncommonRequests are sound, and not for the lane.
var uncommonRequests = map[string]string{
	"HTTP/1.0":                      "GET /x HTTP/1.0\r\nHost: gate\r\n\r\n",
	"a blank line in front":         "\r\nGET /x HTTP/1.1\r\nHost: gate\r\n\r\n",
	"chunks":                        "POST /x HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"an expectation":                "POST /x HTTP/1.1\r\nHost: gate\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
	"an upgrade":                    "GET /x HTTP/1.1\r\nHost: gate\r\nUpgrade: h2c\r\n\r\n",
	"the last of a connection":      "GET /x HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n",
	"the last, and it says more":    "GET /x HTTP/1.1\r\nHost: gate\r\nConnection: keep-alive, Close\r\n\r\n",
	"a header of this connection":   "GET /x HTTP/1.1\r\nHost: gate\r\nConnection: X-Mine\r\nX-Mine: 1\r\n\r\n",
	"an announced trailer":          "GET /x HTTP/1.1\r\nHost: gate\r\nTrailer: X\r\n\r\n",
	"another method":                "PURGE /x HTTP/1.1\r\nHost: gate\r\n\r\n",
	"a URL in the target":           "GET /x?to=http://y HTTP/1.1\r\nHost: gate\r\n\r\n",
	"a Host in brackets":            "GET /x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
	"a Host with two ports":         "GET /x HTTP/1.1\r\nHost: a:1:2\r\n\r\n",
	"a length with a zero in front": "POST /x HTTP/1.1\r\nHost: gate\r\nContent-Length: 05\r\n\r\nhello",
	"a length beyond limits.body":   "POST /x HTTP/1.1\r\nHost: gate\r\nContent-Length: 1048577\r\n\r\n",
	"two requests":                  "GET /x HTTP/1.1\r\nHost: gate\r\n\r\nGET /y HTTP/1.1\r\nHost: gate\r\n\r\n",
	"a byte more than its length":   "POST /x HTTP/1.1\r\nHost: gate\r\nContent-Length: 4\r\n\r\nhello",
}

const mostBody = 1 << 20

func TestFrame(t *testing.T) {
	for name, request := range uncommonRequests {
		t.Run(name, func(t *testing.T) {
			if got := new(work).frame([]byte(request), mostBody); got != uncommon {
				t.Errorf("it is taken for a request of the common form (%d)", got)
			}
		})
	}
	for _, c := range badInput {
		t.Run(c.name, func(t *testing.T) {
			w := new(work)
			if w.frame([]byte(crlf(c.request)), mostBody) == whole && c.status == 400 {
				t.Error("it is taken for a sound request")
			}
		})
	}
	common := 0
	for _, s := range providers.Samples() {
		w := new(work)
		switch w.frame(s.Request, mostBody) {
		case whole:
			common++
			agree(t, w, s.Request)
		case partial:
			t.Errorf("%s %s is taken for a part", s.Provider, s.Name)
		}
	}
	if all := len(providers.Samples()); common < all*3/4 {
		t.Errorf("only %d of %d samples are of the common form", common, all)
	}
}

// agree holds what the lane made of raw, which it found whole, against what fasthttp and net/http
// make of it.
func agree(t *testing.T, w *work, raw []byte) {
	t.Helper()
	var slow work
	var req fasthttp.Request
	in := bufio.NewReaderSize(bytes.NewReader(raw), len(raw)+16)
	if err := req.Header.Read(in); err != nil {
		t.Fatalf("fasthttp: %v in\n%q", err, raw)
	}
	if req.MayContinue() || req.Header.ConnectionClose() || !req.Header.IsHTTP11() || req.URI().Parse(req.Header.Host(), req.Header.RequestURI()) != nil {
		t.Fatalf("fasthttp finds more than a common request in\n%q", raw)
	}
	if err := req.ContinueReadBody(in, mostBody, false); err != nil || in.Buffered() > 0 {
		t.Fatalf("fasthttp: %v, and %d bytes more, in\n%q", err, in.Buffered(), raw)
	}
	if slow.req = &req; slow.admit() != "" {
		t.Fatalf("%s:\n%q", slow.admit(), raw)
	}
	own := &w.ownReq
	if !bytes.Equal(own.Header.Method(), req.Header.Method()) || !bytes.Equal(own.Header.RequestURI(), req.Header.RequestURI()) ||
		!bytes.Equal(own.Body(), req.Body()) || !bytes.Equal(w.batch.Head, req.Header.RawHeaders()) {
		t.Fatalf("fasthttp finds %s %s, %q, %q in\n%q", req.Header.Method(), req.Header.RequestURI(), req.Header.RawHeaders(), req.Body(), raw)
	}
	to := &head.Destination{Host: "up.test", Base: "/base"}
	if fast, slow := w.head.Append(nil, &own.Header, to, len(own.Body()), false), slow.head.Append(nil, &req.Header, to, len(req.Body()), false); !bytes.Equal(fast, slow) {
		t.Fatalf("forwarded as\n%q and\n%q from\n%q", fast, slow, raw)
	}
	br := bufio.NewReader(bytes.NewReader(raw))
	other, err := http.ReadRequest(br)
	if err != nil { // net/http knows fewer targets and values than HTTP allows
		if s := err.Error(); strings.Contains(s, "malformed") || strings.Contains(s, "invalid") || strings.Contains(s, "parse") {
			return
		}
		t.Fatalf("net/http: %v in\n%q", err, raw)
	}
	body, err := io.ReadAll(other.Body)
	if err != nil || !bytes.Equal(body, own.Body()) || br.Buffered() > 0 || other.Method != string(own.Header.Method()) || other.RequestURI != string(own.Header.RequestURI()) {
		t.Fatalf("net/http finds %s %s, %q, %v, and %d bytes more, in\n%q", other.Method, other.RequestURI, body, err, br.Buffered(), raw)
	}
}

// FuzzFrame: what the lane takes for one whole request is that for fasthttp and net/http too, byte
// for byte. A part of it is a part, and with anything behind it is no longer for the lane.
func FuzzFrame(f *testing.F) {
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
	for _, r := range uncommonRequests {
		f.Add([]byte(r))
	}
	for _, s := range providers.Samples() {
		f.Add(s.Request)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		w := new(work)
		if w.frame(raw, mostBody) != whole {
			return
		}
		agree(t, w, raw)
		for n := 1; n < len(raw); n++ {
			if got := new(work).frame(raw[:n], mostBody); got != partial {
				t.Fatalf("the first %d bytes are no part (%d) of\n%q", n, got, raw)
			}
		}
		for _, more := range []string{"\r", "\n", "G", "GET / HTTP/1.1\r\nHost: gate\r\n\r\n"} {
			if got := new(work).frame(append(raw[:len(raw):len(raw)], more...), mostBody); got != uncommon {
				t.Fatalf("with %q behind it is for the lane (%d):\n%q", more, got, raw)
			}
		}
	})
}
