package pages

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/proxy/console"
)

// strict is the transport of every visitor: it fails where any answer of the console, whatever it is, lacks what
// keeps other sites, and what strangers wrote, from the viewer.
type strict struct {
	testing.TB
	url string // base URL of the console
}

func (s strict) RoundTrip(q *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(q)
	if err == nil && strings.HasPrefix(q.URL.String(), s.url+"/") && !strings.HasPrefix(q.URL.Path, "/api/") {
		s.check(q, resp)
	}
	return resp, err
}

// policies are directives that the content security policy has to have.
var policies = []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"}

func (s strict) check(q *http.Request, resp *http.Response) {
	s.Helper()
	where, h := q.Method+" "+q.URL.RequestURI(), resp.Header
	policy := "; " + h.Get("Content-Security-Policy") + ";"
	for _, want := range policies {
		if !strings.Contains(policy, "; "+want+";") {
			s.Errorf("%s (%d): the policy lacks %s: %q", where, resp.StatusCode, want, policy)
		}
	}
	if len(h.Values("Content-Security-Policy")) != 1 || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || strings.Contains(policy, "http") {
		s.Errorf("%s (%d): the policy lets others in: %q", where, resp.StatusCode, h.Values("Content-Security-Policy"))
	}
	for name, want := range map[string]string{"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin", "Server": "", "Access-Control-Allow-Origin": ""} {
		if got := h.Get(name); got != want {
			s.Errorf("%s (%d): %s is %q, want %q", where, resp.StatusCode, name, got, want)
		}
	}
	if policy := h.Get("Referrer-Policy"); policy != "same-origin" && policy != "no-referrer" {
		s.Errorf("%s (%d): other sites are told where the viewer was: %q", where, resp.StatusCode, policy)
	}
	file := strings.HasPrefix(q.URL.Path, "/static/") && (resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusPartialContent)
	if cache := h.Get("Cache-Control"); !file && cache != "no-store" {
		s.Errorf("%s (%d): a browser may keep it: %q", where, resp.StatusCode, cache)
	} else if file && !strings.Contains(cache, "immutable") {
		s.Errorf("%s: a browser may not keep it: %q", where, cache)
	}
}

func TestConsoleSecurityHeaders(t *testing.T) {
	r := newRig(t)
	r.seed()
	style := r.pages.static.paths["console.css"]
	for _, role := range []console.Role{0, console.Viewer} {
		v := r.as(role)
		v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for _, path := range []string{"/", "/messages", "/messages/none", "/messages/export", "/messages/export?format=none", "/audit", "/nothing", "//messages", "/messages/..", "/messages/",
			"/login", "/login/link?token=x", "/login/oidc", "/static/", "/static/none", style, style + "/", "/%00", "/messages?since=nonsense", "/messages?%zz"} {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodOptions, http.MethodTrace} {
				v.ask(method, path, nil)
			}
		}
		v.ask(http.MethodGet, style, nil, "Range", "bytes=99999999-")
		v.ask(http.MethodGet, style, nil, "Range", "bytes=0-9")
		v.ask(http.MethodPost, "/preferences", nil, "Sec-Fetch-Site", "cross-site")
		v.ask(http.MethodPost, "/preferences", map[string][]string{"x": {strings.Repeat("x", 2<<20)}})
	}
}

// TestConsoleSecurityPaths asks for what is no file and no id.
func TestConsoleSecurityPaths(t *testing.T) {
	r := newRig(t)
	r.seed()
	v := r.as(console.Admin)
	before := r.everything()
	v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	evil := []string{"..", "../..", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e%2fconsole.css", "..%5c..%5cwindows%5cwin.ini", "%00", "a%00.css", "%0d%0aSet-Cookie:%20a=b",
		"%ff%fe", "%F0%9F%92%A9", "-1", "18446744073709551616", "..;/", "%25%32%65", "'%20or%20'1'='1", strings.Repeat("9", 3000), "%3Cxss-mark%3E", "http:%2f%2fevil.example"}
	var paths []string
	for _, e := range evil {
		paths = append(paths, "/static/"+e, "/static/x/"+e, "/"+e)
		for _, pg := range all() {
			if pg.path != "/{$}" && strings.Contains(pg.path, "{") {
				paths = append(paths, hole.ReplaceAllLiteralString(pg.path, e))
			}
		}
	}
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			status, h, body := v.ask(method, path, nil)
			if status < 300 || status >= 500 {
				t.Errorf("%s %s: status %d", method, path, status)
			}
			if to := h.Get("Location"); to != "" && !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
				t.Errorf("%s %s leads to %s", method, path, to)
			}
			if h.Get("Set-Cookie") != "" {
				t.Errorf("%s %s sets a cookie: %s", method, path, h.Get("Set-Cookie"))
			}
			v.quiet(method+" "+path, body)
		}
	}
	if after := r.everything(); after != before {
		t.Errorf("something changed: before\n%s\nafter\n%s", before, after)
	}
}

// quiet fails where an answer tells how the gate is made, or has what a stranger wrote as HTML.
func (v *visitor) quiet(where, body string) {
	v.Helper()
	for _, inside := range []string{"badger", "goroutine", ".go:", "runtime error", "nil pointer", "panic", "root:", "template:", "json:", "<xss-mark"} {
		if strings.Contains(body, inside) {
			v.Errorf("%s tells %q:\n%s", where, inside, body)
		}
	}
}
