package tokens

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/store/disk"
	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/wire"
)

const (
	// File is where the tokens are.
	File = "tokens.json"
	// Temp begins the names of files that become File.
	Temp = File + "."

	maxTokens = 1000 // each is compared with what a call bears

	// usesKept is how often it is put on disk when tokens were last used; it is when they are closed, too.
	usesKept = time.Hour
)

// Errors of [Set.Add] and [Set.Remove] that a caller asks for.
var (
	ErrUnknown = errors.New("there is no such token")
	ErrTaken   = errors.New("there is a token of this name, or with this secret")
	ErrFull    = fmt.Errorf("there are %d tokens: revoke some first", maxTokens)
)

// A Token is a credential of the admin API that was made there, not in the configuration. Its secret is kept
// nowhere.
type Token struct {
	Name   string      `json:"name"`
	Role   string      `json:"role"`
	Hash   wire.Digest `json:"hash"` // of the secret, which is random enough to need no salt
	Made   time.Time   `json:"made"`
	MadeBy string      `json:"made_by"`
	Behind string      `json:"behind,omitempty"` // who is behind MadeBy, where that was a token that somebody made, too
	Until  time.Time   `json:"until,omitzero"`   // from when on it counts no more; zero: never
}

// A Set has the tokens that were made and not revoked, in memory and in a file. Its methods are safe for concurrent
// use.
type Set struct {
	cfg Config
	all atomic.Pointer[[]Token]

	mu     sync.Mutex // one change at a time
	closed bool
	used   map[string]time.Time // when each was last used, those of the configuration, too
	saved  time.Time            // when used was last put on disk
}

// A Config is what a [Set] goes by.
type Config struct {
	Dir    string // where its file is; empty: in memory alone
	Still  bool   // the file is read, and left as it is
	Now    func() time.Time
	Closed error // the answer to whoever adds or removes a token once it is closed
}

// rows is the file.
type rows struct {
	Tokens []Token              `json:"tokens"`
	Used   map[string]time.Time `json:"used,omitempty"`
}

// Open reads the tokens of a folder, where there are some.
func Open(cfg Config) (*Set, error) {
	read := rows{}
	if cfg.Dir != "" {
		name := filepath.Join(cfg.Dir, File)
		text, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(text, &read)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s does not read: restore it, or remove it, and with it the tokens that were made: %w", name, err)
		}
	}
	s := &Set{cfg: cfg, used: read.Used, saved: cfg.Now()}
	if s.used == nil {
		s.used = map[string]time.Time{}
	}
	s.all.Store(&read.Tokens)
	return s, nil
}

// Close puts on disk when tokens were last used. Those that there are stay so for readers.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if len(s.used) == 0 {
		return nil
	}
	return s.save(s.All())
}

// All are those that were made and not revoked, in the order in which they were made. It is one atomic
// load; what it returns must not be changed.
func (s *Set) All() []Token { return *s.all.Load() }

// Add keeps a token. Once it returns nil, the token is on disk, and All has it.
func (s *Set) Add(t Token) error {
	t.Made, t.Until = s.cfg.Now(), t.Until.Round(0).UTC()
	return s.change(func(all []Token) ([]Token, error) {
		switch {
		case slices.ContainsFunc(all, func(k Token) bool { return k.Name == t.Name || k.Hash == t.Hash }):
			return nil, ErrTaken
		case len(all) >= maxTokens:
			return nil, ErrFull
		}
		delete(s.used, t.Name) // an earlier one of that name
		return append(slices.Clip(all), t), nil
	})
}

// Remove takes a token away. Once it returns nil, that is on disk, and All has it no more.
func (s *Set) Remove(name string) error {
	return s.change(func(all []Token) ([]Token, error) {
		left := slices.DeleteFunc(slices.Clone(all), func(t Token) bool { return t.Name == name })
		if len(left) == len(all) {
			return nil, ErrUnknown
		}
		delete(s.used, name)
		return left, nil
	})
}

// Use notes that a token is used now, be it one of the configuration. A crash may lose the last hour
// of it.
func (s *Set) Use(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	if s.used[name] = now; !s.closed && now.Sub(s.saved).Abs() >= usesKept {
		_ = s.save(s.All()) // it is tried again with the next use after a while
		s.saved = now
	}
}

// LastUse is when a token was last used; zero: never, or not since it is kept.
func (s *Set) LastUse(name string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used[name]
}

// change has f make the tokens what they are to be, and puts them on disk.
func (s *Set) change(f func(all []Token) ([]Token, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.cfg.Closed
	}
	all, err := f(s.All())
	if err != nil {
		return err
	}
	if err := s.save(all); err != nil {
		return fmt.Errorf("keeping the tokens: %w", err)
	}
	s.all.Store(&all)
	return nil
}

// save writes the file. The caller holds mu.
func (s *Set) save(all []Token) error {
	if s.cfg.Dir == "" || s.cfg.Still {
		return nil
	}
	text, err := json.Marshal(rows{all, s.used})
	if err != nil {
		return err
	}
	return disk.Write(filepath.Clean(s.cfg.Dir), File, Temp, text)
}

// NamedBy is the name of a token in which the address of sp is, which an erasure of it would have to take away; empty:
// there is none.
func (s *Set) NamedBy(sp *spelling.Spelling) (name string) {
	for _, t := range s.All() {
		if sp.In(t.Name) {
			return t.Name
		}
	}
	return ""
}

// Erase takes an address out of who made tokens, and forgets the use of those that it names.
func (s *Set) Erase(sp *spelling.Spelling) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, found := slices.Clone(s.All()), false
	for i := range all {
		for _, name := range []*string{&all[i].MadeBy, &all[i].Behind} {
			if sp.In(*name) {
				*name, found = spelling.Erased, true
			}
		}
	}
	for name := range s.used {
		if sp.In(name) {
			delete(s.used, name)
			found = true
		}
	}
	if !found {
		return nil
	}
	if err := s.save(all); err != nil {
		return err
	}
	s.all.Store(&all)
	return nil
}
