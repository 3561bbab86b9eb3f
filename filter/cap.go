package filter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Caps say how many messages a recipient gets at most: the `caps` section of a policy. All rows that fit
// a message count, and the most restrictive wins. Without a preset and without rows there are none.
//
// A recipient is counted as one brand writes to them on one channel, over all routes of the brand whose
// policy caps the message. What was really sent counts, or may have been: see the gate. A message that is
// scheduled counts at the time of its delivery, and is held against what is due before and after it. One
// with several topics counts under each of them, and once where topics do not matter. A message that goes
// in the stead of another to the same recipient does not count beside that one.
//
// Where a recipient is follows from their number and from what they stated, as for [QuietHours]. Where the
// two cannot both be true, the rows about either count. What no rule counted when it was sent is not known,
// so that the cap of a place that somebody states may begin with what is sent from then on.
type Caps struct {
	// Preset is the table that rows are taken from, by its name in Tables. Empty: none.
	Preset string `yaml:"preset"`
	// Rows are further caps. Those that name a place stand in for the preset's rows about that place.
	Rows []Cap `yaml:"rows"`

	// Tables is what comes with the program.
	Tables *CapTables `yaml:"-"`
}

// CapTables is the data that caps go by. It is not changed once it is in use.
type CapTables struct {
	Presets   map[string][]Cap
	Places    []Place
	Postcodes []Postcodes
}

// A Cap is the most messages within any time of a length: one row of a table that is data, with its source.
type Cap struct {
	// Most messages are sent, at least 1, Within any time of that length, from a second to 8784h.
	Most   int           `yaml:"most" json:"most"`
	Within time.Duration `yaml:"within" json:"within"`
	// Category limits the row to messages of one category, and Topic to those of one of the brand's
	// topics. Without either the row is about all messages but authentication.
	Category *Category `yaml:"category" json:"category,omitempty"`
	Topic    string    `yaml:"topic" json:"topic,omitempty"`
	// SameTopic counts each topic for itself, as laws do that speak of messages on the same subject.
	// Messages without a topic are about one subject.
	SameTopic bool `yaml:"same_topic" json:"same_topic,omitempty"`
	// Place limits the row to people in a country in ISO 3166, such as FR, or in a part of one, such as
	// US-TX. It also counts for those of whom it is known that they are in that country and not in which
	// part, or nothing. Left out or "*": anywhere.
	Place string `yaml:"place" json:"place,omitempty"`

	// Source, Reviewed and Confidence are as in [Expiry].
	Source     string `yaml:"source" json:"source,omitempty"`
	Reviewed   string `yaml:"reviewed" json:"reviewed,omitempty"`
	Confidence string `yaml:"confidence" json:"confidence,omitempty"`
}

// frequency blocks what would be one message too many for its recipient.
type frequency struct {
	rows   []*ceiling
	atlas  *atlas
	placed *memo[[]*ceiling] // rows by where the recipient may be; nil where no row names a place
}

func newFrequency(cfg Caps) (*frequency, error) {
	f := &frequency{}
	tables := cfg.Tables
	if tables == nil {
		tables = &CapTables{}
	}
	preset, found := tables.Presets[cfg.Preset]
	if cfg.Preset != "" && !found {
		return nil, fmt.Errorf("preset: unknown preset %q: want one of %s", cfg.Preset, strings.Join(slices.Sorted(maps.Keys(tables.Presets)), ", "))
	}
	own := map[string]bool{}
	places := false
	for i, row := range cfg.Rows {
		c, err := newCeiling(row)
		if err != nil {
			return nil, fmt.Errorf("rows[%d]: %w", i, err)
		}
		f.rows = append(f.rows, c)
		own[c.row.Place] = c.row.Place != ""
		places = places || own[c.row.Place]
	}
	for i, row := range preset {
		c, err := newCeiling(row)
		if err != nil {
			return nil, fmt.Errorf("preset: %s[%d]: %w", cfg.Preset, i, err)
		}
		if !own[c.row.Place] {
			f.rows = append(f.rows, c)
			places = places || c.row.Place != ""
		}
	}
	if !places {
		return f, nil
	}
	var err error
	if f.atlas, err = newAtlas(tables.Places, tables.Postcodes); err != nil {
		return nil, err
	}
	for i := range cfg.Rows {
		if err := f.atlas.check(f.rows[i].row.Place); err != nil {
			return nil, fmt.Errorf("rows[%d]: %w", i, err)
		}
	}
	f.placed = newMemo(f.locate)
	return f, nil
}

// locate lists the rows for whoever has an address and stated where they are.
func (f *frequency) locate(address, stated string) (rows []*ceiling, alike bool) {
	number, spots := f.atlas.spots(address, stated, false)
	for _, c := range f.rows {
		if slices.ContainsFunc(spots, c.binds) {
			rows = append(rows, c)
		}
	}
	return rows, !nobodys(address, number.country)
}

// of lists the rows for the recipient of m.
func (f *frequency) of(m *Message, r *Record) []*ceiling {
	if f.placed == nil {
		return f.rows
	}
	return f.placed.of(m.To.Address, r.Place)
}

func (*frequency) Name() string { return "cap" }

// Need is the tally too where a row may be about m: whom the row of a place is for is in the record.
func (f *frequency) Need(m *Message) Need {
	for _, c := range f.rows {
		if c.applies(m) {
			return NeedTally
		}
	}
	return NeedOptOut
}

func (f *frequency) tallies(m *Message, r *Record) bool {
	for _, c := range f.of(m, r) {
		if c.applies(m) {
			return true
		}
	}
	return false
}

func (f *frequency) lookback() (longest time.Duration) {
	for _, c := range f.rows {
		longest = max(longest, c.within)
	}
	return longest
}

func (f *frequency) Judge(m *Message, r *Record, now time.Time) Decision {
	until, c := f.until(m, r, m.Due(now))
	if c == nil {
		return forward
	}
	d := block(CapReached)
	d.Until = until
	return d
}

// until is the first moment from due on at which no row objects, and the row that leaves none earlier;
// nil where none objects.
func (f *frequency) until(m *Message, r *Record, due time.Time) (time.Time, *ceiling) {
	var by *ceiling
	for before := (time.Time{}); !before.Equal(due); {
		before = due
		for _, c := range f.of(m, r) {
			if free := c.room(m, r.Tally, due); free.After(due) {
				due, by = free, c
			}
		}
	}
	return due, by
}

// detail says in words what the rule goes by for m at a moment.
func (f *frequency) detail(m *Message, r *Record, now time.Time) string {
	due := m.Due(now)
	until, c := f.until(m, r, due)
	if c == nil {
		return ""
	}
	text := fmt.Sprintf("%s; %d counted within that time of %s; there is room from %s on", c.row.describe(), c.counted(m, r.Tally, due), when(due), when(until))
	if c.row.Place != "" && r.Place != "" {
		text += fmt.Sprintf("; the recipient stated on %s to be in %s", when(r.Placed), r.Place)
	}
	return text
}
