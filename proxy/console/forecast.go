package console

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// PreflightOptions say what a list is judged as.
type PreflightOptions struct {
	Route    string
	Channel  filter.Channel   // empty: what the route mostly carries
	Region   string           // country of numbers without a country code; empty: the route's
	Category *filter.Category // what the header Sendgate-Category will claim; a row's own column comes first
	Topic    string           // likewise
	Campaign string
	From     string
	Service  string // messaging service beside From
	Template string
	Text     string
	At       time.Time // when it is going to be sent; zero: now
	Price    float64   // what one message costs
	Rows     bool      // every row is told, not those alone that cannot be read
	Full     bool      // with whole addresses: needs the role reviewer, and is logged
}

// A PreflightLine is one line of the answer to a preflight: about a row, or how far it is. The last
// one has Done, or Problem.
type PreflightLine struct {
	Row *PreflightRow `json:"row,omitempty"`

	Done    bool      `json:"done,omitempty"`
	Problem string    `json:"problem,omitempty"`
	Rows    int       `json:"rows,omitempty"`  // judged so far
	Bytes   int64     `json:"bytes,omitempty"` // of the list, so far
	Sum     *Forecast `json:"sum,omitempty"`   // with Done
}

// A PreflightRow is what would become of one row. Without an Action it could not be read, for the
// reason that Problem says.
type PreflightRow struct {
	Line    int       `json:"line"` // where the row starts in the file; the header is line 1
	To      string    `json:"to,omitempty"`
	Action  string    `json:"action,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Rule    string    `json:"rule,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Column  string    `json:"column,omitempty"` // that Problem is about
	Problem string    `json:"problem,omitempty"`
}

// A Forecast is what would become of a list.
type Forecast struct {
	Route     string    `json:"route"`
	At        time.Time `json:"at"` // when it is supposed to be sent
	Forward   int       `json:"forward"`
	Rewrite   int       `json:"rewrite"`
	Block     int       `json:"block"`
	Malformed int       `json:"malformed"` // rows that could not be read
	Repeated  int       `json:"repeated"`  // rows to somebody whom an earlier row was to

	Outcomes []Outcome `json:"outcomes"` // the most frequent first
	// Waiting tells who would get it later, by quarters of an hour, and Lacking what consent is
	// missing or has run out.
	Waiting []Wait `json:"waiting,omitempty"`
	Lacking []Lack `json:"lacking,omitempty"`

	// In the currency of the price: what is sent, what is blocked and would not be delivered any
	// better later, and what waits.
	Price     float64 `json:"price,omitempty"`
	Cost      float64 `json:"cost,omitempty"`
	Avoided   float64 `json:"avoided,omitempty"`
	Postponed float64 `json:"postponed,omitempty"`

	// Unforeseen are the rules of the route that go by more than was given of the messages.
	Unforeseen []string `json:"unforeseen,omitempty"`
	Notes      []string `json:"notes,omitempty"` // what to know about the route
}

// An Outcome is what becomes of some rows alike.
type Outcome struct {
	Action filter.Action `json:"action"`
	Reason filter.Reason `json:"reason"`
	Rule   string        `json:"rule,omitempty"`
	Rows   int           `json:"rows"`
}

// A Wait is rows that would go out from a moment on.
type Wait struct {
	Until time.Time `json:"until"`
	Rows  int       `json:"rows"`
}

// A Lack is rows without the consent that messages of a category and topic need.
type Lack struct {
	Category filter.Category `json:"category"`
	Topic    string          `json:"topic,omitempty"`
	Rows     int             `json:"rows"`
	Expired  int             `json:"expired"` // of them, those whose consent has run out
}

const (
	// waitStep is what Waiting is rounded up to: all time zones and all quiet hours lie on it.
	waitStep = 15 * time.Minute
	// mostPeople bounds how many recipients are remembered to find repetitions.
	mostPeople = 16 << 20
)

// A forecast is a Forecast while rows are added.
type forecast struct {
	Forecast
	outcomes map[Outcome]int
	waiting  map[time.Time]int
	lacking  map[Lack][2]int // without rows: how many, and how many expired
	seed     maphash.Seed
	people   map[uint64]struct{}
}

func newForecast(opt *PreflightOptions, notes []string) *forecast {
	return &forecast{Forecast: Forecast{Route: opt.Route, Price: opt.Price, Notes: notes}, outcomes: map[Outcome]int{}, waiting: map[time.Time]int{},
		lacking: map[Lack][2]int{}, seed: maphash.MakeSeed(), people: map[uint64]struct{}{}}
}

// unforeseen notes which rules were judged without what they go by.
func (f *forecast) unforeseen(rules []string) {
	if len(rules) == 0 {
		return
	}
	f.Unforeseen = rules
	f.Notes = append(f.Notes, "more than was given (from, template, text) decides what these rules would do, and is not foreseen: "+strings.Join(rules, ", "))
}

// add takes in what would become of m.
func (f *forecast) add(m *filter.Message, d *filter.Decision) {
	switch d.Action {
	case filter.Forward:
		f.Forward++
	case filter.Rewrite:
		f.Rewrite++
	default:
		f.Block++
	}
	f.outcomes[Outcome{Action: d.Action, Reason: d.Reason, Rule: d.Rule}]++
	if !d.Until.IsZero() && d.Action == filter.Block {
		f.waiting[d.Until.Add(waitStep-1).Truncate(waitStep).UTC()]++
	}
	if expired := d.Reason == filter.ConsentExpired; expired || d.Reason == filter.NoConsent {
		k := Lack{Category: m.Category, Topic: m.Topic}
		n := f.lacking[k]
		if n[0]++; expired {
			n[1]++
		}
		f.lacking[k] = n
	}
	if len(f.people) >= mostPeople || m.To.Address == "" {
		return
	}
	before := len(f.people)
	f.people[maphash.Comparable(f.seed, m.To)] = struct{}{}
	if len(f.people) == before {
		f.Repeated++
	}
}

// told is the forecast in full.
func (f *forecast) told() *Forecast {
	sum := &f.Forecast
	waits := 0
	for o, n := range f.outcomes {
		o.Rows = n
		sum.Outcomes = append(sum.Outcomes, o)
	}
	for until, n := range f.waiting {
		sum.Waiting = append(sum.Waiting, Wait{until, n})
		waits += n
	}
	for l, n := range f.lacking {
		l.Rows, l.Expired = n[0], n[1]
		sum.Lacking = append(sum.Lacking, l)
	}
	slices.SortFunc(sum.Outcomes, func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Reason, b.Reason), strings.Compare(a.Rule, b.Rule))
	})
	slices.SortFunc(sum.Waiting, func(a, b Wait) int { return a.Until.Compare(b.Until) })
	slices.SortFunc(sum.Lacking, func(a, b Lack) int { return cmp.Or(cmp.Compare(b.Rows, a.Rows), strings.Compare(a.Topic, b.Topic)) })
	sum.Cost = sum.Price * float64(sum.Forward+sum.Rewrite)
	sum.Postponed = sum.Price * float64(waits)
	sum.Avoided = sum.Price * float64(sum.Block-waits)
	if len(f.people) >= mostPeople {
		sum.Notes = append(sum.Notes, "the list is so long that repetitions near its end were not looked for")
	}
	return sum
}
