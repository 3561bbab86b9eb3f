package decisions

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/sendgate/sendgate/store/wire"
)

// A face is the numbers of the values that an entry has, of all fields.
type face [facetFields]uint16

// A faceCount is how many entries have a face.
type faceCount struct {
	face face
	n    int
}

// A facer makes the facets of a block from how many entries have which face.
type facer struct {
	shapes []face // by their numbers
	faces  []faceCount
	values [facetFields][]uint32 // by their numbers
	apart  [facetFields]int
}

// merge counts alike faces together.
func (m *facer) merge() {
	slices.SortFunc(m.faces, func(a, b faceCount) int { return slices.Compare(a.face[:], b.face[:]) })
	merged := m.faces[:0]
	for _, f := range m.faces {
		if last := len(merged) - 1; last >= 0 && merged[last].face == f.face {
			merged[last].n += f.n
		} else {
			merged = append(merged, f)
		}
	}
	m.faces = merged
}

// narrow tells fewer values of a field apart: those that most entries have, which come first from then on.
func (m *facer) narrow(field int) {
	entries := make([]int, len(m.values[field]))
	for _, f := range m.faces {
		entries[f.face[field]] += f.n
	}
	order := make([]int, len(entries))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(entries[b], entries[a]) })
	values, numbers := make([]uint32, len(order)), make([]uint16, len(order))
	for to, from := range order {
		values[to], numbers[from] = m.values[field][from], uint16(min(to, fewValues))
	}
	for i := range m.faces {
		n := &m.faces[i].face[field]
		*n = numbers[*n]
	}
	for i := range m.shapes {
		m.shapes[i][field] = numbers[m.shapes[i][field]]
	}
	m.values[field], m.apart[field] = values, fewValues
	m.merge()
}

// facets makes them.
func (m *facer) facets() *facets {
	m.merge()
	widest := func() (field int) {
		for other := range m.apart {
			if m.apart[other] > m.apart[field] {
				field = other
			}
		}
		return field
	}
	for field, values := range m.values {
		m.apart[field] = len(values)
	}
	for field := widest(); len(m.faces) > manyFaces && m.apart[field] > fewValues; field = widest() {
		m.narrow(field)
	}
	f := &facets{n: len(m.faces)}
	for field, values := range m.values {
		f.values = append(f.values, values...)
		f.ends[field], f.apart[field] = int16(len(f.values)), uint8(m.apart[field])
		f.faces = append(f.faces, pack(f.n, bitsOf(len(values), m.apart[field]), func(row int) int { return int(m.faces[row].face[field]) })...)
	}
	return f
}

// numbers are those of the faces that shapes have.
func (m *facer) numbers() []int {
	numbers := make([]int, len(m.shapes))
	for i := range m.shapes {
		numbers[i], _ = slices.BinarySearchFunc(m.faces, m.shapes[i], func(f faceCount, s face) int { return slices.Compare(f.face[:], s[:]) })
	}
	return numbers
}

// pack writes n numbers in so many bits each.
func pack(n, bits int, number func(i int) int) []byte {
	packed := make([]byte, columnSize(n, bits))
	for i := 0; bits > 0 && i < n; i++ {
		if bits == 16 {
			binary.LittleEndian.PutUint16(packed[2*i:], uint16(number(i)))
			continue
		}
		packed[i*bits/8] |= byte(number(i)) << (i * bits % 8)
	}
	return packed
}

// facets makes those of a block from how many entries have which shape, and the faces of its entries.
func (p *packer) facets(entries []int) (*facets, []byte) {
	var m facer
	var others [facetFields]dictionary[uint32]
	for field, name := range facetNames {
		for _, value := range p.names[name].values {
			m.values[field] = append(m.values[field], hashName(value))
		}
	}
	for i, s := range p.shapes.values {
		f := faceCount{n: entries[i]}
		for field, name := range facetNames {
			f.face[field] = uint16(s[name])
		}
		rest := s[entryNames:]
		for field, value := range map[int]uint64{facetCategory: rest[0], facetAction: rest[1], facetReason: rest[2], facetEnforced: rest[4] & 1} {
			n, _ := others[field].number(uint32(value))
			f.face[field] = uint16(n)
		}
		m.faces, m.shapes = append(m.faces, f), append(m.shapes, f.face)
	}
	for field := facetCategory; field < facetFields; field++ {
		m.values[field] = others[field].values
	}
	f := m.facets()
	numbers := m.numbers()
	shapes := wire.Decoder{Rest: string(p.columns[columnShape])}
	n := 0
	for _, of := range entries {
		n += of
	}
	return f, pack(n, f.entryBits(), func(int) int { return numbers[shapes.Uvarint()] })
}
