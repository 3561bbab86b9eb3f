package audit

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/sendgate/sendgate/store/wire"
)

// Report is what [Trail.Verify] found.
type Report struct {
	Lines  uint64      `json:"lines"`  // lines read: an act that takes time has two
	Erased uint64      `json:"erased"` // of them, with what an erasure left
	First  uint64      `json:"first"`  // number of the first line: those before were kept for long enough
	Last   uint64      `json:"last"`   // number of the last line
	Sum    wire.Digest `json:"sum"`    // of the last line: kept elsewhere, it stands for all of them
}

// Verify walks all lines of the audit that were kept before it begins, and tells fault what is wrong. The error says
// only that something could not be read.
func (t *Trail) Verify(ctx context.Context, fault func(format string, args ...any)) (Report, error) {
	t.mu.Lock()
	files, open := slices.Clone(t.files), make([]io.Reader, 0, len(t.files))
	var failed error
	for _, f := range files {
		if f.name == "" {
			open = append(open, bytes.NewReader(f.data[:f.size]))
			continue
		}
		file, err := os.Open(f.name)
		failed = errors.Join(failed, err)
		defer file.Close() // of a nil one too: it was only read
		open = append(open, io.LimitReader(file, f.size))
	}
	t.mu.Unlock()
	walk := verifier{fault: fault}
	if failed != nil {
		return walk.report, failed
	}
	for i, r := range open {
		if err := walk.file(ctx, files[i], r); err != nil {
			return walk.report, err
		}
	}
	return walk.report, nil
}

// A verifier walks the audit forwards.
type verifier struct {
	fault  func(format string, args ...any)
	report Report
	lost   bool // the sum of the line before is not known
}

func (w *verifier) file(ctx context.Context, f *file, r io.Reader) error {
	in := bufio.NewReader(r)
	for first := true; ; first = false {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(row) == 0 {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading the audit: %w", err)
		}
		if first {
			w.head(f, row)
		} else {
			w.line(row)
		}
	}
}

// head verifies that a file follows the one before.
func (w *verifier) head(f *file, row []byte) {
	var head Head
	switch err := json.Unmarshal(row, &head); {
	case err != nil || head.After+1 != f.first:
		w.fault("the file with line %d of the audit was altered: its beginning does not read", f.first)
		w.lost = true
	case w.report.Last == 0:
		w.report.First, w.report.Last, w.report.Sum = f.first, head.After, head.Sum
	case head.After != w.report.Last:
		w.fault("lines %d to %d are missing from the audit", w.report.Last+1, head.After)
		w.report.Last, w.lost = head.After, true
	case head.Sum != w.report.Sum && !w.lost:
		w.fault("line %d of the audit does not follow the one before it", f.first)
	}
}

func (w *verifier) line(row []byte) {
	next := w.report.Last + 1
	var line link
	var text text
	err := json.Unmarshal(row, &line)
	if err == nil {
		err = json.Unmarshal(line.Text, &text)
	}
	switch {
	case err != nil || line.Seq == 0:
		w.fault("line %d of the audit was altered: it does not read", next)
		w.report.Last, w.lost = next, true
		return
	case line.Seq != next:
		w.fault("line %d of the audit stands where line %d should be: lines were removed, added or exchanged", line.Seq, next)
	case line.sum(w.report.Sum) != line.Sum && !w.lost:
		w.fault("line %d of the audit was altered, or does not follow the one before it", line.Seq)
	}
	if text.Erased {
		w.report.Erased++
	} else if sha256.Sum256(line.Text) != line.Digest {
		w.fault("line %d of the audit was altered: its text is not what its digest says", line.Seq)
	}
	w.report.Lines++
	w.report.Last, w.report.Sum, w.lost = line.Seq, line.Sum, false
}
