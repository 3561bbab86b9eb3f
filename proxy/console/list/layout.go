package list

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
)

// The columns of a consent file, in the order in which an export writes them. An import also
// understands one column for each field of [filter.Evidence], under its JSON name.
var consentColumns = []string{"brand", "channel", "address", "state", "scope", "basis", "time", "note"}

// A Layout knows which column of a file holds what. It belongs to one reader of rows.
type Layout struct {
	as      Reading
	columns []column
	base    filter.Event // what a row says that does not say otherwise
	values  map[string]map[string]string
	tags    map[string]tagMeaning
	several bool // a row may say several things
	notes   int  // columns that make up the note
	said    []Statement
	remark  Remark // about the row that was read
	unread  error  // an *[input.Error] about the first cell that goes with what the row says and does not read
	instead string // what such cells say
}

// newLayout reads the header row.
func newLayout(header []string, as Reading) (*Layout, error) {
	m := as.Mapping
	l := &Layout{as: as, values: map[string]map[string]string{}, tags: map[string]tagMeaning{}}
	l.base.To = as.Defaults
	for field, text := range m.Set {
		if err := setField(&l.base, field, text); err != nil {
			return nil, err
		}
	}
	for field, words := range m.Values {
		l.values[field] = map[string]string{}
		for word, means := range words {
			l.values[field][strings.ToLower(word)] = means
		}
	}
	for tag, text := range m.Tags {
		meaning, err := parseTag(text)
		if err != nil {
			return nil, input.Errorf("map", "tag %q: %v", tag, err)
		}
		l.tags[strings.ToLower(tag)] = meaning
	}
	for _, field := range m.Asks {
		if !l.given(field) {
			return nil, input.Errorf(field, "missing: this kind of file does not say it")
		}
	}
	return l, l.readHeader(header)
}

// given reports whether the request or the mapping says what field is.
func (l *Layout) given(field string) bool {
	_, set := l.as.Mapping.Set[field]
	return set || field == "channel" && l.base.To.Channel != "" || field == "brand" && l.base.To.Brand != ""
}

func (l *Layout) readHeader(header []string) error {
	targets, names := map[string]string{}, map[string]bool{}
	for _, columns := range []map[string]string{l.as.Mapping.Aliases, l.as.Mapping.Columns} {
		for name, target := range columns {
			targets[ColumnName(name)] = target
		}
	}
	for _, cell := range header {
		names[ColumnName(cell)] = true
	}
	place := map[string]int{} // of the column with a meaning that only one can have
	var known []string
	for i, cell := range header {
		if !utf8.ValidString(cell) {
			return input.Errorf("", "line 1: column %d: the name is not UTF-8: save the file as CSV UTF-8", i+1)
		}
		if ColumnName(cell) == "" {
			return input.Errorf("", "line 1: column %d has no name", i+1)
		}
		c, err := l.column(cell, targets, names)
		if err != nil {
			return err
		}
		c.name = cell
		l.columns = append(l.columns, c)
		meaning := c.field
		if c.scoped {
			meaning += ":" + c.scope.String()
		}
		if j, twice := place[meaning]; twice {
			return input.Errorf(cell, "line 1: columns %d and %d both mean %s", j, i+1, meaning)
		}
		if meaning != "" && meaning != "note" {
			place[meaning] = i + 1
		}
		if meaning != "" {
			known = append(known, meaning)
		}
		l.several = l.several || c.scoped && c.field == "state" || c.field == "tags"
		if c.field == "note" {
			l.notes++
		}
	}
	return l.complete(names, place, known)
}

// complete checks that the file has the columns it must have.
func (l *Layout) complete(names map[string]bool, place map[string]int, known []string) error {
	if l.as.Mapping.Exact {
		for name := range l.as.Mapping.Columns {
			if !names[ColumnName(name)] {
				return input.Errorf(name, "line 1: the column %s is missing", name)
			}
		}
	}
	for _, field := range l.as.Mapping.Needs {
		if _, has := place[field]; !has && !l.given(field) {
			return input.Errorf(field, "line 1: the column %s is missing; the file has %s", field, strings.Join(known, ", "))
		}
	}
	return nil
}

// column finds out what the column called cell holds.
func (l *Layout) column(cell string, targets map[string]string, names map[string]bool) (column, error) {
	name := ColumnName(cell)
	if target, ok := targets[name]; ok {
		return newColumn(target)
	}
	if isField(name) && (l.as.Mapping.Others == "field" || l.as.Mapping.Others == "known" || l.as.Mapping.Others == "scope") {
		return newColumn(name)
	}
	switch l.as.Mapping.Others {
	case "known", "ignore":
		return column{}, nil
	case "field":
		return column{}, input.Errorf(cell, "line 1: unknown column: want %s, and for evidence %s",
			strings.Join(consentColumns, ", "), strings.Join(evidenceColumns.Names, ", "))
	case "scope":
		c := column{field: "state", scoped: true}
		for _, end := range []string{"_date", "_time"} {
			if of, ok := strings.CutSuffix(name, end); ok && names[of] {
				name, c.field = of, "time"
			}
		}
		var err error
		c.scope, err = l.scope(name)
		if err != nil {
			return c, input.Errorf(cell, "line 1: %v", err)
		}
		return c, nil
	}
	return column{}, input.Errorf(cell, "line 1: unknown column: want %s", strings.Join(sortedKeys(l.as.Mapping.Columns), ", "))
}

// scope is what a column that is called after a category or a topic is about.
func (l *Layout) scope(name string) (filter.Scope, error) {
	var scope filter.Scope
	if scope.UnmarshalText([]byte(name)) == nil {
		return scope, nil
	}
	for topic := range l.as.Topics {
		if ColumnName(topic) == name {
			return filter.OfTopic(topic), nil
		}
	}
	if l.as.Topics != nil {
		return scope, fmt.Errorf("unknown column: want a category, a topic of the brand (%s), or a mapping that says what it is",
			strings.Join(sortedKeys(l.as.Topics), ", "))
	}
	return filter.OfTopic(strings.ReplaceAll(name, "_", "-")), nil
}

// ColumnName is the canonical name of a header cell: case, spaces and hyphens do not matter.
func ColumnName(cell string) string {
	return strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(cell)))
}

// common is the event that every statement of a row begins with.
func (l *Layout) common(row []string) (filter.Event, error) {
	e, location := l.base, ""
	var where [4]string // as in placeColumns
	for i, c := range l.columns {
		if !utf8.ValidString(row[i]) {
			return e, input.Errorf(ColumnName(c.name), "this is not UTF-8: save the file as CSV UTF-8")
		}
		if c.field == "" || c.scoped || c.field == "tags" {
			continue
		}
		text, says := l.translate(c.field, row[i])
		switch {
		case !says && c.field == "state" && l.values["state"] != nil:
			e.Kind = silent
		case !says:
		case slices.Contains(placeColumns, c.field):
			where[slices.Index(placeColumns, c.field)] = text
		case c.field == "location":
			location, l.remark.Column = text, ColumnName(c.name)
			fallthrough
		case c.field == "note" && l.notes > 1, c.field == "note" && ColumnName(c.name) != "note":
			e.Note = strings.TrimPrefix(e.Note+"; "+c.name+" "+text, "; ")
		default:
			switch err := setField(&e, c.field, text); {
			case err == nil:
			case !slices.Contains(evidenceColumns.Names, c.field) && c.field != "basis":
				return e, err
			default:
				l.unread = cmp.Or(l.unread, err)
				l.instead += "; " + c.field + " given as " + text
			}
		}
	}
	region := regionOf(location, l.as.Region, e.To.Address)
	if where[0] != "" {
		region = where[0]
	}
	given := e.To.Address
	if err := l.address(&e, region); err != nil {
		return e, err
	}
	if location != "" && e.Proof.Place == "" {
		e.Proof.Place, l.remark.Text = locate(e.To.Address, location)
	}
	place(&e, where)
	if l.remark.Text == "" && guessed(given, &e.To) {
		l.remark = Remark{"address", fmt.Sprintf("read as one of %s, where no such number is known to be in use: does it belong to another country?", strings.ToUpper(region))}
	}
	return e, nil
}

// translate is what a cell says, and whether it says anything.
func (l *Layout) translate(field, cell string) (text string, says bool) {
	text = strings.TrimSpace(cell)
	if words := l.values[field]; words != nil {
		if means, ok := words[strings.ToLower(text)]; ok {
			text = means
		} else if means, ok := words["*"]; ok {
			text = means
		}
		return text, text != "" && text != "-"
	}
	return text, text != ""
}
