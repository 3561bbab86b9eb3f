package errands

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"
)

var (
	// ErrFull is for an errand where store.errands.bytes are taken.
	ErrFull = errors.New("the errands take all the room that store.errands.bytes gives them")
	// ErrNone is for an ID of which there is no errand, or none any more.
	ErrNone = errors.New("there is no such errand")
)

// Config is how what the gate still has to do is kept: the `store.errands` section of the configuration.
type Config struct {
	// Bytes is what all errands that are not done may take together, and what is remembered of those that are.
	// Where that is taken none is added, but for what a provider was handed already, and is to deliver later, and what
	// cancels that. On disk they take up to twice that, and 48 MB. Default 1 GiB.
	Bytes int64 `yaml:"bytes"`
	// KeepDead is how long an errand that was given up is kept, and one that nobody looked at after its end.
	// Default 720h, 30 days.
	KeepDead time.Duration `yaml:"keep_dead"`
}

// Defaults of [Config].
const (
	DefaultBytes    = 1 << 30
	DefaultKeepDead = 30 * 24 * time.Hour
)

func (c Config) withDefaults() Config {
	return Config{Bytes: cmp.Or(c.Bytes, DefaultBytes), KeepDead: cmp.Or(c.KeepDead, DefaultKeepDead)}
}

// Check says what is wrong with c. Its errors begin with the key.
func (c Config) Check() error {
	switch {
	case c.Bytes < 0:
		return fmt.Errorf("bytes: %d: want more than 0", c.Bytes)
	case c.KeepDead != 0 && c.KeepDead < time.Minute:
		return fmt.Errorf("keep_dead: %s: want at least 1m", c.KeepDead)
	}
	return nil
}

// A Host is what a journal has of the store that it is part of.
type Host struct {
	Dir    string                   // folder of the journal; empty: in memory alone
	Now    func() time.Time         // in UTC, without a monotonic reading
	Hash   func(id string) [16]byte // stands for an ID, and tells nothing of it
	Room   func(want int64) error   // fails where the disk has fewer bytes left, or is not to be written to
	Sync   func(*os.File) error     // makes durable what was written
	Logger *zap.Logger
	Closed error // the answer to whatever is asked once the journal is closed
}
