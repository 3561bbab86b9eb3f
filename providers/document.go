package providers

// A document is a JSON text and its nodes.
type document struct {
	src   []byte
	nodes []node
}

// member finds the member of object obj called key; 0 means that there is none, or that obj is no
// object. Keys are compared as they are meant, not as they are escaped.
func (d document) member(obj int, key string) int {
	for i := d.first(obj); i != 0; i = int(d.nodes[i].next) {
		if d.named(i, key, false) {
			return i
		}
	}
	return 0
}

// nearly reports whether object obj has a member that is one of keys but for letter case.
func (d document) nearly(obj int, keys []string) bool {
	for i := d.first(obj); i != 0; i = int(d.nodes[i].next) {
		for _, key := range keys {
			if d.named(i, key, true) && !d.named(i, key, false) {
				return true
			}
		}
	}
	return false
}

// first is the first member of object obj, or 0.
func (d document) first(obj int) int {
	o := &d.nodes[obj]
	if o.kind != '{' || obj+1 >= len(d.nodes) || d.nodes[obj+1].start >= o.end {
		return 0
	}
	return obj + 1
}

func (d document) named(i int, key string, anyCase bool) bool {
	name := d.src[d.nodes[i].key:d.nodes[i].keyEnd]
	var buf [64]byte
	for _, c := range name {
		if c == '\\' {
			name = unquote(buf[:0], name)
			break
		}
	}
	if anyCase {
		return fold(name, key)
	}
	return string(name) == key
}

// raw is the value of node i as written; of a string, what is between its quotes.
func (d document) raw(i int) []byte { return d.src[d.nodes[i].start:d.nodes[i].end] }
