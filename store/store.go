package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/badgerdb"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/index"
	"github.com/sendgate/sendgate/store/switches"
	"github.com/sendgate/sendgate/store/tally"
	"github.com/sendgate/sendgate/store/tokens"
	"go.uber.org/zap"
)

// ErrClosed is the answer of a store after [Store.Close].
var ErrClosed = errors.New("the store is closed")

// A Store is open from [Open] to [Store.Close]. Its methods are safe for concurrent use.
type Store struct {
	cfg     Config
	logger  *zap.Logger
	keys    fingerprint.Keys
	metrics metrics
	optouts *index.Optouts
	blobs   blobs
	tally   *tally.Book
	errands *errands.Journal

	decisions *decisions.Log

	switches *switches.Board
	audit    *audit.Trail
	tokens   *tokens.Set
	passes   passes

	catalogue catalogue

	// db is nil while the consent store is being brought back after a failed commit. Whoever
	// uses it holds mu for reading, except the writer, which alone takes it out of use.
	mu      sync.RWMutex
	db      *badger.DB
	folder  *badgerdb.Folder // of db
	mending sync.WaitGroup   // while it is brought back

	// queue carries appends to the writer. gate is held for reading while sending to it, so that
	// Close can close it.
	gate   sync.RWMutex
	queue  chan *request
	closed atomic.Bool
	stop   chan struct{} // closed by Close
	done   chan struct{} // closed when the writer has ended

	head       atomic.Pointer[Head]        // of the chain, as acknowledged
	totals     atomic.Pointer[totals]      // likewise
	places     atomic.Pointer[places]      // likewise
	publishing atomic.Uint64               // odd while what was committed is being made known
	index      atomic.Pointer[index.Index] // nil: there are too many recipients to hold in memory
	saved      atomic.Uint64               // number of the link up to which the snapshot is made
	removals   atomic.Uint64               // how often the snapshot was removed
	serving    bool                        // set before the writer starts
	saving     sync.WaitGroup              // while snapshots may be written
	counting   sync.WaitGroup              // while the tally and the errands are kept, and records may be counted

	writing  sync.Mutex // while a snapshot is written
	renaming sync.Mutex // while the snapshot is put into place, or removed

	sends  sends       // keys of sends on their way to disk
	linked atomic.Bool // somebody may be linked to somebody

	erasing chan struct{} // holds a sign while an erasure goes on
	erasure *journal      // of the store in memory; whoever put the sign there has it

	lost   atomic.Pointer[error]       // records are not there any more
	sick   atomic.Pointer[error]       // the last commit failed with this; nil while commits work
	commit func(*badger.Txn) error     // commits without syncing; tests make it fail
	sync   func(*os.File) error        // makes durable what was committed into a file; likewise
	trail  func(*os.File) error        // makes durable what the audit wrote; likewise
	free   func(string) (int64, error) // free bytes on the disk of a folder; tests make it small
}

// Open opens the store in cfg.Dir, or makes one there. A folder belongs to one process: a second
// Open of the same folder fails and says so. Open repairs what a crash left behind by itself.
func Open(cfg Config) (*Store, error) {
	s := newStore(cfg)
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("opening the store in %s: %w", s.place(), err)
	}
	s.start()
	return s, nil
}

// start begins to serve.
func (s *Store) start() {
	s.serving = true
	go s.write()
	go s.housekeep()
	s.saving.Go(s.keepSnapshot)
	s.counting.Go(func() { s.tally.Keep(s.stop) })
	if !s.cfg.Still && !s.cfg.Memory {
		s.counting.Go(s.keepCensus)
	}
	if !s.cfg.Still {
		s.counting.Go(func() { s.errands.Keep(s.stop) })
	}
}

func newStore(cfg Config) *Store {
	cfg = cfg.withDefaults()
	s := &Store{
		cfg:     cfg,
		logger:  cfg.Logger.Named("store"),
		queue:   make(chan *request, maxBatch),
		stop:    make(chan struct{}),
		done:    make(chan struct{}),
		erasing: make(chan struct{}, 1),
		free:    disk.Free,
		trail:   (*os.File).Sync,
	}
	s.commit = (*badger.Txn).Commit
	s.folder = badgerdb.Memory(cfg.Logger.Named("badger"))
	if s.sync = badgerdb.Sync; s.cfg.Memory {
		s.sync = func(*os.File) error { return nil }
	}
	return s
}

// open opens the parts from the ground up, and closes again what it opened when one fails.
func (s *Store) open() (err error) {
	if err = s.cfg.check(); err != nil {
		return err
	}
	if !s.cfg.Memory {
		if s.folder, err = s.openFolder(); err != nil {
			return err
		}
	}
	if s.db, err = s.openBadger(); err != nil {
		s.folder.Close()
		return err
	}
	defer func() {
		if err != nil {
			s.folder.WAL.Forget()
			_ = s.folder.CloseDB(s.db) // the first error is the one that explains
			s.folder.Close()
		}
	}()
	if err = s.removeTemps(); err != nil {
		return err
	}
	if err = s.checkFormat(); err != nil {
		return err
	}
	if s.keys, err = s.openKeys(); err != nil {
		return err
	}
	if err = s.loadSmall(s.db); err != nil {
		return err
	}
	if err = s.loadPasses(s.db); err != nil {
		return err
	}
	if err = s.restore(s.db); err != nil {
		return err
	}
	if err = s.openBlobs(); err != nil {
		return err
	}
	if err = s.openCatalogue(); err != nil {
		return err
	}
	if err = s.openTally(); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = s.tally.Close() // the first error is the one that explains
		}
	}()
	if err = s.openErrands(); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.errands.Close()
		}
	}()
	if err = s.openSwitches(); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.switches.Close()
		}
	}()
	if err = s.openTokens(); err != nil {
		return err
	}
	if err = s.openAudit(); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.audit.Close()
		}
	}()
	if err = s.raiseFormat(); err != nil {
		return err
	}
	if err = s.openDecisions(); err != nil {
		return err
	}
	if err = s.metrics.register(s); err == nil {
		if err = s.resume(); err == nil {
			err = s.eraseAgain()
		}
		if err == nil {
			return nil
		}
		s.metrics.unregister()
	}
	_ = s.decisions.Close() // the first error is the one that explains
	return err
}

// place names the store in errors.
func (s *Store) place() string {
	if s.cfg.Memory {
		return "memory"
	}
	return s.cfg.Dir
}

// Files is about how many file descriptors the store takes. It changes by and by.
func (s *Store) Files() int {
	return otherFiles + s.folder.Tables.Stored() + s.errands.Files()
}

// otherFiles is how many files besides those of the tables it has open at a time, and some more.
const otherFiles = 32

func (s *Store) path(name string) string { return filepath.Join(s.cfg.Dir, name) }

// now is the wall clock in the form that is kept: UTC, without a monotonic reading.
func (s *Store) now() time.Time { return s.cfg.Now().Round(0).UTC() }

// Close finishes the appends that are queued, writes out the decision log and lets go of the
// folder. Later calls return [ErrClosed].
func (s *Store) Close() error {
	s.erasing <- struct{}{} // an erasure that was begun is finished
	defer func() { <-s.erasing }()
	s.gate.Lock()
	if s.closed.Swap(true) {
		s.gate.Unlock()
		return ErrClosed
	}
	close(s.queue)
	s.gate.Unlock()
	close(s.stop)
	<-s.done
	s.mending.Wait()
	s.saving.Wait()
	s.counting.Wait()

	err := errors.Join(s.decisions.Close(), s.tally.Close(), s.tokens.Close())
	s.switches.Close()
	s.audit.Close()
	s.errands.Close()
	s.metrics.unregister()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return errors.Join(err, fmt.Errorf("closing the store in %s: %w", s.place(), s.unwell()))
	}
	s.saveLast()
	db := s.db
	s.db = nil
	s.folder.WAL.Forget()
	if cerr := s.folder.CloseDB(db); cerr != nil {
		return errors.Join(err, fmt.Errorf("closing the store in %s: %w", s.place(), cerr))
	}
	s.folder.Close()
	return err
}
