package providers

import (
	"errors"

	"github.com/valyala/fasthttp"
)

// refuse gives out, which b keeps, for an answer.
func (b *Batch) refuse(resp *fasthttp.Response, status int, contentType string, out []byte) {
	b.parsed.out = out
	resp.SetStatusCode(status)
	resp.Header.SetContentType(contentType)
	resp.SetBody(out)
}

// merge makes edits in the JSON object or array of an answer, at the places that change finds in it. An answer
// that cannot be read stays as it is.
func (b *Batch) merge(resp *fasthttp.Response, change func(d document) ([]edit, error)) error {
	body, ok := answer(resp)
	if !ok {
		return errors.New("the answer is too large, or compressed in a way other than gzip")
	}
	nodes, err := scanJSON(body, nil)
	if err != nil {
		return err
	}
	if nodes[0].kind != '{' && nodes[0].kind != '[' {
		return errUnlike
	}
	edits, err := change(document{body, nodes})
	if err != nil {
		return err
	}
	out := edited(body, edits)
	for name, value := range resp.Header.All() {
		if fold(name, "content-encoding") && fold(value, "gzip") {
			out = compress(out)
		}
	}
	resp.SetBody(out)
	return nil
}
