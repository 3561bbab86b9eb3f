package providers_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/providers"
)

const (
	twilioSend = "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json"
	graphSend  = "/v23.0/106540352242922/messages"
	form       = "application/x-www-form-urlencoded"
	hello      = "To=%2B14155550100&From=%2B15005550006&Body=Hi"
	helloJSON  = `{"messaging_product":"whatsapp","to":"+16505551234","text":{"body":"Hi"}}`
)

// A bad request: the empty fields are those of a good one.
type bad struct {
	name     string
	provider string // default twilio
	method   string // default POST
	target   string // default the provider's send path
	headers  string // default the Content-Type the provider wants
	body     string
	want     string // the sentence
}

func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, text)
	z.Close()
	return b.String()
}

const (
	gzipped     = "Content-Type: " + form + "\r\nContent-Encoding: gzip\r\n"
	gzippedJSON = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"
	disguise    = "the path looks like a send to Twilio but is not written as Twilio documents it"
	hides       = "a batch or a call with another method than its own hides what is sent: send one message a call"
	noJSON      = "the body is not valid JSON (byte %d)"
)

var badTwilio = []bad{
	{name: "an empty body names nobody", want: "the parameter To is missing or empty"},
	{name: "a recipient of spaces is none", body: "To=+&Body=Hi", want: "the parameter To is missing or empty"},
	{name: "ten thousand recipients are not read as one", body: strings.Repeat("To=%2B14155550100&", 10000), want: "the parameter To is there more than once"},
	{name: "an empty second recipient is a second one", body: "To=&" + hello, want: "the parameter To is there more than once"},
	{name: "two texts", body: hello + "&Body=Sale", want: "the parameter Body is there more than once"},
	{name: "two senders", body: hello + "&From=12345", want: "the parameter From is there more than once"},
	{name: "two messaging services", body: "MessagingServiceSid=MG1&MessagingServiceSid=MG2&" + hello, want: "the parameter MessagingServiceSid is there more than once"},
	{name: "a recipient in percent form beside a plain one", body: hello + "&%54%6f=%2B14155550101", want: "the parameter To is there more than once"},
	{name: "a recipient in brackets", body: hello + "&To[]=%2B14155550101", want: "the parameter To is spelled in another way than the service documents"},
	{name: "a recipient with a space before its name", body: hello + "&+To=%2B14155550101", want: "the parameter To is spelled in another way than the service documents"},
	{name: "a byte order mark before the first name", body: "\uFEFF" + hello, want: "the parameter To is spelled in another way than the service documents"},
	{name: "a text in small letters", body: "To=%2B14155550100&body=Hi", want: "the parameter Body is spelled in another way than the service documents"},
	{name: "a name cut short by a zero byte", body: hello + "&To%00x=1", want: "the parameter To is spelled in another way than the service documents"},
	{name: "a recipient behind a semicolon", body: "Body=Hi;x;To=1&To=%2B14155550100", want: "a parameter carries another one (such as To) at a semicolon"},
	{name: "a name that ends at a semicolon", body: "To;x=1&To=%2B14155550100&Body=Hi", want: "a parameter carries another one (such as To) at a semicolon"},
	{name: "a name between semicolons", body: "To=%2B14155550100&Body=Hi&a;To;b", want: "a parameter carries another one (such as To) at a semicolon"},
	{name: "a name in another letter case behind a semicolon", body: "To=%2B14155550100&Body=Hi&amp;to=1", want: "the parameter To is spelled in another way than the service documents"},
	{name: "a second recipient in the query behind an HTML ampersand", target: twilioSend + "?StatusCallback=x&amp;To=1", body: hello, want: "a parameter carries another one (such as To) at a semicolon"},
	{name: "a percent sign that is none of an escape", body: "To=%2B14155550100&Body=50%+off", want: "a parameter has a percent sign that begins no escape: the sign itself is written %25"},
	{name: "a list that is changed by its body", method: "GET", body: "_method=POST&" + hello, want: "a parameter asks for another method than the call has"},
	{name: "a list that is changed by a part of its body", method: "GET", headers: "Content-Type: multipart/form-data; boundary=x\r\n", body: "--x\r\nContent-Disposition: form-data; name=_method\r\n\r\nPOST\r\n--x--\r\n", want: "a parameter asks for another method than the call has"},
	{name: "a list that is changed by a compressed body", method: "GET", headers: gzipped, body: packed("_method=POST&" + hello), want: "a parameter asks for another method than the call has"},
	{name: "a list with a file", method: "GET", headers: "Content-Type: image/png\r\n", body: "\x89PNG", want: "a call that reads has a body, of a type this gate cannot look into"},
	{name: "half an escape in the recipient", body: "To=%2", want: "a parameter has a percent sign that begins no escape: the sign itself is written %25"},
	{name: "an escape that is none in the text", body: "To=%2B14155550100&Body=100%zz", want: "a parameter has a percent sign that begins no escape: the sign itself is written %25"},
	{name: "a broken escape in a name", body: hello + "&%T=1", want: "a parameter has a percent sign that begins no escape: the sign itself is written %25"},
	{name: "a text that is not UTF-8", body: "To=%2B14155550100&Body=%ff", want: "the parameter Body is not valid UTF-8"},
	{name: "a recipient that is not UTF-8", body: "To=%2B1415555\xff", want: "the parameter To is not valid UTF-8"},
	{name: "JSON without saying so", headers: "-", body: `{"To":"+14155550100","Body":"Hi"}`, want: "the parameter To is missing or empty"},
	{name: "JSON", headers: "Content-Type: application/json\r\n", body: `{}`, want: "the Content-Type is not application/x-www-form-urlencoded"},
	{name: "plain text", headers: "Content-Type: text/plain\r\n", body: hello, want: "the Content-Type is not application/x-www-form-urlencoded"},
	{name: "a multipart form", headers: "Content-Type: Multipart/Form-Data; boundary=x\r\n", body: "--x--\r\n", want: "multipart/form-data is not read: send application/x-www-form-urlencoded"},
	{name: "two content types", headers: "Content-Type: " + form + "\r\nContent-type: text/plain\r\n", body: hello, want: "the Content-Type header is there more than once"},
	{name: "two content types in one header", headers: "Content-Type: " + form + ", text/plain\r\n", body: hello, want: "the Content-Type header cannot be read"},
	{name: "two charsets", headers: "Content-Type: " + form + "; charset=utf-8; charset=utf-7\r\n", body: hello, want: "the Content-Type header cannot be read"},
	{name: "UTF-7", headers: "Content-Type: " + form + "; charset=utf-7\r\n", body: hello, want: "the charset of the body is not UTF-8"},
	{name: "Latin-1 with letters beyond ASCII", headers: "Content-Type: " + form + "; charset=\"ISO-8859-1\"\r\n", body: "To=%2B14155550100&Body=%C3%BC", want: "the body has letters beyond ASCII and a charset other than UTF-8"},
	{name: "a header over two lines", headers: "Content-Type: " + form + ";\r\n charset=utf-8\r\n", body: hello, want: "a header runs over two lines, which is read in different ways"},
	{name: "a gzip bomb", headers: gzipped, body: packed(hello + "&X=" + strings.Repeat("0", 8<<20)), want: "the body grows beyond 4 MiB when it is unpacked"},
	{name: "gzip that is none", headers: gzipped, body: hello, want: "the body is not the one gzip stream that Content-Encoding promises"},
	{name: "gzip cut short", headers: gzipped, body: packed(hello)[:20], want: "the body is not the one gzip stream that Content-Encoding promises"},
	{name: "a second gzip stream behind the first", headers: gzipped, body: packed(hello) + packed("&To=1"), want: "the body is not the one gzip stream that Content-Encoding promises"},
	{name: "two encodings on two lines", headers: gzipped + "Content-Encoding: gzip\r\n", body: packed(hello), want: "the body is compressed in a way other than gzip"},
	{name: "an encoding this gate does not unpack", headers: "Content-Type: " + form + "\r\ncontent-encoding: br\r\n", body: hello, want: "the body is compressed in a way other than gzip"},
	{name: "a time in words", body: hello + "&SendAt=tomorrow", want: "the parameter SendAt is not an ISO 8601 time with a zone, such as 2026-12-01T10:00:00Z"},
	{name: "a time without its schedule type", body: "To=%2B14155550100&MessagingServiceSid=MG1&SendAt=2026-12-01T10:00:00Z", want: "the parameter SendAt is there without ScheduleType=fixed"},
	{name: "another method", method: "PUT", body: hello, want: "a send to Twilio is a POST"},
	{name: "a method in small letters", method: "post", body: hello, want: "a send to Twilio is a POST"},
	{name: "a read that asks to be a send", method: "GET", target: twilioSend + "?To=%2B14155550100&_method=POST", want: "a parameter asks for another method than the call has"},
	{name: "a send that asks to be a read", body: hello + "&_method=GET", want: "a parameter asks for another method than the call has"},
	{name: "a whole URL for a path", target: "http://api.twilio.com" + twilioSend, body: hello, want: disguise},
	{name: "an unknown ending", target: twilioSend + "p", body: hello, want: disguise},
	{name: "an account that is none", target: "/2010-04-01/Accounts/-/Messages.json", body: hello, want: disguise},
	{name: "a fragment", target: twilioSend + "#top", body: hello, want: disguise},
	{name: "backslashes", target: "/" + strings.ReplaceAll(twilioSend, "/", `\`)[1:], body: hello, want: disguise},
}

var badWhatsApp = []bad{
	{name: "an empty body", want: fmt.Sprintf(noJSON, 0)},
	{name: "half a body", body: helloJSON[:40], want: fmt.Sprintf(noJSON, 40)},
	{name: "something behind the body", body: helloJSON + helloJSON, want: "something follows the JSON body (byte 73)"},
	{name: "a list of messages", body: "[" + helloJSON + "]", want: "the JSON body is not an object"},
	{name: "a comma too many", body: `{"to":"1",}`, want: fmt.Sprintf(noJSON, 10)},
	{name: "a key twice", body: `{"to":"1","to":"2"}`, want: "the JSON body has a key twice in one object (byte 10)"},
	{name: "a key twice, deep down", body: `{"x":[{"a":1,"a":2}]}`, want: "the JSON body has a key twice in one object (byte 13)"},
	{name: "a key in another letter case", body: strings.Replace(helloJSON, `"text"`, `"Text"`, 1), want: "a key of the JSON body differs from a known one by letter case alone"},
	{name: "a key in another letter case, escaped", body: strings.Replace(helloJSON, `"to"`, `"\u0054o"`, 1), want: "a key of the JSON body differs from a known one by letter case alone"},
	{name: "deep JSON", body: strings.Repeat("[", 100000), want: "the JSON body nests deeper than 32 levels (byte 32)"},
	{name: "an object of too many members", body: manyMembers(), want: "the JSON body has an object of more than 128 members (byte 1030)"},
	{name: "a text that is not UTF-8", body: strings.Replace(helloJSON, "Hi", "\xc3(", 1), want: "the JSON body is not valid UTF-8 (byte 68)"},
	{name: "half a surrogate pair", body: strings.Replace(helloJSON, "Hi", `\ud83d`, 1), want: "the JSON body has half a surrogate pair in a string (byte 68)"},
	{name: "a line break in a text", body: strings.Replace(helloJSON, "Hi", "\n", 1), want: "the JSON body has a control character in a string (byte 68)"},
	{name: "an escape that is none", body: strings.Replace(helloJSON, "Hi", `\x41`, 1), want: "the JSON body has a broken escape in a string (byte 68)"},
	{name: "no recipient", body: `{"messaging_product":"whatsapp","text":{"body":"Hi"}}`, want: "the body names no recipient: neither to nor recipient is there"},
	{name: "many recipients in a list", body: `{"messaging_product":"whatsapp","to":["16505551234","16505551235"],"text":{"body":"Hi"}}`, want: "the recipient is neither text nor a whole number"},
	{name: "a recipient that is null", body: `{"messaging_product":"whatsapp","to":null,"text":{"body":"Hi"}}`, want: "the recipient is neither text nor a whole number"},
	{name: "a recipient with a fraction", body: `{"messaging_product":"whatsapp","to":16505551234.0,"text":{"body":"Hi"}}`, want: "the recipient is neither text nor a whole number"},
	{name: "a recipient that is an object, as for Messenger", body: `{"messaging_product":"whatsapp","recipient":{"id":"1"},"text":{"body":"Hi"}}`, want: "the recipient is neither text nor a whole number"},
	{name: "another product", body: `{"messaging_product":"messenger","to":"16505551234","text":{"body":"Hi"}}`, want: `messaging_product is not "whatsapp"`},
	{name: "no product", body: `{"to":"16505551234","text":{"body":"Hi"}}`, want: `messaging_product is not "whatsapp"`},
	{name: "a text in a string of JSON", body: `{"messaging_product":"whatsapp","to":"16505551234","text":"{\"body\":\"Hi\"}"}`, want: "the body lacks the object that its type names"},
	{name: "a type without its object", body: `{"messaging_product":"whatsapp","to":"16505551234","type":"template","text":{"body":"Hi"}}`, want: "the body lacks the object that its type names"},
	{name: "a type in another letter case", body: `{"messaging_product":"whatsapp","to":"16505551234","type":"TEXT","text":{"body":"Hi"}}`, want: "type differs from a known one by letter case alone"},
	{name: "a type that is no text", body: `{"messaging_product":"whatsapp","to":"16505551234","type":1}`, want: "type is not text"},
	{name: "a text that is a number", body: `{"messaging_product":"whatsapp","to":"16505551234","text":{"body":1}}`, want: "the message has no body, or it is not text"},
	{name: "a template without a name", body: `{"messaging_product":"whatsapp","to":"16505551234","type":"template","template":{"name":""}}`, want: "the template has no name"},
	{name: "a batch in the body of a send", body: `{"batch":[],"messaging_product":"whatsapp","to":"16505551234","text":{"body":"Hi"}}`, want: hides},
	{name: "no content type", headers: "-", body: helloJSON, want: "the Content-Type of a send is not application/json in UTF-8"},
	{name: "plain text", headers: "Content-Type: text/plain\r\n", body: helloJSON, want: "the Content-Type of a send is not application/json in UTF-8"},
	{name: "UTF-16", headers: "Content-Type: application/json; charset=utf-16\r\n", body: helloJSON, want: "the Content-Type of a send is not application/json in UTF-8"},
	{name: "two content types", headers: "content-type: application/json\r\nContent-Type: application/json\r\n", body: helloJSON, want: "the Content-Type header is there more than once"},
	{name: "a gzip bomb", headers: gzippedJSON, body: packed(strings.Repeat(" ", 8<<20)), want: "the body grows beyond 4 MiB when it is unpacked"},
	{name: "gzip that is none", headers: gzippedJSON, body: helloJSON, want: "the body is not the one gzip stream that Content-Encoding promises"},
	{name: "another method", method: "PUT", body: helloJSON, want: "a send of the Cloud API is a POST"},
	{name: "a header that asks for another method", method: "GET", headers: "x-http-method-override: POST\r\n", want: hides},
	{name: "a batch by any method", method: "GET", target: "/?batch=%5B%5D", want: hides},
	{name: "a batch in a compressed body of a read", method: "GET", target: "/v23.0/1", headers: "Content-Type: " + form + "\r\nContent-Encoding: gzip\r\n", body: packed("batch=%5B%5D"), want: hides},
	{name: "a batch in a part of the body of a read", method: "DELETE", target: "/v23.0/1", headers: "Content-Type: multipart/form-data; boundary=x\r\n", body: "--x\r\nContent-Disposition: form-data; name=batch\r\n\r\n[]\r\n--x--\r\n", want: hides},
	{name: "a method behind a semicolon in the body of a read", method: "HEAD", target: "/v23.0/1", headers: "-", body: "a;method=post", want: hides},
	{name: "a method that a semicolon ends", method: "GET", target: "/v23.0/1?method;a=1", want: hides},
	{name: "a batch behind a byte order mark, under the type of any bytes", target: "/v23.0/1/media", headers: "Content-Type: application/octet-stream\r\n", body: "\uFEFF {\"batch\":[]}", want: hides},
	{name: "a batch of UTF-16, under the type of any bytes", target: "/v23.0/1/media", headers: "Content-Type: application/octet-stream\r\n", body: "\xff\xfe{\x00", want: fmt.Sprintf(noJSON, 0)},
	{name: "a list of calls under another name of JSON", target: "/v23.0/1/media", headers: "Content-Type: text/json\r\n", body: `[{"method":"POST"}]`, want: "the JSON body is not an object"},
	{name: "a batch in a form behind JSON", target: "/v23.0/1/media", headers: "Content-Type: text/plain\r\n", body: `{"a":"&batch=1"}`, want: hides},
	{name: "a batch at the root of a version", target: "/v23.0/", headers: "Content-Type: " + form + "\r\n", body: "batch=%5B%5D", want: hides},
	{name: "a batch in JSON on another edge", target: "/v23.0/1/media", body: `{"b\u0061tch":[]}`, want: hides},
	{name: "a list of a million values", body: "[" + strings.Repeat("0,", 1<<20) + "0]", want: "the JSON body has more than 16384 values (byte 32767)"},
	{name: "a batch in a part whose name is in an encoding of its own", target: "/v23.0/1/media", headers: "Content-Type: multipart/form-data; boundary=x\r\n", body: "--x\r\nContent-Disposition: form-data; name*=utf-8''b%61tch\r\n\r\n[]\r\n--x--\r\n", want: hides},
	{name: "a batch without a content type", target: "/v23.0/1/media", headers: "-", body: "b%61tch=%5B%5D", want: hides},
	{name: "JSON on another edge that cannot be read", target: "/v23.0/1/media", body: `{`, want: fmt.Sprintf(noJSON, 1)},
	{name: "a list of calls on another edge", target: "/v23.0/1/media", body: `[{"method":"POST"}]`, want: "the JSON body is not an object"},
	{name: "two content types in one header, on another edge", target: "/v23.0/1/media", headers: "Content-Type: text/plain, application/json\r\n", body: `{`, want: "the Content-Type header cannot be read"},
	{name: "a credential in the query beside a recipient is not shown", target: graphSend + "?access_token=EAAsecret&to=1", body: helloJSON, want: "the query of a send carries a parameter that could change the message"},
	{name: "a message to the page itself", target: "/me/messages", body: helloJSON, want: "the path looks like a send of the Cloud API but is not one this gate reads"},
}

func manyMembers() string {
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, `,"%03d":1`, i)
	}
	return "{" + b.String()[1:] + "}"
}

func TestBadInput(t *testing.T) {
	check := func(c bad) {
		t.Run(c.provider+": "+c.name, func(t *testing.T) {
			if c.method == "" {
				c.method = "POST"
			}
			raw := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: a.example\r\n%sContent-Length: %d\r\n\r\n%s",
				c.method, c.target, strings.TrimPrefix(c.headers, "-"), len(c.body), c.body)
			var b providers.Batch
			err := provider(t, c.provider, "US").Parse(read(t, []byte(raw)), &b)
			if err == nil || err.Error() != c.want {
				t.Errorf("the sentence is %q, want %q", fmt.Sprint(err), c.want)
			}
			if len(b.Messages) > 0 {
				t.Errorf("Parse failed and left messages: %+v", b.Messages)
			}
		})
	}
	for _, c := range badTwilio {
		c.provider = "twilio"
		c.target = or(c.target, twilioSend)
		c.headers = or(c.headers, "Content-Type: "+form+"\r\n")
		check(c)
	}
	for _, c := range badWhatsApp {
		c.provider = "whatsapp"
		c.target = or(c.target, graphSend)
		c.headers = or(c.headers, "Content-Type: application/json\r\n")
		check(c)
	}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
