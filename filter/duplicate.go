package filter

import (
	"errors"
	"fmt"
	"time"
)

// Duplicates says what counts as the same message twice: the `duplicates` section of a policy. Two
// messages are the same where recipient, template, text and all else that the recipient would see are.
type Duplicates struct {
	// Within is how long after one message, and how long before a scheduled one, another with the same
	// content is a duplicate of it; up to 8784h. Default: none is.
	Within time.Duration `yaml:"within"`
	// Categories are those looked at. Default: marketing and utility. Whoever is in a conversation may
	// well be told the same twice, and whoever asks for a code again waits for it.
	Categories []Category `yaml:"categories"`
}

// duplicate blocks what its recipient got a short while ago, or is about to get.
type duplicate struct{ quota }

func newDuplicate(cfg Duplicates) (duplicate, error) {
	d := duplicate{quota{most: 1, within: cfg.Within, content: true}}
	d.only = [Categories]bool{Marketing: true, Utility: true}
	if cfg.Within != 0 && (cfg.Within < time.Second || cfg.Within > longestWithin) {
		return d, fmt.Errorf("within: %s: want between a second and %d hours", cfg.Within, longestWithin/time.Hour)
	}
	if len(cfg.Categories) > 0 {
		d.only = [Categories]bool{}
	}
	for _, c := range cfg.Categories {
		if c >= Categories {
			return d, fmt.Errorf("categories: there is no category %s", c)
		}
		d.only[c] = true
	}
	if len(cfg.Categories) > 0 && cfg.Within == 0 {
		return d, errors.New("categories: nothing is a duplicate without a time: want within beside it")
	}
	return d, nil
}

func (duplicate) Name() string { return "duplicate" }

func (d duplicate) Need(m *Message) Need {
	if d.within > 0 && d.only[m.Category] {
		return NeedTally
	}
	return NeedOptOut
}

func (d duplicate) tallies(m *Message, _ *Record) bool { return d.Need(m) == NeedTally }

func (d duplicate) lookback() time.Duration { return d.within }

func (d duplicate) Judge(m *Message, r *Record, now time.Time) Decision {
	if d.Need(m) != NeedTally {
		return forward
	}
	due := m.Due(now)
	until := d.free(r.Tally, anyTopic, due)
	if !until.After(due) {
		return forward
	}
	b := block(Duplicate)
	b.Until = until
	return b
}

func (d duplicate) unforeseen(m *Message) bool { return d.within > 0 && m.Text == "" }

// detail says in words what the rule goes by for m at a moment.
func (d duplicate) detail(_ *Message, r *Record, _ time.Time) string {
	for i := len(r.Tally) - 1; i >= 0; i-- {
		if s := &r.Tally[i]; d.counts(s, anyTopic) {
			return fmt.Sprintf("the same content to the same recipient within %s; the other is of %s", spell(d.within), when(s.At))
		}
	}
	return ""
}
