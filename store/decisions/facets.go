package decisions

import (
	"encoding/binary"
	"slices"

	"github.com/sendgate/sendgate/store/wire"
)

// The fields of an entry by which queries choose, other than time, id and address. Those before
// facetCategory are names, and facetNames says which.
const (
	facetRoute = iota
	facetMode
	facetBrand
	facetChannel
	facetFrom
	facetTopic
	facetCampaign
	facetTemplate
	facetRule
	facetOutcome
	facetClient
	facetCategory
	facetAction
	facetReason
	facetEnforced
	facetFields
)

// facetNames are the places of the names in Entry.names.
var facetNames = [facetCategory]int{0, 2, 4, 5, 7, 8, 9, 10, 11, 14, 18}

const (
	// Where a block has more than manyFaces different combinations of values, fields with more than fewValues
	// tell only so many apart.
	manyFaces = 255
	fewValues = 8
)

// facets are what the entries of a block have in common, by which a query sees without reading them that
// none has all that it asks for: the values of each field, and which of them occur together. A name is its
// hash of 32 bits. A field with too many values, such as campaigns that are one a message, tells its most
// frequent ones apart; of the others it is known which there are, and not with what each occurs.
type facets struct {
	values []uint32           // field by field, of each those that are told apart first
	ends   [facetFields]int16 // where the values of each field end
	apart  [facetFields]uint8 // how many are told apart
	// faces are the combinations, field by field: for each the number of the value, or apart for all that are
	// not told apart, in as few bits as it takes. A field with one value is left out.
	faces []byte
	n     int
}

// A column is the numbers of the values of a field in all faces.
type column struct {
	packed []byte
	bits   int // 1, 2, 4, 8 or 16 a number
}

func (c *column) at(row int) int {
	if c.bits == 16 {
		return int(binary.LittleEndian.Uint16(c.packed[2*row:]))
	}
	bit := row * c.bits
	return int(c.packed[bit/8] >> (bit % 8) & (1<<c.bits - 1))
}

// bitsOf is how many bits number the values of a field, of which some are told apart; 0 where it has one.
func bitsOf(values, apart int) int {
	numbers := apart
	if values > apart {
		numbers++
	}
	switch {
	case numbers < 2:
		return 0
	case numbers <= 2:
		return 1
	case numbers <= 4:
		return 2
	case numbers <= 16:
		return 4
	}
	return 8
}

// columnSize is how many bytes n numbers take.
func columnSize(n, bits int) int { return (n*bits + 7) / 8 }

// A facet is a value of a field that is asked for.
type facet struct {
	field int
	value uint32
}

// facets lists what q asks for.
func (q *Query) facets() (list []facet) {
	for field, name := range [facetCategory]string{q.Route, q.Mode, q.To.Brand, string(q.To.Channel), q.From, q.Topic, q.Campaign,
		q.Template, q.Rule, q.Outcome, q.Client} {
		if name != "" {
			list = append(list, facet{field, hashName(name)})
		}
	}
	if q.Category != nil {
		list = append(list, facet{facetCategory, uint32(*q.Category)})
	}
	if q.Action != nil {
		list = append(list, facet{facetAction, uint32(*q.Action)})
	}
	if q.Reason != nil {
		list = append(list, facet{facetReason, uint32(*q.Reason)})
	}
	if q.Enforced != nil {
		list = append(list, facet{facetEnforced, uint32(wire.Flag(*q.Enforced))})
	}
	return list
}

// of is the values of a field.
func (f *facets) of(field int) []uint32 {
	from := int16(0)
	if field > 0 {
		from = f.ends[field-1]
	}
	return f.values[from:f.ends[field]]
}

// size is what f takes in memory, in bytes.
func (f *facets) size() int {
	if f == nil {
		return 0
	}
	return 4*cap(f.values) + cap(f.faces) + 112
}

// append writes f.
func (f *facets) append(b []byte) []byte {
	for field := range facetFields {
		values := f.of(field)
		b = append(binary.AppendUvarint(b, uint64(len(values))), f.apart[field])
		for _, v := range values {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
	}
	b = binary.AppendUvarint(b, uint64(f.n))
	return append(b, f.faces...)
}

// readFacets reads what [facets.append] wrote into a block of a format.
func readFacets(d *wire.Decoder, magic uint32) *facets {
	f := &facets{values: make([]uint32, 0, 32)}
	size := 0
	for field := range facetFields {
		if field == facetClient && magic <= blockMagic8 { // of all entries it is the same: none
			f.values, f.apart[field] = append(f.values, hashName("")), 1
			f.ends[field] = int16(len(f.values))
			continue
		}
		n := d.Uvarint()
		f.apart[field] = d.Byte()
		if n > uint64(len(d.Rest)/4) || n > chunkEntries || uint64(f.apart[field]) > n {
			d.Fail()
			return f
		}
		values := []byte(d.Take(4 * n))
		for i := range len(values) / 4 {
			f.values = append(f.values, binary.LittleEndian.Uint32(values[4*i:]))
		}
		f.ends[field] = int16(len(f.values))
	}
	n := d.Uvarint()
	if n > chunkEntries {
		d.Fail()
		return f
	}
	for field := range facetFields {
		size += columnSize(int(n), bitsOf(len(f.of(field)), int(f.apart[field])))
	}
	f.values = slices.Clip(f.values)
	f.n, f.faces = int(n), []byte(d.Take(uint64(size)))
	return f
}

// may reports whether an entry may have all that is asked for.
func (f *facets) may(want []facet) bool {
	found := false
	f.matching(want, func(int) bool {
		found = true
		return false
	})
	return found
}

// matching calls each with every face that may have all that is asked for, until it returns false.
func (f *facets) matching(want []facet, each func(face int) bool) {
	var columns [facetFields]column
	var numbers [facetFields]int
	asked, at := 0, 0
	for field := range facetFields {
		values, apart := f.of(field), int(f.apart[field])
		c := column{bits: bitsOf(len(values), apart)}
		c.packed = f.faces[at : at+columnSize(f.n, c.bits)]
		at += len(c.packed)
		i := slices.IndexFunc(want, func(w facet) bool { return w.field == field })
		if i < 0 {
			continue
		}
		number := slices.Index(values, want[i].value)
		if number < 0 {
			return
		}
		if c.bits > 0 {
			columns[asked], numbers[asked] = c, min(number, apart)
			asked++
		}
	}
	for row := range f.n {
		all := true
		for i := 0; i < asked && all; i++ {
			all = columns[i].at(row) == numbers[i]
		}
		if all && !each(row) {
			return
		}
	}
}

// entryBits is how many bits number the faces of the entries.
func (f *facets) entryBits() int {
	if f.n > 1<<8 {
		return 16
	}
	return max(1, bitsOf(f.n, f.n))
}

// entriesSize is how many bytes the faces of n entries take.
func (f *facets) entriesSize(n int) int { return columnSize(n, f.entryBits()) }
