package providers_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// parted is a request to Telegram in parts, whose lines end in LF in body.
func parted(t testing.TB, contentType, body string) *fasthttp.Request {
	body = strings.ReplaceAll(body, "\n", "\r\n")
	req := compose("POST", "/bot1:a/sendMessage", contentType, "", []byte(body))
	if req == nil {
		t.Fatal("the request cannot be composed")
	}
	return req
}

func TestMultipartRefused(t *testing.T) {
	const (
		kind = "multipart/form-data; boundary=frontier"
		chat = "--frontier\nContent-Disposition: form-data; name=\"chat_id\"\n\n5\n"
		end  = "--frontier--\n"
	)
	part := func(head, value string) string { return "--frontier\n" + head + "\n\n" + value + "\n" }
	text := func(name string) string { return part(`Content-Disposition: form-data; name="`+name+`"`, "x") }
	for _, c := range []struct{ about, kind, body string }{
		{"no boundary is said", "multipart/form-data", chat + end},
		{"two boundaries are said", kind + "; boundary=other", chat + end},
		{"a boundary is said in pieces", "multipart/form-data; boundary*0=fron; boundary*1=tier", chat + end},
		{"a boundary has a quote that may be its end", `multipart/form-data; boundary="frontier\"; a="b"`, chat + end},
		{"a boundary is longer than one can be", "multipart/form-data; boundary=" + strings.Repeat("f", 71), chat + end},
		{"it is in another charset", kind + "; charset=utf-16", chat + end},
		{"it is of another kind of parts", "multipart/mixed; boundary=frontier", chat + end},
		{"something stands in front of the first part", kind, "\n" + chat + end},
		{"something stands behind the last part", kind, chat + end + "--frontier\n"},
		{"the last boundary is missing", kind, chat},
		{"the last boundary is half there", kind, chat + "--frontier-"},
		{"a boundary has something behind it", kind, chat + "--frontier \n" + end},
		{"a boundary stands within a text", kind, part(`Content-Disposition: form-data; name="text"`, "a --frontier b") + chat + end},
		{"a part has no header", kind, "--frontier\n\nx\n" + chat + end},
		{"a part has no name", kind, part(`Content-Disposition: form-data`, "x") + chat + end},
		{"a part has an empty name", kind, text("") + chat + end},
		{"a part has two names", kind, part(`Content-Disposition: form-data; name="a"; name="chat_id"`, "6") + chat + end},
		{"a part has a name in an encoding of its own", kind, part(`Content-Disposition: form-data; name="a"; name*=utf-8''chat_id`, "6") + chat + end},
		{"a part has a name with an escaped letter", kind, text("chat%5Fid") + chat + end},
		{"a name has a quote that may be its end", kind, text(`a\"; name=\"chat_id`) + chat + end},
		{"a name of a file has a quote that may be its end", kind, part(`Content-Disposition: form-data; name="a"; filename="b\"; name="chat_id"`, "6") + chat + end},
		{"a part has its disposition twice", kind, part("Content-Disposition: form-data; name=\"a\"\nContent-Disposition: form-data; name=\"chat_id\"", "6") + chat + end},
		{"a part is none of a form", kind, part(`Content-Disposition: attachment; name="chat_id"`, "6") + chat + end},
		{"a header runs over two lines", kind, part("Content-Disposition: form-data;\n name=\"a\"", "6") + chat + end},
		{"a header has a space in front of its colon", kind, part(`Content-Disposition : form-data; name="a"`, "6") + chat + end},
		{"a part has parts of its own", kind, part("Content-Disposition: form-data; name=\"a\"\nContent-Type: multipart/mixed; boundary=b", "--b--") + chat + end},
		{"a part is encoded once more", kind, part("Content-Disposition: form-data; name=\"text\"\nContent-Transfer-Encoding: base64", "U2FsZQ==") + chat + end},
		{"a text is in another charset", kind, part("Content-Disposition: form-data; name=\"text\"\nContent-Type: text/plain; charset=utf-16", "x") + chat + end},
		{"the charset of all others stands in a part", kind, part(`Content-Disposition: form-data; name="_charset_"`, "utf-16") + chat + end},
		{"a text is a file", kind, part(`Content-Disposition: form-data; name="text"; filename=""`, "Sale") + chat + end},
		{"a text has a header that texts do not have", kind, part("Content-Disposition: form-data; name=\"text\"\nContent-Encoding: gzip", "Sale") + chat + end},
		{"a part is longer than it says", kind, part("Content-Disposition: form-data; name=\"a\"\nContent-Length: 0", "x") + chat + end},
		{"a recipient is there twice", kind, chat + chat + end},
		{"a recipient is spelled in another case", kind, text("Chat_ID") + chat + end},
		{"a recipient is one of a list", kind, text("chat_id[0]") + chat + end},
		{"a text is not UTF-8", kind, part(`Content-Disposition: form-data; name="text"`, "\xff") + chat + end},
		{"lines end in LF alone", kind, strings.ReplaceAll(chat+end, "\n", "\x00")},
		{"nobody is written to", kind, text("text") + end},
	} {
		t.Run(c.about, func(t *testing.T) {
			req := parted(t, c.kind, c.body)
			req.SetBody(bytes.ReplaceAll(req.Body(), []byte("\x00"), []byte("\n")))
			var b providers.Batch
			if err := provider(t, "telegram", "").Parse(req, &b); err == nil || errors.Is(err, providers.ErrNotSend) {
				t.Errorf("Parse answers %v and reads %+v", err, b.Messages)
			}
		})
	}
}

func TestMultipartTaken(t *testing.T) {
	for _, c := range []struct{ about, kind, body string }{
		{"a boundary in quotes, of which letters are none of a word", `Multipart/Form-Data; charset=utf-8; boundary="(a b)"`, ""},
		{"names of headers and kinds in any case", "multipart/form-data; boundary=f", "--f\nCONTENT-DISPOSITION: Form-Data; Name=chat_id\n\n5\n--f\ncontent-disposition:form-data; name=\"text\"\nContent-Type: text/plain;charset=UTF-8\n\nSale\n--f--"},
		{"a file of a name in an encoding of its own", "multipart/form-data; boundary=f", "--f\nContent-Disposition: form-data; name=\"chat_id\"\n\n5\n--f\nContent-Disposition: form-data; name=\"text\"\n\nSale\n--f\nContent-Disposition: form-data; name=\"x\"; filename*=utf-8''%C3%A9\nContent-Type: image/png\n\nchat_id\n--f--\n"},
	} {
		t.Run(c.about, func(t *testing.T) {
			var b providers.Batch
			err := provider(t, "telegram", "").Parse(parted(t, c.kind, c.body), &b)
			if c.body == "" { // a space is none of a boundary's
				if err == nil {
					t.Error("Parse takes it")
				}
				return
			}
			if err != nil || len(b.Messages) != 1 || b.Messages[0].To.Address != "5" || b.Messages[0].Text != "Sale" {
				t.Errorf("Parse answers %v and reads %+v", err, b.Messages)
			}
		})
	}
}

func TestLargeUpload(t *testing.T) {
	const size = 8 << 20
	file := strings.Repeat("0123456789abcdef", size/16)
	body := "--frontier\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n5\r\n--frontier\r\nContent-Disposition: form-data; name=\"caption\"\r\n\r\nSale\r\n" +
		"--frontier\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a\"\r\n\r\n" + file + "\r\n--frontier--"
	p := provider(t, "telegram", "")
	var b providers.Batch
	req := compose("POST", "/bot1:a/sendPhoto", "multipart/form-data; boundary=frontier", "", []byte(body))
	if n := testing.Benchmark(func(bench *testing.B) {
		bench.ReportAllocs()
		for bench.Loop() {
			if err := p.Parse(req, &b); err != nil {
				bench.Fatal(err)
			}
			b.Reset()
		}
	}).AllocedBytesPerOp(); n > 4<<10 {
		t.Errorf("reading an upload of 8 MiB takes %d bytes of memory", n)
	}
	if err := p.Parse(req, &b); err != nil {
		t.Fatal(err)
	}
	decide(&b, addFooter)
	if err := p.Rewrite(req, &b); err != nil {
		t.Fatal(err)
	}
	if got := cap(req.Body()); got > len(body)+64<<10 {
		t.Errorf("the rewritten upload takes %d bytes, and was %d long", got, len(body))
	}
	checkRewritten(t, p, req, filter.Message{To: b.Messages[0].To, From: "1", Text: "Sale", Room: 1020, Extra: upload(t, req)})
}

// upload is what Extra has of the files of req.
func upload(t *testing.T, req *fasthttp.Request) string {
	var b providers.Batch
	b.Extras = true
	if err := provider(t, "telegram", "").Parse(req, &b); err != nil {
		t.Fatal(err)
	}
	return b.Messages[0].Extra
}

// TestCompressed: what comes compressed goes out compressed, in whatever form it is.
func TestCompressed(t *testing.T) {
	const parts = "--frontier\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n5\r\n--frontier\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nSale\r\n--frontier--"
	described, err := providers.New("custom", providers.Config{Custom: &providers.Custom{XML: true, Paths: []string{"/bot1:a/sendMessage"}, Recipients: []string{"sms.to"}, Text: []string{"sms.text"}}})
	if err != nil {
		t.Fatal(err)
	}
	for about, c := range map[string]struct {
		p                 providers.Provider
		kind, body, wants string
	}{
		"in parts": {provider(t, "telegram", ""), "multipart/form-data; boundary=frontier", parts, strings.Replace(parts, "Sale", "Sale\n"+providers.SampleFooter, 1)},
		"XML":      {described, "text/xml", "<sms><to>491701234567</to><text>Sale</text></sms>", "<sms><to>491701234567</to><text>Sale&#xA;" + providers.SampleFooter + "</text></sms>"},
	} {
		t.Run(about, func(t *testing.T) {
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			io.WriteString(z, c.body)
			z.Close()
			req := compose("POST", "/bot1:a/sendMessage", c.kind, "gzip", packed.Bytes())
			var b providers.Batch
			if err := c.p.Parse(req, &b); err != nil {
				t.Fatal(err)
			}
			decide(&b, addFooter)
			if err := c.p.Rewrite(req, &b); err != nil {
				t.Fatal(err)
			}
			if got := body(t, req); got != c.wants {
				t.Errorf("it is\n%s\nwant\n%s", got, c.wants)
			}
		})
	}
}

// FuzzMultipart reads bodies in parts. What is read another reader reads, too: each parameter once.
func FuzzMultipart(f *testing.F) {
	providers.AddCorpus(f)
	for _, s := range providers.Samples() {
		req := read(f, s.Request)
		if kind := string(req.Header.ContentType()); strings.HasPrefix(kind, "multipart/form-data") {
			f.Add(kind, req.Body())
		}
	}
	f.Fuzz(func(t *testing.T, kind string, raw []byte) {
		req := compose("POST", "/bot1:a/sendMessage", kind, "", raw)
		if req == nil || !strings.HasPrefix(strings.ToLower(kind), "multipart/form-data") {
			return
		}
		var b providers.Batch
		if provider(t, "telegram", "").Parse(req, &b) != nil {
			return
		}
		_, params, err := mime.ParseMediaType(string(req.Header.ContentType()))
		if err != nil {
			t.Fatalf("%q is no media type: %v", kind, err)
		}
		values := map[string][]string{}
		for r := multipart.NewReader(bytes.NewReader(req.Body()), params["boundary"]); ; {
			p, err := r.NextRawPart()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("another reader answers %v: %q", err, raw)
			}
			value, err := io.ReadAll(p)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.ToLower(p.FormName())
			values[name] = append(values[name], string(value))
		}
		to, text := values["chat_id"], values["text"]
		if len(to) != 1 || strings.TrimSpace(to[0]) != b.Messages[0].To.Address && b.Messages[0].To.Address != "" {
			t.Fatalf("read %+v, where another reader reads %q", b.Messages, values)
		}
		if want := fmt.Sprint([]string{b.Messages[0].Text}); b.Messages[0].Text != "" && fmt.Sprint(text) != want && len(values["caption"])+len(values["media"]) == 0 {
			t.Fatalf("read %+v, where another reader reads %q", b.Messages, values)
		}
	})
}
