package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/wire"
)

// A file is one file of the audit: a row with a Head, then rows with links.
type file struct {
	name  string // empty: it is in memory
	first uint64 // number of its first line
	begun time.Time

	size int64    // of what is whole and acknowledged; under the mutex of the audit
	data []byte   // in memory; likewise
	file *os.File // of the last one, once it is written to
}

// Suffix ends the names of the files.
const Suffix = ".jsonl"

// findFiles finds the files of the audit in its folder, oldest first.
func findFiles(dir string) (files []*file, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	temps, err := disk.Glob(dir, temp+"*") // a crash left them half written
	for _, name := range temps {
		err = errors.Join(err, os.Remove(name))
	}
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		first, err := strconv.ParseUint(strings.TrimSuffix(entry.Name(), Suffix), 10, 64)
		if err != nil {
			continue // none of ours
		}
		info, err := entry.Info()
		if err != nil {
			return nil, err
		}
		files = append(files, &file{name: filepath.Join(dir, entry.Name()), first: first, size: info.Size()})
	}
	slices.SortFunc(files, func(a, b *file) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

// newFile makes the file in dir that goes on behind head, in memory where dir is empty.
func newFile(dir string, head *Head) (*file, error) {
	f := &file{first: head.After + 1, begun: head.Time}
	if dir == "" {
		return f, nil
	}
	f.name = filepath.Join(dir, fmt.Sprintf("%020d%s", f.first, Suffix))
	var err error
	f.file, err = os.OpenFile(f.name, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	return f, err
}

// errNoLine says that a file has no line that was acknowledged.
var errNoLine = errors.New("no line")

// open reads where the file ends, and makes it ready to be written to, unless it is only looked at. What is
// half written at its end is cut off.
func (f *file) open(still bool) (end Head, oldest uint64, err error) {
	if f.file, err = os.OpenFile(f.name, os.O_RDWR, 0); err != nil {
		return end, 0, err
	}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	whole, head, row, err := f.ends()
	switch {
	case err != nil:
		return end, 0, err
	case row == nil && still:
		return end, 0, errNoLine
	case row == nil:
		return end, 0, errors.Join(errNoLine, os.Remove(f.name))
	}
	f.begun = head.Time
	var line link
	if err := json.Unmarshal(row, &line); err != nil || line.Seq < f.first {
		return end, 0, fmt.Errorf("%s: its last line does not read: restore the file, or move it away, and the audit begins anew: %w", f.name, wire.ErrDamaged)
	}
	if torn := f.size > whole; torn && !still {
		f.size = whole
		err = f.cut((*os.File).Sync)
	}
	f.size = whole
	return Head{After: line.Seq, Sum: line.Sum}, line.Oldest, err
}

// ends reads the head of the file and its last whole line, nil where there is none; whole is where that ends.
func (f *file) ends() (whole int64, head Head, row []byte, err error) {
	first, err := readRow(f.file)
	if err != nil || first == nil {
		return 0, head, nil, err
	}
	if err := json.Unmarshal(first, &head); err != nil || head.After+1 != f.first {
		return 0, head, nil, fmt.Errorf("%s: its first line does not read: restore the file, or move it away: %w", f.name, wire.ErrDamaged)
	}
	whole = f.size
	err = backward(f.file, f.size, func(b []byte) bool {
		if row == nil && whole == f.size && !bytes.HasSuffix(b, []byte{'\n'}) {
			whole -= int64(len(b)) // half written
			return true
		}
		row = bytes.Clone(b)
		return false
	})
	if bytes.Equal(bytes.TrimSpace(row), first) {
		row = nil
	}
	return whole, head, row, err
}

// readRow reads the first row of a file, nil where it has none.
func readRow(r io.ReaderAt) ([]byte, error) {
	b := make([]byte, 1<<10)
	n, err := r.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if i := bytes.IndexByte(b[:n], '\n'); i >= 0 {
		return b[:i], nil
	}
	return nil, nil
}

// backward hands the rows of a file to take, the last one first, each with its line break where it has one,
// until take returns false.
func backward(r io.ReaderAt, size int64, take func(row []byte) bool) error {
	const chunk = 64 << 10
	var rest []byte // of the row whose beginning is not read yet
	for at := size; at > 0; {
		n := min(at, chunk)
		at -= n
		b := make([]byte, int(n)+len(rest))
		if _, err := r.ReadAt(b[:n], at); err != nil && err != io.EOF {
			return err
		}
		copy(b[n:], rest)
		for {
			i := bytes.LastIndexByte(b[:max(len(b)-1, 0)], '\n')
			if i < 0 {
				break
			}
			if !take(b[i+1:]) {
				return nil
			}
			b = b[:i+1]
		}
		rest = b
	}
	if len(rest) > 0 {
		take(rest)
	}
	return nil
}

// lastTime is the time of the last line.
func (f *file) lastTime() (at time.Time, err error) {
	r, err := os.Open(f.name)
	if err != nil {
		return at, err
	}
	defer r.Close()
	var line link
	var fact fact
	err = backward(r, f.size, func(row []byte) bool {
		if err = json.Unmarshal(row, &line); err == nil {
			err = json.Unmarshal(line.Fact, &fact)
		}
		return false
	})
	if err != nil {
		err = fmt.Errorf("%s: reading its last line: %w", f.name, err)
	}
	return fact.Time, err
}

// write puts rows behind what is acknowledged, and syncs them.
func (f *file) write(rows []byte, sync func(*os.File) error) error {
	if f.name == "" {
		f.data = append(f.data[:f.size], rows...) // readers have what is in front of it
		return nil
	}
	_, err := f.file.WriteAt(rows, f.size)
	if err == nil {
		err = sync(f.file)
	}
	return err
}

// cut takes off what is behind the last line that was acknowledged.
func (f *file) cut(sync func(*os.File) error) error {
	if err := f.file.Truncate(f.size); err != nil {
		return err
	}
	return sync(f.file)
}

func (f *file) remove() error {
	f.close()
	if f.name == "" {
		return nil
	}
	return os.Remove(f.name)
}

func (f *file) close() {
	if f.file != nil {
		_ = f.file.Close() // what was acknowledged is synced
		f.file = nil
	}
}
