package filter

import (
	"errors"
	"io"
	"mime"
	"net/mail"
	"strings"
)

// Longest parts of an e-mail address, in bytes. Source: https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1
const (
	maxMailbox = 64
	maxEmail   = 254
)

var errEmail = errors.New("it is no e-mail address such as ana@example.com, in ASCII")

// mailboxes reads mailboxes, whatever alphabet a name in front of an address is encoded in.
var mailboxes = mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: func(_ string, r io.Reader) (io.Reader, error) { return r, nil }}}

// email is the e-mail address in text, in small letters: alone, or in brackets behind a name. Sub-addresses
// (ana+shop@example.com) and dots are left as they are: they are other mailboxes to some.
// Source: https://www.rfc-editor.org/rfc/rfc5322#section-3.4
func email(text string) (string, error) {
	text = strings.TrimSpace(text)
	if plainEmail(text) {
		return strings.ToLower(text), nil
	}
	if strings.HasSuffix(text, ";") { // a group, of which one may be the only member
		return "", errEmail
	}
	a, err := mailboxes.Parse(text)
	if err != nil || !plainEmail(a.Address) {
		return "", errEmail
	}
	return strings.ToLower(a.Address), nil
}

// plainEmail reports whether s is an address alone, which nothing in it has to be quoted for.
func plainEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > maxMailbox || len(s) > maxEmail {
		return false
	}
	mailbox := func(c byte) bool { return latin(c) || isDigit(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0 }
	host := func(c byte) bool { return latin(c) || isDigit(c) || c == '-' }
	return dotted(s[:at], mailbox) && dotted(s[at+1:], host)
}

// dotted reports whether s is parts of a kind of bytes with one dot between two.
func dotted(s string, kind func(byte) bool) bool {
	for part := range strings.SplitSeq(s, ".") {
		if !only(part, kind) {
			return false
		}
	}
	return true
}

func latin(c byte) bool { return isCapital(c) || 'a' <= c && c <= 'z' }
