package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// ErrClosed is the answer of a store after [Store.Close].
var ErrClosed = errors.New("the store is closed")

// Config is where and how a store keeps what it knows: the `store` section of the configuration.
type Config struct {
	// Dir is the folder of the store, created when missing. It holds consent/ (the consent
	// store), decisions/ (the decision log) and store.key (the key of the fingerprints).
	// Default "./data".
	Dir string `yaml:"dir"`
	// Retention is how long the decision log is kept. It goes by files of a day or 64 MB: one is
	// removed when its newest entry is older. Default 2160h, 90 days.
	Retention time.Duration `yaml:"retention"`

	// Memory keeps everything in memory and nothing on disk, for tests and benchmarks.
	Memory  bool                  `yaml:"-"`
	Logger  *zap.Logger           `yaml:"-"` // nil: no log
	Metrics prometheus.Registerer `yaml:"-"` // nil: no metrics
	Now     func() time.Time      `yaml:"-"` // nil: time.Now
}

// Defaults of [Config].
const (
	DefaultDir       = "./data"
	DefaultRetention = 90 * 24 * time.Hour
)

// A Store is open from [Open] to [Store.Close]. Its methods are safe for concurrent use.
type Store struct {
	cfg     Config
	logger  *zap.Logger
	keys    keys
	metrics metrics
	optouts *optouts
	log     *decisionLog

	// db is nil while the consent store is being brought back after a failed commit. Whoever
	// uses it holds mu for reading, except the writer, which alone takes it out of use.
	mu sync.RWMutex
	db *badger.DB

	// queue carries appends to the writer. gate is held for reading while sending to it, so that
	// Close can close it.
	gate   sync.RWMutex
	queue  chan *request
	closed atomic.Bool
	stop   chan struct{} // closed by Close
	done   chan struct{} // closed when the writer has ended

	head   atomic.Pointer[Head]        // of the chain, as acknowledged
	sick   atomic.Pointer[error]       // the last commit failed with this; nil while commits work
	commit func(*badger.Txn) error     // Txn.Commit; tests make it fail
	free   func(string) (int64, error) // free bytes on the disk of a folder; tests make it small
}

// Open opens the store in cfg.Dir, or makes one there. A folder belongs to one process: a second
// Open of the same folder fails and says so. Open repairs what a crash left behind by itself.
func Open(cfg Config) (*Store, error) {
	s := newStore(cfg)
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("opening the store in %s: %w", s.place(), err)
	}
	go s.write()
	return s, nil
}

func newStore(cfg Config) *Store {
	if cfg.Dir == "" {
		cfg.Dir = DefaultDir
	}
	if cfg.Retention == 0 {
		cfg.Retention = DefaultRetention
	}
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Store{
		cfg:    cfg,
		logger: cfg.Logger.Named("store"),
		queue:  make(chan *request, maxBatch),
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
		commit: (*badger.Txn).Commit,
		free:   freeBytes,
	}
}

// open opens the parts from the ground up, and closes again what it opened when one fails.
func (s *Store) open() (err error) {
	if s.cfg.Retention < 0 {
		return fmt.Errorf("retention: %s is negative", s.cfg.Retention)
	}
	if s.db, err = s.openBadger(); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = s.db.Close() // the first error is the one that explains
		}
	}()
	if s.keys, err = s.openKeys(); err != nil {
		return err
	}
	if err = s.loadHead(s.db); err != nil {
		return err
	}
	if err = s.migrate(); err != nil {
		return err
	}
	if s.optouts, err = loadOptouts(s.db); err != nil {
		return err
	}
	if s.log, err = s.openLog(); err != nil {
		return err
	}
	if err = s.metrics.register(s); err != nil {
		_ = s.log.close()
	}
	return err
}

// place names the store in errors.
func (s *Store) place() string {
	if s.cfg.Memory {
		return "memory"
	}
	return s.cfg.Dir
}

func (s *Store) path(name string) string { return filepath.Join(s.cfg.Dir, name) }

// now is the wall clock in the form that is kept: UTC, without a monotonic reading.
func (s *Store) now() time.Time { return s.cfg.Now().Round(0).UTC() }

// Close finishes the appends that are queued, writes out the decision log and lets go of the
// folder. Later calls return [ErrClosed].
func (s *Store) Close() error {
	s.gate.Lock()
	if s.closed.Swap(true) {
		s.gate.Unlock()
		return ErrClosed
	}
	close(s.queue)
	s.gate.Unlock()
	close(s.stop)
	<-s.done

	err := s.log.close()
	s.metrics.unregister()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return errors.Join(err, fmt.Errorf("closing the store in %s: %w", s.place(), s.unwell()))
	}
	db := s.db
	s.db = nil
	if cerr := db.Close(); cerr != nil {
		err = errors.Join(err, fmt.Errorf("closing the store in %s: %w", s.place(), cerr))
	}
	return err
}
