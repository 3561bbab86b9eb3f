package index

import (
	"encoding/binary"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
)

// An Index holds every record of the database in memory, in a compact form, so that a read waits
// for nothing. It is made from the database and follows it: the writer changes it when a commit is
// on disk, and before that commit is acknowledged.
//
// It is a hash table in two steps. The first byte of a person chooses a shard, and the bits behind
// it one of the shard's pages: extendible hashing, where a page that is full is split in two, and
// the directory of the shard doubles when that needs one more bit. So no reader and no append waits
// for more than one page. Within a page, five further bits choose a slot, whose rows are searched
// one after another. A row has 64 bits of the person: with the shard's, the chance that any two of ten
// million are taken for one is one in a hundred million.
type Index struct {
	words  words
	count  atomic.Int64 // of records
	shards [indexShards]indexShard
}

const (
	indexShards = 256
	pageSlots   = 32
	pageSize    = 6 << 10 // of the rows of a page, above which it is split
	maxDepth    = 24
	usualRow    = 13 // bytes, of a record with one time
)

type indexShard struct {
	mu    sync.RWMutex
	depth uint8   // how many bits of a person choose the page
	pages []*page // 1 << depth; a page with fewer bits is here several times
	count int64   // of rows
	_     [64]byte
}

// A page is the rows of the persons who share the first bits.
type page struct {
	depth uint8 // how many bits they share behind the first byte
	ends  [pageSlots]uint32
	rows  []byte // slot by slot
}

// New makes an index with pages for about n records.
func New(n int64) *Index {
	ix := new(Index)
	depth := uint8(bits.Len64(uint64(n) * usualRow / indexShards / (pageSize * 2 / 3)))
	for i := range ix.shards {
		s := &ix.shards[i]
		s.depth, s.pages = depth, make([]*page, 1<<depth)
		for j := range s.pages {
			s.pages[j] = &page{depth: depth}
		}
	}
	return ix
}

// Len is how many records it holds.
func (ix *Index) Len() int64 { return ix.count.Load() }

func (ix *Index) shard(p *fingerprint.Person) *indexShard { return &ix.shards[p[0]] }

// tagOf is what a row keeps of the person: all that chooses page and slot is in it.
func tagOf(p *fingerprint.Person) uint64 { return binary.BigEndian.Uint64(p[1:]) }

func (s *indexShard) page(tag uint64) *page { return s.pages[tag>>(64-s.depth)] }

// slotOf is the slot of a tag: the bits behind those that may choose a page.
func slotOf(tag uint64) int { return int(tag >> (64 - maxDepth - 5) & (pageSlots - 1)) }

// slot is where the rows of a slot are.
func (pg *page) slot(n int) (from, to int) {
	if n > 0 {
		from = int(pg.ends[n-1])
	}
	return from, int(pg.ends[n])
}

// Read reads what is known of a person: the record of one place into own, and of another into
// all, in the memory that their Consents have. What is not there leaves them alone. elsewhere says
// that one of them is known and not held in memory.
func (ix *Index) Read(p *fingerprint.Person, at fingerprint.Bearing, own, all *filter.Record) (elsewhere bool) {
	s, tag := ix.shard(p), tagOf(p)
	s.mu.RLock()
	defer s.mu.RUnlock()
	pg := s.page(tag)
	from, to := pg.slot(slotOf(tag))
	rows := pg.rows[from:to]
	for {
		if rows = ix.words.skip(rows, tag); len(rows) == 0 {
			return elsewhere
		}
		row := ix.words.next(rows)
		rows = rows[row.size:]
		switch row.head.place {
		case at.Own:
			elsewhere = elsewhere || row.head.elsewhere
			ix.words.decode(&row, own)
		case at.All:
			elsewhere = elsewhere || row.head.elsewhere
			ix.words.decode(&row, all)
		}
	}
}

// set puts the row of a recipient into the index, in the place of the one before. An empty row
// takes the recipient out.
func (ix *Index) set(fp *fingerprint.Recipient, row []byte) {
	p := fp.Person()
	s, tag := ix.shard(&p), tagOf(&p)
	s.mu.Lock()
	defer s.mu.Unlock()
	pg := s.page(tag)
	at, old := ix.find(pg, tag, fp.Place())
	switch {
	case old == 0 && len(row) > 0:
		s.count++
		ix.count.Add(1)
	case old > 0 && len(row) == 0:
		s.count--
		ix.count.Add(-1)
	}
	ix.splice(s, pg, tag, at, old, row)
}

// add puts in the row of a recipient of whom there is none.
func (ix *Index) add(fp *fingerprint.Recipient, row []byte) {
	p := fp.Person()
	s, tag := ix.shard(&p), tagOf(&p)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	ix.count.Add(1)
	pg := s.page(tag)
	_, end := pg.slot(slotOf(tag))
	ix.splice(s, pg, tag, end, 0, row)
}

// splice puts row into the place of old bytes of a page, which is split when that makes it too
// large.
func (ix *Index) splice(s *indexShard, pg *page, tag uint64, at, old int, row []byte) {
	pg.splice(slotOf(tag), at, old, row)
	if len(pg.rows) > pageSize && pg.depth < maxDepth {
		ix.split(s, tag)
	}
}

// find is where the row of a recipient is and how long; where it would be, and 0, if there is none.
func (ix *Index) find(pg *page, tag uint64, n fingerprint.Place) (at, size int) {
	at, to := pg.slot(slotOf(tag))
	for at < to {
		row := ix.words.next(pg.rows[at:])
		if row.tag == tag && row.head.place == n {
			return at, row.size
		}
		at += row.size
	}
	return at, 0
}

// split makes two pages of the one that a tag leads to.
func (ix *Index) split(s *indexShard, tag uint64) {
	old := s.page(tag)
	var sizes [2]int
	alone := true
	bit := func(row *rowView) uint64 { return row.tag >> (63 - old.depth) & 1 }
	for rows := old.rows; len(rows) > 0; {
		row := ix.words.next(rows)
		sizes[bit(&row)] += row.size
		alone = alone && row.tag == tag
		rows = rows[row.size:]
	}
	if alone {
		return // it is one person's, in very many places
	}
	if old.depth == s.depth {
		pages := make([]*page, 2*len(s.pages))
		for i := range pages {
			pages[i] = s.pages[i/2]
		}
		s.pages, s.depth = pages, s.depth+1
	}
	halves := [2]*page{{depth: old.depth + 1}, {depth: old.depth + 1}}
	for i, half := range halves {
		half.rows = roomFor(sizes[i])[:0]
	}
	for slot := range pageSlots {
		from, to := old.slot(slot)
		for rows := old.rows[from:to]; len(rows) > 0; {
			row := ix.words.next(rows)
			half := halves[bit(&row)]
			half.rows = append(half.rows, rows[:row.size]...)
			rows = rows[row.size:]
		}
		for _, half := range halves {
			half.ends[slot] = uint32(len(half.rows))
		}
	}
	wide := s.depth - old.depth // log2 of how many places in the directory were old's
	first := tag >> (64 - old.depth) << wide
	for i := range uint64(1) << wide {
		s.pages[first+i] = halves[i>>(wide-1)]
	}
}

// roomFor is n bytes, with no more capacity than the allocator rounds up to.
func roomFor(n int) []byte { return append([]byte(nil), make([]byte, n)...) }

// splice puts row into the place of old bytes at a place in a slot.
func (pg *page) splice(slot, at, old int, row []byte) {
	size := len(pg.rows) + len(row) - old
	rest := pg.rows[at+old:]
	rows := pg.rows
	if size > cap(rows) {
		rows = roomFor(size)
		copy(rows, pg.rows[:at])
	}
	rows = rows[:size]
	copy(rows[at+len(row):], rest)
	copy(rows[at:], row)
	pg.rows = rows
	for i := slot; i < pageSlots; i++ {
		pg.ends[i] += uint32(len(row) - old)
	}
}

// eachOptout calls f with the tag of each row of a shard whose recipient ever opted out, or whose
// record is elsewhere.
func (ix *Index) eachOptout(shard int, f func(tag uint64)) {
	s := &ix.shards[shard]
	s.mu.RLock()
	defer s.mu.RUnlock()
	var before *page
	for _, pg := range s.pages {
		if pg == before {
			continue
		}
		before = pg
		for rows := pg.rows; len(rows) > 0; {
			row := ix.words.next(rows)
			rows = rows[row.size:]
			if ix.words.optedOut(&row) {
				f(row.tag)
			}
		}
	}
}

// Get reads the record of one recipient into r; known says whether there is one, and elsewhere
// that it is not in memory.
func (ix *Index) Get(fp *fingerprint.Recipient, r *filter.Record) (known, elsewhere bool) {
	p := fp.Person()
	s, tag := ix.shard(&p), tagOf(&p)
	s.mu.RLock()
	defer s.mu.RUnlock()
	pg := s.page(tag)
	at, size := ix.find(pg, tag, fp.Place())
	if size == 0 {
		return false, false
	}
	row := ix.words.next(pg.rows[at:])
	ix.words.decode(&row, r)
	return true, row.head.elsewhere
}

// Remove takes a recipient out.
func (ix *Index) Remove(fp *fingerprint.Recipient) { ix.set(fp, nil) }
