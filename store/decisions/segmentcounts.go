package decisions

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// quarterMinutes is for how long the entries of a segment are counted together. All time zones in use
// differ by a multiple of it.
const quarterMinutes = 15

// maxKinds is how many kinds a segment knows before those that nothing is counted under are forgotten.
const maxKinds = 1 << 12

// segmentCounts are the entries of a segment, counted. They follow its blocks when they are asked for, so
// that they never say anything else. Whoever uses them holds counting.
type segmentCounts struct {
	next     uint64 // number of the first entry that is not counted yet
	kinds    dictionary[Kind]
	quarters map[int64]map[int]int // by the quarter of an hour since 1970, and the number of the kind
}

func floorDiv(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

// countSegment counts the blocks of a segment that are not counted yet.
func (l *Log) countSegment(seg *segment, blocks []*block, h *heads) error {
	c := &seg.counts
	if c.quarters == nil {
		c.quarters = map[int64]map[int]int{}
	}
	todo, _ := slices.BinarySearchFunc(blocks, c.next, func(b *block, next uint64) int { return cmp.Compare(b.first, next) })
	for _, b := range blocks[todo:] {
		t, err := l.tallied(b, h)
		if err != nil {
			return err
		}
		c.add(t)
		c.next = b.first + uint64(b.n)
	}
	return nil
}

// keepCounts counts what is in the log by and by, so that who asks does not wait for it. Until it did so
// first, blocks of early formats have to be read for whatever is asked for.
func (l *Log) keepCounts() {
	defer close(l.counted)
	again := time.NewTicker(retainEvery)
	defer again.Stop()
	for {
		blocks, _ := l.snapshot()
		for seg, blocks := range bySegment(blocks) {
			if !l.keepCount(seg, blocks) {
				return
			}
		}
		select {
		case <-again.C:
		case <-l.stop:
			return
		}
	}
}

// keepCount counts a segment, a block at a time, and reports whether to go on.
func (l *Log) keepCount(seg *segment, blocks []*block) bool {
	var h heads
	defer h.close()
	for i := range blocks {
		select {
		case <-l.stop:
			return false
		default:
		}
		l.counting.Lock()
		err := l.countSegment(seg, blocks[:i+1], &h)
		l.counting.Unlock()
		if err != nil {
			l.cfg.Logger.Warn("counting a part of the decision log: it is tried again", zap.String("file", seg.path), zap.Error(err))
			break
		}
	}
	return true
}

// add counts the entries of a block.
func (c *segmentCounts) add(t *tallied) {
	numbers := make([]int, len(t.kinds))
	for i, k := range t.kinds {
		n, known := c.kinds.number(k)
		if !known {
			n = c.kinds.rename(n, k.clone())
		}
		numbers[i] = n
	}
	sums := make([]int, len(t.kinds)) // of a quarter of an hour
	for rest := t.cells; len(rest) > 0; {
		q := floorDiv(rest[0].minute, quarterMinutes)
		clear(sums)
		for ; len(rest) > 0 && floorDiv(rest[0].minute, quarterMinutes) == q; rest = rest[1:] {
			sums[rest[0].of] += rest[0].n
		}
		cells := c.quarters[q]
		if cells == nil {
			cells = map[int]int{}
			c.quarters[q] = cells
		}
		for of, n := range sums {
			if n > 0 {
				cells[numbers[of]] += n
			}
		}
		c.fold(cells)
	}
	if len(c.kinds.values) > maxKinds {
		c.forget()
	}
}

// fold counts the smallest campaigns of a quarter of an hour together, where there are twice as many as are
// told apart.
func (c *segmentCounts) fold(cells map[int]int) {
	if len(cells) <= 2*keptCampaigns {
		return
	}
	sizes := map[string]int{}
	for kind, n := range cells {
		if name := c.kinds.values[kind].Campaign; name != "" {
			sizes[name] += n
		}
	}
	if len(sizes) <= 2*keptCampaigns {
		return
	}
	names := make([]string, 0, len(sizes))
	for name := range sizes {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(sizes[b], sizes[a]), cmp.Compare(a, b)) })
	for _, name := range names[keptCampaigns:] {
		delete(sizes, name)
	}
	for kind, n := range cells {
		k := c.kinds.values[kind]
		if _, kept := sizes[k.Campaign]; k.Campaign == "" || kept {
			continue
		}
		delete(cells, kind)
		to, _ := c.kinds.number(k.other())
		cells[to] += n
	}
}

// forget numbers those kinds anew that something is counted under.
func (c *segmentCounts) forget() {
	var kinds dictionary[Kind]
	for q, cells := range c.quarters {
		anew := make(map[int]int, len(cells))
		for kind, n := range cells {
			to, _ := kinds.number(c.kinds.values[kind])
			anew[to] = n
		}
		c.quarters[q] = anew
	}
	c.kinds = kinds
}

// tallied is the entries of b, counted: as its head says, or an early one after its entries were read. Nothing
// where that cannot be done, or its time was over.
func (l *Log) tallied(b *block, h *heads) (*tallied, error) {
	t, err := l.readTallied(b, h)
	if err != nil {
		if nb := l.replaced(b); nb != nil { // an erasure wrote its file anew
			h.close()
			t, err = l.readTallied(nb, h)
		}
	}
	if errors.Is(err, wire.ErrDamaged) || errors.Is(err, fs.ErrNotExist) {
		return new(tallied), nil
	}
	return t, err
}

func (l *Log) readTallied(b *block, h *heads) (*tallied, error) {
	if b.magic > blockMagic5 {
		head, err := h.read(b)
		if err != nil {
			return nil, err
		}
		first, t, err := decodeTallied(head)
		if err == nil && first != b.first {
			err = wire.ErrDamaged
		}
		return t, err
	}
	if kept := b.held.tallied.Load(); kept != nil {
		d := wire.Decoder{Rest: *kept}
		return readTallied(&d), nil
	}
	var p packer
	if _, err := l.entries(b, 0, func(e *Entry) bool { p.count(e); return false }); err != nil {
		return nil, err
	}
	f, _, t := p.index()
	kept := string(t.append(nil))
	before := b.held.size()
	b.held.facets.Store(f)
	b.held.tallied.Store(&kept)
	l.filters.Add(int64(b.held.size() - before))
	return t, nil
}
