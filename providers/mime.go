package providers

import (
	"bytes"
	"errors"
	"mime"
	"strings"
)

// A mimeMail is what is read of an e-mail in MIME, which is never changed.
// Sources: https://www.rfc-editor.org/rfc/rfc5322 and https://www.rfc-editor.org/rfc/rfc2045
type mimeMail struct {
	src     []byte
	fields  map[string]mimeField
	files   [][]byte     // what is no text, encoded
	people  []mimePerson // of the fields To, Cc and Bcc, in that order
	from    string       // as it is written
	subject string       // decoded, as far as its charset can be read
	// unsubscribe: it has a List-Unsubscribe, which is a button in some programs and is seen in no text.
	unsubscribe bool
	// sealed: it is signed or encrypted, so that what changes it breaks it.
	sealed bool
	// html is the text in HTML, plain the one without markup, and amp the one that some programs show instead
	// of both; each nil where there is none.
	html, plain, amp *mimeText
}

// A mimePerson is one address of an e-mail.
type mimePerson struct {
	field      string // to, cc or bcc
	address    string // in small letters
	start, end int    // where it stands, with its name
}

var (
	errMailHead   = errors.New("the header of the e-mail is read in different ways")
	errMailPeople = errors.New("one of To, Cc and Bcc of the e-mail is no list of addresses")
	errMailParts  = errors.New("the e-mail has parts, a text or a charset that this gate cannot read")
)

// readMail reads an e-mail strictly: fields that are there twice, lists that hold groups or what is no address,
// headers and parts in which two readers could see two things, and texts that cannot be read are errors, which are
// sentences for the sender.
func readMail(src []byte) (*mimeMail, error) {
	fields, body, err := mimeHead(src, 0)
	if err != nil {
		return nil, err
	}
	m := &mimeMail{src: src, fields: fields}
	for _, name := range [...]string{"resent-to", "resent-cc", "resent-bcc", "apparently-to"} {
		if _, there := fields[name]; there {
			return nil, errMailPeople
		}
	}
	for _, name := range [...]string{"to", "cc", "bcc"} {
		if f, there := fields[name]; there {
			if err := m.list(name, f); err != nil {
				return nil, err
			}
		}
	}
	m.from = m.value(fields["from"])
	words := mime.WordDecoder{}
	m.subject = m.value(fields["subject"])
	if decoded, err := words.DecodeHeader(m.subject); err == nil {
		m.subject = decoded
	}
	_, m.unsubscribe = fields["list-unsubscribe"]
	_, m.sealed = fields["dkim-signature"]
	if err := m.part(fields, body, len(src), 0); err != nil {
		return nil, err
	}
	return m, nil
}

// A mimeField is where the value of a field of a header stands, and the field with its name and its line end.
type mimeField struct{ start, end, value, valueEnd int }

// once are the fields that a header has once.
var once = map[string]bool{"to": true, "cc": true, "bcc": true, "from": true, "subject": true, "sender": true, "list-unsubscribe": true,
	"mime-version": true, "content-type": true, "content-transfer-encoding": true, "content-disposition": true}

// mimeHead reads the header that begins at byte i: its fields by name, and where the body begins.
func mimeHead(src []byte, i int) (fields map[string]mimeField, body int, err error) {
	fields = map[string]mimeField{}
	name := ""
	for {
		line, next := mimeLine(src, i)
		at := i
		i = next
		switch {
		case at == len(src) || bytes.ContainsAny(line, "\r\x00"):
			return nil, 0, errMailHead
		case len(line) == 0:
			return fields, i, nil
		case line[0] == ' ' || line[0] == '\t':
			f, there := fields[name]
			if !there || len(bytes.TrimSpace(line)) == 0 { // where some readers have the header end
				return nil, 0, errMailHead
			}
			f.valueEnd, f.end = at+len(line), next
			fields[name] = f
			continue
		}
		before, _, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(before) == 0 || bytes.ContainsFunc(before, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return nil, 0, errMailHead
		}
		name = strings.ToLower(string(before))
		if _, there := fields[name]; there && once[name] {
			return nil, 0, errMailHead
		}
		fields[name] = mimeField{at, next, at + len(before) + 1, at + len(line)}
	}
}

// mimeLine is the line that begins at byte i, which ends in CRLF or LF or with src, and where the next one begins.
func mimeLine(src []byte, i int) (line []byte, next int) {
	n := bytes.IndexByte(src[i:], '\n')
	if n < 0 {
		return src[i:], len(src)
	}
	return bytes.TrimSuffix(src[i:i+n], []byte("\r")), i + n + 1
}

// value is the value of a field on one line.
func (m *mimeMail) value(f mimeField) string {
	return strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(string(m.src[f.value:f.valueEnd])))
}

// commas are the lists of addresses, in which a comma within quotes stands for itself.
var commas = &compiledReach{reach: reach{split: ",", quoted: true}}

// list reads the addresses of a field. An empty group, such as undisclosed-recipients:;, is nobody.
func (m *mimeMail) list(name string, f mimeField) error {
	raw := m.src[f.value:f.valueEnd]
	if group, ok := strings.CutSuffix(m.value(f), ":;"); ok && !strings.ContainsAny(group, `:;,@"<>()`) {
		return nil
	}
	for i := 0; i >= 0; {
		var p part
		p, i = commas.nextPart(raw, i, plainText)
		for p.start < p.end && raw[p.start] <= ' ' {
			p.start++
		}
		for p.end > p.start && raw[p.end-1] <= ' ' {
			p.end--
		}
		text := string(raw[p.start:p.end])
		address, ok := mailbox(strings.NewReplacer("\r", "", "\n", "").Replace(text), "")
		if !ok {
			return errMailPeople
		}
		m.people = append(m.people, mimePerson{name, address, f.value + p.start, f.value + p.end})
	}
	return nil
}

// without are the edits that take people out of an e-mail: a field of which nobody is left goes with them.
func (m *mimeMail) without(gone func(i int) bool) ([]edit, error) {
	var edits []edit
	for i := 0; i < len(m.people); {
		end, left := i, 0
		for ; end < len(m.people) && m.people[end].field == m.people[i].field; end++ {
			if !gone(end) {
				left++
			}
		}
		if f := m.fields[m.people[i].field]; left == 0 {
			edits = append(edits, edit{place: inBody, start: f.start, end: f.end})
			i = end
		}
		for kept := false; i < end; i++ {
			switch p := m.people[i]; {
			case !gone(i):
				kept = true
			case kept:
				edits = append(edits, edit{place: inBody, start: m.people[i-1].end, end: p.end})
			default:
				edits = append(edits, edit{place: inBody, start: p.start, end: m.people[i+1].start})
			}
		}
	}
	if len(edits) > 0 && m.sealed {
		return nil, errSignedMail
	}
	return edits, nil
}

var errSignedMail = errors.New("rewriting: the e-mail is signed or encrypted")

// rewritten is the e-mail without those people who are gone, and with a line below its texts unless that is empty.
func (m *mimeMail) rewritten(gone func(i int) bool, line string) ([]byte, error) {
	edits, err := m.without(gone)
	if err != nil {
		return nil, err
	}
	if line != "" {
		added, err := m.lines(line)
		if err != nil {
			return nil, err
		}
		edits = append(edits, added...)
	}
	return edited(m.src, edits), nil
}
