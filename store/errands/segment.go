package errands

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/wire"
)

const (
	suffix = ".errands"

	// fileSize is how large a file of the journal gets, but for what is synced together.
	fileSize = 16 << 20
)

// A segment is one file of the journal of errands, or what would be in it.
type segment struct {
	path   string
	number uint64
	file   *os.File
	memory []byte // in memory: what would be in the file

	size int64 // of what is whole and acknowledged
	// live is how much of that tells of errands that are not done, and ends is how much tells of ended ones, which
	// are all forgotten by remembered, in seconds since 1970.
	live, ends, remembered int64
	begun                  int64 // when it was, in seconds since 1970
}

// A framePlace is where a frame is.
type framePlace struct {
	segment *segment
	at      uint32
	size    uint32
}

func segmentName(dir string, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%08d%s", number, suffix))
}

// makeSegment makes a file in dir, or one in memory where dir is empty.
func makeSegment(dir string, number uint64, now int64) (*segment, error) {
	g := &segment{number: number, begun: now}
	if dir == "" {
		return g, nil
	}
	g.path = segmentName(dir, number)
	var err error
	if g.file, err = os.OpenFile(g.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return nil, err
	}
	if err := disk.SyncDir(dir); err != nil {
		return nil, errors.Join(err, g.file.Close(), os.Remove(g.path))
	}
	return g, nil
}

// openSegment opens a file that is there.
func openSegment(path string) (*segment, error) {
	base := filepath.Base(path)
	number, err := strconv.ParseUint(base[:len(base)-len(suffix)], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%s: this is no file of errands: its name is no number", path)
	}
	g := &segment{path: path, number: number}
	g.file, err = os.OpenFile(path, os.O_RDWR, 0)
	return g, err
}

// write puts b behind what is acknowledged.
func (g *segment) write(b []byte) error {
	if g.file == nil {
		g.memory = append(g.memory[:g.size], b...)
		return nil
	}
	_, err := g.file.WriteAt(b, g.size)
	return err
}

// cut removes what is behind what is acknowledged.
func (g *segment) cut() error {
	if g.file == nil {
		return nil
	}
	return errors.Join(g.file.Truncate(g.size), g.file.Sync())
}

// read reads the frame at a place, which the caller holds the files for.
func (p *framePlace) read() (f frameView, err error) {
	b := make([]byte, p.size)
	if g := p.segment; g.file == nil {
		copy(b, g.memory[p.at:])
	} else if _, err := g.file.ReadAt(b, int64(p.at)); err != nil {
		return f, fmt.Errorf("%s at %d: %w", g.path, p.at, err)
	}
	f, ok := readFrame(b)
	if !ok || f.size != int64(p.size) {
		return f, fmt.Errorf("%s at %d: %w", p.segment.path, p.at, wire.ErrDamaged)
	}
	return f, nil
}

// all is what is in the file.
func (g *segment) all() ([]byte, error) {
	if g.file == nil {
		return bytes.Clone(g.memory[:g.size]), nil
	}
	info, err := g.file.Stat()
	if err != nil {
		return nil, err
	}
	b := make([]byte, info.Size())
	n, err := g.file.ReadAt(b, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return b[:n], err
}

// walkFrames hands the frames of data to take, with where they are, and says where it ends: at whole. What does not
// read before that is damaged: lost is called with where that begins and ends. last says that nothing was written
// behind: then what does not read at the end, and was not followed by anything that was synced later, was
// never acknowledged.
func walkFrames(data []byte, last bool, take func(at int, f frameView), lost func(from, to int)) (whole int) {
	for at := 0; at < len(data); {
		f, ok := readFrame(data[at:])
		if ok {
			take(at, f)
			at += int(f.size)
			whole = at
			continue
		}
		next := nextFrameAfter(data, at+1)
		if last && !syncedAfter(data, at, next) {
			return whole
		}
		if next < 0 {
			next = len(data)
		}
		lost(at, next)
		at, whole = next, next
	}
	return whole
}

// syncedAfter reports whether one of the frames from next on shows that what is at a place was on disk before it
// was written.
func syncedAfter(data []byte, at, next int) bool {
	for next >= 0 {
		f, _ := readFrame(data[next:])
		if f.from > int64(at) {
			return true
		}
		next = nextFrameAfter(data, next+int(f.size))
	}
	return false
}
