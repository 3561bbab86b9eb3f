package configs

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sendgate/sendgate/filter"
)

// A ruleCase is one case of a rule: what is known of a recipient, a message to them, and what must
// come of it. The archives below filter/testdata hold them, as YAML in the file cases.yaml; what
// their cases have alike stands once, in case.yaml, and a case changes of it what it names. Keys of
// `policy` are those of a route's policy.
type ruleCase struct {
	Case    string        `yaml:"case"`   // a sentence; begins with the numbers of the statements it is about
	Rows    []string      `yaml:"rows"`   // the rows of shipped data it is about, as "law US-TX"
	Policy  filter.Config `yaml:"policy"` // of the route
	Brand   filter.Brand  `yaml:"brand"`  // whose topics the labels are
	Message caseMessage   `yaml:"message"`
	Events  []caseEvent   `yaml:"events"` // in the order in which they were learnt
	Sent    []caseSent    `yaml:"sent"`   // messages that count before this one

	Route    string       `yaml:"route"`    // that the message takes, for switches
	Switches []caseSwitch `yaml:"switches"` // in force, and asked before the policy as the gate does

	Now caseTime `yaml:"now"` // 2026-07-15 08:00 America/Chicago, or the same with Z. Default: noon

	// Hours stands for many cases: of moments on the clock of a zone at which the message passes, and at
	// which it is left for later by quiet hours.
	Hours struct {
		Zone  string   `yaml:"zone"`
		Open  []string `yaml:"open"`
		Quiet []string `yaml:"quiet"`
	} `yaml:"hours"`

	Want    caseWant `yaml:"want"`    // forward; ACTION REASON by RULE
	Until   caseTime `yaml:"until"`   // as Now, or never; left out: not looked at
	Moved   caseTime `yaml:"moved"`   // the time that a rewrite moves the message to
	Footer  string   `yaml:"footer"`  // the line that a rewrite adds
	Explain []string `yaml:"explain"` // what the explanation says, among other things
}

// noon is when a case plays that says nothing of it.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func (c *ruleCase) now() time.Time {
	if c.Now.IsZero() {
		return noon
	}
	return c.Now.Time
}

// A caseWant is what is decided, without its details.
type caseWant struct {
	action filter.Action
	reason filter.Reason
	rule   string
}

func (w *caseWant) UnmarshalText(text []byte) error {
	*w = caseWant{action: filter.Forward, reason: filter.Allowed}
	if string(text) == "forward" {
		return nil
	}
	words := strings.Fields(string(text))
	if len(words) != 4 || words[2] != "by" {
		return fmt.Errorf("%q: want forward, or ACTION REASON by RULE", text)
	}
	w.rule = words[3]
	if err := w.action.UnmarshalText([]byte(words[0])); err != nil {
		return err
	}
	return w.reason.UnmarshalText([]byte(words[1]))
}

func (w caseWant) String() string {
	if w.reason == filter.Allowed {
		return "forward"
	}
	return fmt.Sprintf("%s %s by %s", w.action, w.reason, w.rule)
}

// readCases reads an archive of cases.
func readCases(t *testing.T, file string) []ruleCase {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var common, list string
	for _, part := range txtar.Parse(text).Files {
		switch part.Name {
		case "case.yaml":
			common = string(part.Data)
		case "cases.yaml":
			list = string(part.Data)
		default:
			t.Fatalf("%s: %s is no part of a file of cases: want case.yaml and cases.yaml", file, part.Name)
		}
	}
	tree, err := parser.ParseBytes([]byte(list), 0)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	items, ok := tree.Docs[0].Body.(*ast.SequenceNode)
	if !ok {
		t.Fatalf("%s: cases.yaml is no list", file)
	}
	var all []ruleCase
	for _, item := range items.Values {
		d := decoder{file: file + ": cases.yaml", where: places{}}
		c := ruleCase{Message: caseMessage{Channel: string(filter.SMS)}}
		d.document([]byte(common), &c)
		d.value("", item, reflect.ValueOf(&c).Elem())
		for _, err := range d.errs {
			t.Errorf("in the case %q: %v", c.Case, err)
		}
		c.Policy.QuietHours.Tables, c.Policy.Caps.Tables, c.Policy.Footer.Tables = Hours(), Caps(), OptOutLines()
		if c.Policy.Expiry == nil {
			c.Policy.Expiry = Expiry()
		}
		all = append(all, c.each(t)...)
	}
	return all
}

// each is c, or the cases that its hours stand for.
func (c ruleCase) each(t *testing.T) (all []ruleCase) {
	t.Helper()
	if c.Hours.Zone == "" {
		return []ruleCase{c}
	}
	for want, moments := range map[string][]string{"forward": c.Hours.Open, "block quiet-hours by quiet-hours": c.Hours.Quiet} {
		for _, moment := range moments {
			one := c
			one.Case += ", " + moment
			if err := errors.Join(one.Now.UnmarshalText([]byte(moment+" "+c.Hours.Zone)), one.Want.UnmarshalText([]byte(want))); err != nil {
				t.Fatalf("in the case %q: %v", c.Case, err)
			}
			all = append(all, one)
		}
	}
	return all
}
