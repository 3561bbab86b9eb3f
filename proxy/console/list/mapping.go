package list

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
)

// A Mapping says what a consent file means: which column holds what, and what its words stand for.
// A preset is a Mapping that comes with the program; a mapping file adds to one. Names of columns,
// and the words in Values and Tags, are compared without regard to case; in names of columns
// spaces and hyphens count as underscores.
type Mapping struct {
	About  string `yaml:"about"`
	Source string `yaml:"source"` // URL of where the form of the file is described

	// Header is false for a file without a header row, whose columns are called 1, 2, …
	Header *bool `yaml:"header"`
	// Titled says of such a file that its first row may be a header all the same, and is one where there is neither a
	// digit in it, nor an at sign, nor an address: then it is passed over.
	Titled bool `yaml:"titled"`
	// Columns says what a column holds:
	//
	//	address, brand, channel, state, scope, basis, time, note, and the fields of filter.Evidence
	//	location      where the recipient is, as [filter.ParsePlace] reads it; else a note. A country is also that
	//	              of a number without a country code. With a number of +1, a state need not have its country in
	//	              front; letters that are a state's and a country's, as CA, count as both, and a number
	//	              without a country code is of the country that the request names. The report says so
	//	country, part, postcode, time_zone   the same, in several columns. A country there is that of a number
	//	              without a country code, whatever the request names
	//	tags          tags, which Tags gives a meaning
	//	state:SCOPE   the state of one scope, as in state:marketing or state:topic:offers
	//	time:SCOPE    the time of that
	//	-             nothing
	//
	// A note of several columns is joined.
	Columns map[string]string `yaml:"columns"`
	// Aliases are further columns, which Exact does not ask for.
	Aliases map[string]string `yaml:"aliases"`
	// Others is how columns in neither are read: field (by the name of what they hold), known (the
	// same, and what is no field holds nothing), scope (the same, and what is no field holds the
	// state of the category or topic it is named after), ignore, or refuse (the default).
	Others string `yaml:"others"`
	// Exact refuses a file that does not have all of Columns, and no others.
	Exact bool `yaml:"exact"`
	// Needs are fields that a column, Set or the request must give; Asks are fields that Set or the
	// request must give.
	Needs []string `yaml:"needs"`
	Asks  []string `yaml:"asks"`
	// Set is what a row holds that does not say otherwise.
	Set map[string]string `yaml:"set"`
	// Values translates, by field, what a cell says; "*" is everything else, and a value of "-" says
	// nothing. A row whose state says nothing is passed over.
	Values map[string]map[string]string `yaml:"values"`
	// Tags says what a tag means: a scope, with "opted-out " in front where it is an opt-out.
	Tags map[string]string `yaml:"tags"`
}

//go:embed presets.yaml
var presetsText []byte

var presets = sync.OnceValues(func() (map[string]Mapping, error) {
	var all map[string]Mapping
	if err := yaml.UnmarshalWithOptions(presetsText, &all, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("reading the embedded presets.yaml: %w", err)
	}
	return all, nil
})

// Presets are the names of the presets, in alphabetical order.
func Presets() []string {
	all, _ := presets() // a test reads them
	return slices.Sorted(maps.Keys(all))
}

// About is what a preset reads, as a sentence.
func About(name string) string {
	all, _ := presets()
	return all[name].About
}

// longestMapping bounds a mapping file, in bytes.
const longestMapping = 64 << 10

// NewMapping is the preset of that name, default where it is empty, with what the mapping file text
// adds, and the tags and constants that the request gives as name=value.
func NewMapping(preset, text string, tags, set []string) (Mapping, error) {
	if preset == "" {
		preset = "default"
	}
	all, err := presets()
	if err != nil {
		return Mapping{}, err
	}
	m, ok := all[preset]
	if !ok {
		return Mapping{}, input.Errorf("preset", "unknown preset %q: want one of %s", preset, strings.Join(Presets(), ", "))
	}
	if len(text) > longestMapping {
		return Mapping{}, input.Errorf("mapping", "%d bytes are too many: want at most %d", len(text), longestMapping)
	}
	var own Mapping
	if at, how := input.Endless([]byte(text)); at != nil {
		return Mapping{}, input.Errorf("mapping", "line %d: %s, as in no mapping", at.Line, how)
	}
	if text != "" { // JSON is YAML too
		if err := yaml.UnmarshalWithOptions([]byte(text), &own, yaml.Strict()); err != nil {
			return Mapping{}, input.Errorf("mapping", "this is no mapping: %s", yaml.FormatError(err, false, false))
		}
	}
	m = m.with(own)
	for param, pairs := range map[string]struct {
		list []string
		into map[string]string
	}{"map": {tags, m.Tags}, "set": {set, m.Set}} {
		for _, pair := range pairs.list {
			i := strings.LastIndexByte(pair, '=')
			if param == "set" {
				i = strings.IndexByte(pair, '=')
			}
			if i < 1 {
				return Mapping{}, input.Errorf(param, "%q: want NAME=VALUE", pair)
			}
			pairs.into[strings.TrimSpace(pair[:i])] = strings.TrimSpace(pair[i+1:])
		}
	}
	return m, m.check()
}

// with is m with what o adds. Neither is changed.
func (m Mapping) with(o Mapping) Mapping {
	both := func(a, b map[string]string) map[string]string {
		all := maps.Clone(a)
		if all == nil {
			all = map[string]string{}
		}
		maps.Copy(all, b)
		return all
	}
	m.Columns, m.Aliases = both(m.Columns, o.Columns), both(m.Aliases, o.Aliases)
	m.Set, m.Tags = both(m.Set, o.Set), both(m.Tags, o.Tags)
	values := map[string]map[string]string{}
	for _, field := range append(slices.Collect(maps.Keys(m.Values)), slices.Collect(maps.Keys(o.Values))...) {
		values[field] = both(m.Values[field], o.Values[field])
	}
	m.Values = values
	if o.Header != nil {
		m.Header = o.Header
	}
	if o.Others != "" {
		m.Others = o.Others
	}
	m.Exact, m.Titled = m.Exact || o.Exact, m.Titled || o.Titled
	m.Needs, m.Asks = append(slices.Clone(m.Needs), o.Needs...), append(slices.Clone(m.Asks), o.Asks...)
	return m
}

func (m Mapping) check() error {
	if !slices.Contains([]string{"", "field", "known", "scope", "ignore", "refuse"}, m.Others) {
		return input.Errorf("mapping", "others: unknown word %q: want field, known, scope, ignore or refuse", m.Others)
	}
	for _, columns := range []map[string]string{m.Columns, m.Aliases} {
		for name, target := range columns {
			if _, err := newColumn(target); err != nil {
				return input.Errorf("mapping", "columns: %s: %v", name, err)
			}
		}
	}
	for field, text := range m.Set {
		if !isField(field) {
			return input.Errorf("set", "unknown field %q: want %s", field, fieldList())
		}
		if err := setField(&filter.Event{}, field, text); err != nil {
			return input.Errorf("set", "%s: %v", field, err.(*input.Error).Message)
		}
	}
	for field := range m.Values {
		if !isField(field) {
			return input.Errorf("mapping", "values: unknown field %q: want %s", field, fieldList())
		}
	}
	for tag, meaning := range m.Tags {
		if _, err := parseTag(meaning); err != nil {
			return input.Errorf("map", "tag %q: %v", tag, err)
		}
	}
	return nil
}

// A tagMeaning is what a tag stands for.
type tagMeaning struct {
	kind  filter.Kind
	scope filter.Scope
}

func parseTag(text string) (tagMeaning, error) {
	meaning := tagMeaning{kind: filter.OptedIn}
	if state, scope, two := strings.Cut(text, " "); two {
		kind, known := stateWords[state]
		if !known {
			return meaning, fmt.Errorf("unknown state %q: want opted-in or opted-out", state)
		}
		meaning.kind, text = kind, scope
	}
	return meaning, meaning.scope.UnmarshalText([]byte(text))
}

// A column is what one column of a file holds.
type column struct {
	name   string // as the file has it
	field  string // "" for nothing
	scoped bool   // field belongs to one scope alone
	scope  filter.Scope
}

func newColumn(target string) (column, error) {
	if target == "-" {
		return column{}, nil
	}
	field, scope, scoped := strings.Cut(target, ":")
	if !isField(field) && field != "location" && field != "tags" && !slices.Contains(placeColumns, field) || scoped && field != "state" && field != "time" {
		return column{}, fmt.Errorf("unknown target %q: want %s, location, country, part, postcode, time_zone, tags, state:SCOPE, time:SCOPE or -", target, fieldList())
	}
	c := column{field: field, scoped: scoped}
	return c, c.scope.UnmarshalText([]byte(scope))
}
