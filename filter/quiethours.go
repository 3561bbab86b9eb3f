package filter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// QuietHours says which hours of the recipient's day are left in peace: the `quiet_hours` section of
// a policy. Without a preset and without rows there are none, and other keys are refused.
type QuietHours struct {
	// Preset is the table that rows are taken from, by its name in Tables. Empty: none.
	Preset string `yaml:"preset"`
	// Rows stand in for those of the preset about the same place.
	Rows []Hours `yaml:"rows"`
	// Categories are what the hours are for. Default: marketing.
	Categories []Category `yaml:"categories"`
	// Reschedule has the provider itself deliver a message later, where it can, instead of blocking it. All
	// rules and budgets must let it through both now and at that time, at which it counts.
	Reschedule bool `yaml:"reschedule"`
	// ExemptReplies lets through what goes to somebody whose customer service window is open.
	ExemptReplies bool `yaml:"exempt_replies"`
	// TrustPlace lets the place that a recipient stated stand in for the one that their number is from
	// where the two cannot both be true. Default: both count.
	TrustPlace bool `yaml:"trust_place"`
	// Zone is taken for recipients whose address does not tell where they are, as a page-scoped id.
	// Default: none, and they get nothing that the hours are for.
	Zone string `yaml:"zone"`

	// Tables is what comes with the program.
	Tables *HourTables `yaml:"-"`
}

// HourTables is the data that quiet hours go by. It is not changed once it is in use.
type HourTables struct {
	Presets   map[string][]Hours
	Places    []Place
	Postcodes []Postcodes
	Holidays  map[string]map[Date]bool // by country, or part of one that has days of its own
}

// quietHours blocks what would reach its recipient in hours that are left in peace. Where the
// recipient may be in several places or zones, all of them must be open.
type quietHours struct {
	applies [Categories]bool
	replies bool          // are exempt
	moves   bool          // to the next open moment what can be moved
	window  time.Duration // in which they are
	weeks   map[string]*week
	atlas   *atlas
	home    *time.Location
	known   *memo[*locality]
	spots   sync.Map // *locality by the name of the spot that a number is from
	trust   bool     // what was stated
}

func newQuietHours(cfg QuietHours, window time.Duration) (*quietHours, error) {
	q := &quietHours{replies: cfg.ExemptReplies, moves: cfg.Reschedule, trust: cfg.TrustPlace, window: window, weeks: map[string]*week{}}
	q.known = newMemo(q.locate)
	tables := cfg.Tables
	if tables == nil {
		tables = &HourTables{}
	}
	preset, found := tables.Presets[cfg.Preset]
	if cfg.Preset != "" && !found {
		return nil, fmt.Errorf("preset: unknown preset %q: want one of %s", cfg.Preset, strings.Join(slices.Sorted(maps.Keys(tables.Presets)), ", "))
	}
	var err error
	if q.atlas, err = newAtlas(tables.Places, tables.Postcodes); err != nil {
		return nil, err
	}
	if err := q.take(preset, tables, false); err != nil {
		return nil, fmt.Errorf("preset: %s%w", cfg.Preset, err)
	}
	if err := q.take(cfg.Rows, tables, true); err != nil {
		return nil, fmt.Errorf("rows%w", err)
	}
	categories := cfg.Categories
	if len(categories) == 0 {
		categories = []Category{Marketing}
	}
	for _, c := range categories {
		if c >= Categories {
			return nil, fmt.Errorf("categories: there is no category %s", c)
		}
		q.applies[c] = len(q.weeks) > 0
	}
	if cfg.Zone != "" {
		if q.home, err = location(cfg.Zone); err != nil {
			return nil, fmt.Errorf("zone: %w", err)
		}
	}
	if key := cfg.idle(); key != "" && len(q.weeks) == 0 {
		return nil, fmt.Errorf("%s: there are no hours to go by: want a preset or rows beside it", key)
	}
	return q, nil
}

// idle is a key that says nothing without hours; empty where there is none.
func (cfg *QuietHours) idle() string {
	return firstSet(setting{"categories", len(cfg.Categories) > 0}, setting{"reschedule", cfg.Reschedule},
		setting{"exempt_replies", cfg.ExemptReplies}, setting{"trust_place", cfg.TrustPlace}, setting{"zone", cfg.Zone != ""})
}

// take puts rows in place of those about the same places. Own rows are the policy's.
func (q *quietHours) take(rows []Hours, tables *HourTables, own bool) error {
	first := map[string]int{}
	for i := range rows {
		w, err := newWeek(rows[i], tables.Holidays)
		if err == nil {
			err = q.atlas.check(w.row.Place)
		}
		if err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
		place := w.row.Place
		if j, twice := first[place]; twice {
			return fmt.Errorf("[%d]: place: %s has its hours in row %d already", i, place, j)
		}
		first[place] = i
		if w.own = own; q.weeks[place] != nil {
			w.instead = &q.weeks[place].row
		}
		q.weeks[place] = w
	}
	return nil
}

func (*quietHours) Name() string { return "quiet-hours" }

// unforeseen reports whether it is left open what can be moved: some senders' messages can, as Movable says then.
func (q *quietHours) unforeseen(m *Message) bool {
	return q.moves && len(q.weeks) > 0 && m.From == "" && m.Movable
}

func (q *quietHours) Need(m *Message) Need {
	if q.applies[m.Category] {
		return NeedRecord // where they are may be in it
	}
	return NeedOptOut
}

func (q *quietHours) Judge(m *Message, r *Record, now time.Time) Decision {
	at := m.at(now)
	if !q.applies[m.Category] || q.replies && r.open(q.window, at) {
		return forward
	}
	l := q.known.of(m.To.Address, r.Place)
	c := l.closed.Load()
	if c == nil || at.Before(c.from) || !at.Before(c.end) {
		if l.open(at) {
			return forward
		}
		c = l.closure(at)
		l.closed.Store(c)
	}
	if q.moves && m.Movable {
		if slot := l.slot(c.until, now); !slot.IsZero() {
			return Decision{Action: Rewrite, Reason: InQuietHours, Until: slot, Edit: Edit{SendAt: slot}}
		}
	}
	d := block(InQuietHours)
	d.Until = c.until
	return d
}

// locate is where the recipient with this address may be, who stated where they are.
func (q *quietHours) locate(address, stated string) (l *locality, alike bool) {
	from, spots := q.atlas.spots(address, stated, q.trust)
	alike = !nobodys(address, from.country)
	if stated != "" {
		return q.localityOf(spots), alike
	}
	name := from.String()
	known, ok := q.spots.Load(name)
	if !ok {
		known, _ = q.spots.LoadOrStore(name, q.localityOf(spots))
	}
	return known.(*locality), alike
}

// localityOf is where somebody may be who is in one of spots.
func (q *quietHours) localityOf(spots []spot) *locality {
	l := &locality{}
	for _, at := range spots {
		for _, w := range q.weeksOf(at) {
			if !slices.Contains(l.weeks, w) {
				l.weeks = append(l.weeks, w)
			}
		}
		for _, zone := range at.zones {
			if !slices.ContainsFunc(l.zones, func(z *time.Location) bool { return z.String() == zone.String() }) {
				l.zones = append(l.zones, zone)
			}
		}
	}
	if len(l.zones) == 0 && q.home != nil {
		l.zones = []*time.Location{q.home}
	}
	return l
}

// weeksOf are the rows about a spot: one, or those of all parts of the country where it is none of them,
// or all there are where nobody knows the country and no row is about anywhere.
func (q *quietHours) weeksOf(at spot) (weeks []*week) {
	for _, place := range []string{at.place, at.country, "*"} {
		if w := q.weeks[place]; w != nil {
			weeks = append(weeks, w)
			break
		}
	}
	if at.place == at.country && at.country != "" { // which part of it is not known
		for name, w := range q.weeks {
			if strings.HasPrefix(name, at.country+"-") {
				weeks = append(weeks, w)
			}
		}
	}
	if at.country == "" && len(weeks) == 0 {
		weeks = slices.AppendSeq(weeks, maps.Values(q.weeks))
	}
	return weeks
}

// detail says in words what the rule goes by for m at a moment.
func (q *quietHours) detail(m *Message, r *Record, now time.Time) string {
	at := m.at(now)
	l := q.known.of(m.To.Address, r.Place)
	if !q.applies[m.Category] || len(l.weeks) == 0 {
		return ""
	}
	var rows, clocks []string
	for _, w := range l.weeks {
		rows = append(rows, w.describe())
	}
	for _, zone := range l.zones {
		clocks = append(clocks, at.In(zone).Format("15:04 on Monday 2 January")+" in "+zone.String())
	}
	if len(clocks) == 0 {
		clocks = []string{"the address tells no place, and quiet_hours.zone names none"}
	}
	slices.Sort(rows)
	text := fmt.Sprintf("open hours: %s; local time: %s", strings.Join(rows, "; "), strings.Join(clocks, ", "))
	if r.Place != "" {
		text += fmt.Sprintf("; the recipient stated on %s to be in %s", when(r.Placed), strings.ReplaceAll(r.Place, "|", " or "))
	}
	places, elsewhere := q.atlas.beside(m.To.Address, r.Place)
	elsewhere = elsewhere && !q.trust
	switch {
	case elsewhere && places == 1:
		text += ", and their number is from elsewhere: both count"
	case elsewhere:
		text += ", and their number is from elsewhere: all of them count"
	case strings.Contains(r.Place, "|"):
		text += ": all of them count"
	case places > 1:
		text += ", and their ZIP code is of elsewhere: both count"
	}
	return text
}
