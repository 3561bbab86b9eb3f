package filter

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Footer says how marketing text tells its reader to opt out: the `footer` section of a policy.
// Without a preset, a line and rows nothing is added, and other keys are refused.
type Footer struct {
	// Preset is the table that lines are taken from, by its name in Tables. Empty: none.
	Preset string `yaml:"preset"`
	// Rows stand in for those of the preset about the same language.
	Rows []OptOutLine `yaml:"rows"`
	// Line is for texts in a language without a row. {stop} and {brand} stand for Stop and for the
	// name of the business.
	Line string `yaml:"line"`
	// Words show that a text already says how to opt out, besides what the rows say. They are looked
	// for as whole words, wherever they stand: in capitals only if they are written so, else in either case.
	Words []string `yaml:"words"`
	// Stop is the word to reply with, {stop} in lines. Default STOP. It shows a way out in an instruction
	// alone, as Keywords of [OptOutLine] do, and so in either case, however it is written here.
	Stop string `yaml:"stop"`
	// Language is that of texts and recipients that tell none. Default en.
	Language string `yaml:"language"`
	// MaxSegments is how many SMS a text may take with its line. Default: any number.
	MaxSegments int `yaml:"max_segments"`
	// Impossible says what becomes of a text without room for its line. Default: block.
	Impossible Fallback `yaml:"impossible"`

	// Tables is what comes with the program.
	Tables map[string][]OptOutLine `yaml:"-"`
}

// footer adds the opt-out line to marketing text that lacks one. Templates and media without a
// caption have no text of ours to change and pass as they are.
type footer struct {
	lines      optOutLines
	says       wayOut // by which a text shows that it has a line
	most       int    // segments
	impossible Fallback
}

// plainEnglish shows a way out whatever the tables have.
var plainEnglish = OptOutLine{Words: []string{"unsubscribe", "opt out", "opt-out"}, Keywords: []string{"STOP"}, Before: []string{"reply", "text"}}

// newFooter makes the rule; business is the value of {brand}.
func newFooter(cfg Footer, business string) (*footer, error) {
	preset, found := cfg.Tables[cfg.Preset]
	switch {
	case cfg.Preset != "" && !found:
		return nil, fmt.Errorf("preset: unknown preset %q: want one of %s", cfg.Preset, strings.Join(slices.Sorted(maps.Keys(cfg.Tables)), ", "))
	case cfg.MaxSegments < 0:
		return nil, fmt.Errorf("max_segments: %d is negative", cfg.MaxSegments)
	}
	values := map[string]variable{"stop": {value: cfg.word()}, "brand": brandVariable(business)}
	f := &footer{most: cfg.MaxSegments, impossible: cfg.Impossible}
	if err := f.lines.take(preset, values); err != nil {
		return nil, fmt.Errorf("preset: %s%w", cfg.Preset, err)
	}
	if err := f.lines.take(cfg.Rows, values); err != nil {
		return nil, fmt.Errorf("rows%w", err)
	}
	if err := f.lines.setOther(cfg.Line, values); err != nil {
		return nil, fmt.Errorf("line: %w", err)
	}
	if err := f.lines.fallBack(cfg.Language); err != nil {
		return nil, fmt.Errorf("language: %w", err)
	}
	return f, f.learn(&cfg)
}

// idle is a key that says nothing without a line; empty where there is none. Without a notice too, stop is one.
func (cfg *Footer) idle(noticed bool) string {
	return firstSet(setting{"words", len(cfg.Words) > 0}, setting{"language", cfg.Language != ""}, setting{"max_segments", cfg.MaxSegments > 0},
		setting{"impossible", cfg.Impossible != OrBlock}, setting{"stop", cfg.Stop != "" && !noticed})
}

// learn gathers the wordings by which texts show that they say how to opt out.
func (f *footer) learn(cfg *Footer) error {
	if err := checkWordings("words", cfg.Words); err != nil {
		return err
	}
	lines := slices.DeleteFunc(append(f.lines.all(), f.lines.other, f.lines.otherGSM), func(line string) bool { return line == "" })
	f.says.add(&plainEnglish)
	f.says.add(&OptOutLine{Words: append(lines, cfg.Words...), Keywords: []string{cfg.word()}})
	for _, rows := range append(slices.Collect(maps.Values(cfg.Tables)), cfg.Rows) {
		for i := range rows {
			f.says.add(&rows[i])
		}
	}
	return nil
}

// checkWordings refuses what would be found in every text.
func checkWordings(key string, texts []string) error {
	for _, text := range texts {
		if strings.TrimSpace(text) == "" {
			return fmt.Errorf("%s: %q is found in every text", key, text)
		}
	}
	return nil
}

// word is the word to reply with.
func (cfg *Footer) word() string { return cmp.Or(cfg.Stop, "STOP") }

// row is what is known of a language.
func (cfg *Footer) row(language string) OptOutLine {
	for _, rows := range cfg.Tables {
		for _, row := range rows {
			if row.Language == language {
				return row
			}
		}
	}
	return OptOutLine{Language: language}
}

func brandVariable(business string) variable {
	return variable{value: business, from: "it is the business of the route's brand in the section brands"}
}

func (*footer) Name() string       { return "footer" }
func (*footer) Need(*Message) Need { return NeedOptOut }

func (f *footer) Judge(m *Message, _ *Record, _ time.Time) Decision {
	if f.lines.none() || m.Category != Marketing || m.Template != "" || m.Text == "" || f.says.in(m.Text) {
		return forward
	}
	line, _ := f.lines.choose(m)
	if !fits(m, line, f.most) {
		return f.impossible.decision()
	}
	return Decision{Action: Rewrite, Reason: Content, Edit: Edit{Footer: line}}
}

func (f *footer) unforeseen(m *Message) bool {
	return !f.lines.none() && m.Template == "" && m.Text == ""
}

func (f *footer) detail(m *Message, _ *Record, _ time.Time) string {
	line, row := f.lines.choose(m)
	return fmt.Sprintf("marketing text that does not say how to opt out; the line %q (%s) %s", line, row, takes(m, line, f.most))
}
