package providers

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// htmlLine is a line as a paragraph of HTML in ASCII, whatever the charset around it.
func htmlLine(line string) string {
	out := []byte("<p>")
	for _, r := range line {
		switch {
		case r == '\n':
			out = append(out, "<br>"...)
		case r == '&' || r == '<' || r == '>' || r == '"' || r == '\'' || r >= utf8.RuneSelf:
			out = append(strconv.AppendInt(append(out, "&#"...), int64(r), 10), ';')
		case r >= ' ' || r == '\t':
			out = append(out, byte(r))
		}
	}
	return string(append(out, "</p>"...))
}

// unseenHTML are the elements whose content is not shown as text with tags in it.
var unseenHTML = []string{"style", "script", "textarea", "title", "template", "noscript", "noembed", "noframes", "iframe", "xmp", "select", "svg", "math", "object", "video", "audio", "canvas"}

// htmlEnd is where a paragraph goes into a text in HTML: in front of the last </body>, or at the end. ok is false
// where that would not be seen for sure: within a comment, a tag, or an element such as style.
func htmlEnd(text string) (at int, ok bool) {
	at = len(text)
	for i := strings.LastIndex(text, "</"); i >= 0; i = strings.LastIndex(text[:i], "</") {
		if name := text[i+2:]; htmlName(name, "body") {
			at = i
			break
		} else if htmlName(name, "html") && at == len(text) {
			at = i
		}
	}
	text = text[:at]
	if strings.LastIndex(text, "<!--") > strings.LastIndex(text, "-->") || strings.LastIndexByte(text, '<') > strings.LastIndexByte(text, '>') {
		return at, false
	}
	open := make([]int, len(unseenHTML)) // the tags that open one of those, less those that close one
	for i := strings.IndexByte(text, '<'); i >= 0; {
		name, step := text[i+1:], 1
		if strings.HasPrefix(name, "/") {
			name, step = name[1:], -1
		}
		for n, hidden := range unseenHTML {
			if htmlName(name, hidden) {
				open[n] += step
			}
		}
		next := strings.IndexByte(text[i+1:], '<')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	for _, n := range open {
		if n > 0 {
			return at, false
		}
	}
	return at, true
}

// htmlName reports whether text begins with the name of an element, which is in lower case.
func htmlName(text, name string) bool {
	if len(text) < len(name) || !strings.EqualFold(text[:len(name)], name) {
		return false
	}
	return len(text) == len(name) || strings.IndexByte(" \t\r\n\f/>", text[len(name)]) >= 0
}
