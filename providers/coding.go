package providers

import "github.com/valyala/fasthttp"

// A coding is a way in which the body of an answer is compressed.
type coding struct {
	unpack func(resp *fasthttp.Response, most int) ([]byte, error)
	pack   func(dst, src []byte) []byte
}

// codings are those that clients ask for, by their names in Content-Encoding.
// Source: https://www.iana.org/assignments/http-parameters/http-parameters.xhtml#content-coding
var codings = map[string]coding{
	"gzip":    {(*fasthttp.Response).BodyGunzipWithLimit, fasthttp.AppendGzipBytes},
	"deflate": {(*fasthttp.Response).BodyInflateWithLimit, fasthttp.AppendDeflateBytes},
	"br":      {(*fasthttp.Response).BodyUnbrotliWithLimit, fasthttp.AppendBrotliBytes},
	"zstd":    {(*fasthttp.Response).BodyUnzstdWithLimit, fasthttp.AppendZstdBytes},
}

// codingOf is that of an answer; plain: it is not compressed.
func codingOf(resp *fasthttp.Response) (c coding, plain, known bool) {
	var said []byte
	for name, value := range resp.Header.All() {
		if fold(name, "content-encoding") {
			said = value
		}
	}
	if len(said) == 0 || fold(said, "identity") {
		return coding{}, true, true
	}
	for name, c := range codings {
		if fold(said, name) {
			return c, false, true
		}
	}
	return coding{}, false, false
}

// answer is the readable body of a service's error, which is small: one beyond 64 KiB, or
// compressed in a way that no client asks for, is not read.
func answer(resp *fasthttp.Response) (body []byte, ok bool) { return answerUpTo(resp, 64<<10) }

// answerUpTo is answer for one of so many bytes.
func answerUpTo(resp *fasthttp.Response, most int) (body []byte, ok bool) {
	c, plain, known := codingOf(resp)
	switch {
	case plain:
		body = resp.Body()
		return body, len(body) <= most
	case !known:
		return nil, false
	}
	body, err := c.unpack(resp, most)
	return body, err == nil
}
