package providers

import "strings"

// fill appends a template to dst.
func fill(dst []byte, template, reason, detail, recipient string, escape func([]byte, string) []byte) []byte {
	for {
		before, rest, ok := strings.Cut(template, "{")
		dst = append(dst, before...)
		if !ok {
			return dst
		}
		word, after, _ := strings.Cut(rest, "}")
		switch word {
		case "reason":
			dst, template = escape(dst, reason), after
		case "detail":
			dst, template = escape(dst, detail), after
		case "recipient":
			dst, template = escape(dst, recipient), after
		default:
			dst, template = append(dst, '{'), rest
		}
	}
}

// escaping is how text is put into a body of a type.
func escaping(contentType string) func([]byte, string) []byte {
	switch {
	case strings.Contains(contentType, "json"):
		return escapeJSON
	case strings.Contains(contentType, "xml"), strings.Contains(contentType, "html"):
		return escapeXML
	case strings.Contains(contentType, "urlencoded"):
		return escapeForm
	}
	return func(dst []byte, s string) []byte { return append(dst, s...) }
}
