package providers

// lowered is a JSON body, whose nodes were read, with the letters of all keys in lower case, and its nodes as of then.
// Everything stands where it stood, so that what is found in it is found in body. It lives until the next request is
// rewritten.
func (b *Batch) lowered(body []byte) ([]byte, error) {
	p := &b.parsed
	p.out = append(p.out[:0], body...)
	for i := range p.nodes {
		for at := p.nodes[i].key; at < p.nodes[i].keyEnd; at++ {
			c := p.out[at]
			if c >= 0x80 || c == '\\' { // another reader may fold it in another way
				return nil, b.unreadable(0, "a key of the JSON body has an escape, or a letter that is not ASCII")
			}
			p.out[at] = lowered(c)
		}
	}
	var err error
	if p.nodes, err = scanJSON(p.out, p.nodes[:0]); err != nil { // two keys may have become one
		return nil, b.unreadable(0, "%w", err)
	}
	return p.out, nil
}
