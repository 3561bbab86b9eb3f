package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"

	"github.com/sendgate/sendgate/store/tokens"
	"github.com/sendgate/sendgate/store/wire"
)

// An actor is who asks: a token as kept in memory, by the hash of its secret.
type actor struct {
	name string
	role Role
	hash [sha256.Size]byte
	made bool // by the API, so that it may be revoked while it is used

	// behind is who made the token, through however many others, as it was when it let in: by the time of an act the
	// token may be revoked. Empty: it is none that was made.
	behind string
}

// newActors checks the tokens of a configuration and hashes their secrets.
func newActors(tokens []Token) ([]actor, error) {
	if len(tokens) == 0 {
		return nil, fmt.Errorf("tokens: none: want at least one, or nobody can ask")
	}
	var actors []actor
	for i, t := range tokens {
		if field, problem := t.Problem(); problem != "" {
			return nil, fmt.Errorf("tokens[%d].%s: %s", i, field, problem)
		}
		a := actor{name: t.Name, role: t.Role, hash: sha256.Sum256([]byte(t.Secret))}
		for j, b := range actors {
			if a.name == b.name {
				return nil, fmt.Errorf("tokens[%d].name: %q is the name of tokens[%d] too", i, a.name, j)
			}
			if a.hash == b.hash {
				return nil, fmt.Errorf("tokens[%d].secret: the same as that of tokens[%d]: who asked could not be told", i, j)
			}
		}
		actors = append(actors, a)
	}
	return actors, nil
}

// actor finds who sent r: whom [Server.As] vouches for, or whose token it bears. Every token is compared, over
// hashes of equal length, so that the time taken tells nothing of which one was close.
func (s *Server) actor(r *http.Request) (actor, error) {
	if by, ok := r.Context().Value(actorOf{}).(actor); ok {
		return by, nil
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		return actor{}, errorf(http.StatusUnauthorized, "", "this needs a token: send the header Authorization: Bearer TOKEN")
	}
	scheme, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return actor{}, errorf(http.StatusUnauthorized, "", "the Authorization header is not understood: want Bearer TOKEN")
	}
	hash := sha256.Sum256([]byte(strings.TrimSpace(secret)))
	found := -1
	for i := range s.actors {
		if subtle.ConstantTimeCompare(hash[:], s.actors[i].hash[:]) == 1 {
			found = i
		}
	}
	if found >= 0 {
		s.store.Tokens().Use(s.actors[found].name)
		return s.actors[found], nil
	}
	return s.madeWith(hash)
}

// madeWith is the actor of the token that was made here with a secret of this hash.
func (s *Server) madeWith(hash wire.Digest) (actor, error) {
	var found *tokens.Token
	for i, made := 0, s.store.Tokens().All(); i < len(made); i++ {
		if subtle.ConstantTimeCompare(hash[:], made[i].Hash[:]) == 1 {
			found = &made[i]
		}
	}
	if found == nil {
		return actor{}, errorf(http.StatusUnauthorized, "", "this token is not known here")
	}
	by, err := s.madeActor(found)
	if err != nil {
		return actor{}, errorf(http.StatusUnauthorized, "", "this token lets nobody in: %v", err)
	}
	s.store.Tokens().Use(by.name)
	return by, nil
}

// may is the error for an actor whose role is below need.
func (a actor) may(need Role, what string) error {
	if a.role >= need {
		return nil
	}
	return errorf(http.StatusForbidden, "", "%s needs the role %s; token %q is a %s", what, need, a.name, a.role)
}
