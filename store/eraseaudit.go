package store

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"go.uber.org/zap"
)

// auditTemp begins the names of files of the audit that are written anew.
const auditTemp = "erasing-"

// erase takes what names a recipient out of the audit, and returns from how many acts. Of the
// file that is written to, it holds up who writes; the others change by this alone.
func (l *audit) erase(j *journal) (count int, err error) {
	l.writing.Lock() // in turn with who adds and removes files
	defer l.writing.Unlock()
	l.mu.Lock()
	files := slices.Clone(l.files)
	l.mu.Unlock()
	e := auditEraser{l: l, journal: j, sp: spell(j.To.Address), person: l.s.personText(j.To.Address), acts: map[uint64]bool{}}
	for _, f := range files {
		if err := e.file(f); err != nil {
			return len(e.acts), err
		}
	}
	return len(e.acts), nil
}

// An auditEraser takes one recipient out of the audit.
type auditEraser struct {
	l       *audit
	journal *journal
	sp      *spelling
	person  string
	acts    map[uint64]bool // that something was taken out of
}

// file puts one in the place of f that has the same lines, without the recipient.
func (e *auditEraser) file(f *auditFile) error {
	if f.name == "" {
		text, found, err := e.rewrite(bytes.NewReader(f.data[:f.size]))
		if err != nil || !found {
			return err
		}
		e.l.mu.Lock()
		defer e.l.mu.Unlock()
		f.data, f.size = text, int64(len(text))
		return nil
	}
	r, err := os.Open(f.name)
	if err != nil {
		return err
	}
	defer r.Close()
	text, found, err := e.rewrite(io.LimitReader(r, f.size))
	if err != nil || !found {
		return err
	}
	dir, name := filepath.Split(f.name)
	e.l.mu.Lock() // who reads sees the one file or the other
	defer e.l.mu.Unlock()
	file, err := putFile(filepath.Clean(dir), name, auditTemp, text)
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
	return errors.Join(err, syncDir(filepath.Clean(dir)))
}

// rewrite is the text of a file without the recipient.
func (e *auditEraser) rewrite(file io.Reader) (text []byte, found bool, err error) {
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
func (e *auditEraser) row(row []byte) ([]byte, error) {
	seq := rowSeq(row)
	if seq == 0 || !bytes.Contains(row, []byte(e.person)) && bytes.IndexByte(row, '\\') < 0 && !e.sp.in(string(row)) {
		return nil, nil
	}
	var line auditLine
	err := json.Unmarshal(row, &line)
	var found bool
	if err == nil {
		found, err = line.erase(e.sp, e.person, e.journal)
	}
	if err != nil {
		if !e.sp.in(string(row)) && !bytes.Contains(row, []byte(e.person)) {
			return nil, nil
		}
		e.l.s.logger.Warn("a damaged line of the audit that named somebody who is erased is emptied", zap.Uint64("seq", seq), zap.Error(err))
		return fmt.Appendf(nil, `{"seq":%d}`+"\n", seq), nil
	}
	if !found {
		return nil, nil
	}
	e.acts[cmp.Or(line.Begun, line.Seq)] = true
	return line.append(nil), nil
}
