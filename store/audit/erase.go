package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/spelling"
	"go.uber.org/zap"
)

// temp begins the names of files of the audit that are written anew.
const temp = "erasing-"

// Erase takes what names somebody out of the audit, and returns from how many acts. Who writes is held up
// while it is at the last file, and by no other.
func (t *Trail) Erase(who *spelling.Person) (count int, err error) {
	e := &eraser{trail: t, who: who, person: t.cfg.Person(who.To.Address), acts: map[uint64]bool{}}
	from := uint64(0)
	for {
		f, isLast := t.fileFrom(from)
		if f == nil || isLast {
			err = e.last(from)
			return len(e.acts), err
		}
		if err := e.file(f); err != nil {
			return len(e.acts), err
		}
		from = f.first + 1
	}
}

// last is at the files from a number on, of which others may have been begun meanwhile, and has what is written later
// of earlier acts name the recipient no more.
func (e *eraser) last(from uint64) error {
	e.trail.writing.Lock()
	defer e.trail.writing.Unlock()
	for {
		f, _ := e.trail.fileFrom(from)
		if f == nil {
			break
		}
		if err := e.file(f); err != nil {
			return err
		}
		from = f.first + 1
	}
	e.trail.mu.Lock()
	defer e.trail.mu.Unlock()
	e.trail.late.add(e)
	return nil
}

// fileFrom is the oldest file whose lines begin with a number or after it, nil where there is none, and whether
// it is the one that is written to.
func (t *Trail) fileFrom(first uint64) (f *file, isLast bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, f := range t.files {
		if f.first >= first {
			return f, i == len(t.files)-1
		}
	}
	return nil, false
}

// An eraser takes one recipient out of the audit.
type eraser struct {
	trail  *Trail
	who    *spelling.Person
	person string          // how the audit names them
	acts   map[uint64]bool // that something was taken out of
}

// file puts one in the place of f that has the same lines, without the recipient.
func (e *eraser) file(f *file) error {
	if f.name == "" {
		text, found, err := e.rewrite(bytes.NewReader(f.data[:f.size]))
		if err != nil || !found {
			return err
		}
		e.trail.mu.Lock()
		defer e.trail.mu.Unlock()
		f.data, f.size = text, int64(len(text))
		return nil
	}
	r, err := os.Open(f.name)
	if errors.Is(err, fs.ErrNotExist) && !e.there(f) {
		return nil // it was kept for long enough
	}
	if err != nil {
		return err
	}
	defer r.Close()
	text, found, err := e.rewrite(io.LimitReader(r, f.size))
	if err != nil || !found {
		return err
	}
	dir, name := filepath.Split(f.name)
	e.trail.mu.Lock() // who reads sees the one file or the other
	defer e.trail.mu.Unlock()
	if !slices.Contains(e.trail.files, f) {
		return nil
	}
	file, err := disk.Put(filepath.Clean(dir), name, temp, text)
	if err != nil {
		return err
	}
	f.size = int64(len(text))
	if f.file == nil {
		err = file.Close()
	} else {
		f.close()
		f.file = file
	}
	return errors.Join(err, disk.SyncDir(filepath.Clean(dir)))
}

// there reports whether f is one of the files.
func (e *eraser) there(f *file) bool {
	e.trail.mu.Lock()
	defer e.trail.mu.Unlock()
	return slices.Contains(e.trail.files, f)
}

// rewrite is the text of a file without the recipient.
func (e *eraser) rewrite(file io.Reader) (text []byte, found bool, err error) {
	in := bufio.NewReader(file)
	for {
		row, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return text, found, nil
		}
		if err != nil {
			return nil, false, err
		}
		changed, err := e.row(row)
		if err != nil {
			return nil, false, err
		}
		if changed != nil {
			row, found = changed, true
		}
		text = append(text, row...)
	}
}

// row is a row without the recipient, nil where they are not in it. One that does not read, and may name
// them, is emptied.
func (e *eraser) row(row []byte) ([]byte, error) {
	seq := rowSeq(row)
	if seq == 0 || !bytes.Contains(row, []byte(e.person)) && !bytes.ContainsAny(row, `\%`) && !e.who.In(string(row)) {
		return nil, nil
	}
	var line link
	err := json.Unmarshal(row, &line)
	var found bool
	if err == nil {
		found, err = line.erase(e.who, e.person)
	}
	if err != nil {
		if !e.who.In(string(row)) && !bytes.Contains(row, []byte(e.person)) {
			return nil, nil
		}
		e.trail.cfg.Logger.Warn("a damaged line of the audit that named somebody who is erased is emptied", zap.Uint64("seq", seq), zap.Error(err))
		return fmt.Appendf(nil, `{"seq":%d}`+"\n", seq), nil
	}
	if !found {
		return nil, nil
	}
	e.acts[cmp.Or(line.Begun, line.Seq)] = true
	return line.append(nil), nil
}
