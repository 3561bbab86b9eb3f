package tally

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// ErrFull is why a message cannot be counted while the tally holds as many as it may.
var ErrFull = errors.New("the tally is full (store.tally)")

// A Book is what was sent to whom lately, and what is left of budgets. It holds no address and no text: a
// recipient is a keyed fingerprint of 64 bits, a content one of 50. Among ten million recipients the odds that
// any two share one are one in four hundred thousand; then each counts against the other's caps, and nobody
// gets more than theirs.
//
// Erasing a recipient leaves it alone. What stands there is told to nobody, is of no use without the
// store's key, and is gone when the longest time that caps look back has passed.
//
// Its methods are safe for concurrent use.
type Book struct {
	cfg        Config
	shards     [rowShards]rowShard
	journal    journal
	count      atomic.Int64 // rows of all shards, of which some may be of no more use
	keep       atomic.Int64 // milliseconds after which a message counts for nothing
	clock      steadyClock  // by which it forgets
	pairs      pairs
	portfolios portfolios
	closed     atomic.Bool
}

// A Config is what a [Book] goes by.
type Config struct {
	Dir    string // its own folder; empty: in memory alone
	Most   int64  // so many messages are remembered
	Still  bool   // nothing is dropped by age
	Hashes Hashes
	Now    func() time.Time
	Passed func() time.Duration // since some moment, whatever the clock shows; nil: by the readings of Now
	Room   func(int64) error    // why so many bytes cannot be written, if they cannot
	Closed error                // the answer to whoever decides once it is closed
	Logger *zap.Logger
}

const (
	// LeastKept is for how long messages are kept at least, whatever the configuration looks back: who takes
	// the caps out of it, and puts them back, finds them as they were.
	LeastKept = 24 * time.Hour
	// syncEvery is how long what was counted waits until it is on disk at most.
	syncEvery = time.Second
	// sweepEvery is how often what counts for nothing any more is dropped.
	sweepEvery = time.Minute
)

// Open reads what was sent lately.
func Open(cfg Config) (*Book, error) {
	b := &Book{cfg: cfg}
	b.keep.Store(LeastKept.Milliseconds())
	b.journal.dir, b.journal.room, b.journal.logger = cfg.Dir, cfg.Room, cfg.Logger
	b.clock.passed = cfg.Passed
	if b.clock.passed == nil {
		began := cfg.Now()
		b.clock.passed = func() time.Duration { return cfg.Now().Sub(began) }
	}
	b.clock.believe(cfg.Now().UnixMilli())
	if cfg.Dir == "" {
		return b, nil
	}
	if err := b.journal.load(b.restore); err != nil {
		return nil, fmt.Errorf("reading what was sent lately in %s: %w", cfg.Dir, err)
	}
	return b, nil
}

// restore takes in an entry of the journal.
func (b *Book) restore(kind byte, key, when, mark uint64) {
	switch kind {
	case entrySent:
		row := sentRow{key, when, mark}
		b.count.Add(int64(b.shards[key%rowShards].add(row, 0)))
	case entryTopic:
		row := sentRow{key, when | furtherBit, mark}
		b.count.Add(int64(b.shards[key%rowShards].add(row, 0)))
	case entryPerson:
		b.portfolios.marked(mark).count(key, int64(when>>whenShift))
	case entryPair:
		b.pairs.put(key, pairState{int64(when >> whenShift), int64(mark), uint32(when & maxBurst)})
	}
}

// Keep syncs what was counted, and drops what counts for nothing any more, until stop is closed.
func (b *Book) Keep(stop <-chan struct{}) {
	sync, sweep := time.NewTicker(syncEvery), time.NewTicker(sweepEvery)
	defer sync.Stop()
	defer sweep.Stop()
	for failing := false; ; {
		select {
		case <-sweep.C:
			b.Sweep()
		case <-sync.C:
			err := b.journal.sync()
			if err != nil && !failing {
				b.cfg.Logger.Error("what was counted cannot be put on disk: a loss of power would lose it", zap.Error(err))
			}
			failing = err != nil
		case <-stop:
			return
		}
	}
}

// Close puts all on disk. Nobody keeps it any more.
func (b *Book) Close() error {
	b.closed.Store(true)
	return b.journal.close()
}

// Remember makes the tally hold on to messages for as long as lookback, or longer. What was forgotten
// before comes not back: a longer time is whole only once it has passed. It never makes the time
// shorter; opening the store anew does.
func (b *Book) Remember(lookback time.Duration) {
	for ms := lookback.Milliseconds(); ; {
		was := b.keep.Load()
		if ms <= was || b.keep.CompareAndSwap(was, ms) {
			return
		}
	}
}

// Sweep drops what counts for nothing any more, from memory and from disk.
func (b *Book) Sweep() {
	if b.cfg.Still {
		return
	}
	now := b.now()
	b.clock.tick(now, b.keep.Load())
	horizon := b.horizon(now)
	for i := range b.shards {
		shard := &b.shards[i]
		shard.mu.Lock()
		b.count.Add(-int64(shard.sweep(horizon)))
		shard.mu.Unlock()
	}
	b.pairs.sweep(now)
	b.portfolios.sweep(now)
	if err := b.journal.drop(b.clock.atMost(now), horizon); err != nil {
		b.cfg.Logger.Warn("removing what caps no longer look back at", zap.Error(err))
	}
}

// now is the clock, in milliseconds since 1970.
func (b *Book) now() int64 { return b.cfg.Now().UnixMilli() }

// horizon is since when messages are kept, at a moment on the clock.
func (b *Book) horizon(now int64) int64 { return b.clock.atMost(now) - b.keep.Load() }

// Len is how many messages it remembers, and further topics of them.
func (b *Book) Len() int64 { return b.count.Load() }

// Size is how large its files are together, in bytes.
func (b *Book) Size() int64 { return b.journal.size() }
