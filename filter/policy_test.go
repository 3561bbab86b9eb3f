package filter

import (
	"fmt"
	"testing"
	"time"
)

// to says who a message goes to; the address does not matter to any rule but bad-address.
func to(channel Channel) Recipient {
	return Recipient{Brand: "shop", Channel: channel, Address: "+14155550100"}
}

const stopLine = "Reply STOP to opt out"

// with returns m changed.
func with(m Message, change func(*Message)) Message {
	change(&m)
	return m
}

func ofCategory(c Category) Message {
	return Message{To: to(SMS), Category: c, Text: "Hello", Room: 100}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"a negative window", Config{Window: -time.Hour}, "window: -1h0m0s is negative"},
		{"marketing on an inquiry", Config{Require: map[Category]Basis{Marketing: ByInquiry}},
			"require: marketing: inquiry: implied consent never carries marketing (want express, or none to check opt-outs only)"},
		{"marketing on a transaction", Config{Require: map[Category]Basis{Marketing: ByTransaction}},
			"require: marketing: transaction: implied consent never carries marketing (want express, or none to check opt-outs only)"},
		{"a category that is none", Config{Require: map[Category]Basis{9: Express}}, "require: there is no category 9"},
		{"a basis that is none", Config{Require: map[Category]Basis{Utility: 9}}, "require: utility: there is no basis 9"},
		{"marketing exempt from opt-outs", Config{OptOutExempt: []Category{Utility, Marketing}},
			"opt_out_exempt: marketing cannot be exempt from opt-outs"},
		{"an exempt category that is none", Config{OptOutExempt: []Category{9}}, "opt_out_exempt: there is no category 9"},
		{"expiry in no country", Config{Expiry: []Expiry{{Country: "XX", Basis: ByInquiry, Days: 1}}},
			`expiry[0]: country: unknown country "XX": want ISO 3166, such as CA, or * for any`},
		{"expiry of no basis", Config{Expiry: []Expiry{canada[0], {Country: "CA", Days: 1}}}, "expiry[1]: basis: want inquiry, transaction or express"},
		{"expiry of a category that is none", Config{Expiry: []Expiry{{Country: "*", Basis: Express, Days: 1, Category: new(Category(9))}}},
			"expiry[0]: category: there is no category 9"},
		{"expiry after nothing", Config{Expiry: []Expiry{{Country: "CA", Basis: ByInquiry}}}, "expiry[0]: months: 0 months and 0 days: want more than nothing"},
		{"expiry before it began", Config{Expiry: []Expiry{{Country: "CA", Basis: ByInquiry, Months: 2, Days: -1}}},
			"expiry[0]: months: 2 months and -1 days: want more than nothing"},
		{"expiry reviewed on no day", Config{Expiry: []Expiry{{Country: "CA", Basis: ByInquiry, Days: 1, Reviewed: "2026-02-30"}}},
			`expiry[0]: reviewed: "2026-02-30": want a day such as 2026-01-31`},
		{"expiry that nobody can rate", Config{Expiry: []Expiry{{Country: "CA", Basis: ByInquiry, Days: 1, Confidence: "sure"}}},
			`expiry[0]: confidence: unknown word "sure": want high, medium or low`},
		{"quiet hours of a category that is none", Config{QuietHours: QuietHours{Categories: []Category{9}}}, "quiet_hours: categories: there is no category 9"},
		{"a zone for quiet hours, and no hours", Config{QuietHours: QuietHours{Zone: "Europe/Berlin"}},
			"quiet_hours: zone: there are no hours to go by: want a preset or rows beside it"},
		{"quiet hours that only say what they are for", Config{QuietHours: QuietHours{Categories: []Category{Utility}, Reschedule: true}},
			"quiet_hours: categories: there are no hours to go by: want a preset or rows beside it"},
		{"a word to reply with, and no line that has it", Config{Footer: Footer{Stop: "BAJA"}},
			"footer: stop: there is no line to add: want a preset, rows or line beside it"},
		{"room for a line, and no line", Config{Footer: Footer{MaxSegments: 1, Stop: "BAJA"}},
			"footer: max_segments: there is no line to add: want a preset, rows or line beside it"},
		{"the address of a policy, and no text that shows it", Config{Notice: Notice{PolicyURL: "https://example.com/privacy"}},
			"notice: policy_url: there is nothing to tell: want texts or text beside it"},
		{"categories of duplicates, and no time", Config{Duplicates: Duplicates{Categories: []Category{Utility}}},
			"duplicates: categories: nothing is a duplicate without a time: want within beside it"},
		{"a cap on a category that is none", Config{Caps: Caps{Rows: []Cap{{Most: 1, Within: time.Hour, Category: new(Category(9))}}}}, "caps: rows[0]: category: there is no category 9"},
		{"duplicates of a category that is none", Config{Duplicates: Duplicates{Categories: []Category{9}}}, "duplicates: categories: there is no category 9"},
		{"a footer word that every text has", Config{Footer: Footer{Words: []string{"stop", " "}}}, `footer: words: " " is found in every text`},
		{"a footer row with a keyword that every text has", Config{Footer: Footer{Rows: []OptOutLine{{Language: "de", Line: "x", Keywords: []string{""}}}}}, `footer: rows[0]: keywords: "" is found in every text`},
		{"a footer of a preset that is none", Config{Footer: Footer{Preset: "all", Tables: map[string][]OptOutLine{"one": nil, "two": nil}}},
			`footer: preset: unknown preset "all": want one of one, two`},
		{"a footer with a variable that is none", Config{Footer: Footer{Line: "Reply {word}"}}, "footer: line: unknown variable {word}: want one of {brand}, {stop}"},
		{"a footer with a brace that nothing closes", Config{Footer: Footer{Line: "Reply {stop"}}, "footer: line: unknown variable {stop}: want one of {brand}, {stop}"},
		{"a footer that names a business nobody named", Config{Footer: Footer{Line: "{brand}: {stop}"}},
			"footer: line: {brand} has no value: it is the business of the route's brand in the section brands"},
		{"a footer in no SMS", Config{Footer: Footer{MaxSegments: -1}}, "footer: max_segments: -1 is negative"},
		{"a footer in a language that is none", Config{Footer: Footer{Rows: []OptOutLine{{Language: "DE", Line: "x"}}}},
			`footer: rows[0]: language: "DE": want two or three small letters of ISO 639, such as de`},
		{"a footer without a line", Config{Footer: Footer{Rows: []OptOutLine{{Language: "de"}}}}, "footer: rows[0]: line: missing: de has nothing to add"},
		{"a footer for GSM outside GSM", Config{Footer: Footer{Rows: []OptOutLine{{Language: "ru", Line: "Отписка", GSM: "Отписка"}}}},
			`footer: rows[0]: gsm: "Отписка" has letters outside the GSM alphabet`},
		{"a footer for a country that is none", Config{Footer: Footer{Rows: []OptOutLine{{Language: "de", Line: "x", Countries: []string{"XX"}}}}},
			`footer: rows[0]: countries: unknown country "XX": want ISO 3166, such as DE`},
		{"a footer in a language without a row", Config{Footer: Footer{Language: "fr", Rows: []OptOutLine{{Language: "de", Line: "x"}}}}, `footer: language: "fr" has no row`},
		{"a notice without the address of the policy", Config{Notice: Notice{Text: "Privacy: {policy_url}"}}, "notice: text: {policy_url} has no value: it is policy_url beside it"},
		{"a notice that does not show the policy", Config{Notice: Notice{Text: "Privacy", PolicyURL: "https://a.example"}},
			"notice: text: it does not show {policy_url}, without which it is no notice"},
		{"a notice of one language that does not show the policy", Config{Notice: Notice{Texts: map[string]string{"de": "Datenschutz"}, PolicyURL: "https://a.example"}},
			"notice: texts: de: it does not show {policy_url}, without which it is no notice"},
		{"a notice with a variable that is none", Config{Notice: Notice{Text: "{url}"}}, "notice: text: unknown variable {url}: want one of {brand}, {policy_url}, {stop}"},
		{"a notice in a language that is none", Config{Notice: Notice{Texts: map[string]string{"german": "{policy_url}"}, PolicyURL: "https://a.example"}},
			`notice: texts[0]: language: "german": want two or three small letters of ISO 639, such as de`},
		{"a notice that leads nowhere", Config{Notice: Notice{PolicyURL: "privacy"}}, `notice: policy_url: "privacy": want an address such as https://example.com/privacy`},
		{"a notice of a category that is none", Config{Notice: Notice{Categories: []Category{9}}}, "notice: categories: there is no category 9"},
		{"a notice in no SMS", Config{Notice: Notice{MaxSegments: -1}}, "notice: max_segments: -1 is negative"},
		{"a footer reviewed on no day", Config{Footer: Footer{Rows: []OptOutLine{{Language: "de", Line: "x", Reviewed: "May"}}}},
			`footer: rows[0]: reviewed: "May": want a day such as 2026-01-31`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if policy, err := New(c.cfg); err == nil || err.Error() != c.want {
				t.Errorf("New(%+v) = %v, %v; want %s", c.cfg, policy, err, c.want)
			}
		})
	}
}

// stub is a rule that always says the same.
type stub struct{ says Decision }

func (stub) Name() string                                  { return "stub" }
func (stub) Need(*Message) Need                            { return NeedOptOut }
func (s stub) Judge(*Message, *Record, time.Time) Decision { return s.says }
func (s stub) String() string                              { return fmt.Sprint(s.says.Action) }

func TestEditsOfSeveralRulesComeTogether(t *testing.T) {
	edit := func(line string) Rule {
		return stub{Decision{Action: Rewrite, Reason: Content, Edit: Edit{Footer: line}}}
	}
	got := Policy{edit("one"), stub{forward}, edit(""), edit("two")}.Decide(&Message{}, &Record{}, noon)
	want := Decision{Action: Rewrite, Reason: Content, Rule: "stub", Edit: Edit{Footer: "one\ntwo"}}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestTheZeroDecisionBlocks(t *testing.T) {
	var d Decision
	if d.Action != Block || d.Reason != Undecided || d.Action.String() != "block" || d.Reason.String() != "undecided" {
		t.Errorf("the zero decision is %s because %s", d.Action, d.Reason)
	}
	if got := (Policy{stub{}}).Decide(&Message{}, &Record{}, noon); got != (Decision{Rule: "stub"}) {
		t.Errorf("a rule that decides nothing leads to %+v", got)
	}
	if got := (Policy{stub{Decision{Action: Actions}}}).Decide(&Message{}, &Record{}, noon); got.Action != Block {
		t.Errorf("an action that is none leads to %+v", got)
	}
	var m Message
	policy, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Category != Marketing || policy.Decide(&m, &Record{}, noon).Action != Block {
		t.Error("a message nobody filled in is not blocked as marketing")
	}
}
