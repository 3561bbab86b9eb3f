package pages

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// addressed are the attributes that a browser follows.
var addressed = []string{"href", "src", "action", "formaction", "srcset", "poster", "data", "ping", "background", "cite", "manifest"}

// harmless fails where a page, or a file, has what a stranger wrote as anything but text.
func (s *sheet) harmless(t testing.TB) {
	t.Helper()
	for _, bad := range []string{"<xss-mark", "evilbrace", "\x00", "ZgotmplZ", "<script>alert"} {
		if kind := s.header.Get("Content-Type"); strings.Contains(s.body, bad) && !strings.HasPrefix(kind, "text/csv") && !strings.HasPrefix(kind, "application/jsonl") {
			t.Errorf("%s has %q:\n%s", s.path, bad, around(s.body, bad))
		}
	}
	for name, values := range s.header {
		if strings.Contains(strings.Join(values, "\n"), "xss-mark") {
			t.Errorf("%s: the header %s has what a stranger wrote: %q", s.path, name, values)
		}
	}
	switch kind, _, _ := strings.Cut(s.header.Get("Content-Type"), ";"); kind {
	case "text/html":
		for _, e := range s.elements(t) {
			s.upright(t, e)
		}
	case "text/csv":
		s.plain(t)
	case "application/jsonl":
		for lines := bufio.NewScanner(strings.NewReader(s.body)); lines.Scan(); {
			if !json.Valid(lines.Bytes()) {
				t.Errorf("%s has a line that is no JSON: %s", s.path, lines.Text())
			}
		}
	case "application/json":
		if !json.Valid([]byte(s.body)) {
			t.Errorf("%s is no JSON: %s", s.path, s.body)
		}
	default:
		t.Errorf("%s is of the type %q, which nobody looks at here", s.path, kind)
	}
}

// around is what stands about a part of a text.
func around(text, part string) string {
	at := strings.Index(text, part)
	return text[max(0, at-200):min(len(text), at+200)]
}

// upright fails for an element that runs, or that leads to where it should not.
func (s *sheet) upright(t testing.TB, e xml.StartElement) {
	t.Helper()
	if fileName.MatchString(s.header.Get("Content-Disposition")) && (e.Name.Local == "style" || attr(e, "http-equiv") == "Content-Security-Policy" || attr(e, "type") == "application/json") {
		return // a page that is kept as a file has all with it, and is no page of the console
	}
	if slices.Contains([]string{"style", "iframe", "object", "embed", "base", "frame", "applet", "foreignObject", "animate", "set"}, e.Name.Local) ||
		strings.HasPrefix(e.Name.Local, "xss") || e.Name.Local == "script" && !strings.HasPrefix(attr(e, "src"), "/static/") || attr(e, "http-equiv") != "" {
		t.Errorf("%s has an element %v", s.path, e)
	}
	for _, a := range e.Attr {
		name, to := strings.ToLower(a.Name.Local), strings.TrimSpace(a.Value)
		switch own := to == "" || to[0] == '#' || to[0] == '?' || to[0] == '/' && !strings.HasPrefix(to, "//") && !strings.HasPrefix(to, `/\`); {
		case strings.HasPrefix(name, "on"), name == "style", name == "srcdoc", strings.HasPrefix(name, "xss"):
			t.Errorf("%s: %s has %s=%q", s.path, e.Name.Local, name, a.Value)
		case slices.Contains(addressed, name) && !own && !strings.HasPrefix(to, "data:image/"):
			t.Errorf("%s: %s leads to %q", s.path, e.Name.Local, a.Value)
		}
	}
}

// fileName is how a file is handed over.
var fileName = regexp.MustCompile(`^attachment; filename="[a-z0-9.-]+"$`)

// plain fails for a cell of a CSV that a spreadsheet would take for a formula.
// https://owasp.org/www-community/attacks/CSV_Injection
func (s *sheet) plain(t testing.TB) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(s.body)).ReadAll()
	if err != nil {
		t.Errorf("%s: %v", s.path, err)
	}
	for _, row := range rows {
		for i, cell := range row {
			if strings.IndexAny(cell, "=+-@\t\r\n＝＋－＠") == 0 && strings.Trim(cell, "+0123456789•") != "" {
				t.Errorf("%s: a spreadsheet would take %s for a formula: %q", s.path, rows[0][i], cell)
			}
		}
	}
	if name := s.header.Get("Content-Disposition"); !fileName.MatchString(name) {
		t.Errorf("%s is saved as %s", s.path, name)
	}
}
