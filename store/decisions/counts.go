package decisions

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Count is how many decisions of a kind there were.
type Count struct {
	Kind
	Decisions int
}

// Counts is how many decisions of each kind were taken between each of some moments and the next. The
// moments rise, and each is the beginning of a minute. Where a quarter of an hour has more than 64 campaigns,
// the smaller ones may be counted together. What is counted is what Entries would yield, and what was in
// blocks whose entries are damaged. pause is called at every step of a few microseconds meanwhile; nil: never.
func (l *Log) Counts(edges []time.Time, pause func()) ([][]Count, error) {
	minutes := make([]int64, len(edges))
	for i, at := range edges {
		if minutes[i] = minuteOf(at.Unix()); !at.Truncate(time.Minute).Equal(at) || i > 0 && !at.After(edges[i-1]) {
			return nil, fmt.Errorf("counting decisions until %s: want rising moments on whole minutes", at)
		}
	}
	if len(edges) < 2 {
		return nil, nil
	}
	c := counting{log: l, heads: heads{pause: pause}, edges: minutes, buckets: make([]map[int]int, len(edges)-1)}
	defer c.heads.close()
	if err := c.count(); err != nil {
		return nil, fmt.Errorf("counting decisions: %w", err)
	}
	return c.lists(), nil
}

// A counting counts the entries of some buckets. Where a quarter of an hour is in one bucket it goes by the
// counts of the segments, else by those of the blocks.
type counting struct {
	log     *Log
	edges   []int64 // minutes
	heads   heads
	kinds   dictionary[Kind]
	buckets []map[int]int // by the number of the kind
}

func (c *counting) count() error {
	l := c.log
	l.counting.Lock()
	defer l.counting.Unlock()
	blocks, rows := l.snapshot()
	for seg, blocks := range bySegment(blocks) {
		if slices.ContainsFunc(blocks, c.concerns) {
			if err := c.segment(seg, blocks); err != nil {
				return err
			}
		}
	}
	for _, r := range rows {
		var p packer
		from := r.first
		r.from(&from, func(e Entry, _ error) bool {
			c.heads.rest()
			p.count(&e)
			return true
		})
		_, _, t := p.index()
		for _, one := range t.cells {
			c.add(one.minute, t.kinds[one.of], one.n)
		}
	}
	return nil
}

// bySegment parts blocks by where they are.
func bySegment(blocks []*block) map[*segment][]*block {
	segments := make(map[*segment][]*block)
	for _, b := range blocks {
		segments[b.segment] = append(segments[b.segment], b)
	}
	return segments
}

// concerns reports whether b may have entries of the buckets.
func (c *counting) concerns(b *block) bool {
	return minuteOf(b.maxTime) >= c.edges[0] && minuteOf(b.minTime) < c.edges[len(c.edges)-1]
}

// bucket is that of a minute, or -1.
func (c *counting) bucket(minute int64) int {
	i, found := slices.BinarySearch(c.edges, minute)
	if !found {
		i--
	}
	if i >= len(c.buckets) {
		return -1
	}
	return i
}

// add counts n entries of a minute.
func (c *counting) add(minute int64, k Kind, n int) {
	if i := c.bucket(minute); i >= 0 {
		c.addTo(i, c.number(k), n)
	}
}

func (c *counting) number(k Kind) int {
	n, _ := c.kinds.number(k)
	return n
}

func (c *counting) addTo(bucket, kind, n int) {
	if c.buckets[bucket] == nil {
		c.buckets[bucket] = map[int]int{}
	}
	c.buckets[bucket][kind] += n
}

// segment counts the entries of a segment, whose blocks are these.
func (c *counting) segment(seg *segment, blocks []*block) error {
	if err := c.log.countSegment(seg, blocks, &c.heads); err != nil {
		return err
	}
	numbers := make([]int, len(seg.counts.kinds.values))
	for i, k := range seg.counts.kinds.values {
		numbers[i] = c.number(k)
	}
	split := map[int64]bool{}
	for q, cells := range seg.counts.quarters {
		c.heads.rest()
		first, last := c.bucket(q*quarterMinutes), c.bucket(q*quarterMinutes+quarterMinutes-1)
		if first != last {
			split[q] = true
			continue
		}
		if first < 0 {
			continue
		}
		for kind, n := range cells {
			c.addTo(first, numbers[kind], n)
		}
	}
	if len(split) == 0 {
		return nil
	}
	for _, b := range blocks {
		if !splits(split, b) {
			continue
		}
		t, err := c.log.tallied(b, &c.heads)
		if err != nil {
			return err
		}
		for _, one := range t.cells {
			if split[floorDiv(one.minute, quarterMinutes)] {
				c.add(one.minute, t.kinds[one.of], one.n)
			}
		}
	}
	return nil
}

// splits reports whether b may have entries of one of some quarters of an hour.
func splits(quarters map[int64]bool, b *block) bool {
	first, last := floorDiv(minuteOf(b.minTime), quarterMinutes), floorDiv(minuteOf(b.maxTime), quarterMinutes)
	if last-first > int64(len(quarters)) {
		for q := range quarters {
			if q >= first && q <= last {
				return true
			}
		}
		return false
	}
	for q := first; q <= last; q++ {
		if quarters[q] {
			return true
		}
	}
	return false
}

// lists is what was counted, with strings of its own.
func (c *counting) lists() [][]Count {
	kinds := make([]Kind, len(c.kinds.values))
	for i, k := range c.kinds.values {
		kinds[i] = k.clone()
	}
	lists := make([][]Count, len(c.buckets))
	for i, bucket := range c.buckets {
		for kind, n := range bucket {
			lists[i] = append(lists[i], Count{kinds[kind], n})
		}
	}
	return lists
}

// clone is k with strings of its own, since those that were read share the memory of all around them.
func (k Kind) clone() Kind {
	for _, s := range [...]*string{&k.Route, &k.Mode, &k.Rule, &k.Campaign} {
		*s = strings.Clone(*s)
	}
	return k
}
