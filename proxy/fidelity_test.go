package proxy

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
)

// TestByteFidelity shows that an upstream receives what the client wrote: method, path, query,
// header lines and body, less what belongs to the connection or the gate, and with its own Host.
func TestByteFidelity(t *testing.T) {
	seen := make(chan wire, 1)
	ln := loopback(t)
	base := play(t, ln, echo(okAnswer, func(w wire) { seen <- w }))
	upstream := ln.Addr().String()

	st := memory(t)
	_, addr := start(t, Config{Routes: fidelityRoutes(base), Limits: Limits{Header: 32 << 10}}, st)
	check := func(t *testing.T, route, request string, body func(string) string) {
		t.Helper()
		compare(t, addr, route, request, upstream, seen, body)
	}

	for _, s := range providers.Samples() {
		if strings.Contains(string(s.Request), "AWS4-HMAC-SHA256") { // it is good for the host alone that it was signed for: see TestSigV4
			continue
		}
		for _, mode := range []string{"open", "report", "enforce"} {
			if mode == "enforce" && !consent(t, st, s) {
				continue
			}
			t.Run(fmt.Sprintf("%s %s in mode %s", s.Provider, s.Name, mode), func(t *testing.T) {
				check(t, s.Provider+"-"+s.Region+"-"+mode, string(s.Request), nil)
			})
		}
		if s.Rewritten == "" || s.Messages[0].Template != "" || !consent(t, st, s) { // a template says by itself what it has to
			continue
		}
		t.Run(fmt.Sprintf("%s %s rewritten", s.Provider, s.Name), func(t *testing.T) {
			check(t, s.Provider+"-"+s.Region+"-footer", string(s.Request), func(client string) string {
				if strings.HasPrefix(client, "\x1f\x8b") {
					return gzipped(t, s.Rewritten)
				}
				return s.Rewritten
			})
		})
	}
	for name, request := range oddRequests {
		t.Run(name, func(t *testing.T) { check(t, "twilio--open", crlf(request), nil) })
		t.Run(name+", judged", func(t *testing.T) { check(t, "twilio--report", crlf(request), nil) })
	}
}

// compare sends request through route and holds what arrives against what was written. body says
// what a rewrite makes of the client's body; nil for a request that is only forwarded.
func compare(t *testing.T, addr, route, request, upstream string, seen <-chan wire, body func(string) string) {
	t.Helper()
	method, rest, _ := strings.Cut(request, " ")
	s := speak(t, addr)
	defer s.conn.Close()
	s.write(method + " /" + route + rest)
	a := s.hear(method)
	var got wire
	select { // the upstream has been asked before the client is answered
	case got = <-seen:
	default:
		t.Fatalf("nothing arrived, and the gate answered %d: %s", a.StatusCode, a.body)
	}
	want := forwarded(request, upstream)
	if body != nil { // the only other thing that may differ is the length
		want.body = body(want.body)
		if n := got.header("Content-Length"); n != strconv.Itoa(len(want.body)) {
			t.Errorf("Content-Length is %s for %d bytes", n, len(want.body))
		}
		got.head, want.head = withoutLength(got.head), withoutLength(want.head)
	}
	if got != want || a.StatusCode != 200 {
		t.Errorf("answered %d; the upstream received\n%q\n%q\nwant\n%q\n%q", a.StatusCode, got.head, got.body, want.head, want.body)
	}
}

// fidelityRoutes is one route a provider, region and mode, and one that rewrites.
func fidelityRoutes(base string) map[string]RouteConfig {
	routes := make(map[string]RouteConfig)
	for _, s := range providers.Samples() {
		one := RouteConfig{Provider: s.Provider, Upstream: base, Region: s.Region, Channels: s.Channels, Policy: anyone, UnknownPaths: "pass"}
		name := s.Provider + "-" + s.Region + "-"
		routes[name+"enforce"] = one
		one.Mode = Open
		routes[name+"open"] = one
		one.Mode = Report
		routes[name+"report"] = one
		one.Mode, one.Policy.Footer.Line = Enforce, providers.SampleFooter
		routes[name+"footer"] = one
	}
	return routes
}

// consent has the recipients of s agree and write, and reports whether s is to be forwarded then.
func consent(t *testing.T, st *store.Store, s providers.Sample) bool {
	t.Helper()
	if s.Err != nil {
		return s.Err == providers.ErrNotSend || s.Err == providers.ErrUnknownPath
	}
	for _, m := range s.Messages {
		if m.To.Address == "" {
			return false
		}
		m.To.Brand = "default"
		for _, e := range []filter.Event{
			{To: m.To, Kind: filter.OptedIn, Basis: filter.Express, Source: "test"},
			{To: m.To, Kind: filter.Wrote, Source: "test"},
		} {
			if err := st.Append(context.Background(), e); err != nil {
				t.Fatal(err)
			}
		}
	}
	return len(s.Messages) > 0 && time.Until(s.Messages[0].SendAt) < 23*time.Hour
}

// forwarded is what the upstream at host must receive when a client writes request.
func forwarded(request, host string) (want wire) {
	head, body, _ := strings.Cut(request, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	out := lines[:1:1]
	var listed []string
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		if strings.EqualFold(name, "Connection") {
			for _, one := range strings.Split(value, ",") {
				listed = append(listed, strings.ToLower(strings.TrimSpace(one)))
			}
		}
	}
	for _, line := range lines[1:] {
		name, _, _ := strings.Cut(line, ":")
		lower := strings.ToLower(name)
		switch {
		case lower == "host":
			out = append(out, name+": "+host)
		case lower == "transfer-encoding":
			plain, err := io.ReadAll(httputil.NewChunkedReader(strings.NewReader(body)))
			if err != nil {
				panic(err)
			}
			body = string(plain)
			out = append(out, fmt.Sprintf("Content-Length: %d", len(body)))
		case strings.HasPrefix(lower, "sendgate-"), strings.HasPrefix(lower, "proxy-"), slices.Contains(listed, lower),
			slices.Contains([]string{"connection", "keep-alive", "te", "trailer", "upgrade", "expect", "http2-settings"}, lower):
		default:
			out = append(out, line)
		}
	}
	return wire{strings.Join(out, "\r\n") + "\r\n\r\n", body}
}

func withoutLength(head string) string {
	lines := strings.Split(head, "\r\n")
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool {
		return strings.HasPrefix(strings.ToLower(l), "content-length:")
	}), "\r\n")
}

func gzipped(t *testing.T, plain string) string {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := io.WriteString(z, plain); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// oddRequests are well-formed and unusual.
var oddRequests = map[string]string{
	"header names in odd spelling, twice, empty and with blanks inside": `POST /x HTTP/1.1
hOsT: gate
uSER-aGENT: me
x-A: 1
X-a: 2
X-a:
X-a:no blank
X-a:   three   inside  and around	` + `
content-TYPE: text/plain
Accept-Encoding: gzip, br
Cookie: a=b; c=d
cookie: e=f
X-Bytes: caf` + "\xc3\xa9 \xff" + `
content-length:  5

hello`,
	"escapes and repeats in path and query": `GET /a%2Fb/%7e/c;d=e/?a=b&a=c&&=&x=%20+%zz&` + "\xc3\xa9" + ` HTTP/1.1
Host: gate
Accept: */*

`,
	"chunks with extensions and a trailer": `POST /chunks HTTP/1.1
Host: gate
Content-Type: text/plain
transfer-encoding: chunked
Trailer: X-Sum
X-After: 1

5;why=not
hello
6
 there
0
X-Sum: 11

`,
	"chunks whose coding Connection lists": `POST /chunks HTTP/1.1
Host: gate
Connection: Transfer-Encoding
Transfer-Encoding: chunked

5
hello
0

`,
	"headers of the connection and of the gate": `POST /hop HTTP/1.1
Host: gate
Connection: keep-alive, X-Mine
X-Mine: 1
Keep-Alive: timeout=5
Proxy-Authorization: Basic eA==
TE: trailers
Sendgate-Campaign: spring
sendgate-key: 1
X-Sendgate: stays
Content-Length: 0

`,
	"an upgrade that may be ignored": `GET /java HTTP/1.1
Connection: Upgrade, HTTP2-Settings
Host: gate
HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA
Upgrade: h2c
User-Agent: Java-http-client/21

`,
	"expect 100-continue": `POST /expect HTTP/1.1
Host: gate
Expect: 100-continue
Content-Length: 5

hello`,
	"a body in many lines and bytes": "POST /bytes HTTP/1.1\nHost: gate\nContent-Type: application/octet-stream\nContent-Length: 12\n\n\x00\x01\xff\xfe{\"a\":1}\x00",
	"HEAD":                           "HEAD /head?x HTTP/1.1\nHost: gate\n\n",
	"DELETE":                         "DELETE /delete HTTP/1.1\nHost: gate\nX-Empty:\n\n",
	"GET with a body":                "GET /get HTTP/1.1\nHost: gate\nContent-Length: 3\n\nabc",
	"POST without a length":          "POST /none HTTP/1.1\nHost: gate\n\n",
	"no path but the route":          "GET / HTTP/1.1\nHost: gate\n\n",
	"PATCH":                          "PATCH /patch HTTP/1.1\nHost: gate\nContent-Length: 1\n\n1",
}

// TestTargets shows what the upstream is asked for by the target of a request: always a path.
func TestTargets(t *testing.T) {
	var asked atomic.Value
	base := play(t, loopback(t), echo(okAnswer, func(w wire) { asked.Store(strings.SplitN(w.head, "\r\n", 2)[0]) }))
	for upstream, begins := range map[string]string{base: "", base + "/v1/": "/v1"} {
		_, addr := start(t, oneRoute(upstream, func(rc *RouteConfig) { rc.Mode = Open }), memory(t))
		for target, want := range map[string]string{
			"/twilio":          "/",
			"/twilio/":         "/",
			"/twilio?a=/b":     "/?a=/b",
			"/twilio/?a":       "/?a",
			"/twilio/a//b/..?": "/a//b/..?",
		} {
			ask(t, addr, "GET "+target+" HTTP/1.1\r\nHost: gate\r\n\r\n")
			if got := asked.Load(); got != "GET "+begins+want+" HTTP/1.1" {
				t.Errorf("%s goes to %s as %q, want %q", target, upstream, got, begins+want)
			}
		}
	}
}
