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
// scheduled counts at the time of its delivery, and is held against what is due before and after it.
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
	Presets map[string][]Cap
	Places  []Place
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
	// Place limits the row to numbers from a country in ISO 3166, such as FR, or from a part of one, such as
	// US-TX. It also counts for numbers of that country that do not tell which part, and for addresses
	// that do not tell the country. Left out or "*": anywhere.
	Place string `yaml:"place" json:"place,omitempty"`

	// Source, Reviewed and Confidence are as in [Expiry].
	Source     string `yaml:"source" json:"source,omitempty"`
	Reviewed   string `yaml:"reviewed" json:"reviewed,omitempty"`
	Confidence string `yaml:"confidence" json:"confidence,omitempty"`
}

// A ceiling is a Cap made ready.
type ceiling struct {
	quota
	row Cap
}

func newCeiling(row Cap) (*ceiling, error) {
	switch {
	case row.Most < 1:
		return nil, fmt.Errorf("most: %d: want at least one message", row.Most)
	case row.Within < time.Second || row.Within > longestWithin:
		return nil, fmt.Errorf("within: %s: want between a second and %d hours", row.Within, longestWithin/time.Hour)
	case row.Category != nil && *row.Category >= Categories:
		return nil, fmt.Errorf("category: there is no category %s", *row.Category)
	}
	if row.Place == "*" {
		row.Place = ""
	}
	if row.Place != "" {
		if err := checkPlace(row.Place, false); err != nil {
			return nil, err
		}
	}
	if err := checkReview(row.Reviewed, row.Confidence); err != nil {
		return nil, err
	}
	c := &ceiling{row: row, quota: quota{most: row.Most, within: row.Within, only: allButCodes, topic: row.SameTopic || row.Topic != ""}}
	if row.Topic != "" {
		c.only = [Categories]bool{true, true, true, true}
	}
	if row.Category != nil {
		c.only = [Categories]bool{}
		c.only[*row.Category] = true
	}
	return c, nil
}

// applies reports whether c is about m, wherever its recipient is.
func (c *ceiling) applies(m *Message) bool {
	return c.only[m.Category] && (c.row.Topic == "" || c.row.Topic == m.Topic)
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
	f.atlas, err = newAtlas(tables.Places, nil)
	f.placed = newMemo(f.locate)
	return f, err
}

// locate lists the rows for whoever has an address: whose caps bind is asked before their record is read.
func (f *frequency) locate(address, _ string) (rows []*ceiling, alike bool) {
	place, country := f.atlas.where(address)
	for _, c := range f.rows {
		at := c.row.Place
		if at == "" || at == place || at == country || country == "" || place == country && strings.HasPrefix(at, country+"-") {
			rows = append(rows, c)
		}
	}
	return rows, !nobodys(address, country)
}

// of lists the rows for the recipient of m.
func (f *frequency) of(m *Message) []*ceiling {
	if f.placed == nil {
		return f.rows
	}
	return f.placed.of(m.To.Address, "")
}

func (*frequency) Name() string { return "cap" }

func (f *frequency) Need(m *Message) Need {
	for _, c := range f.of(m) {
		if c.applies(m) {
			return NeedTally
		}
	}
	return NeedOptOut
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
		for _, c := range f.of(m) {
			if !c.applies(m) {
				continue
			}
			if free := c.free(r.Tally, due); free.After(due) {
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
	n := 0
	for i := range r.Tally {
		if s := &r.Tally[i]; c.counts(s) && s.At.After(due.Add(-c.within)) && s.At.Before(due.Add(c.within)) {
			n++
		}
	}
	return fmt.Sprintf("%s; %d counted within that time of %s; there is room from %s on", c.row.describe(), n, when(due), when(until))
}

// describe is a row in words, with its source.
func (c *Cap) describe() string {
	text := fmt.Sprintf("at most %d", c.Most)
	if c.Category != nil {
		text += " " + c.Category.String()
	}
	if c.Topic != "" {
		text += " of topic " + c.Topic
	}
	if c.SameTopic {
		text += " of one topic"
	}
	text += " in " + spell(c.Within)
	if c.Place != "" {
		text += " to " + c.Place
	}
	if c.Source == "" {
		return text + ", by this gate's own configuration"
	}
	return text + cite(c.Source, c.Reviewed, c.Confidence)
}

// spell writes a duration without the units that are nothing: 24h and not 24h0m0s.
func spell(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
