package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"time"
)

func unpackRow(row []byte) (line link, a Act, err error) {
	if err = json.Unmarshal(row, &line); err == nil {
		a, err = line.unpack()
	}
	return line, a, err
}

// A walk reads the audit backwards.
type walk struct {
	trail  *Trail
	before uint64              // only lines with lower numbers; 0: all
	open   map[uint64]*openAct // the acts under way when the walk began
}

// rows hands the rows of all lines to take, the newest first, until take returns false.
func (w *walk) rows(take func(row []byte) bool) error {
	for next, more := w.before, true; more && next != 1; {
		file, r, size, err := w.look(next)
		if err != nil || file == nil {
			return err
		}
		err = backward(r, size, func(row []byte) bool {
			if seq := rowSeq(row); seq > 0 && (next == 0 || seq < next) {
				more = take(row)
			}
			return more
		})
		if c, ok := r.(io.Closer); ok {
			_ = c.Close() // it was only read
		}
		if err != nil {
			return err
		}
		next = file.first
	}
	return nil
}

// look opens the newest file that has lines before a number; nil: there is none.
func (w *walk) look(before uint64) (*file, io.ReaderAt, int64, error) {
	w.trail.mu.Lock()
	defer w.trail.mu.Unlock()
	if w.open == nil {
		w.open = maps.Clone(w.trail.open)
	}
	for i := len(w.trail.files) - 1; i >= 0; i-- {
		f := w.trail.files[i]
		if before != 0 && f.first >= before {
			continue
		}
		if f.name == "" {
			return f, bytes.NewReader(f.data[:f.size]), f.size, nil
		}
		r, err := os.Open(f.name)
		if errors.Is(err, fs.ErrNotExist) && w.trail.cfg.Still {
			return nil, nil, 0, nil // the gate keeps it no longer
		}
		return f, r, f.size, err
	}
	return nil, nil, 0, nil
}

// rowSeq is the number of the line in a row, 0 for a head.
func rowSeq(row []byte) (seq uint64) {
	rest, ok := bytes.CutPrefix(row, []byte(`{"seq":`))
	for i := 0; ok && i < len(rest) && rest[i] >= '0' && rest[i] <= '9'; i++ {
		seq = seq*10 + uint64(rest[i]-'0')
	}
	return seq
}

// rowTime is the time of the line in a row; of one that does not read the latest there is.
func rowTime(row []byte) time.Time {
	_, rest, _ := bytes.Cut(row, []byte(`"fact":{"time":"`))
	text, _, _ := bytes.Cut(rest, []byte{'"'})
	at, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return time.Unix(1<<40, 0)
	}
	return at
}
