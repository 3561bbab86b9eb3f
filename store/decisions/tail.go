package decisions

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/wire"
	"go.uber.org/zap"
)

// TailName is the name of the tail.
const TailName = "tail"

const (
	tailMagic  = "SGTAIL1\n"
	tailHeader = len(tailMagic) + 8 // and the number of the first entry
	tailRecord = 8                  // length and checksum before each entry
)

// tail is the file that holds the entries of the open chunk until they are a block, so that
// kill -9 costs a tenth of a second of the log and not a block of it.
type tail struct {
	file  *os.File
	first uint64 // number of its first entry
	size  int64  // of what is whole in the file; 0 before the header
	done  int    // how much of the chunk is in the file
	frame []byte // reused
}

// writeTail brings the tail up to date with the chunk that begins with the entry number first.
func (l *Log) writeTail(first uint64, row string) error {
	t := &l.tail
	if l.cfg.Dir == "" || t.size > 0 && t.first == first && t.done == len(row) {
		return nil
	}
	if err := l.cfg.Room(2 * disk.MinFree); err != nil { // the consent store comes first
		return err
	}
	if t.file == nil {
		f, err := os.OpenFile(filepath.Join(l.cfg.Dir, TailName), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		t.file = f
	}
	if t.size == 0 || t.first != first {
		if err := t.begin(first); err != nil {
			return err
		}
	}
	t.frame = appendFrames(t.frame[:0], row[t.done:])
	if _, err := t.file.WriteAt(t.frame, t.size); err != nil {
		return err // what was written of it is written over at the next attempt
	}
	t.size += int64(len(t.frame))
	t.done = len(row)
	return nil
}

// appendFrames writes a row of entries with a checksum behind the length of each.
func appendFrames(b []byte, row string) []byte {
	for frame, rest, ok := nextFrame(row); ok; frame, rest, ok = nextFrame(rest) {
		start := len(b)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(frame)))
		b = append(append(b, 0, 0, 0, 0), frame...)
		binary.LittleEndian.PutUint32(b[start+4:], frameSum(b[start:]))
	}
	return b
}

// frameSum is the checksum of a record of the tail: of the length and the entry.
func frameSum(record []byte) uint32 {
	return crc32.Update(crc32.Checksum(record[:4], wire.Castagnoli), wire.Castagnoli, record[tailRecord:])
}

// rewriteTail puts a new file in the place of the tail, with what is in the open chunk now.
func (l *Log) rewriteTail() error {
	if l.cfg.Dir == "" {
		return nil
	}
	l.mu.Lock()
	first, row := l.open.first, l.open.rows.String()
	l.mu.Unlock()
	t := &l.tail
	whole := appendFrames(binary.LittleEndian.AppendUint64([]byte(tailMagic), first), row)
	if err := disk.Write(l.cfg.Dir, TailName, rewritePrefix, whole); err != nil {
		return err
	}
	if err := t.close(); err != nil {
		l.cfg.Logger.Warn("closing a tail that was written anew", zap.Error(err))
	}
	t.file = nil
	f, err := os.OpenFile(filepath.Join(l.cfg.Dir, TailName), os.O_RDWR, 0o600)
	if err != nil {
		t.size = 0
		return err
	}
	t.file, t.first, t.size, t.done = f, first, int64(len(whole)), len(row)
	return nil
}

// begin empties the file for the entries from number first on.
func (t *tail) begin(first uint64) error {
	t.size, t.done = 0, 0
	if err := t.file.Truncate(0); err != nil {
		return err
	}
	header := binary.LittleEndian.AppendUint64([]byte(tailMagic), first)
	if _, err := t.file.WriteAt(header, 0); err != nil {
		return err
	}
	t.first, t.size = first, int64(len(header))
	return nil
}

func (t *tail) close() error {
	if t.file == nil {
		return nil
	}
	return errors.Join(t.file.Sync(), t.file.Close())
}

// Tail is what is in the tail, once all that was logged before is there or in a block. The tail is begun anew
// behind whoever reads it otherwise. In memory there is none.
func (l *Log) Tail() ([]byte, error) {
	l.flush(true)
	if l.cfg.Dir == "" {
		return nil, nil
	}
	l.flushing.Lock()
	defer l.flushing.Unlock()
	data, err := os.ReadFile(filepath.Join(l.cfg.Dir, TailName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// loadTail reads what is whole in the tail into the open chunk. next is the number after the
// last entry that is in a block: what is before it is known already.
func (l *Log) loadTail(next uint64) error {
	l.open.first = next
	path := filepath.Join(l.cfg.Dir, TailName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(data) < tailHeader || string(data[:len(tailMagic)]) != tailMagic {
		return nil // killed while it was begun anew: everything before is in a block
	}
	first := binary.LittleEndian.Uint64(data[len(tailMagic):])
	if first < next {
		return nil // killed before it was begun anew: all of it is in a block
	}
	l.open.first = first
	size := l.readTail(data)
	if l.tail.file, err = os.OpenFile(path, os.O_RDWR, 0o600); err != nil {
		return err
	}
	l.tail.first, l.tail.size, l.tail.done = first, int64(size), l.open.rows.Len()
	l.bytes = l.open.rows.Len()
	return l.tail.file.Truncate(int64(size))
}

// readTail takes the whole entries of data, a tail with its header, into the open chunk. size is
// where the last whole record ends.
func (l *Log) readTail(data []byte) (size int) {
	c, damaged := l.open, 0
	for size = tailHeader; size+tailRecord <= len(data); {
		n := uint64(binary.LittleEndian.Uint32(data[size:]))
		if n > uint64(len(data)-size-tailRecord) {
			break
		}
		end := size + tailRecord + int(n)
		record := data[size:end]
		var e Entry
		if e.decode(string(record[tailRecord:])) != nil || frameSum(record) != binary.LittleEndian.Uint32(record[4:]) {
			damaged++
		} else {
			if c.n == 0 {
				c.oldest = e.Time
			}
			c.rows.Write(record[:4])
			c.rows.Write(record[tailRecord:])
			c.n++
		}
		size = end
	}
	if damaged > 0 || size < len(data) {
		l.cfg.Logger.Warn("the tail of the decision log was damaged: what is whole is kept",
			zap.Int("entries", c.n), zap.Int("damaged", damaged), zap.Int("torn_bytes", len(data)-size))
	}
	return size
}
