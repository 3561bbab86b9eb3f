package store

import (
	"cmp"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/store/errands"
	"go.uber.org/zap"
)

// Config is where and how a store keeps what it knows: the `store` section of the configuration.
type Config struct {
	// Dir is the folder of the store, created when missing. It holds consent/ (the consent
	// store), blobs/ (what proves consent), decisions/ (the decision log), tally/ (what was sent to whom
	// lately, in fingerprints), errands/ (what is still to be done), switches.jsonl (what pauses sending),
	// audit/ (who did what), tokens.json (the tokens that were made by the admin API), catalogue.json (what
	// providers told of templates), index (a snapshot of what is held in memory) and
	// store.key (the key of the fingerprints).
	// Default "./data".
	Dir string `yaml:"dir"`
	// Retention is how long the decision log is kept. It goes by files of a day or 64 MB: one is
	// removed when its newest entry is older. Default 2160h, 90 days.
	Retention time.Duration `yaml:"retention"`
	// KeepErased is how long it is remembered that an erased recipient opted out, by the keyed
	// fingerprint alone. Default 87660h, ten years.
	KeepErased time.Duration `yaml:"keep_erased"`
	// KeepAudit is how long it is kept who did what. It goes by files of a month or 64 MB: one is removed
	// when its newest line is older. Default 87660h, ten years.
	KeepAudit time.Duration `yaml:"keep_audit"`
	// Index is up to how many recipients the store holds their records in memory, at 15 to 20 bytes
	// each, so that a send never waits for the disk. Where there are more, memory holds the Bloom
	// filter alone, 2 bytes for each who ever opted out: whom it knows, and everybody where consent
	// is needed, is read from disk then, which takes microseconds and waits for writes under way.
	// Default 16000000.
	Index int64 `yaml:"index"`
	// Tally is up to how many messages are remembered for caps, duplicates and budgets, as long as the
	// longest of them looks back, at about 40 bytes of memory and 32 on disk each. Where there are more, a message
	// that has to be counted is not sent: it is undecided. Default 20000000.
	Tally int64 `yaml:"tally"`

	// SendKeys is how the keys are kept by which senders name one logical send.
	SendKeys SendKeys `yaml:"send_keys"`
	// Errands is how what the gate still has to do is kept.
	Errands errands.Config `yaml:"errands"`

	// Still removes nothing by age, and writes no snapshot, while the store is open: for whoever only looks
	// into the folder of a gate, whose own numbers say for how long it keeps what.
	Still bool `yaml:"-"`
	// Memory keeps everything in memory and nothing on disk, for tests and benchmarks.
	Memory  bool                  `yaml:"-"`
	Logger  *zap.Logger           `yaml:"-"` // nil: no log
	Metrics prometheus.Registerer `yaml:"-"` // nil: no metrics
	Now     func() time.Time      `yaml:"-"` // nil: time.Now
}

// Defaults of [Config].
const (
	DefaultDir        = "./data"
	DefaultRetention  = 90 * 24 * time.Hour
	DefaultKeepErased = 87660 * time.Hour // ten years
	DefaultKeepAudit  = 87660 * time.Hour // ten years
	DefaultIndex      = 16_000_000
	DefaultTally      = 20_000_000
)

func (c Config) withDefaults() Config {
	c.Dir = cmp.Or(c.Dir, DefaultDir)
	c.Retention = cmp.Or(c.Retention, DefaultRetention)
	c.KeepErased = cmp.Or(c.KeepErased, DefaultKeepErased)
	c.KeepAudit = cmp.Or(c.KeepAudit, DefaultKeepAudit)
	c.Index = cmp.Or(c.Index, DefaultIndex)
	c.Tally = cmp.Or(c.Tally, DefaultTally)
	c.SendKeys.Keep = cmp.Or(c.SendKeys.Keep, DefaultKeepSendKeys)
	c.SendKeys.Bytes = cmp.Or(c.SendKeys.Bytes, DefaultSendKeysBytes)
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// check says what is wrong with c. An error names the key.
func (c *Config) check() error {
	switch {
	case c.Retention < 0:
		return fmt.Errorf("retention: %s is negative", c.Retention)
	case c.KeepErased < 0:
		return fmt.Errorf("keep_erased: %s is negative", c.KeepErased)
	case c.KeepAudit < 0:
		return fmt.Errorf("keep_audit: %s is negative", c.KeepAudit)
	case c.Index < 0:
		return fmt.Errorf("index: %d is negative", c.Index)
	case c.Tally < 0:
		return fmt.Errorf("tally: %d is negative", c.Tally)
	}
	if err := c.SendKeys.Check(); err != nil {
		return fmt.Errorf("send_keys: %w", err)
	}
	if err := c.Errands.Check(); err != nil {
		return fmt.Errorf("errands: %w", err)
	}
	return nil
}
