package index

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/sendgate/sendgate/store/fingerprint"
)

const (
	bloomShards = 64
	// bloomStart is how many persons the first filter of a shard is made for.
	bloomStart = 1024

	// A person's bits all lie within one block, which is a line of the processor's cache. At 16 bits
	// a person, one stranger in a thousand is looked up all the same.
	bloomBlock  = 512
	bloomBits   = 16 // a person
	bloomHashes = 7  // nine bits each, out of 64
)

// Optouts is the Bloom filter of every person who ever opted out, of whatever brand. It may say
// yes to others, which costs a look at their record, and never says no to one of them. Nothing is
// taken out of a filter: somebody who opted in again costs that look too.
type Optouts struct {
	shards [bloomShards]bloomShard
}

// A bloomShard is a row of filters. When the last is as full as it was made for, a further one is
// appended, until [Optouts.Compact] makes one of them.
type bloomShard struct {
	mu      sync.RWMutex
	filters []*bloom.BloomFilter
	left    int // how many more the last filter takes
	size    int // what all of them were made for

	// How often the shard was asked, by its answer: counted here, because this part of memory is
	// at hand at that moment anyway.
	negative, positive atomic.Uint64
	_                  [32]byte
}

// NewOptouts makes a filter with room for n persons.
func NewOptouts(n int64) *Optouts {
	o := new(Optouts)
	for i := range o.shards {
		o.shards[i].grow(max(bloomStart, int(n/bloomShards*9/8)))
	}
	return o
}

// grow appends a filter for n persons.
func (s *bloomShard) grow(n int) {
	blocks := (n*bloomBits + bloomBlock - 1) / bloomBlock
	s.filters = append(s.filters, bloom.New(uint(blocks*bloomBlock), bloomHashes))
	s.size, s.left = s.size+n, n
}

// Maybe reports whether p may have opted out.
func (o *Optouts) Maybe(p *fingerprint.Person) bool {
	s := &o.shards[p[0]%bloomShards]
	if s.maybe(tagOf(p)) {
		s.positive.Add(1)
		return true
	}
	s.negative.Add(1)
	return false
}

func (s *bloomShard) maybe(tag uint64) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := len(s.filters) - 1; i >= 0; i-- {
		if inBloom(s.filters[i], tag) {
			return true
		}
	}
	return false
}

// Add takes p in. It must happen before the opt-out is acknowledged.
func (o *Optouts) Add(p *fingerprint.Person) {
	s := &o.shards[p[0]%bloomShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(tagOf(p))
}

func (s *bloomShard) add(tag uint64) {
	if s.left == 0 {
		s.grow(s.size/2 + bloomStart)
	}
	f := s.filters[len(s.filters)-1]
	at, hash := bloomPlace(f, tag)
	for range bloomHashes {
		f.BitSet().Set(at + uint(hash%bloomBlock))
		hash /= bloomBlock
	}
	s.left--
}

func inBloom(f *bloom.BloomFilter, tag uint64) bool {
	at, hash := bloomPlace(f, tag)
	for range bloomHashes {
		if !f.BitSet().Test(at + uint(hash%bloomBlock)) {
			return false
		}
		hash /= bloomBlock
	}
	return true
}

// bloomPlace is where the block of a tag begins, and what chooses the bits in it. A fingerprint is
// as good as random already; so it needs no hashing to choose the block, and for the bits in it
// only a step that makes them depend on those that choose no block.
func bloomPlace(f *bloom.BloomFilter, tag uint64) (at uint, hash uint64) {
	block, _ := bits.Mul64(tag, uint64(f.Cap()/bloomBlock))
	hash = tag * 0x9e3779b97f4a7c15
	return uint(block) * bloomBlock, hash ^ hash>>32
}

// Crowded reports whether a shard has several filters.
func (o *Optouts) Crowded() bool {
	for i := range o.shards {
		if len(o.shards[i].filters) > 1 { // only the writer changes it
			return true
		}
	}
	return false
}

// Compact makes one filter of those of one shard that has several, from the records in the index.
// Only the writer may call it, and only while everybody who was added is in the index.
func (o *Optouts) Compact(ix *Index) {
	for i := range o.shards {
		s := &o.shards[i]
		if len(s.filters) < 2 { // only the writer changes it
			continue
		}
		fresh := new(bloomShard)
		fresh.grow(s.size)
		for j := i; j < indexShards; j += bloomShards {
			ix.eachOptout(j, fresh.add)
		}
		s.mu.Lock()
		s.filters, s.left, s.size = fresh.filters, fresh.left, fresh.size
		s.mu.Unlock()
		return
	}
}

// Asked is how often the filter said no and yes.
func (o *Optouts) Asked() (negative, positive uint64) {
	for i := range o.shards {
		negative += o.shards[i].negative.Load()
		positive += o.shards[i].positive.Load()
	}
	return negative, positive
}
