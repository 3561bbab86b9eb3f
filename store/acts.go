package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"time"

	"go.uber.org/zap"
)

// sinceSlack is how much older than asked for a line must be before a walk takes it that all before it are.
const sinceSlack = 24 * time.Hour

// Acts walks the acts that q chooses, newest first, by when they came to their outcome; those under way stand
// where they were begun. It knows every act that was kept before the walk began. A line that does not read
// is logged and passed over. The walk ends with the first error.
func (s *Store) Acts(q ActQuery) iter.Seq2[Act, error] {
	return func(yield func(Act, error) bool) {
		person := ""
		if q.Address != "" {
			person = s.personText(q.Address)
		}
		needles := q.needles(person)
		w := auditWalk{l: &s.audit, before: q.Before}
		err := w.rows(func(row []byte) bool {
			if !q.Since.IsZero() && rowTime(row).Before(q.Since.Add(-sinceSlack)) {
				return false
			}
			for _, needle := range needles {
				if !bytes.Contains(row, needle) {
					return true
				}
			}
			line, a, err := unpackRow(row)
			if err != nil {
				s.logger.Warn("a line of the audit does not read", zap.Uint64("seq", rowSeq(row)), zap.Error(err))
				return true
			}
			if line.Begun == line.Seq && w.open[line.Seq] == nil {
				return true // its end tells all of it
			}
			return !q.chooses(&a, person) || yield(a, nil)
		})
		if err != nil {
			yield(Act{}, fmt.Errorf("reading the audit: %w", err))
		}
	}
}

func unpackRow(row []byte) (line auditLine, a Act, err error) {
	if err = json.Unmarshal(row, &line); err == nil {
		a, err = line.unpack()
	}
	return line, a, err
}

// An auditWalk reads the audit backwards.
type auditWalk struct {
	l      *audit
	before uint64              // only lines with lower numbers; 0: all
	open   map[uint64]*openAct // the acts under way when the walk began
}

// rows hands the rows of all lines to take, the newest first, until take returns false.
func (w *auditWalk) rows(take func(row []byte) bool) error {
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
func (w *auditWalk) look(before uint64) (*auditFile, io.ReaderAt, int64, error) {
	w.l.mu.Lock()
	defer w.l.mu.Unlock()
	if w.open == nil {
		w.open = maps.Clone(w.l.open)
	}
	for i := len(w.l.files) - 1; i >= 0; i-- {
		f := w.l.files[i]
		if before != 0 && f.first >= before {
			continue
		}
		if f.name == "" {
			return f, bytes.NewReader(f.data[:f.size]), f.size, nil
		}
		r, err := os.Open(f.name)
		if errors.Is(err, fs.ErrNotExist) && w.l.s.cfg.Still {
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
