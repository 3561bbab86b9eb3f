package decisions

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/wire"
)

// keptCampaigns is how many campaigns a block counts by name, and a quarter of an hour does.
const keptCampaigns = 64

// A Kind is what decisions that are counted together have alike.
type Kind struct {
	Route, Mode, Rule string
	Action            filter.Action
	Reason            filter.Reason
	Enforced          bool
	// Campaign is that of the messages; Other says that it is one of many which are not told apart.
	Campaign string
	Other    bool
}

// other is k without its campaign, if it has one.
func (k Kind) other() Kind {
	if k.Campaign != "" {
		k.Campaign, k.Other = "", true
	}
	return k
}

// A tallied is the entries of a block, counted by minute and kind.
type tallied struct {
	kinds []Kind
	cells []cell // by minute
}

// A cell is how many entries of one minute are alike: of one kind, by its number, or of one shape.
type cell struct {
	minute int64 // since 1970
	of     int
	n      int
}

// A shapeCounter counts the entries of a block by minute and shape.
type shapeCounter struct {
	minute int64
	shapes []int // of that minute
	cells  []cell
}

func (c *shapeCounter) reset() {
	clear(c.shapes)
	c.shapes, c.cells = c.shapes[:0], c.cells[:0]
}

// add counts an entry. Entries come about in order.
func (c *shapeCounter) add(minute int64, shape int) {
	if minute != c.minute {
		c.turn()
		c.minute = minute
	}
	for shape >= len(c.shapes) {
		c.shapes = append(c.shapes, 0)
	}
	c.shapes[shape]++
}

// turn ends a minute, which may come again.
func (c *shapeCounter) turn() {
	for shape, n := range c.shapes {
		if n > 0 {
			c.cells = append(c.cells, cell{c.minute, shape, n})
			c.shapes[shape] = 0
		}
	}
}

// minuteOf is the minute of a moment in seconds, both since 1970.
func minuteOf(sec int64) int64 {
	if sec < 0 {
		return -((-sec + 59) / 60)
	}
	return sec / 60
}

// count takes in what e has alike with others, and when it was.
func (p *packer) count(e *Entry) {
	p.counter.add(minuteOf(e.Time.Unix()), p.shape(e))
}

// index is what the entries that p took in have alike, the number of the face of each, as a head has them, and
// how many there are.
func (p *packer) index() (f *facets, faces []byte, t *tallied) {
	p.counter.turn()
	entries := make([]int, len(p.shapes.values)) // by shape
	for _, c := range p.counter.cells {
		entries[c.of] += c.n
	}
	f, faces = p.facets(entries)
	return f, faces, p.tallied(entries)
}

// tallied counts by kind what p counted by shape.
func (p *packer) tallied(entries []int) *tallied {
	named := p.frequent(entries)
	var kinds dictionary[Kind]
	kindOf := make([]int, len(p.shapes.values))
	for i, s := range p.shapes.values {
		rest := s[entryNames:]
		name := func(field int) string { return p.names[facetNames[field]].values[s[facetNames[field]]] }
		k := Kind{Route: name(facetRoute), Mode: name(facetMode), Rule: name(facetRule), Campaign: name(facetCampaign),
			Action: filter.Action(rest[1]), Reason: filter.Reason(rest[2]), Enforced: rest[4]&1 != 0}
		if named != nil && !named[s[facetNames[facetCampaign]]] {
			k = k.other()
		}
		kindOf[i], _ = kinds.number(k)
	}
	t := &tallied{kinds: kinds.values, cells: slices.Clone(p.counter.cells)}
	for i := range t.cells {
		t.cells[i].of = kindOf[t.cells[i].of]
	}
	t.merge()
	return t
}

// frequent are the campaigns that are counted by name, by their numbers; nil where all are.
func (p *packer) frequent(entries []int) []bool {
	campaign := facetNames[facetCampaign]
	all := len(p.names[campaign].values)
	if all <= keptCampaigns {
		return nil
	}
	counts, order := make([]int, all), make([]int, all)
	for i, s := range p.shapes.values {
		counts[s[campaign]] += entries[i]
	}
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	named := make([]bool, all)
	for _, i := range order[:keptCampaigns] {
		named[i] = true
	}
	return named
}

// merge counts alike cells together.
func (t *tallied) merge() {
	slices.SortFunc(t.cells, func(a, b cell) int { return cmp.Or(cmp.Compare(a.minute, b.minute), cmp.Compare(a.of, b.of)) })
	merged := t.cells[:0]
	for _, c := range t.cells {
		if last := len(merged) - 1; last >= 0 && merged[last].minute == c.minute && merged[last].of == c.of {
			merged[last].n += c.n
		} else {
			merged = append(merged, c)
		}
	}
	t.cells = merged
}

// append writes t.
func (t *tallied) append(b []byte) []byte {
	var names dictionary[string]
	var kinds []byte
	for _, k := range t.kinds {
		for _, s := range [...]string{k.Route, k.Mode, k.Rule, k.Campaign} {
			n, _ := names.number(s)
			kinds = binary.AppendUvarint(kinds, uint64(n))
		}
		kinds = append(kinds, byte(k.Action), byte(k.Reason), wire.Flag(k.Enforced)|wire.Flag(k.Other)<<1)
	}
	b = binary.AppendUvarint(b, uint64(len(names.values)))
	for _, s := range names.values {
		b = wire.AppendString(b, s)
	}
	b = append(binary.AppendUvarint(b, uint64(len(t.kinds))), kinds...)
	b = binary.AppendUvarint(b, uint64(len(t.cells)))
	var minute int64
	for _, c := range t.cells {
		b = binary.AppendVarint(b, c.minute-minute)
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(c.of)), uint64(c.n))
		minute = c.minute
	}
	return b
}

// readTallied reads what [tallied.append] wrote. Its strings share the memory of d.
func readTallied(d *wire.Decoder) *tallied {
	t := new(tallied)
	names := make([]string, min(d.Uvarint(), uint64(len(d.Rest))))
	for i := range names {
		names[i] = d.Text()
	}
	name := func() string {
		n := d.Uvarint()
		if n >= uint64(len(names)) {
			d.Fail()
			return ""
		}
		return names[n]
	}
	t.kinds = make([]Kind, min(d.Uvarint(), uint64(len(d.Rest))))
	for i := range t.kinds {
		k := &t.kinds[i]
		k.Route, k.Mode, k.Rule, k.Campaign = name(), name(), name(), name()
		k.Action, k.Reason = filter.Action(d.Byte()), filter.Reason(d.Byte())
		flags := d.Byte()
		k.Enforced, k.Other = flags&1 != 0, flags&2 != 0
	}
	t.cells = make([]cell, min(d.Uvarint(), uint64(len(d.Rest))))
	var minute int64
	for i := range t.cells {
		minute += d.Varint()
		c := cell{minute, int(d.Uvarint()), int(d.Uvarint())}
		if c.of >= len(t.kinds) || c.of < 0 {
			d.Fail()
			return t
		}
		t.cells[i] = c
	}
	return t
}
