package providers

// respelled reports whether a key is one of keys but for letter case and underscores, as JSON of protocol buffers may
// have it. Parameters and metadata have names of the sender's own. Source: https://protobuf.dev/programming-guides/json/
func (d document) respelled(keys []string) bool {
	var buf [64]byte
	free := int32(0) // where what the sender named ends
	for i := 1; i < len(d.nodes); i++ {
		n := &d.nodes[i]
		if n.keyEnd == 0 || n.start < free {
			continue
		}
		name := d.key(i, buf[:0])
		if string(name) == "parameters" || string(name) == "conversation_metadata" {
			free = n.end
		}
		for _, key := range keys {
			if string(name) == key {
				break
			}
			if spelledAlike(name, key) {
				return true
			}
		}
	}
	return false
}

// spelledAlike compares two names without letter case and underscores.
func spelledAlike(name []byte, key string) bool {
	j := 0
	for _, c := range name {
		if c == '_' {
			continue
		}
		for j < len(key) && key[j] == '_' {
			j++
		}
		if j == len(key) || lowered(c) != lowered(key[j]) {
			return false
		}
		j++
	}
	return j == len(key)
}
