package decisions

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

const (
	segmentSuffix = ".log"
	// A segment takes blocks until it is so large, or a day is over.
	segmentBytes = 64 << 20
)

// A segment is a file of blocks, named after the number of its first entry.
type segment struct {
	path   string
	file   *os.File // open while it takes blocks
	size   int64
	day    int64 // of its first block, in days since 1970
	newest int64 // Entry.Time of its newest entry, in whole seconds since 1970

	damaged bool // something between its blocks does not read

	counts segmentCounts
}

// loadSegment reads the heads of the blocks in one file. Where a head is damaged it goes on at
// the next whole one.
func (l *Log) loadSegment(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	seg := &segment{path: path, size: info.Size()}
	for at := int64(0); at < seg.size; {
		b, err := readBlockHead(f, at, seg.size)
		if errors.Is(err, wire.ErrDamaged) {
			next, err := findHead(f, at+1, seg.size)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			l.cfg.Logger.Warn("skipping a damaged part of the decision log",
				zap.String("file", path), zap.Int64("from", at), zap.Int64("to", next))
			at, seg.damaged = next, true
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		b.segment = seg
		seg.newest = max(seg.newest, b.maxTime)
		l.blocks = append(l.blocks, b)
		l.filters.Add(int64(b.held.size()))
		at += int64(b.size)
	}
	return nil
}

// readBlockHead reads the index of the block at offset at of a file of the given size.
func readBlockHead(f io.ReaderAt, at, size int64) (*block, error) {
	var prefix [blockPrefix]byte
	if at+blockPrefix > size {
		return nil, wire.ErrDamaged
	}
	if _, err := f.ReadAt(prefix[:], at); err != nil {
		return nil, err
	}
	head, body, err := readPrefix(prefix[:])
	if err != nil || at+int64(blockPrefix+head+body) > size {
		return nil, wire.ErrDamaged
	}
	whole := make([]byte, blockPrefix+head)
	if _, err := f.ReadAt(whole, at); err != nil {
		return nil, err
	}
	b, err := decodeHead(whole)
	if err == nil {
		b.offset = at
	}
	return b, err
}

// findHead is the offset of the first whole block from at on, or the size of the file.
func findHead(f io.ReaderAt, at, size int64) (int64, error) {
	magic := binary.LittleEndian.AppendUint32(nil, blockMagic)[:3] // as in every format
	window := make([]byte, 1<<20)
	for at < size {
		n, err := f.ReadAt(window[:min(int64(len(window)), size-at)], at)
		if err != nil && err != io.EOF {
			return 0, err
		}
		i := bytes.Index(window[:n], magic)
		switch {
		case i >= 0:
			at += int64(i)
			if _, err := readBlockHead(f, at, size); err == nil {
				return at, nil
			}
			at++
		case n < len(magic):
			return size, nil
		default:
			at += int64(n - len(magic) + 1)
		}
	}
	return size, nil
}

// writeBlock compresses c into a block and writes it.
func (l *Log) writeBlock(c *chunk) (*block, error) {
	b, whole, err := l.packChunk(c)
	if err != nil {
		return nil, err
	}
	if l.cfg.Dir == "" {
		b.memory = whole
		b.segment = &segment{newest: b.maxTime}
		return b, nil
	}
	if err := l.cfg.Room(2 * disk.MinFree); err != nil { // the consent store comes first
		return nil, err
	}
	seg, err := l.current(c)
	if err != nil {
		return nil, err
	}
	if _, err := seg.file.WriteAt(whole, seg.size); err != nil {
		return nil, err
	}
	b.segment, b.offset = seg, seg.size
	seg.size += int64(len(whole))
	seg.newest = max(seg.newest, b.maxTime)
	return b, nil
}

// current is the segment that takes the block of c.
func (l *Log) current(c *chunk) (*segment, error) {
	day := c.oldest.Unix() / int64((24*time.Hour)/time.Second)
	if seg := l.segment; seg != nil {
		if seg.day == day && seg.size < segmentBytes {
			return seg, nil
		}
		if err := seg.close(); err != nil {
			return nil, err
		}
		l.segment = nil
	}
	path := filepath.Join(l.cfg.Dir, fmt.Sprintf("%020d%s", c.first, segmentSuffix))
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	l.segment = &segment{path: path, file: f, day: day}
	return l.segment, nil
}

func (seg *segment) close() error {
	err := errors.Join(seg.file.Sync(), seg.file.Close())
	seg.file = nil
	return err
}

// retain removes the segments whose newest entry is older than the retention.
func (l *Log) retain() {
	if l.cfg.Still {
		return
	}
	l.flushing.Lock()
	defer l.flushing.Unlock()
	cutoff := l.cfg.Now().Add(-l.cfg.Retention).Unix()
	old := make(map[*segment]bool)
	kept := make([]*block, 0, len(l.blocks)) // only who holds flushing changes them
	for _, b := range l.blocks {
		if b.segment.newest < cutoff {
			old[b.segment] = true
		} else {
			kept = append(kept, b)
		}
	}
	if len(old) > 0 {
		l.setBlocks(kept)
	}
	for seg := range old {
		var err error
		if seg.file != nil {
			err = seg.close()
			l.segment = nil
		}
		if seg.path != "" {
			err = errors.Join(err, os.Remove(seg.path))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			l.cfg.Logger.Warn("removing an old part of the decision log", zap.String("file", strings.TrimSpace(seg.path)), zap.Error(err))
		}
	}
}

// closeFiles ends the files, and joins what goes wrong to err.
func (l *Log) closeFiles(err error) error {
	if l.segment != nil {
		err = errors.Join(err, l.segment.close())
	}
	if err = errors.Join(err, l.tail.close()); err != nil {
		return fmt.Errorf("closing the decision log in %s: %w", l.cfg.Dir, err)
	}
	return nil
}
