package decisions

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/ulid"
	"go.uber.org/zap"
)

const (
	// A chunk is closed when it holds so many entries or bytes, or is so old.
	chunkEntries = 1024
	chunkBytes   = 1 << 20
	chunkAge     = 24 * time.Hour

	// What is in memory and not in a block yet is bounded. Beyond the first bound only blocked
	// messages are still logged, beyond the second nothing is.
	pendingSoft = 8 << 20
	pendingHard = 32 << 20

	// flushEvery is how long an entry waits at most before it is written: to the tail, or in a block
	// where its chunk is full before.
	flushEvery = 100 * time.Millisecond

	// maxFilters is how much memory the Bloom filters and facets of the blocks take at most. That is
	// enough for 30 million entries. What else is in memory of a block is less than half a byte an entry.
	maxFilters = 64 << 20

	// retainEvery is how often old segments are looked for.
	retainEvery = time.Minute
)

var errClosed = errors.New("the decision log is closed")

// A Log is the append-only log of decisions. An entry is first in a chunk in memory, from
// where the flusher copies it to the tail file; a full chunk is compressed into a block of the
// current segment file, and the tail begins anew. Memory holds the chunks and an index of the
// blocks, never the blocks.
//
// Entries are numbered in the order they were logged, and blocks and tail carry these numbers:
// what a crash left in both is taken once.
type Log struct {
	cfg Config
	enc *zstd.Encoder
	dec *zstd.Decoder

	maxFilters int

	mu       sync.Mutex
	open     *chunk   // takes entries
	full     []*chunk // wait to become blocks, oldest first
	blocks   []*block // by number; never changed in place, so that a copy of the slice is a snapshot
	newest   []*block // the same by maxID, and as unchanging. Both change while flushing is held, too
	bytes    int      // size of all chunks
	watchers map[chan struct{}]struct{}
	shut     bool

	wake chan struct{} // the flusher has a full chunk to write
	stop chan struct{}
	done chan struct{}

	counted chan struct{} // nobody counts any more but who asks

	// The flusher's own; flushing is held while it works.
	flushing sync.Mutex
	tail     tail
	packer   packer
	segment  *segment // the one that takes blocks; nil before the first
	failing  atomic.Bool

	filters  atomic.Int64 // size of what is held of all blocks
	counting sync.Mutex   // held while entries are counted

	metrics metrics
}

// A chunk is entries that are in no block yet, each behind its length. Its rows only grow, so that
// a string of them that was taken under the lock stays as it was.
type chunk struct {
	first  uint64 // number of its first entry
	n      int
	rows   strings.Builder
	oldest time.Time // when the first entry came
}

// Add takes an entry into the log. It never waits: the entry is copied into memory and
// written within a tenth of a second. When writing cannot keep up, or the disk is full, forwarded
// and rewritten messages are dropped first and blocked ones last, and counted. Strings beyond
// 1 KiB (the text: 8 KiB) are cut. An entry without ID or Time gets them.
func (l *Log) Add(e Entry) {
	if e.Time.IsZero() {
		e.Time = l.cfg.Now()
	}
	if e.ID == "" {
		e.ID = ulid.New(e.Time)
	}
	action := e.Action
	if action >= filter.Actions {
		action = filter.Block
	}
	if l.take(&e, action == filter.Block) {
		l.metrics.logged[action].Add(1)
	} else {
		l.metrics.dropped[action].Add(1)
	}
}

// take reports whether there was room for e.
func (l *Log) take(e *Entry, precious bool) bool {
	var room [1024]byte
	row := appendEntry(room[:0], e) // all cores share the lock: under it the entry is only copied
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut || l.bytes > pendingHard || l.bytes > pendingSoft && !precious {
		return false
	}
	c := l.open
	if c.n == 0 {
		c.oldest = l.cfg.Now()
	}
	c.rows.Write(row)
	c.n++
	l.bytes += len(row)
	if c.n >= chunkEntries || c.rows.Len() >= chunkBytes {
		l.seal()
		poke(l.wake)
	}
	for w := range l.watchers {
		poke(w)
	}
	return true
}

// seal closes the open chunk and begins the next. The caller holds mu.
func (l *Log) seal() {
	c := l.open
	l.full = append(l.full, c)
	l.open = &chunk{first: c.first + uint64(c.n)}
	l.open.rows.Grow(c.rows.Len() + c.rows.Len()/16)
}

// poke puts a sign into a channel of capacity one, where none is yet.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (l *Log) pending() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes
}

// run is the flusher.
func (l *Log) run() {
	defer close(l.done)
	tick, old := time.NewTicker(flushEvery), time.NewTicker(retainEvery)
	defer tick.Stop()
	defer old.Stop()
	for {
		select {
		case <-l.wake:
			l.flush(false)
			continue
		case <-tick.C:
		case <-old.C:
			l.retain()
		case <-l.stop:
			return
		}
		l.flush(true)
	}
}

// flush writes out what is in memory: full chunks as blocks, and the open one to the tail where that is
// asked for. A failure is logged once and tried again at the next flush.
func (l *Log) flush(open bool) {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	err := l.flushChunks(open)
	if failed := err != nil; (failed || open) && l.failing.Swap(failed) != failed {
		if failed {
			l.cfg.Logger.Error("the decision log cannot be written: entries wait in memory, then are dropped", zap.Error(err))
		} else {
			l.cfg.Logger.Info("the decision log is written again")
		}
	}
}

func (l *Log) flushChunks(open bool) error {
	for {
		l.mu.Lock()
		if l.open.n > 0 && l.cfg.Now().Sub(l.open.oldest) > min(chunkAge, l.cfg.Retention) {
			l.seal()
		}
		if len(l.full) == 0 {
			first, row := l.open.first, l.open.rows.String()
			l.mu.Unlock()
			if !open {
				return nil
			}
			return l.writeTail(first, row)
		}
		c := l.full[0]
		l.mu.Unlock()

		b, err := l.writeBlock(c)
		if err != nil {
			return err
		}
		blocks, newest := append(l.blocks, b), l.newestWith(b)
		l.mu.Lock()
		l.blocks, l.newest = blocks, newest
		l.full = l.full[1:]
		l.bytes -= c.rows.Len()
		l.mu.Unlock()
		l.filters.Add(int64(b.held.size()))
		l.trim()
	}
}

// Close writes out what is in memory and ends the log. What is added from then on is dropped.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.shut {
		l.mu.Unlock()
		return errClosed
	}
	l.shut = true
	for w := range l.watchers {
		poke(w)
	}
	l.mu.Unlock()
	close(l.stop)
	<-l.done
	<-l.counted
	l.flushing.Lock()
	defer l.flushing.Unlock()
	err := l.flushChunks(true)
	l.dec.Close()
	return l.closeFiles(err)
}
