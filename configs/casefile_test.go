package configs

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
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

	Sent []caseSent `yaml:"sent"` // to the recipient lately, the oldest first

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

// A caseMessage is a [filter.Message] as a case writes it.
type caseMessage struct {
	Brand    string          `yaml:"brand"`
	Channel  string          `yaml:"channel"` // default: sms
	To       string          `yaml:"to"`
	From     string          `yaml:"from"`
	Service  string          `yaml:"service"`
	Category filter.Category `yaml:"category"`
	Topic    string          `yaml:"topic"`
	Labels   []filter.Scope  `yaml:"labels"` // in place of category and topic: what the lists of the brand say
	Campaign string          `yaml:"campaign"`
	Strays   bool            `yaml:"strays"`
	Template string          `yaml:"template"`
	Text     string          `yaml:"text"`
	Room     int             `yaml:"room"`
	SendAt   caseTime        `yaml:"send_at"`
	Movable  bool            `yaml:"movable"`
}

func (c *ruleCase) message() filter.Message {
	w := &c.Message
	m := filter.Message{
		To:   filter.Recipient{Brand: w.Brand, Channel: filter.Channel(w.Channel), Address: w.To},
		From: w.From, Service: w.Service, Category: w.Category, Topic: w.Topic, Campaign: w.Campaign, Strays: w.Strays,
		Template: w.Template, Text: w.Text, Room: w.Room, SendAt: w.SendAt.Time, Movable: w.Movable,
	}
	if len(w.Labels) > 0 {
		c.Brand.Label(&m, w.Labels...)
	}
	return m
}

// A caseSwitch is a [filter.Switch] as a case writes it.
type caseSwitch struct {
	Brand      string            `yaml:"brand"`
	Route      string            `yaml:"route"`
	Campaign   string            `yaml:"campaign"`
	Topic      string            `yaml:"topic"`
	Sender     string            `yaml:"sender"`
	Template   string            `yaml:"template"`
	Categories []filter.Category `yaml:"categories"`
	Set        caseTime          `yaml:"set"`
	Until      caseTime          `yaml:"until"`
	Actor      string            `yaml:"actor"`
	Reason     string            `yaml:"reason"`
}

func (c *ruleCase) switches() (all filter.Switches) {
	for _, s := range c.Switches {
		all = append(all, filter.Switch{ID: "s" + strconv.Itoa(len(all)+1), Categories: s.Categories, Actor: s.Actor, Reason: s.Reason,
			On:  filter.Target{Brand: s.Brand, Route: s.Route, Campaign: s.Campaign, Topic: s.Topic, Sender: s.Sender, Template: s.Template},
			Set: s.Set.Time, Until: s.Until.Time})
	}
	return all
}

// record is what the events of c add up to.
func (c *ruleCase) record() (r filter.Record) {
	for _, e := range c.Events {
		event := e.Event
		if e.before {
			event.Time = c.now().Add(-e.ago)
		}
		r = r.After(event)
	}
	for _, s := range c.Sent {
		s.At = c.now().Add(-s.ago)
		r.Tally = append(r.Tally, s.Sent)
	}
	return r
}

func (c *ruleCase) now() time.Time {
	if c.Now.IsZero() {
		return noon
	}
	return c.Now.Time
}

// A caseTime is a moment by the clock of some zone. "never" is the zero time, given.
type caseTime struct {
	time.Time
	given bool
}

func (t *caseTime) UnmarshalText(text []byte) error {
	t.given = true
	if string(text) == "never" {
		return nil
	}
	clock, zone, ok := cutLast(string(text))
	if !ok {
		return fmt.Errorf("%q: want a moment such as 2026-07-15 08:00 America/Chicago, or never", text)
	}
	if zone == "Z" {
		zone = "UTC"
	}
	where, err := time.LoadLocation(zone)
	if err != nil {
		return err
	}
	layout := "2006-01-02 15:04"
	if strings.Count(clock, ":") > 1 {
		layout = time.DateTime
	}
	t.Time, err = time.ParseInLocation(layout, clock, where)
	return err
}

func cutLast(s string) (before, last string, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// A caseEvent is an event as "opted-in express topic:offers 100h ago" or "wrote at 2026-07-15 08:00 Z":
// its kind, then its basis and its scope where it has them, then "stating US-TX" where it says where the
// recipient is, then when. A day is 24 hours, as in 731d.
type caseEvent struct {
	filter.Event
	before bool // Time is not given: it is ago before now
	ago    time.Duration
}

func (e *caseEvent) UnmarshalText(text []byte) error {
	what := string(text)
	if before, ok := strings.CutSuffix(what, " ago"); ok {
		rest, length, _ := cutLast(before)
		var err error
		if days, ok := strings.CutSuffix(length, "d"); ok {
			var n int
			n, err = strconv.Atoi(days)
			e.ago = time.Duration(n) * 24 * time.Hour
		} else {
			e.ago, err = time.ParseDuration(length)
		}
		if err != nil {
			return err
		}
		e.before, what = true, rest
	} else {
		before, moment, ok := strings.Cut(what, " at ")
		if !ok {
			return fmt.Errorf("%q: want when it was: 100h ago, 731d ago, or at 2026-07-15 08:00 Z", text)
		}
		var at caseTime
		if err := at.UnmarshalText([]byte(moment)); err != nil {
			return err
		}
		e.Time, what = at.Time, before
	}
	what, place, _ := strings.Cut(what, " stating ")
	var err error
	if e.Proof.Place, err = filter.ParsePlace(place); err != nil {
		return err
	}
	words := strings.Fields(what)
	if len(words) == 0 {
		return fmt.Errorf("%q names no kind of event", text)
	}
	if err := e.Kind.UnmarshalText([]byte(words[0])); err != nil {
		return err
	}
	for _, word := range words[1:] {
		if e.Basis == filter.NoBasis && e.Basis.UnmarshalText([]byte(word)) == nil {
			continue
		}
		if err := e.Scope.UnmarshalText([]byte(word)); err != nil {
			return err
		}
	}
	return nil
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
