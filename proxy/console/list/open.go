package list

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sendgate/sendgate/filter"
)

// A Reading is how a list is read: by a mapping, and what holds where it leaves something open.
type Reading struct {
	Mapping  Mapping
	Defaults filter.Recipient           // brand and channel
	Region   string                     // country of numbers without a country code
	Topics   map[string]filter.Category // of the brand in Defaults; nil: any name is a topic
}

// Open begins to read f: its rows, without the header, and what they mean.
func (f *File) Open(as Reading) (*Rows, *Layout, error) {
	rows, first, err := f.Rows()
	if err != nil {
		return nil, nil, err
	}
	header, bare := first, as.Mapping.Header != nil && !*as.Mapping.Header
	if bare {
		header = numbered(len(first))
	}
	l, err := newLayout(header, as)
	if err == nil && bare && !(as.Mapping.Titled && l.heads(first)) {
		rows, err = f.read()
	}
	return rows, l, err
}

// heads reports whether the first row of a file that should have no header row is one all the same, see [Mapping.Titled].
func (l *Layout) heads(row []string) bool {
	if strings.ContainsAny(strings.Join(row, ""), "0123456789@") {
		return false
	}
	for _, said := range l.Read(row) {
		if e := asColumnError(said.Err); e != nil && e.Field == "address" {
			return true
		}
	}
	return false
}

// numbered are the names of n columns without a header row.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = strconv.Itoa(i + 1)
	}
	return names
}

// Problem says what is wrong with the quoting or the shape of a row.
func Problem(err error) string {
	p, ok := errors.AsType[*csv.ParseError](err)
	switch {
	case !ok:
		return err.Error()
	case errors.Is(p.Err, csv.ErrFieldCount):
		return "the row has another number of fields than the header row"
	case p.Line > p.StartLine:
		return fmt.Sprintf("a quote opens here and does not close properly: the lines %d to %d were read as one row and skipped", p.StartLine, p.Line)
	default:
		return fmt.Sprintf("the quotes do not match at byte %d of the line", p.Column)
	}
}
