package providers

import (
	"errors"

	"github.com/sendgate/sendgate/filter"
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
	body, ok := answerUpTo(resp, maxPlain) // it may have a result for each of thousands of recipients
	if !ok {
		return errors.New("the answer is too large, or compressed in a way that cannot be read")
	}
	nodes, err := scanResults(body)
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
	if c, plain, _ := codingOf(resp); !plain {
		out = c.pack(nil, out)
	}
	resp.SetBody(out)
	return nil
}

// placed are the edits that put the elements of a request that were not sent in their places in list, the results of
// the others in their order: absent appends such a result, and partly is the edit in that of an element whose messages
// were not all sent; nil: there is none.
func (b *Batch) placed(d document, list int, absent func(out []byte, element int) []byte, partly func(element, node int) (edit, error)) ([]edit, error) {
	of, n := b.parsed.spread.elements()
	blocked, sent := make([]bool, n), make([]bool, n)
	for i, element := range of {
		gone := b.Decisions[i].Action == filter.Block
		blocked[element], sent[element] = blocked[element] || gone, sent[element] || !gone
	}
	var edits []edit
	next, before := d.child(list), 0
	var waiting []byte // results that stand before the next
	for element := range n {
		if blocked[element] && !sent[element] {
			waiting = append(absent(waiting, element), ',')
			continue
		}
		if next == 0 {
			return nil, errUnlike
		}
		start := int(d.nodes[next].start)
		edits = append(edits, edit{start: start, end: start, text: waiting})
		if blocked[element] && partly != nil {
			at, err := partly(element, next)
			if err != nil {
				return nil, err
			}
			edits = append(edits, at)
		}
		waiting, before, next = nil, int(d.nodes[next].end), int(d.nodes[next].next)
	}
	if next != 0 || before == 0 {
		return nil, errUnlike
	}
	if last := len(waiting) - 1; last > 0 {
		edits = append(edits, edit{start: before, end: before, text: append([]byte{','}, waiting[:last]...)})
	}
	return edits, nil
}
