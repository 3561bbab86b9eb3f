package store

import (
	"fmt"

	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/tokens"
)

// Tokens are the credentials of the admin API that were made there.
func (s *Store) Tokens() *tokens.Set { return s.tokens }

func (s *Store) openTokens() (err error) {
	cfg := tokens.Config{Still: s.cfg.Still, Now: s.now, Closed: ErrClosed}
	if !s.cfg.Memory {
		cfg.Dir = s.cfg.Dir
	}
	s.tokens, err = tokens.Open(cfg)
	return err
}

// unnamed refuses an erasure that would have to take the name from a token.
func (s *Store) unnamed(address string) error {
	if name := s.tokens.NamedBy(spelling.Of(address)); name != "" {
		return &EventError{0, "to.address", fmt.Sprintf("the token %s is named by it: revoke it first", name)}
	}
	return nil
}
