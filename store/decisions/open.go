package decisions

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/sendgate/sendgate/store/disk"
	"go.uber.org/zap"
)

// Config is what a log is opened with. All but Dir and Still has to be there.
type Config struct {
	Dir       string                        // the folder of the log; empty: it is in memory
	Retention time.Duration                 // how long entries are kept; it goes by files
	Still     bool                          // nothing is removed by age
	Now       func() time.Time              // the wall clock, in UTC
	Room      func(bytes int64) error       // fails where the disk has no room for so much
	Hash      func(address string) [16]byte // the keyed hash of an address
	Logger    *zap.Logger
}

// Open opens a log, and repairs what a crash left behind: whole blocks and whole entries of the tail are kept.
func Open(cfg Config) (*Log, error) {
	l := &Log{
		cfg:        cfg,
		maxFilters: maxFilters,
		open:       new(chunk), watchers: make(map[chan struct{}]struct{}),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}), counted: make(chan struct{}),
	}
	var err error
	if l.enc, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true)); err != nil {
		return nil, err
	}
	if l.dec, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(blockBody)); err != nil {
		return nil, err
	}
	if l.cfg.Dir != "" {
		if err := l.load(); err != nil {
			return nil, fmt.Errorf("opening the decision log in %s: %w", l.cfg.Dir, err)
		}
	}
	l.retain()
	go l.run()
	go l.keepCounts()
	return l, nil
}

// load reads the index of every segment, and the tail.
func (l *Log) load() error {
	if err := os.MkdirAll(l.cfg.Dir, 0o700); err != nil {
		return err
	}
	if err := l.removeTemps(); err != nil {
		return err
	}
	paths, err := l.Segments()
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := l.loadSegment(path); err != nil {
			return err
		}
		l.trim()
	}
	slices.SortStableFunc(l.blocks, func(a, b *block) int { return cmp.Compare(a.first, b.first) })
	l.setBlocks(l.blocks)
	var next uint64
	for _, b := range l.blocks {
		next = max(next, b.first+uint64(b.n))
	}
	return l.loadTail(next)
}

// removeTemps removes what a crash left half written.
func (l *Log) removeTemps() error {
	paths, err := disk.Glob(l.cfg.Dir, rewritePrefix+"*")
	for _, path := range paths {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// Segments lists the files of the log but the tail, the oldest first.
func (l *Log) Segments() (paths []string, err error) {
	return disk.Glob(l.cfg.Dir, "*"+segmentSuffix)
}

// IsFile reports whether a log has files of this name.
func IsFile(name string) bool { return name == TailName || strings.HasSuffix(name, segmentSuffix) }
