package pages

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// ask sends a request as the console's own page would, unless headers, names and values by turns, say otherwise.
func (v *visitor) ask(method, path string, form url.Values, headers ...string) (int, http.Header, string) {
	v.Helper()
	req, err := http.NewRequest(method, v.url, strings.NewReader(form.Encode()))
	if err != nil {
		v.Fatal(err)
	}
	// As it is: what a browser would never send is sent, too.
	req.URL.Opaque = path
	if strings.HasPrefix(path, "//") {
		req.URL.Opaque, req.URL.Path = "", path
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Del("Sec-Fetch-Site")
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := v.http.Do(req)
	status, body := v.read(resp, err)
	return status, resp.Header, body
}

// A sheet is a page, or a file, that a walk came to.
type sheet struct {
	path, pattern string
	header        http.Header
	body          string
}

// walk opens what links lead to, from the first page on: a few of each pattern.
func (v *visitor) walk() (sheets []sheet) {
	v.Helper()
	seen, many := map[string]bool{"/": true}, map[string]int{}
	for queue := []string{"/"}; len(queue) > 0; queue = queue[1:] {
		path := queue[0]
		pattern := v.pattern(path)
		if many[pattern]++; many[pattern] > 12 {
			continue
		}
		req, _ := http.NewRequest(http.MethodGet, v.url+path, nil)
		resp, err := v.http.Do(req)
		status, body := v.read(resp, err)
		if status != http.StatusOK {
			v.Errorf("a link leads to %s: status %d\n%s", path, status, body)
		}
		s := sheet{path, pattern, resp.Header, body}
		sheets = append(sheets, s)
		for _, e := range s.elements(v.TB) {
			if to := attr(e, "href"); e.Name.Local == "a" && strings.HasPrefix(to, "/") && !seen[to] && !strings.HasPrefix(to, "/api/") {
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
	return sheets
}

// pattern is that of the page at a path.
func (v *visitor) pattern(path string) string {
	v.Helper()
	req, err := http.NewRequest(http.MethodGet, v.url+path, nil)
	if err != nil {
		v.Fatal(err)
	}
	_, pattern := v.pages.mux.Handler(req)
	return strings.TrimPrefix(pattern, "GET ")
}

// elements are those of a page, in order; none of what is no page.
func (s *sheet) elements(t testing.TB) (all []xml.StartElement) {
	t.Helper()
	if !strings.HasPrefix(s.header.Get("Content-Type"), "text/html") {
		return nil
	}
	d := xml.NewDecoder(strings.NewReader(s.body))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := d.Token()
		if token == nil {
			if len(all) < 10 {
				t.Errorf("%s cannot be read (%v):\n%s", s.path, err, s.body)
			}
			return all
		}
		if e, ok := token.(xml.StartElement); ok {
			all = append(all, e.Copy())
		}
	}
}

// attr is an attribute of an element; empty: none.
func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
