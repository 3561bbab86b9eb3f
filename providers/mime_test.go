package providers

import (
	"bytes"
	"io"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
)

// crlfed is text in lines that end in CRLF.
func crlfed(text string) []byte { return []byte(strings.ReplaceAll(text, "\n", "\r\n")) }

const simpleMail = "From: Shop <shop@example.com>\nTo: \"Ana, A.\" <Ana@example.com>,\n bob@example.com\nCc: =?utf-8?q?Z=C3=A9?= <ze@example.com>\nBcc: eve@example.com\n" +
	"Subject: =?utf-8?b?U2FsZSDigqw=?=\nList-Unsubscribe: <https://example.com/u>\nMIME-Version: 1.0\n" +
	"Content-Type: multipart/alternative; boundary=\"b 1\"\n\nThis is a message in parts.\n--b 1\n\nSale today\n--b 1\n" +
	"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<html><body>Caf=C3=A9 =\ntoday</body></html>\n--b 1--\n\nAn epilogue.\n"

func TestMailIsRead(t *testing.T) {
	for _, src := range [][]byte{[]byte(simpleMail), crlfed(simpleMail)} {
		m, err := readMail(src)
		if err != nil {
			t.Fatal(err)
		}
		var people []string
		for _, p := range m.people {
			people = append(people, p.field+" "+p.address)
		}
		if got, want := strings.Join(people, ", "), "to ana@example.com, to bob@example.com, cc ze@example.com, bcc eve@example.com"; got != want {
			t.Errorf("it is written to %s, want %s", got, want)
		}
		if m.subject != "Sale €" || m.from != "Shop <shop@example.com>" || !m.unsubscribe || m.sealed {
			t.Errorf("read %+v", m)
		}
		if m.text() != "<html><body>Café today</body></html>" || m.plain.text != "Sale today" || !m.room() {
			t.Errorf("the texts are %q and %q", m.text(), m.plain.text)
		}
	}
}

func TestMailIsRewritten(t *testing.T) {
	src := crlfed(simpleMail)
	m, err := readMail(src)
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.rewritten(func(i int) bool { return i == 0 || i == 2 }, `Stop? Schreib "STOP" & <nie> = wieder`)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("\"Ana, A.\" <Ana@example.com>,\n bob", "bob", "Cc: =?utf-8?q?Z=C3=A9?= <ze@example.com>\n", "",
		"Sale today", "Sale today\nStop? Schreib \"STOP\" & <nie> = wieder",
		"today</body>", "today=\n<p>Stop? Schreib &#34;STOP&#34; &#38; &#60;nie&#62; =3D wieder</p>=\n</body>").Replace(simpleMail)
	if string(out) != string(crlfed(want)) {
		t.Errorf("it is\n%s\nwant\n%s", out, crlfed(want))
	}
	all, err := m.rewritten(func(int) bool { return false }, "")
	if err != nil || !bytes.Equal(all, src) {
		t.Errorf("a mail that is not changed is %q, %v", all, err)
	}
}

// heads are headers of mails, and the rest of each is a text.
func TestMailRefused(t *testing.T) {
	for about, head := range map[string]string{
		"To is there twice":                      "To: a@example.com\nTo: b@example.com\n",
		"To is there twice in two cases":         "To: a@example.com\nTO: b@example.com\n",
		"a name has a space behind it":           "To: a@example.com\nTo : b@example.com\n",
		"a line is no field":                     "To: a@example.com\nb@example.com\n",
		"a mailbox file's line is in front":      "From a@example.com\nTo: a@example.com\n",
		"a folded line is blank":                 "To: a@example.com,\n \n b@example.com\n",
		"the first line is folded":               " To: a@example.com\n",
		"a carriage return stands alone":         "To: a@example.com\rBcc: b@example.com\n",
		"it is sent again to others":             "To: a@example.com\nResent-To: b@example.com\n",
		"a recipient is a group":                 "To: Friends: a@example.com, b@example.com;\n",
		"a recipient is no address":              "To: a@example.com, b\n",
		"an entry is empty":                      "To: a@example.com,, b@example.com\n",
		"a comment hides a recipient":            "To: a@example.com (, b@example.com)\n",
		"recipients are parted by a semicolon":   "To: a@example.com; b@example.com\n",
		"the type is there twice":                "Content-Type: text/plain\nContent-Type: text/html\n",
		"the charset is one that cannot be read": "Content-Type: text/plain; charset=utf-7\n",
		"the charset is said twice":              "Content-Type: text/plain; charset=utf-8; charset=utf-7\n",
		"the charset is said in pieces":          "Content-Type: text/plain; charset*0=utf-; charset*1=7\n",
		"the encoding is unknown":                "Content-Transfer-Encoding: x-uuencode\n",
		"a base64 text is none":                  "Content-Transfer-Encoding: base64\n",
		"there is no boundary":                   "Content-Type: multipart/mixed\n",
		"there is no part":                       "Content-Type: multipart/mixed; boundary=b\n",
		"parts are encoded":                      "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n",
	} {
		t.Run(about, func(t *testing.T) {
			if m, err := readMail([]byte(head + "\n!")); err == nil {
				t.Errorf("it is read as %+v", m)
			}
		})
	}
	for about, body := range map[string]string{
		"the last boundary is missing":      "--b\n\nSale\n",
		"a boundary is nearly one":          "--b\n\nSale\n--bb\n--b--\n",
		"two texts are of one kind":         "--b\n\nSale\n--b\n\nSale\n--b--\n",
		"a part has its type twice":         "--b\nContent-Type: text/plain\ncontent-type: text/html\n\nSale\n--b--\n",
		"an escape of a text is broken":     "--b\nContent-Transfer-Encoding: quoted-printable\n\nSale =XX\n--b--\n",
		"parts lie too deep within others":  strings.Repeat("--b\nContent-Type: multipart/mixed; boundary=b\n\n", 12) + "--b--\n",
		"a text is not in the charset said": "--b\nContent-Type: text/plain; charset=utf-8\n\n\xff\n--b--\n",
	} {
		t.Run(about, func(t *testing.T) {
			if m, err := readMail([]byte("To: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n" + body)); err == nil {
				t.Errorf("it is read as %+v", m)
			}
		})
	}
}

func TestMailLines(t *testing.T) {
	const line = "Sag STOP, André"
	for _, c := range []struct{ about, mail, want string }{
		{"a text alone, whose letters are all there are", "\nSale", ""},
		{"a text of any letters", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nSale\n", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nSale\n\n" + line},
		{"a text in base64", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nU2Fs\nZQ==\n", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nU2FsZQ0KU2FnIFNUT1AsIEFuZHLDqQ=="},
		{"a text in quoted-printable", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nSale", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nSale\nSag STOP, Andr=C3=A9"},
		{"HTML in a charset of its own", "Content-Type: text/html; charset=iso-8859-1\n\nCaf\xe9", "Content-Type: text/html; charset=iso-8859-1\n\nCaf\xe9\n<p>Sag STOP, Andr&#233;</p>\n"},
		{"HTML that ends in a comment", "Content-Type: text/html\n\nSale <!-- ", ""},
		{"HTML for programs that know more alone", "Content-Type: text/x-amp-html\n\n<p>Sale</p>", ""},
		{"a mail that is signed", "DKIM-Signature: v=1\nContent-Type: text/html\n\nSale", ""},
		{"a mail that is signed in a part", "Content-Type: multipart/signed; boundary=b\n\n--b\nContent-Type: text/html\n\nSale\n--b--", ""},
		{"a file alone", "Content-Type: application/pdf\n\nSale", ""},
		{"a text that is a file", "Content-Type: text/plain\nContent-Disposition: Attachment; filename=a\n\nSale", ""},
	} {
		t.Run(c.about, func(t *testing.T) {
			m, err := readMail([]byte(c.mail))
			if err != nil {
				t.Fatal(err)
			}
			out, err := m.rewritten(func(int) bool { return false }, line)
			if string(out) != c.want || (err == nil) != (c.want != "") {
				t.Errorf("it is %q, %v, want %q", out, err, c.want)
			}
		})
	}
}

func TestHTMLLine(t *testing.T) {
	for _, c := range []struct {
		about, text string
		at          int // -1: nowhere
	}{
		{"a whole page", "<html><body>Sale</body></html>", 16},
		{"in any case", "<BODY>Sale</BODY >", 10},
		{"the last of two", "<body>a</body><body>b</body>", 21},
		{"no body that ends", "<html>Sale</html>", 10},
		{"a piece of a page", "<b>Sale</b>", 11},
		{"no tags at all", "Sale", 4},
		{"a comment that ends", "<!-- </body> -->Sale", -1},
		{"a comment in front", "<!-- a -->Sale", 14},
		{"a comment that does not end", "Sale<!-- a", -1},
		{"a tag that does not end", `Sale<a href="`, -1},
		{"a style that ends", "<style>p{}</style>Sale", 22},
		{"a style that does not end", "Sale<style>p{", -1},
		{"a style behind the body", "Sale</body><style>", 4},
		{"a word that begins like the name of an element", "Sale<stylish>", 13},
	} {
		t.Run(c.about, func(t *testing.T) {
			if at, ok := htmlEnd(c.text); ok != (c.at >= 0) || ok && at != c.at {
				t.Errorf("a line goes in at %d, %v, want %d", at, ok, c.at)
			}
		})
	}
}

// FuzzMail reads mails. The addresses are those that net/mail reads, and what is left once some are taken out and a
// line was added is read as the others and the same text.
func FuzzMail(f *testing.F) {
	AddCorpus(f)
	f.Add([]byte(simpleMail), uint8(5))
	f.Add(crlfed(simpleMail), uint8(2))
	for _, s := range Samples() {
		if _, part, ok := bytes.Cut(s.Request, []byte("name=\"message\"")); ok {
			_, mail, _ := bytes.Cut(part, []byte("\r\n\r\n"))
			f.Add(mail, uint8(1))
		}
	}
	f.Add([]byte("To: a@example.com\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nU2FsZQ=="), uint8(0))
	f.Fuzz(func(t *testing.T, src []byte, gone uint8) {
		m, err := readMail(src)
		if err != nil {
			return
		}
		if other, err := mail.ReadMessage(bytes.NewReader(src)); err == nil {
			var n int
			for _, name := range []string{"To", "Cc", "Bcc"} {
				list, _ := other.Header.AddressList(name)
				n += len(list)
			}
			if n > len(m.people) {
				t.Fatalf("net/mail reads %d addresses in %q, and this %+v", n, src, m.people)
			}
		}
		is := func(i int) bool { return gone>>(i%8)&1 == 1 }
		out, err := m.rewritten(is, "STOP")
		if err != nil {
			return
		}
		again, err := readMail(out)
		if err != nil {
			t.Fatalf("%q becomes %q: %v", src, out, err)
		}
		left := 0
		for i, p := range m.people {
			if is(i) {
				continue
			}
			if left == len(again.people) || again.people[left].address != p.address || again.people[left].field != p.field {
				t.Fatalf("%q becomes %q", src, out)
			}
			left++
		}
		if left != len(again.people) || !strings.Contains(again.text(), "STOP") {
			t.Fatalf("%q becomes %q", src, out)
		}
	})
}

func FuzzQuotedPrintable(f *testing.F) {
	AddCorpus(f)
	f.Add("Sale = 5 €\n tab\t\n")
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ReplaceAll(text, "\r", "")
		back, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(quotePrintable(text, "\n"))))
		if err != nil || string(back) != text {
			t.Fatalf("%q is read back as %q, %v", text, back, err)
		}
	})
}
