package console

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
)

// The columns of a consent file, in the order in which an export writes them. An import also
// understands one column for each field of [filter.Evidence], under its JSON name.
var consentColumns = []string{"brand", "channel", "address", "state", "scope", "basis", "time", "note"}

var evidenceColumns = jsonFields(reflect.TypeFor[filter.Evidence]())

// columnAliases are other names under which common exports give the same columns.
var columnAliases = map[string]string{
	"phone": "address", "phone_number": "address", "number": "address", "mobile": "address",
	"status": "state", "opted_at": "time", "timestamp": "time",
}

// stateWords are what the column state may say.
var stateWords = map[string]filter.Kind{
	"opted-in": filter.OptedIn, "subscribed": filter.OptedIn,
	"opted-out": filter.OptedOut, "unsubscribed": filter.OptedOut,
	"wrote": filter.Wrote, "asked": filter.Asked, "refused": filter.Refused,
}

// A layout knows which column of a file holds what.
type layout struct {
	names []string       // canonical name of each column, in file order
	at    map[string]int // the same, the other way round
}

// newLayout reads the header row. defaults names the columns that the request itself answers.
func newLayout(header []string, defaults filter.Recipient) (*layout, error) {
	l := &layout{at: map[string]int{}}
	if err := checkSeparator(header); err != nil {
		return nil, err
	}
	for i, cell := range header {
		if !utf8.ValidString(cell) {
			return nil, bad("", "line 1: column %d: the name is not UTF-8: save the file as CSV UTF-8", i+1)
		}
		name := columnName(cell)
		switch {
		case name == "":
			return nil, bad("", "line 1: column %d has no name", i+1)
		case !slices.Contains(consentColumns, name) && !slices.Contains(evidenceColumns.names, name):
			return nil, bad(cell, "line 1: unknown column: want %s, and for evidence %s",
				strings.Join(consentColumns, ", "), strings.Join(evidenceColumns.names, ", "))
		}
		if j, twice := l.at[name]; twice {
			return nil, bad(cell, "line 1: columns %d and %d both mean %s", j+1, i+1, name)
		}
		l.at[name] = i
		l.names = append(l.names, name)
	}
	for _, must := range []struct{ name, given string }{{"address", ""}, {"state", ""}, {"channel", string(defaults.Channel)}} {
		if _, has := l.at[must.name]; !has && must.given == "" {
			return nil, bad(must.name, "line 1: the column %s is missing; the file has %s", must.name, strings.Join(l.names, ", "))
		}
	}
	return l, nil
}

func checkSeparator(header []string) error {
	separators := []string{";", "semicolons", "\t", "tabs", "|", "bars"}
	for i := 0; i < len(separators) && len(header) == 1; i += 2 {
		if strings.Contains(header[0], separators[i]) {
			return bad("", "line 1: the columns are separated by %s: want commas", separators[i+1])
		}
	}
	return nil
}

// columnName is the canonical name of a header cell: case, spaces and hyphens do not matter.
func columnName(cell string) string {
	name := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(cell)))
	if alias, ok := columnAliases[name]; ok {
		return alias
	}
	return name
}

// event reads one row. Its error is an *Error whose Field is the column.
func (l *layout) event(row []string, defaults filter.Recipient, region string) (filter.Event, error) {
	e := filter.Event{To: defaults}
	for i, name := range l.names {
		if !utf8.ValidString(row[i]) {
			return e, bad(name, "this is not UTF-8: save the file as CSV UTF-8")
		}
		if text := strings.TrimSpace(row[i]); text != "" {
			if err := setColumn(&e, name, text); err != nil {
				return e, err
			}
		}
	}
	if scientific(e.To.Address) {
		return e, bad("address", "%q is a number that a spreadsheet has rounded: format the column as text and export it again", e.To.Address)
	}
	to, err := canonical("", e.To, region)
	if err != nil {
		return e, err
	}
	if e.Note == "" && e.To.Address != to.Address {
		e.Note = "given as " + e.To.Address
	}
	e.To = to
	return e, nil
}

func setColumn(e *filter.Event, name, text string) error {
	var field any
	switch name {
	case "brand":
		field = &e.To.Brand
	case "channel":
		field, text = (*string)(&e.To.Channel), strings.ToLower(text)
	case "address":
		field = &e.To.Address
	case "scope":
		field = &e.Scope
	case "basis":
		field = &e.Basis
	case "time":
		field = &e.Time
	case "note":
		field = &e.Note
	case "state":
		kind, known := stateWords[strings.ReplaceAll(strings.ToLower(text), "_", "-")]
		if !known {
			return bad(name, "unknown state %q: want opted-in or opted-out", text)
		}
		e.Kind = kind
		return nil
	default:
		field = reflect.ValueOf(&e.Proof).Elem().Field(evidenceColumns.index[name]).Addr().Interface()
	}
	return readText(name, text, reflect.ValueOf(field).Elem())
}

// scientific reports whether text is a number as Excel writes a long one: 4.91512E+11.
func scientific(text string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToUpper(text), "E")
	return ok && mantissa != "" && strings.Trim(mantissa, "0123456789.,") == "" &&
		strings.Trim(exponent, "+0123456789") == ""
}

// checkEncoding looks at the first bytes of a file for what is no UTF-8 text at all.
func checkEncoding(head []byte) error {
	switch {
	case len(bytes.TrimSpace(bytes.TrimPrefix(head, utf8BOM))) == 0:
		return bad("", "line 1: the file is empty: want a header row with the columns address and state")
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return bad("", "line 1: the file is UTF-16: save it as CSV UTF-8")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return bad("", "line 1: the file is a workbook or an archive: save the sheet as CSV UTF-8")
	case bytes.IndexByte(head, 0) >= 0:
		return bad("", "line 1: the file is not text: save it as CSV UTF-8")
	}
	return nil
}

var utf8BOM = []byte("\xef\xbb\xbf")

// rowOf writes one fact of a record as a row of a consent file.
func rowOf(to filter.Recipient, kind filter.Kind, scope filter.Scope, basis filter.Basis, at time.Time) []string {
	row := []string{to.Brand, string(to.Channel), to.Address, kind.String(), "", "", at.UTC().Format(time.RFC3339Nano), ""}
	if kind != filter.Wrote {
		row[4] = scope.String()
	}
	if kind == filter.OptedIn {
		row[5] = basis.String()
	}
	return row
}

// describe names e for a person, without its address.
func describe(e *filter.Event) string {
	if e.Basis != filter.NoBasis {
		return fmt.Sprintf("%s %s (%s) on %s", e.Kind, e.Scope, e.Basis, moment(e.Time))
	}
	return fmt.Sprintf("%s %s on %s", e.Kind, e.Scope, moment(e.Time))
}
