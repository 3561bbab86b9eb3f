package filter

import (
	"errors"
	"fmt"
	"time"
)

// Config is the policy of a route: the `policy` section of its configuration.
type Config struct {
	// Require is the weakest basis that carries a message of each category. A category left out
	// keeps its default: marketing express, utility transaction, service inquiry,
	// authentication none.
	Require map[Category]Basis `yaml:"require"`
	// OptOutExempt lists categories that opt-outs say nothing about: they go out, on the consent
	// they need, even to somebody who opted out of everything. Marketing cannot be exempt.
	// Default: none.
	OptOutExempt []Category `yaml:"opt_out_exempt"`
	// Window is the customer service window: how long after the recipient's last message a
	// free-form WhatsApp message may be sent, and how long an inquiry carries an answer.
	// Default 24h, which is WhatsApp's own.
	Window time.Duration `yaml:"window"`
	// Expiry is how long consent carries where the recipient is, beyond what the window says.
	// Every row that fits counts. Left out: the table that comes with the program; an empty list:
	// consent does not run out.
	Expiry []Expiry `yaml:"expiry"`
	// QuietHours says which hours of the recipient's day are left in peace. Default: none.
	QuietHours QuietHours `yaml:"quiet_hours"`
	// Caps say how many messages a recipient gets at most. Default: any number.
	Caps Caps `yaml:"caps"`
	// Duplicates says what counts as the same message twice. Default: nothing does.
	Duplicates Duplicates `yaml:"duplicates"`
	// Footer is how marketing text tells to opt out. Default: nothing is added.
	Footer Footer `yaml:"footer"`

	// Notice is what the first message to somebody tells of how their data is handled. Default: nothing.
	Notice Notice `yaml:"notice"`

	// Business is the name that the brand gives itself, which texts may show.
	Business string `yaml:"-"`
}

// DefaultWindow is WhatsApp's customer service window:
// https://developers.facebook.com/docs/whatsapp/pricing
const DefaultWindow = 24 * time.Hour

var defaultRequire = [Categories]Basis{
	Marketing:      Express,
	Utility:        ByTransaction,
	Service:        ByInquiry,
	Authentication: NoBasis,
}

// New builds the policy: the order of this literal is the precedence of the rules. An error names
// the key of the configuration that is wrong.
func New(cfg Config) (Policy, error) {
	switch {
	case cfg.Window == 0:
		cfg.Window = DefaultWindow
	case cfg.Window < 0:
		return nil, fmt.Errorf("window: %s is negative", cfg.Window)
	}
	require, err := cfg.require()
	if err != nil {
		return nil, err
	}
	exempt, err := cfg.exempt()
	if err != nil {
		return nil, err
	}
	expiry, err := lapses(cfg.Expiry)
	if err != nil {
		return nil, err
	}
	quiet, err := newQuietHours(cfg.QuietHours, cfg.Window)
	if err != nil {
		return nil, fmt.Errorf("quiet_hours: %w", err)
	}
	caps, err := newFrequency(cfg.Caps)
	if err != nil {
		return nil, fmt.Errorf("caps: %w", err)
	}
	twice, err := newDuplicate(cfg.Duplicates)
	if err != nil {
		return nil, fmt.Errorf("duplicates: %w", err)
	}
	line, err := newFooter(cfg.Footer, cfg.Business)
	if err != nil {
		return nil, fmt.Errorf("footer: %w", err)
	}
	notice, err := newNotice(&cfg, line)
	if err != nil {
		return nil, fmt.Errorf("notice: %w", err)
	}
	if key := cfg.Footer.idle(!notice.lines.none()); key != "" && line.lines.none() {
		return nil, fmt.Errorf("footer: %s: there is no line to add: want a preset, rows or line beside it", key)
	}
	return Policy{
		badAddress{},
		optOut{exempt: exempt},
		asked{require: require, window: cfg.Window},
		consent{require: require, exempt: exempt, window: cfg.Window, expiry: expiry},
		window{length: cfg.Window},
		quiet,
		caps,
		twice,
		line,
		notice,
	}, nil
}

// A setting is a key of the configuration, and whether it is set.
type setting struct {
	key string
	set bool
}

// firstSet is the first key that is set; empty where none is. What is written down is meant: a part of a rule without
// the part that makes it one would be taken for the whole.
func firstSet(all ...setting) string {
	for _, s := range all {
		if s.set {
			return s.key
		}
	}
	return ""
}

func (cfg *Config) require() ([Categories]Basis, error) {
	require := defaultRequire
	for c, b := range cfg.Require {
		switch {
		case c >= Categories:
			return require, fmt.Errorf("require: there is no category %s", c)
		case b >= Bases:
			return require, fmt.Errorf("require: %s: there is no basis %s", c, b)
		case c == Marketing && (b == ByInquiry || b == ByTransaction):
			return require, fmt.Errorf("require: marketing: %s: implied consent never carries marketing (want express, or none to check opt-outs only)", b)
		}
		require[c] = b
	}
	return require, nil
}

func (cfg *Config) exempt() (exempt [Categories]bool, err error) {
	for _, c := range cfg.OptOutExempt {
		switch {
		case c >= Categories:
			return exempt, fmt.Errorf("opt_out_exempt: there is no category %s", c)
		case c == Marketing:
			return exempt, errors.New("opt_out_exempt: marketing cannot be exempt from opt-outs")
		}
		exempt[c] = true
	}
	return exempt, nil
}
