package store

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/dgraph-io/badger/v4"
)

const (
	bloomShards = 64
	// bloomStart is how many recipients the first filter of a shard is made for.
	bloomStart = 1024
	// bloomGrowth is how many times larger each further filter of a shard is.
	bloomGrowth = 4
	// bloomRate is the chance that a recipient who never opted out is looked up all the same.
	bloomRate = 0.001

	metaOptouts = "opt-outs"
)

// optouts is the Bloom filter of every recipient who ever opted out. It may say yes to others,
// which costs a look into Badger, and never says no to one of them. Nothing is ever taken out:
// somebody who opted in again costs that look too.
type optouts struct {
	count  atomic.Int64 // recipients on disk who ever opted out
	shards [bloomShards]bloomShard
}

// A bloomShard is a row of filters. When the last is as full as it was made for, a larger one is
// appended with half its chance of error, so that all together stay below bloomRate.
type bloomShard struct {
	mu      sync.RWMutex
	filters []*bloom.BloomFilter
	left    int // how many more the last filter takes
	size    int // what the last filter was made for
	_       [64]byte
}

// newOptouts makes a filter with room for n recipients.
func newOptouts(n int64) *optouts {
	o := new(optouts)
	for i := range o.shards {
		o.shards[i].size = max(bloomStart, int(n/bloomShards*5/4)) / bloomGrowth
	}
	return o
}

// maybe reports whether fp may have opted out.
func (o *optouts) maybe(fp *fingerprint) bool {
	s := &o.shards[fp[0]%bloomShards]
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := len(s.filters) - 1; i >= 0; i-- {
		if s.filters[i].Test(fp[:]) {
			return true
		}
	}
	return false
}

// add takes fp in. It must happen before the opt-out is acknowledged.
func (o *optouts) add(fp *fingerprint) {
	s := &o.shards[fp[0]%bloomShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == 0 {
		s.size *= bloomGrowth
		s.left = s.size
		rate := bloomRate / float64(int(2)<<len(s.filters))
		s.filters = append(s.filters, bloom.NewWithEstimates(uint(s.size), rate))
	}
	s.filters[len(s.filters)-1].Add(fp[:])
	s.left--
}

// loadOptouts rebuilds the filter from the keys of the database: two halves side by side, keys
// only.
func loadOptouts(db *badger.DB) (*optouts, error) {
	n, err := getCount(db, metaOptouts)
	if err != nil {
		return nil, err
	}
	o := newOptouts(n)
	var halves sync.WaitGroup
	var errs [2]error
	for i := range errs {
		halves.Go(func() { errs[i] = o.load(db, byte(i)*0x80) })
	}
	halves.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("rebuilding the Bloom filter: %w", err)
		}
	}
	return o, nil
}

// load takes in the recipients whose fingerprint begins with a byte in [from, from+0x80).
func (o *optouts) load(db *badger.DB, from byte) error {
	return db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kindOptout}})
		defer it.Close()
		var n int64
		for it.Seek([]byte{kindOptout, from}); it.Valid(); it.Next() {
			key := it.Item().Key()
			if len(key) != 1+len(fingerprint{}) {
				return fmt.Errorf("a key of %d bytes among the opt-outs: %w", len(key), errDamaged)
			}
			if key[1]&0x80 != from {
				break
			}
			fp := fingerprint(key[1:])
			o.add(&fp)
			n++
		}
		o.count.Add(n)
		return nil
	})
}
