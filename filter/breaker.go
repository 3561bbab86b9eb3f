package filter

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Breaker pauses a sender or a campaign while its provider refuses too many of its messages: one
// entry of the configuration's section `proxy`. Refusals are signs that people do not want what is
// sent, and cost the sender its standing; but a wrong pause costs a broadcast. So it looks at a share
// and at a number.
type Breaker struct {
	// Refusals and Share say from when on it is too much: so many refusals within Window, which are at
	// least this share of the messages that the provider answered. Defaults 20 and 20%.
	Refusals int   `yaml:"refusals"`
	Share    Share `yaml:"share"`
	// Window is the moving time in which messages and refusals count. Default 1h.
	Window time.Duration `yaml:"window"`
	// Pause is how long nothing goes out then. Default 1h.
	Pause time.Duration `yaml:"pause"`
	// Trials is how many messages go out after that, one a second at most, before it is decided
	// whether the pause is over or begins again. Default 10.
	Trials int `yaml:"trials"`
	// Categories are those that are watched, and paused. Default: marketing alone.
	Categories []Category `yaml:"categories"`
	// LowQuality is for how long a sender is paused whose quality the provider rates as low. Default 24h.
	LowQuality time.Duration `yaml:"low_quality"`
	// Codes are those that count as refusals, by provider, in place of the ones that come with the
	// program.
	Codes map[string][]int `yaml:"codes"`
}

// Defaults of [Breaker].
const (
	DefaultRefusals     = 20
	DefaultRefusalShare = Share(20)
	DefaultBreakerTime  = time.Hour // of Window and of Pause
	DefaultTrials       = 10
	DefaultLowQuality   = 24 * time.Hour
)

// ByBreaker is the actor of the switches that a breaker sets and lifts.
const ByBreaker = "breaker"

// WithDefaults is b with its defaults, or an error that names the key.
func (b Breaker) WithDefaults() (Breaker, error) {
	switch {
	case b.Refusals < 0:
		return b, fmt.Errorf("refusals: %d: want a number of refusals", b.Refusals)
	case b.Trials < 0:
		return b, fmt.Errorf("trials: %d: want a number of messages", b.Trials)
	}
	b.Refusals = cmp.Or(b.Refusals, DefaultRefusals)
	b.Share = cmp.Or(b.Share, DefaultRefusalShare)
	b.Window = cmp.Or(b.Window, DefaultBreakerTime)
	b.Pause = cmp.Or(b.Pause, DefaultBreakerTime)
	b.Trials = cmp.Or(b.Trials, DefaultTrials)
	b.LowQuality = cmp.Or(b.LowQuality, DefaultLowQuality)
	for _, t := range []struct {
		key string
		is  time.Duration
	}{{"window", b.Window}, {"pause", b.Pause}, {"low_quality", b.LowQuality}} {
		if t.is < time.Minute {
			return b, fmt.Errorf("%s: %s: want at least a minute", t.key, t.is)
		}
	}
	if len(b.Categories) == 0 {
		b.Categories = []Category{Marketing}
	}
	if problem := categoriesProblem(b.Categories); problem != "" {
		return b, fmt.Errorf("categories: %s", problem)
	}
	return b, nil
}

// Watches reports whether messages of this category count.
func (b *Breaker) Watches(c Category) bool { return slices.Contains(b.Categories, c) }

// TooMany reports whether so many refusals of so many messages open the circuit.
func (b *Breaker) TooMany(refusals, messages int) bool {
	return refusals >= b.Refusals && b.Share.Of(max(messages, refusals)) <= float64(refusals)
}

// A RefusalCode is one row of the data about what providers' codes mean: a code that counts as a
// refusal.
type RefusalCode struct {
	Provider   string `yaml:"provider"`
	Code       int    `yaml:"code"`
	Means      string `yaml:"means"`
	Source     string `yaml:"source"`     // address of the text that says so
	Reviewed   string `yaml:"reviewed"`   // day on which somebody last compared the two
	Confidence string `yaml:"confidence"` // how sure they were
}

// A Circuit is how a breaker finds a sender or a campaign.
type Circuit struct {
	On       Target    `json:"on"`
	State    string    `json:"state"`    // closed: sending; open: paused; trial: a few go out, and decide
	Messages int       `json:"messages"` // that the provider answered within the window, or on trial
	Refusals int       `json:"refusals"` // of them, or of earlier ones
	Code     int       `json:"code,omitempty"`
	Switch   string    `json:"switch,omitempty"` // the one that pauses it
	Until    time.Time `json:"until,omitzero"`   // from when on it is on trial
}
