package decisions

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

const (
	// rewritePrefix begins the names of files that are to take another's place.
	rewritePrefix = "rewrite-"

	// erasingBytes is how much is waited for to be written while an erasure holds up the flusher.
	erasingBytes = 64 << 10
)

// Erase blanks the entries about somebody, and what others say of their number, and returns
// how many there were. Every entry is unpacked and read for that, which takes about a second a
// million, on one core. Parts of the log that cannot be read cannot be searched either, and are removed from the
// files that are written anew.
//
// What is logged meanwhile is written out in between, into a file of its own.
func (l *Log) Erase(who *spelling.Person) (n int, err error) {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	if l.closed() {
		return 0, errClosed
	}
	if err := l.flushChunks(true); err != nil {
		return 0, err
	}
	n, err = l.eraseChunks(who)
	if err == nil {
		err = l.rewriteTail()
	}
	if err == nil && l.segment != nil {
		err = l.segment.close()
		l.segment = nil
	}
	if err != nil {
		return n, err
	}
	segments := bySegment(l.blocks) // only who holds flushing changes them
	for seg, blocks := range segments {
		m, err := l.eraseSegment(who, seg, blocks)
		n += m
		if err != nil {
			return n, fmt.Errorf("%s: %w", seg.path, err)
		}
	}
	return n, l.removeUnread(segments)
}

// blank takes out of e what is personal, and what holds the address.
func (e *Entry) blank(who *spelling.Person) {
	e.To.Address, e.Text, e.Footer, e.Fault, e.Print, e.Erased = "", "", "", "", Print{}, true
	for _, name := range e.names() {
		if who.In(*name) {
			*name = ""
		}
	}
}

// forget takes the address out of what e says about somebody else, and reports whether it was there.
func (e *Entry) forget(who *spelling.Person) (found bool) {
	if who.To.Brand != "" && e.To.Brand != who.To.Brand {
		return false
	}
	names := e.names()
	names[addressName] = &e.Text // the address is the other's own
	for _, name := range names {
		if who.In(*name) {
			*name, e.Erased, found = "", true, true
		}
	}
	return found
}

// erase takes out of e what tells of somebody, and reports whether there was anything.
func (e *Entry) erase(who *spelling.Person) bool {
	if who.Is(e.To) {
		e.blank(who)
		return true
	}
	return e.forget(who)
}

// eraseChunks blanks entries in memory.
func (l *Log) eraseChunks(who *spelling.Person) (n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range append(slices.Clone(l.full), l.open) {
		var rows strings.Builder
		m := 0
		for frame, rest, ok := nextFrame(c.rows.String()); ok; frame, rest, ok = nextFrame(rest) {
			var e Entry
			if err := e.decode(frame); err != nil {
				return n, err
			}
			if e.erase(who) {
				m++
			}
			rows.Write(appendEntry(nil, &e))
		}
		if m > 0 {
			n += m
			l.bytes += rows.Len() - c.rows.Len()
			c.rows.Reset() // those who have the old ones keep them
			c.rows.WriteString(rows.String())
		}
	}
	return n, nil
}

// eraseSegment blanks entries in one file, or in the blocks in memory.
func (l *Log) eraseSegment(who *spelling.Person, seg *segment, blocks []*block) (n int, err error) {
	anew := make(map[*block]*block) // nil for what cannot be read
	whole := make(map[*block][]byte)
	for _, b := range blocks {
		entries, err := l.entries(b, 0, nil) // of others too: they may speak of the number
		if errors.Is(err, wire.ErrDamaged) {
			anew[b] = nil
			continue
		}
		if err != nil {
			return n, err
		}
		m := 0
		for i := range entries {
			if entries[i].erase(who) {
				m++
			}
		}
		if n += m; m > 0 {
			anew[b], whole[b] = l.pack(b.first, entries)
		}
		if l.pending() > erasingBytes {
			_ = l.flushChunks(true) // the next flush tells what is wrong
		}
	}
	switch {
	case len(anew) == 0 && !seg.damaged:
		return n, nil
	case l.cfg.Dir == "":
		for b, nb := range anew {
			nb.memory, nb.segment = whole[b], &segment{newest: seg.newest}
		}
		l.replace(anew)
		return n, nil
	}
	return n, l.rewriteSegment(seg, blocks, anew, whole)
}

// rewriteSegment puts a file in the place of a segment: the blocks that are not in anew as they
// were, the others as they are there.
func (l *Log) rewriteSegment(seg *segment, blocks []*block, anew map[*block]*block, whole map[*block][]byte) (err error) {
	if err := l.cfg.Room(2*disk.MinFree + seg.size); err != nil {
		return err
	}
	old, err := os.Open(seg.path)
	if err != nil {
		return err
	}
	defer old.Close()
	f, err := os.CreateTemp(l.cfg.Dir, rewritePrefix+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name()) // else the next Open does
		}
	}()
	fresh := &segment{path: seg.path, day: seg.day, newest: seg.newest}
	for _, b := range blocks {
		nb, changed := anew[b]
		switch {
		case changed && nb == nil:
			l.cfg.Logger.Warn("removing a damaged block of the decision log: nobody can tell whether an erased recipient is in it",
				zap.String("file", seg.path), zap.Int64("offset", b.offset), zap.Int("entries", b.n))
			continue
		case changed:
			_, err = f.Write(whole[b])
		default:
			same := *b
			nb = &same
			anew[b] = nb
			_, err = io.Copy(f, io.NewSectionReader(old, b.offset, int64(b.size)))
		}
		if err != nil {
			return err
		}
		nb.segment, nb.offset = fresh, fresh.size
		fresh.size += int64(nb.size)
	}
	if err = errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), seg.path); err != nil {
		return err
	}
	if seg.damaged {
		l.cfg.Logger.Warn("removing what is between the blocks of the decision log: nobody can tell whether an erased recipient is in it",
			zap.String("file", seg.path))
	}
	l.replace(anew)
	return disk.SyncDir(l.cfg.Dir)
}

// replace puts blocks in the place of others, and takes out those that are to become nil.
func (l *Log) replace(anew map[*block]*block) {
	blocks := make([]*block, 0, len(l.blocks))
	for _, b := range l.blocks {
		nb, changed := anew[b]
		if !changed {
			nb = b
		}
		if nb != nil {
			blocks = append(blocks, nb)
		}
	}
	l.setBlocks(blocks)
}

// replaced is the block that took the place of b, or nil.
func (l *Log) replaced(b *block) *block {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, nb := range l.blocks {
		if nb != b && nb.first == b.first && nb.n == b.n {
			return nb
		}
	}
	return nil
}

// removeUnread removes the files of the log of which nothing can be read.
func (l *Log) removeUnread(known map[*segment][]*block) error {
	if l.cfg.Dir == "" {
		return nil
	}
	read := make(map[string]bool)
	for seg := range known {
		read[seg.path] = true
	}
	for _, b := range l.blocks { // also of what was written meanwhile
		read[b.segment.path] = true
	}
	if l.segment != nil {
		read[l.segment.path] = true
	}
	paths, err := l.Segments()
	for _, path := range paths {
		if !read[path] {
			l.cfg.Logger.Warn("removing a file of the decision log that does not read: nobody can tell whether an erased recipient is in it",
				zap.String("file", path))
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}
