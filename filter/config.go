package filter

import (
	"fmt"
	"time"
)

// Config is the policy of a route: the `policy` section of its configuration.
type Config struct {
	// Require is the weakest basis that carries a message of each category. A category left out
	// keeps its default: marketing express, utility transaction, service inquiry,
	// authentication none.
	Require map[Category]Basis `yaml:"require"`
	// OptOutExempt lists categories that go out even to somebody who opted out of everything.
	// Marketing cannot be exempt. Default: none.
	OptOutExempt []Category `yaml:"opt_out_exempt"`
	// Window is the customer service window: how long after the recipient's last message a
	// free-form WhatsApp message may be sent, and how long an inquiry carries an answer.
	// Default 24h, which is WhatsApp's own.
	Window time.Duration `yaml:"window"`
	// Footer is the opt-out line that marketing text must carry, for example
	// "Reply STOP to opt out". It is added where the text has none of FooterWords. Default: none.
	Footer string `yaml:"footer"`
	// FooterWords are words that show that a text already says how to opt out, compared without
	// regard to case. Default: stop, unsubscribe, opt out.
	FooterWords []string `yaml:"footer_words"`
}

// Default durations and words of [Config].
const DefaultWindow = 24 * time.Hour

var defaultRequire = [Categories]Basis{
	Marketing:      Express,
	Utility:        ByTransaction,
	Service:        ByInquiry,
	Authentication: NoBasis,
}

// New builds the policy: the order of this literal is the precedence of the rules.
func New(cfg Config) (Policy, error) {
	if cfg.Window == 0 {
		cfg.Window = DefaultWindow
	}
	if cfg.Window < 0 {
		return nil, fmt.Errorf("window: %s is negative", cfg.Window)
	}
	require := defaultRequire
	for c, b := range cfg.Require {
		require[c] = b
	}
	if require[Marketing] == ByInquiry || require[Marketing] == ByTransaction {
		return nil, fmt.Errorf("require: marketing: %s: implied consent never carries marketing (want express, or none to check opt-outs only)", require[Marketing])
	}
	var exempt [Categories]bool
	for _, c := range cfg.OptOutExempt {
		if c == Marketing {
			return nil, fmt.Errorf("opt_out_exempt: marketing cannot be exempt from opt-outs")
		}
		exempt[c] = true
	}
	if len(cfg.FooterWords) == 0 {
		cfg.FooterWords = []string{"stop", "unsubscribe", "opt out", "opt-out"}
	}
	return Policy{
		badAddress{},
		optOut{exempt: exempt},
		consent{require: require, window: cfg.Window},
		window{length: cfg.Window},
		footer{line: cfg.Footer, words: cfg.FooterWords},
	}, nil
}
