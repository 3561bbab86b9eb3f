package store

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
	tokensFile = "tokens.json"
	tokensTemp = tokensFile + "."

	maxTokens = 1000 // each is compared with what a call bears

	// usesKept is how often it is put on disk when tokens were last used; it is when the store is closed, too.
	usesKept = time.Hour
)

// Errors of [Store.AddToken] and [Store.RemoveToken] that a caller asks for.
var (
	ErrNoToken    = errors.New("there is no such token")
	ErrTokenTaken = errors.New("there is a token of this name, or with this secret")
	ErrTokensFull = fmt.Errorf("there are %d tokens: revoke some first", maxTokens)
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

// tokens are those that were made and not revoked, in memory and in a file that is written anew for each change.
type tokens struct {
	all atomic.Pointer[[]Token]

	mu    sync.Mutex           // one change at a time
	used  map[string]time.Time // when each was last used, those of the configuration, too
	saved time.Time            // when used was last put on disk
}

// tokenRows is the file.
type tokenRows struct {
	Tokens []Token              `json:"tokens"`
	Used   map[string]time.Time `json:"used,omitempty"`
}

// Tokens are those that were made and not revoked, in the order in which they were made. It is one atomic
// load; what it returns must not be changed.
func (s *Store) Tokens() []Token {
	if all := s.tokens.all.Load(); all != nil {
		return *all
	}
	return nil
}

// AddToken keeps a token. Once it returns nil, the token is on disk, and Tokens has it.
func (s *Store) AddToken(t Token) error {
	t.Made, t.Until = s.now(), t.Until.Round(0).UTC()
	return s.changeTokens(func(all []Token, used map[string]time.Time) ([]Token, error) {
		switch {
		case slices.ContainsFunc(all, func(k Token) bool { return k.Name == t.Name || k.Hash == t.Hash }):
			return nil, ErrTokenTaken
		case len(all) >= maxTokens:
			return nil, ErrTokensFull
		}
		delete(used, t.Name) // an earlier one of that name
		return append(slices.Clip(all), t), nil
	})
}

// RemoveToken takes a token away. Once it returns nil, that is on disk, and Tokens has it no more.
func (s *Store) RemoveToken(name string) error {
	return s.changeTokens(func(all []Token, used map[string]time.Time) ([]Token, error) {
		left := slices.DeleteFunc(slices.Clone(all), func(t Token) bool { return t.Name == name })
		if len(left) == len(all) {
			return nil, ErrNoToken
		}
		delete(used, name)
		return left, nil
	})
}

// TokenUsed notes that a token was used now, be it one of the configuration. A crash may lose the last hour
// of it.
func (s *Store) TokenUsed(name string) {
	t := &s.tokens
	t.mu.Lock()
	defer t.mu.Unlock()
	now := s.now()
	if t.used[name] = now; now.Sub(t.saved).Abs() >= usesKept {
		_ = s.saveTokens(s.Tokens()) // it is tried again with the next use after a while
		t.saved = now
	}
}

// TokenUse is when a token was last used; zero: never, or not since it is kept.
func (s *Store) TokenUse(name string) time.Time {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	return s.tokens.used[name]
}

// changeTokens has change make the tokens what they are to be, and puts them on disk.
func (s *Store) changeTokens(change func(all []Token, used map[string]time.Time) ([]Token, error)) error {
	t := &s.tokens
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.closed.Load() {
		return ErrClosed
	}
	all, err := change(s.Tokens(), t.used)
	if err != nil {
		return err
	}
	if err := s.saveTokens(all); err != nil {
		return fmt.Errorf("keeping the tokens: %w", err)
	}
	t.all.Store(&all)
	return nil
}

// saveTokens writes the file. The caller holds the mutex of the tokens.
func (s *Store) saveTokens(all []Token) error {
	if s.cfg.Memory || s.cfg.Still {
		return nil
	}
	text, err := json.Marshal(tokenRows{all, s.tokens.used})
	if err != nil {
		return err
	}
	return disk.Write(filepath.Clean(s.cfg.Dir), tokensFile, tokensTemp, text)
}

// openTokens reads the tokens of the folder, where there are some.
func (s *Store) openTokens() error {
	rows := tokenRows{}
	if !s.cfg.Memory {
		text, err := os.ReadFile(s.path(tokensFile))
		if err == nil {
			err = json.Unmarshal(text, &rows)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s does not read: restore it, or remove it, and with it the tokens that were made: %w", s.path(tokensFile), err)
		}
	}
	t := &s.tokens
	if t.used = rows.Used; t.used == nil {
		t.used = map[string]time.Time{}
	}
	t.saved = s.now()
	t.all.Store(&rows.Tokens)
	return nil
}

// closeTokens puts on disk when tokens were last used.
func (s *Store) closeTokens() error {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	if len(s.tokens.used) == 0 {
		return nil
	}
	return s.saveTokens(s.Tokens())
}

// tokenNamed refuses an erasure that would have to take the name from a token.
func (s *Store) tokenNamed(address string) error {
	sp := spelling.Of(address)
	for _, t := range s.Tokens() {
		if sp.In(t.Name) {
			return &EventError{0, "to.address", fmt.Sprintf("the token %s is named by it: revoke it first", t.Name)}
		}
	}
	return nil
}

// eraseTokens takes an address out of who made tokens, and forgets the use of those that it names.
func (s *Store) eraseTokens(address string) error {
	t, sp, found := &s.tokens, spelling.Of(address), false
	t.mu.Lock()
	defer t.mu.Unlock()
	all := slices.Clone(s.Tokens())
	for i := range all {
		for _, name := range []*string{&all[i].MadeBy, &all[i].Behind} {
			if sp.In(*name) {
				*name, found = spelling.Erased, true
			}
		}
	}
	for name := range t.used {
		if sp.In(name) {
			delete(t.used, name)
			found = true
		}
	}
	if !found {
		return nil
	}
	if err := s.saveTokens(all); err != nil {
		return err
	}
	t.all.Store(&all)
	return nil
}
