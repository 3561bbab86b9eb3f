package tally

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/sendgate/sendgate/store/disk"
	"go.uber.org/zap"
)

const (
	suffix = ".tally"

	// fileSize is how large a file of the journal gets, and entrySize the size of one entry in it: a
	// checksum, its kind and the version of both, and three numbers.
	fileSize  = 8 << 20
	entrySize = 32
	sumSize   = 4 // the checksum

	// leastFiles is into how many files the time is cut that is looked back, at least.
	leastFiles = 8
)

// The kinds of entries. They are on disk: only append.
const (
	entryVoid   byte = iota // what was given back, and what was never written
	entrySent               // a row of the tally
	entryPerson             // a person who counts against a portfolio
	entryPair               // how far a sender used up what may go to one person
	entryTopic              // a further topic of the message before
)

// slotEntries is how many entries a message takes up at most: one for each of its topics, a person and two
// pairs.
const slotEntries = maxTopics + 3

// A journal is the tally on disk: files of small entries, each written before what it counts is
// sent. What is given back is written over. A file is removed once nothing in it counts any more. An entry
// that was torn, or never came, is skipped: nothing was sent on it.
type journal struct {
	dir    string // empty: in memory alone
	room   func(int64) error
	logger *zap.Logger

	mu    sync.Mutex
	files []*segment // the oldest first; entries go to the last
	bytes int64      // of all of them
	buf   [slotEntries * entrySize]byte
}

// A journalPlace is where the n entries of a message begin.
type journalPlace struct {
	segment *segment // nil: in memory
	at      int64
	n       int
}

// write keeps what a slot takes up.
func (j *journal) write(slot *Slot, now int64) (journalPlace, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n, last := 0, int64(0)
	put := func(kind byte, key, when, mark uint64) {
		putEntry(j.buf[n*entrySize:], kind, key, when, mark)
		n, last = n+1, max(last, int64(when>>whenShift))
	}
	if slot.row.when != 0 {
		put(entrySent, slot.row.key, slot.row.when, slot.row.mark)
		for _, topic := range slot.topics.further() {
			put(entryTopic, slot.row.key, slot.row.when, slot.row.further(topic).mark)
		}
	}
	if p := &slot.portfolio; p.of != nil {
		put(entryPerson, p.person, uint64(p.due)<<whenShift, p.of.mark)
	}
	for i := range slot.pairs {
		if p := &slot.pairs[i]; p.key != 0 {
			put(entryPair, p.key, uint64(p.state.start)<<whenShift|uint64(p.state.count), uint64(p.state.next))
		}
	}
	if j.dir == "" || n == 0 {
		return journalPlace{n: n}, nil
	}
	seg, err := j.current(now)
	if err != nil {
		return journalPlace{}, err
	}
	place := journalPlace{segment: seg, at: seg.size, n: n}
	b := j.buf[:n*entrySize]
	seg.size += int64(len(b)) // also where it fails: what is there of it is not whole, or is written over now
	j.bytes += int64(len(b))
	if err := seg.put(b, place.at); err != nil {
		clear(b)
		return journalPlace{}, errors.Join(err, seg.put(b, place.at))
	}
	seg.last = max(seg.last, last)
	seg.dirty = true
	return place, nil
}

// void writes over the entries at p.
func (j *journal) void(p journalPlace) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	seg, b := p.segment, j.buf[:p.n*entrySize]
	clear(b)
	switch {
	case seg == nil:
		return nil
	case seg.file != nil:
		seg.dirty = true
		return seg.put(b, p.at)
	case !slices.Contains(j.files, seg):
		return nil
	}
	file, err := os.OpenFile(seg.path, os.O_RDWR, 0o600) // complete meanwhile
	if err != nil {
		return err
	}
	_, err = file.WriteAt(b, p.at)
	return errors.Join(err, file.Close())
}

// current is the file that takes entries. It begins another where that is full. mu is held.
func (j *journal) current(now int64) (*segment, error) {
	number := uint64(1)
	if n := len(j.files); n > 0 {
		seg := j.files[n-1]
		if !seg.full && seg.size+int64(len(j.buf)) <= fileSize {
			if seg.begun == 0 {
				seg.begun = now
			}
			return seg, nil
		}
		number = seg.number + 1
	}
	if err := j.room(disk.MinFree); err != nil {
		return nil, err
	}
	path := filepath.Join(j.dir, fmt.Sprintf("%08d%s", number, suffix))
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := disk.SyncDir(j.dir); err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(path))
	}
	seg := &segment{path: path, number: number, file: file, begun: now}
	j.files = append(j.files, seg)
	return seg, nil
}

// sync puts on disk what is not yet, and closes the files that take no more. One goroutine at a time calls it.
func (j *journal) sync() error {
	j.mu.Lock()
	var open []*segment
	for i, seg := range j.files {
		seg.full = seg.full || i < len(j.files)-1
		if seg.file != nil && (seg.dirty || seg.full) {
			open = append(open, seg)
			seg.dirty = false
		}
	}
	j.mu.Unlock()
	for _, seg := range open {
		j.mu.Lock()
		file := seg.file
		j.mu.Unlock()
		if file == nil {
			continue // removed
		}
		err := file.Sync() // meanwhile others write
		j.mu.Lock()
		if seg.file == nil {
			err = nil
		} else if seg.dirty = seg.dirty || err != nil; seg.full && !seg.dirty {
			err = seg.close()
		}
		j.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// drop removes the files in which nothing is about a moment from horizon on, and completes one that took
// entries for long enough.
func (j *journal) drop(now, horizon int64) (err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n := len(j.files); n > 0 {
		if seg := j.files[n-1]; seg.begun != 0 && seg.begun < now-(now-horizon)/leastFiles {
			seg.full = true
		}
	}
	j.files = slices.DeleteFunc(j.files, func(seg *segment) bool {
		if !seg.full || seg.last >= horizon {
			return false
		}
		if rerr := os.Remove(seg.path); rerr != nil {
			err = errors.Join(err, rerr)
			return false
		}
		if seg.file != nil {
			_ = seg.close() // nothing in it is needed
		}
		j.bytes -= seg.size
		return true
	})
	return err
}

// size is how large all files are together, in bytes.
func (j *journal) size() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes
}

// close puts all on disk.
func (j *journal) close() error {
	j.mu.Lock()
	for _, seg := range j.files {
		seg.full = true
	}
	j.mu.Unlock()
	return j.sync()
}

// load hands every entry that counts to take, in the order in which they were written, and goes on where the
// last file ends.
func (j *journal) load(take func(kind byte, key, when, mark uint64)) error {
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	names, err := disk.Glob(j.dir, "*"+suffix)
	if err != nil {
		return err
	}
	slices.Sort(names)
	damaged := 0
	for _, path := range names {
		base := filepath.Base(path)
		number, err := strconv.ParseUint(base[:len(base)-len(suffix)], 10, 64)
		if err != nil {
			return fmt.Errorf("%s: this is no file of the tally: its name is no number", path)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seg := &segment{path: path, number: number, full: true}
		damaged += seg.read(data, take)
		j.files = append(j.files, seg)
		j.bytes += seg.size
	}
	if damaged > 0 {
		j.logger.Warn("entries of the tally are damaged, and count no longer", zap.Int("entries", damaged))
	}
	if len(j.files) == 0 {
		return nil
	}
	last := j.files[len(j.files)-1]
	if last.file, err = os.OpenFile(last.path, os.O_RDWR, 0o600); err != nil {
		return err
	}
	last.full = false
	return last.file.Truncate(last.size) // what is behind it was torn
}
