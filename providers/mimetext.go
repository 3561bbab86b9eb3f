package providers

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// A mimeText is one text of an e-mail.
type mimeText struct {
	html       bool
	start, end int    // its bytes, encoded
	text       string // what they stand for, in UTF-8 with lines that end in LF
	decoded    string // the same as it is in its charset
	transfer   string // quoted-printable, base64 or, where it is as it is, empty
	eight      bool   // letters other than ASCII may stand in it, which are UTF-8
}

// maxParts is how deep parts of an e-mail may lie within others.
const maxParts = 10

// mimeType is the value of a Content-Type: the type in lower case, its boundary and its charset.
func mimeType(value string) (kind, limit, charset string, ok bool) {
	kind, rest, _ := strings.Cut(value, ";")
	if kind = strings.ToLower(strings.TrimSpace(kind)); !strings.HasPrefix(kind, "text/") && !strings.HasPrefix(kind, "multipart/") {
		return kind, "", "", strings.IndexByte(kind, '/') > 0
	}
	for left := bytes.TrimSpace([]byte(rest)); len(left) > 0; left = bytes.TrimSpace(left) {
		var name, v []byte
		if name, v, left, ok = attribute(left); !ok {
			return "", "", "", false
		}
		to := map[string]*string{"boundary": &limit, "charset": &charset}[strings.ToLower(string(name))]
		switch lower := strings.ToLower(string(name)); {
		case strings.HasPrefix(lower, "boundary*"), strings.HasPrefix(lower, "charset*"), to != nil && *to != "":
			return "", "", "", false
		case to != nil:
			*to = string(v)
		}
	}
	return kind, limit, strings.ToLower(charset), true
}

// part reads the part whose header is fields, and whose bytes are those from start up to end.
func (m *mimeMail) part(fields map[string]mimeField, start, end, depth int) error {
	kind, limit, charset := "text/plain", "", ""
	if f, there := fields["content-type"]; there {
		var ok bool
		if kind, limit, charset, ok = mimeType(m.value(f)); !ok {
			return errMailParts
		}
	}
	transfer := strings.ToLower(m.value(fields["content-transfer-encoding"]))
	if transfer == "7bit" || transfer == "8bit" || transfer == "binary" {
		transfer = ""
	}
	if disposition := m.value(fields["content-disposition"]); len(disposition) >= 10 && strings.EqualFold(disposition[:10], "attachment") {
		m.files = append(m.files, m.src[start:end])
		return nil
	}
	var to **mimeText
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		m.sealed = m.sealed || kind == "multipart/signed" || kind == "multipart/encrypted"
		if transfer != "" || depth == maxParts {
			return errMailParts
		}
		return m.parts(limit, start, end, depth)
	case kind == "text/plain":
		to = &m.plain
	case kind == "text/html":
		to = &m.html
	case kind == "text/x-amp-html":
		to = &m.amp
	default:
		m.sealed = m.sealed || kind == "application/pkcs7-mime" || kind == "application/x-pkcs7-mime"
		m.files = append(m.files, m.src[start:end])
		return nil
	}
	t := &mimeText{html: kind != "text/plain", start: start, end: end, transfer: transfer}
	if *to != nil || !t.read(m.src[start:end], charset) {
		return errMailParts
	}
	t.eight = t.eight && (transfer != "" || strings.EqualFold(m.value(fields["content-transfer-encoding"]), "8bit"))
	*to = t
	return nil
}

// parts reads the parts between boundaries.
func (m *mimeMail) parts(limit string, start, end, depth int) error {
	if limit == "" || len(limit) > 70 {
		return errMailParts
	}
	delimiter, at := []byte("--"+limit), -1
	for i := start; i < end; {
		line, next := mimeLine(m.src[:end], i)
		after, ok := bytes.CutPrefix(line, delimiter)
		if !ok {
			i = next
			continue
		}
		last := bytes.HasPrefix(after, []byte("--"))
		if len(bytes.TrimRight(bytes.TrimPrefix(after, []byte("--")), " \t")) > 0 {
			return errMailParts
		}
		if at >= 0 {
			fields, body, err := mimeHead(m.src[:i], at)
			if err != nil {
				return err
			}
			content := len(bytes.TrimSuffix(bytes.TrimSuffix(m.src[:i], []byte("\n")), []byte("\r")))
			if content < body {
				return errMailParts
			}
			if err := m.part(fields, body, content, depth+1); err != nil {
				return err
			}
		}
		if last && at < 0 {
			return errMailParts
		}
		if last {
			return nil
		}
		at, i = next, next
	}
	return errMailParts
}

// read decodes raw, of a charset in lower case, and reports whether it can be read.
func (t *mimeText) read(raw []byte, charset string) bool {
	switch t.transfer {
	case "":
		t.decoded = string(raw)
	case "quoted-printable":
		out, _, ok := unquotePrintable(raw, -1)
		if !ok {
			return false
		}
		t.decoded = string(out)
	case "base64":
		lines := bytes.Map(func(r rune) rune {
			if r == '\r' || r == '\n' {
				return -1
			}
			return r
		}, raw)
		out, err := base64.StdEncoding.Strict().DecodeString(string(lines))
		if err != nil {
			return false
		}
		t.decoded = string(out)
	default:
		return false
	}
	t.text = t.decoded
	switch charset {
	case "iso-8859-1", "windows-1252":
		var letters []byte
		for i := range len(t.decoded) {
			letters = utf8.AppendRune(letters, rune(t.decoded[i]))
		}
		t.text = string(letters)
	case "", "us-ascii", "utf-8", "utf8":
		t.eight = strings.HasPrefix(charset, "utf")
		if !utf8.ValidString(t.decoded) {
			return false
		}
	default:
		return false
	}
	t.text = strings.ReplaceAll(t.text, "\r\n", "\n")
	return true
}

// room reports whether a line can be added that is seen.
func (m *mimeMail) room() bool {
	if m.sealed || m.html == nil && m.plain == nil {
		return false
	}
	for _, t := range [...]*mimeText{m.html, m.amp} {
		if t != nil {
			if _, ok := htmlEnd(t.decoded); !ok {
				return false
			}
		}
	}
	return true
}

// text is what people read: the text in HTML, or the one without markup where that is all there is.
func (m *mimeMail) text() string {
	for _, t := range [...]*mimeText{m.html, m.plain, m.amp} {
		if t != nil {
			return t.text
		}
	}
	return ""
}

// lines are the edits that add a line to all texts, where there is room.
func (m *mimeMail) lines(line string) ([]edit, error) {
	if !m.room() {
		return nil, errNoPlace
	}
	eol := "\n"
	if i := bytes.IndexByte(m.src, '\n'); i > 0 && m.src[i-1] == '\r' {
		eol = "\r\n"
	}
	var edits []edit
	for _, t := range [...]*mimeText{m.html, m.plain, m.amp} {
		if t == nil {
			continue
		}
		if !t.html && !t.eight && strings.ContainsFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return nil, errNoPlace
		}
		edits = append(edits, t.with(m.src[t.start:t.end], line, eol))
	}
	return edits, nil
}

// with is the edit that adds a line to a text, which is written as raw.
func (t *mimeText) with(raw []byte, line, eol string) edit {
	at, added := len(t.decoded), "\n"+line
	if t.html {
		at, _ = htmlEnd(t.decoded)
		added = htmlLine(line)
	}
	switch t.transfer {
	case "base64":
		all := t.decoded[:at] + strings.ReplaceAll(added, "\n", "\r\n") + t.decoded[at:]
		var out []byte
		for text := base64.StdEncoding.EncodeToString([]byte(all)); text != ""; {
			n := min(len(text), 76)
			out, text = append(append(out, text[:n]...), eol...), text[n:]
		}
		return edit{place: inBody, start: t.start, end: t.end, text: bytes.TrimSuffix(out, []byte(eol))}
	case "quoted-printable":
		_, at, _ = unquotePrintable(raw, at)
		text := quotePrintable(added, eol)
		if t.html {
			text = append(append([]byte("="+eol), text...), "="+eol...)
		}
		return edit{place: inBody, start: t.start + at, end: t.start + at, text: text}
	}
	if t.html {
		added = "\n" + added + "\n"
	}
	return edit{place: inBody, start: t.start + at, end: t.start + at, text: []byte(strings.ReplaceAll(added, "\n", eol))}
}
