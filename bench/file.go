package bench

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
)

// A File is recipients from a CSV file, read one row at a time. Its first line names the columns:
// "to" or "address", and if they are there "sample", "topic" and the one with expectations. Others
// are ignored.
type File struct {
	name  string
	round bool
	want  string // name of the column with expectations

	file    *os.File
	rows    *csv.Reader
	columns struct{ address, sample, topic, want int } // -1: there is none
	row     int64
	left    bool // whether this pass through the file had any row

	size int64        // of the file, in bytes; 0: unknown
	done atomic.Int64 // of these, in this pass
}

// OpenFile opens a CSV file. Expect names the column that says what the gate must do (see
// [ParseWant]). With round set, the file begins anew after its last row. The caller closes it.
func OpenFile(name, expect string, round bool) (*File, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening the recipients: %w", err)
	}
	f := &File{name: name, round: round, want: expect, file: file}
	if info, err := file.Stat(); err == nil {
		f.size = info.Size()
	}
	if err := f.begin(); err != nil {
		file.Close()
		return nil, err
	}
	return f, nil
}

// Expects reports whether the file says what the gate must do.
func (f *File) Expects() bool { return f.columns.want >= 0 }

// Done is how much of the file was read in this pass, from 0 to 1. It may be called by any goroutine.
func (f *File) Done() float64 { return float64(f.done.Load()) / float64(max(f.size, 1)) }

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// begin reads the names of the columns.
func (f *File) begin() error {
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading %s from its beginning: %w", f.name, err)
	}
	f.rows = csv.NewReader(f.file)
	f.rows.ReuseRecord = true
	names, err := f.rows.Read()
	if err != nil {
		return fmt.Errorf("%s: reading the names of the columns: %w", f.name, err)
	}
	names = slices.Clone(names)
	for i, n := range names {
		names[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(n, "\ufeff")))
	}
	f.columns.address = slices.IndexFunc(names, func(n string) bool { return n == "to" || n == "address" })
	f.columns.sample = slices.Index(names, "sample")
	f.columns.topic = slices.Index(names, "topic")
	f.columns.want = slices.Index(names, strings.ToLower(f.want))
	if f.columns.address < 0 {
		return fmt.Errorf("%s: no column is called to or address", f.name)
	}
	f.row, f.left = 0, false
	return nil
}

// Next is the recipient in the next row.
func (f *File) Next() (Recipient, error) {
	record, err := f.rows.Read()
	if errors.Is(err, io.EOF) && f.round && f.left {
		if err := f.begin(); err != nil {
			return Recipient{}, err
		}
		record, err = f.rows.Read()
	}
	if errors.Is(err, io.EOF) {
		return Recipient{}, io.EOF
	}
	if err != nil {
		return Recipient{}, fmt.Errorf("%s: %w", f.name, err)
	}
	f.row++
	f.left = true
	f.done.Store(f.rows.InputOffset())
	r := Recipient{Address: strings.Clone(record[f.columns.address]), Row: f.row}
	if f.columns.sample >= 0 {
		r.Sample = strings.Clone(record[f.columns.sample])
	}
	if f.columns.topic >= 0 {
		r.Topic = strings.Clone(record[f.columns.topic])
	}
	if f.columns.want >= 0 {
		if r.Want, err = ParseWant(record[f.columns.want]); err != nil {
			line, _ := f.rows.FieldPos(f.columns.want)
			return Recipient{}, fmt.Errorf("%s:%d: %w", f.name, line, err)
		}
	}
	return r, nil
}
