package configs

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// TestRuleCases tries the rules on the cases below filter/testdata: a folder a rule, in any number of
// files. It stands here and not beside them because here the rules meet their configuration as people
// write it and the data that ships.
func TestRuleCases(t *testing.T) {
	for file, cases := range caseFiles(t) {
		rule := filepath.Base(filepath.Dir(file))
		t.Run(rule+"/"+strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.Case, func(t *testing.T) { tryCase(t, &c) })
			}
			if !slices.ContainsFunc(cases, func(c ruleCase) bool { return c.Want.rule == rule }) {
				t.Errorf("in no case is it the rule %s that decides", rule)
			}
		})
	}
}

// caseFiles are the cases of all rules, by file.
func caseFiles(t *testing.T) map[string][]ruleCase {
	t.Helper()
	files, err := filepath.Glob("../filter/testdata/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no cases: %v", err)
	}
	all := map[string][]ruleCase{}
	for _, file := range files {
		all[file] = readCases(t, file)
	}
	return all
}

func tryCase(t *testing.T, c *ruleCase) {
	policy, err := filter.New(c.Policy)
	if err != nil {
		t.Fatal(err)
	}
	m, r := c.message(), c.record()
	c.count(t, policy, &m, &r)
	d := policy.Decide(&m, &r, c.now())
	passesUntil(t, policy, m, &r, &d, c.now())
	held := c.switches().Holding(c.Route, &m, c.now())
	if held != nil {
		d = held.Decision()
	}
	if got := (caseWant{d.Action, d.Reason, d.Rule}); got != c.Want {
		t.Errorf("got %s, want %s", got, c.Want)
	}
	if c.Until.given && !d.Until.Equal(c.Until.Time) {
		t.Errorf("it would pass from %s on, want %s", when(d.Until), when(c.Until.Time))
	}
	if d.Edit.Footer != c.Footer || !d.Edit.SendAt.Equal(c.Moved.Time) {
		t.Errorf("the edit is %+v, want the footer %q and the time %s", d.Edit, c.Footer, when(c.Moved.Time))
	}
	// There is always something to tell, and it never speaks of a consent that is missing where one
	// carried the message.
	why := policy.Why(&m, &r, &d, c.now())
	if held != nil {
		why = held.String()
	}
	if why == "" || strings.Contains(why, "on record: ") != (d.Rule == "consent") {
		t.Errorf("it goes by %q", why)
	}
	for _, words := range c.Explain {
		if !strings.Contains(why, words) {
			t.Errorf("%q does not say %q", why, words)
		}
	}
	if held == nil && policy.Need(&m) == filter.NeedOptOut && !r.EverOptedOut() {
		// The rules ask for no more than the opt-outs, so a stranger's record must do.
		if again := policy.Decide(&m, &filter.Record{}, c.now()); again != d {
			t.Errorf("with opt-outs alone it is %+v, and with all %+v", again, d)
		}
	}
}

func when(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.UTC().Format("2006-01-02 15:04:05 Z")
}

// ruled are the statements of the guides to consent that say what must happen to a message, by their
// numbers in the list of needs that the project keeps. What they say of evidence and of what is kept
// is tried where that is: see TestGuides in filter.
var ruled = strings.Fields(`0.1 0.4 0.5 0.7 1.1 1.2 1.3 1.6 1.7 1.8 1.9 1.10 2.1 2.5 2.9 2.14 2.15 2.17
	3.1 3.8 3.9 3.10 4.1 4.3 4.7 4.8 4.9 4.10`)

func TestEveryStatementHasItsCase(t *testing.T) {
	found := map[string]bool{}
	for _, cases := range caseFiles(t) {
		for _, c := range cases {
			number, _, _ := strings.Cut(c.Case, " ")
			found[number] = true
		}
	}
	for _, number := range ruled {
		if !found[number] {
			t.Errorf("no case bears the number %s", number)
		}
	}
}

// Every row of data that ships has cases in which it decides, with figures that do not come from it:
// one inside, one outside, and the first and the last minute of what it allows. What a row says of
// Saturdays, Sundays and holidays is tried on such days.
func TestEveryRowHasItsCases(t *testing.T) {
	byRow := map[string][]ruleCase{}
	for _, cases := range caseFiles(t) {
		for _, c := range cases {
			for _, row := range c.Rows {
				byRow[row] = append(byRow[row], c)
			}
		}
	}
	for preset, rows := range Hours().Presets {
		for i := range rows {
			name := preset + " " + rows[i].Place
			t.Run(name, func(t *testing.T) { hoursCovered(t, &rows[i], byRow[name]) })
			delete(byRow, name)
		}
	}
	for preset, rows := range Caps().Presets {
		for i := range rows {
			name := "caps " + preset + " " + cmp.Or(rows[i].Place, "*")
			t.Run(name, func(t *testing.T) { capCovered(t, &rows[i], byRow[name]) })
			delete(byRow, name)
		}
	}
	for _, row := range Expiry() {
		name := "expiry " + row.Country + " " + row.Basis.String()
		t.Run(name, func(t *testing.T) {
			for _, edge := range edges(byRow[name], time.Minute) {
				if edge.opens {
					t.Errorf("consent that has run out runs again at %s", when(edge.at))
				}
			}
			if n := len(edges(byRow[name], time.Minute)); n != 1 {
				t.Errorf("%d cases show when it runs out, to the minute", n)
			}
		})
		delete(byRow, name)
	}
	for _, row := range OptOutLines()[byLanguage] {
		name := byLanguage + " " + row.Language
		if len(byRow[name]) == 0 {
			t.Errorf("no case has a text in %s", row.Language)
		}
		delete(byRow, name)
	}
	for name := range byRow {
		t.Errorf("there are cases of %q, and no such row", name)
	}
}

// An edge is where what passes and what does not meet.
type edge struct {
	at    time.Time
	opens bool
}

// edges are the pairs of cases that lie no further apart than within and come out differently.
func edges(cases []ruleCase, within time.Duration) (all []edge) {
	for _, a := range cases {
		for _, b := range cases {
			if apart := b.now().Sub(a.now()); apart > 0 && apart <= within && (a.Want.action == filter.Block) != (b.Want.action == filter.Block) {
				all = append(all, edge{b.now(), b.Want.action != filter.Block})
			}
		}
	}
	return all
}

func hoursCovered(t *testing.T, row *filter.Hours, cases []ruleCase) {
	opens, closes := false, false
	for _, e := range edges(cases, time.Minute) {
		opens, closes = opens || e.opens, closes || !e.opens
	}
	if !opens || !closes {
		t.Errorf("there is no case of the first minute that is open (%v) or that is quiet again (%v), beside the minute before", opens, closes)
	}
	far := func(action filter.Action) bool {
		return slices.ContainsFunc(cases, func(c ruleCase) bool {
			return c.Want.action == action && !slices.ContainsFunc(cases, func(d ruleCase) bool {
				return d.Want.action != action && d.now().Sub(c.now()).Abs() < time.Hour
			})
		})
	}
	if !far(filter.Forward) || !far(filter.Block) {
		t.Errorf("there is no case well inside (%v) or well outside (%v)", far(filter.Forward), far(filter.Block))
	}
	days := map[time.Weekday]bool{}
	for _, c := range cases {
		days[c.now().Weekday()] = true
	}
	holidays := Hours().Holidays[row.Place]
	if country, _, parted := strings.Cut(row.Place, "-"); holidays == nil && parted {
		holidays = Hours().Holidays[country]
	}
	if row.Holidays != (filter.Span{}) && !slices.ContainsFunc(cases, func(c ruleCase) bool { return holidays[filter.DateOf(c.now())] }) {
		t.Error("the row has hours of its own for holidays, and none is tried")
	}
	if row.Saturday != (filter.Span{}) && !days[time.Saturday] || row.Sunday != (filter.Span{}) && !days[time.Sunday] {
		t.Errorf("the days tried are %v, and the row has hours of its own for others", days)
	}
}

// capCovered looks for a case with one message fewer than a row allows, one with as many of which the oldest
// is only just within its time, and one where that has just passed.
func capCovered(t *testing.T, row *filter.Cap, cases []ruleCase) {
	has := func(action filter.Action, sent int, oldest time.Duration) bool {
		return slices.ContainsFunc(cases, func(c ruleCase) bool {
			return c.Want.action == action && len(c.Sent) == sent && (oldest == 0 || c.Sent[0].when.ago == oldest)
		})
	}
	if !has(filter.Forward, row.Most-1, 0) {
		t.Error("there is no case with room for one more")
	}
	if !has(filter.Block, row.Most, row.Within-time.Minute) || !has(filter.Forward, row.Most, row.Within) {
		t.Error("there is no case of the last minute that is full, or of the first with room again")
	}
}
