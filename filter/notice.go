package filter

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Notice says what the first message to somebody tells of how their data is handled: the `notice`
// section of a policy. Without texts nothing is told, and other keys are refused.
type Notice struct {
	// Texts are by language, two or three letters of ISO 639. {policy_url} stands for PolicyURL,
	// {brand} for the name of the business and {stop} for the word of [Footer].
	Texts map[string]string `yaml:"texts"`
	// Text is for texts in a language without one.
	Text string `yaml:"text"`
	// PolicyURL is where the policy can be read. A message that shows it tells enough.
	PolicyURL string `yaml:"policy_url"`
	// Categories are those of the messages that tell it. Default: marketing, utility, service.
	Categories []Category `yaml:"categories"`
	// Replies has the first answer to somebody who wrote before tell it, too.
	Replies bool `yaml:"replies"`
	// MaxSegments is how many SMS a text may take with it. Default: any number.
	MaxSegments int `yaml:"max_segments"`
	// Impossible says what becomes of a text without room for it. Default: block.
	Impossible Fallback `yaml:"impossible"`
}

// notice adds to the first message to a recipient how their data is handled. The first is any while
// they were not noticed: the gate notes that they were once such a message has gone out, so one that
// could not be added to, as a template, leaves it to the next.
type notice struct {
	lines      optOutLines
	url        string
	applies    [Categories]bool
	replies    bool
	most       int // segments
	impossible Fallback
	footer     *footer // which stands above it
}

func newNotice(cfg *Config, above *footer) (*notice, error) {
	n := &notice{url: cfg.Notice.PolicyURL, replies: cfg.Notice.Replies, most: cfg.Notice.MaxSegments, impossible: cfg.Notice.Impossible, footer: above}
	if err := n.read(cfg); err != nil {
		return nil, err
	}
	if n.most < 0 {
		return nil, fmt.Errorf("max_segments: %d is negative", n.most)
	}
	categories := cfg.Notice.Categories
	if len(categories) == 0 {
		categories = []Category{Marketing, Utility, Service}
	}
	for _, c := range categories {
		if c >= Categories {
			return nil, fmt.Errorf("categories: there is no category %s", c)
		}
		n.applies[c] = !n.lines.none()
	}
	if key := cfg.Notice.idle(); key != "" && n.lines.none() {
		return nil, fmt.Errorf("%s: there is nothing to tell: want texts or text beside it", key)
	}
	return n, nil
}

// idle is a key that says nothing without a text; empty where there is none.
func (cfg *Notice) idle() string {
	return firstSet(setting{"policy_url", cfg.PolicyURL != ""}, setting{"categories", len(cfg.Categories) > 0}, setting{"replies", cfg.Replies},
		setting{"max_segments", cfg.MaxSegments > 0}, setting{"impossible", cfg.Impossible != OrBlock})
}

// read makes the texts ready. A language has the words and countries that the lines of the program
// give it.
func (n *notice) read(cfg *Config) error {
	values := map[string]variable{
		"brand": brandVariable(cfg.Business), "stop": {value: cfg.Footer.word()},
		"policy_url": {value: n.url, from: "it is policy_url beside it"},
	}
	if n.url != "" {
		if u, err := url.Parse(n.url); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return fmt.Errorf("policy_url: %q: want an address such as https://example.com/privacy", n.url)
		}
	}
	for _, language := range slices.Sorted(maps.Keys(cfg.Notice.Texts)) {
		row := cfg.Footer.row(language)
		row.Line, row.GSM = cfg.Notice.Texts[language], ""
		if err := n.lines.take([]OptOutLine{row}, values); err != nil {
			return fmt.Errorf("texts%w", err)
		}
		if !strings.Contains(row.Line, "{policy_url}") {
			return fmt.Errorf("texts: %s: %w", language, errNoPolicy)
		}
	}
	if err := n.lines.setOther(cfg.Notice.Text, values); err != nil {
		return fmt.Errorf("text: %w", err)
	}
	if cfg.Notice.Text != "" && !strings.Contains(cfg.Notice.Text, "{policy_url}") {
		return fmt.Errorf("text: %w", errNoPolicy)
	}
	return n.lines.fallBack("")
}

var errNoPolicy = errors.New("it does not show {policy_url}, without which it is no notice")

func (*notice) Name() string { return "notice" }

func (n *notice) Need(m *Message) Need {
	if n.tells(m) {
		return NeedRecord
	}
	return NeedOptOut
}

// tells reports whether m, as the first to somebody, has to tell it.
func (n *notice) tells(m *Message) bool {
	return n.applies[m.Category] && m.Template == "" && m.Text != "" && !shows(m.Text, n.url)
}

// shows reports whether text shows an address, and not only a longer one that begins with it: a link to
// https://example.com/products is none to https://example.com/p.
func shows(text, address string) bool {
	for {
		_, rest, found := strings.Cut(text, address)
		if !found {
			return false
		}
		next, _ := utf8.DecodeRuneInString(strings.TrimLeft(rest, "/.,;:!"))
		if !unicode.IsLetter(next) && !unicode.IsDigit(next) && !strings.ContainsRune("-_~%+=&", next) {
			return true
		}
		text = rest
	}
}

func (n *notice) Judge(m *Message, r *Record, now time.Time) Decision {
	if !n.tells(m) || !r.Noticed().IsZero() || !n.replies && !r.LastInbound.IsZero() {
		return forward
	}
	line, _ := n.lines.choose(m)
	if !fits(m, n.below(m, r, now)+line, n.most) {
		return n.impossible.decision()
	}
	return Decision{Action: Rewrite, Reason: Content, Edit: Edit{Footer: line, Notice: true}}
}

// below is what comes between the text of m and the notice.
func (n *notice) below(m *Message, r *Record, now time.Time) string {
	if d := n.footer.Judge(m, r, now); d.Edit.Footer != "" {
		return d.Edit.Footer + "\n"
	}
	return ""
}

func (n *notice) unforeseen(m *Message) bool {
	return !n.lines.none() && m.Template == "" && m.Text == ""
}

func (n *notice) detail(m *Message, r *Record, now time.Time) string {
	line, _ := n.lines.choose(m)
	whole := n.below(m, r, now) + line
	return fmt.Sprintf("the first message to somebody who was never told how their data is handled%s; the notice %q %s",
		map[bool]string{true: "", false: ", and who never wrote"}[n.replies], line, takes(m, whole, n.most))
}
