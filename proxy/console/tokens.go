package console

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/store/tokens"
	"go.uber.org/zap"
)

// Where a token comes from.
const (
	FromConfiguration = "configuration" // it is changed there
	FromAPI           = "api"           // it was made by POST /api/v1/tokens
)

// A TokenInfo is what may be told of a token: all but its secret.
type TokenInfo struct {
	Name   string    `json:"name"`
	Role   Role      `json:"role"`
	Source string    `json:"source"`        // configuration or api
	Made   time.Time `json:"made,omitzero"` // zero: it is of the configuration
	MadeBy string    `json:"made_by,omitempty"`
	Until  time.Time `json:"until,omitzero"` // from when on it counts no more; zero: never
	Used   time.Time `json:"used,omitzero"`  // when it was last used; a crash may lose the last hour
	// Problem says why nobody is let in with it all the same.
	Problem string `json:"problem,omitempty"`
}

// Tokens is a list of tokens.
type Tokens struct {
	Tokens []TokenInfo `json:"tokens"`
}

// A TokenRequest asks for a token.
type TokenRequest struct {
	Name  string    `json:"name"` // letters, digits, - . _
	Role  Role      `json:"role"`
	Until time.Time `json:"until,omitzero"` // zero: it does not end by itself
	Note  string    `json:"note,omitempty"` // what for; kept in the audit
}

// A NewToken is a token that was made. Its secret is told this once.
type NewToken struct {
	Token  TokenInfo `json:"token"`
	Secret string    `json:"secret"`
}

// secretPrefix begins the secrets that are made here, so that who finds one knows what it is.
const secretPrefix = "sendgate_"

// listTokens answers who may ask by a token, those of the configuration first.
func (s *Server) listTokens(c *call) error {
	a := Tokens{Tokens: []TokenInfo{}}
	for _, t := range s.actors {
		a.Tokens = append(a.Tokens, TokenInfo{Name: t.name, Role: t.role, Source: FromConfiguration, Used: s.store.Tokens().LastUse(t.name)})
	}
	for _, t := range s.store.Tokens().All() {
		a.Tokens = append(a.Tokens, s.tokenInfo(&t))
	}
	return answer(c.w, http.StatusOK, a)
}

// tokenInfo is what may be told of a token that was made here.
func (s *Server) tokenInfo(t *tokens.Token) TokenInfo {
	info := TokenInfo{Name: t.Name, Source: FromAPI, Made: t.Made, MadeBy: t.MadeBy, Until: t.Until, Used: s.store.Tokens().LastUse(t.Name)}
	by, err := s.madeActor(t)
	if info.Role = by.role; err != nil {
		info.Problem = err.Error()
	}
	return info
}

// madeActor is who asks with t, or why nobody does.
func (s *Server) madeActor(t *tokens.Token) (actor, error) {
	by := actor{name: t.Name, hash: t.Hash, made: true, behind: cmp.Or(t.Behind, t.MadeBy)}
	if err := by.role.UnmarshalText([]byte(t.Role)); err != nil {
		return by, err
	}
	switch {
	case s.configured(t.Name), s.user(t.Name):
		return by, fmt.Errorf("the configuration has somebody else of the name %s", t.Name)
	case !t.Until.IsZero() && !s.now().Before(t.Until):
		return by, fmt.Errorf("it ended on %s", moment(t.Until))
	}
	return by, nil
}

// configured reports whether a name is somebody's by the configuration.
func (s *Server) configured(name string) bool {
	return slices.ContainsFunc(s.actors, func(a actor) bool { return a.name == name })
}

// user reports whether somebody of a name may log in with a password.
func (s *Server) user(name string) bool {
	users := s.users.Load()
	return users != nil && slices.ContainsFunc(*users, func(user string) bool { return strings.EqualFold(user, name) })
}

// SetUsers says the names of those who may log in with a password from now on. A token that was made under one of them
// lets nobody in: who did something must be told apart. With any of them, or a provider that others log in by, the first
// start is over, and whoever came by its link is let in no more.
func (s *Server) SetUsers(names []string, provider bool) {
	s.users.Store(&names)
	s.started.Store(provider || len(names) > 0)
}

// Named reports whether a name is that of a user or a token.
func (s *Server) Named(name string) bool {
	same := func(other string) bool { return strings.EqualFold(other, name) }
	return s.user(name) || slices.ContainsFunc(s.actors, func(a actor) bool { return same(a.name) }) ||
		slices.ContainsFunc(s.store.Tokens().All(), func(t tokens.Token) bool { return same(t.Name) })
}

// stillKnown reports whether who was let in as by would be let in now.
func (s *Server) stillKnown(by actor) bool {
	switch {
	case by.name == FirstStart && by.hash == [sha256.Size]byte{}: // no token of that name
		return !s.started.Load()
	case !by.made:
		return true
	}
	for _, t := range s.store.Tokens().All() {
		if t.Hash == by.hash {
			_, err := s.madeActor(&t)
			return err == nil
		}
	}
	return false
}

// postToken makes a token, and tells its secret, once it is on disk and lets in.
func (s *Server) postToken(c *call) error {
	var r TokenRequest
	if err := readBody(c, &r); err != nil {
		return err
	}
	c.about("token", r.Name)
	c.about("role", r.Role)
	c.note(r.Note)
	random := make([]byte, 32)
	rand.Read(random) // never fails, see crypto/rand
	secret := secretPrefix + base64.RawURLEncoding.EncodeToString(random)
	field, problem := Token{Name: r.Name, Role: r.Role, Secret: secret}.Problem()
	switch {
	case problem != "":
		return bad(field, "%s", problem)
	case strings.Contains(r.Name, "@"):
		return bad("name", "%q: want no @, by which people are named who log in", r.Name)
	case len(r.Name) > input.LongestName:
		return bad("name", "%d bytes are too many: want at most %d", len(r.Name), input.LongestName)
	case s.configured(r.Name), s.user(r.Name):
		return errorf(http.StatusConflict, "name", "the configuration has somebody of the name %s", r.Name)
	case !r.Until.IsZero() && !r.Until.After(s.now()):
		return bad("until", "%s is over", moment(r.Until))
	}
	t := tokens.Token{Name: r.Name, Role: r.Role.String(), Hash: sha256.Sum256([]byte(secret)), MadeBy: c.by.name, Behind: c.by.behind, Until: r.Until}
	switch err := s.store.Tokens().Add(t); {
	case errors.Is(err, tokens.ErrTaken):
		return errorf(http.StatusConflict, "name", "there is a token %s: revoke it first, or take another name", r.Name)
	case errors.Is(err, tokens.ErrFull):
		return errorf(http.StatusConflict, "", "%v", err)
	case err != nil:
		return err
	}
	s.log.Info("a token was made", zap.String("actor", c.by.name), zap.String("token", t.Name), zap.Stringer("role", r.Role))
	made := s.store.Tokens().All()
	i := slices.IndexFunc(made, func(k tokens.Token) bool { return k.Hash == t.Hash })
	if i < 0 {
		return errorf(http.StatusConflict, "name", "the token %s was revoked as soon as it was made", r.Name)
	}
	return answer(c.w, http.StatusCreated, NewToken{Token: s.tokenInfo(&made[i]), Secret: secret})
}

// deleteToken revokes a token, and answers once that is on disk and it lets in no more.
func (s *Server) deleteToken(c *call) error {
	name := c.r.PathValue("id")
	switch err := s.store.Tokens().Remove(name); {
	case errors.Is(err, tokens.ErrUnknown) && s.configured(name):
		return errorf(http.StatusConflict, "id", "the token %s is of the configuration: remove it there, and start the gate again", name)
	case errors.Is(err, tokens.ErrUnknown):
		return errorf(http.StatusNotFound, "id", "there is no token %s: GET /api/v1/tokens lists them", name)
	case err != nil:
		return err
	}
	s.log.Info("a token was revoked", zap.String("actor", c.by.name), zap.String("token", name))
	return answer(c.w, http.StatusOK, map[string]string{"revoked": name})
}
