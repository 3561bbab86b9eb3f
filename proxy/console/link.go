package console

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A LoginLink logs somebody into the console, once.
type LoginLink struct {
	// URL of the link; without console.url it is a path at the console's address. It is a secret.
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

const (
	// linkPath is where the console takes links; the token stands behind it.
	linkPath = "/login/link?token="
	// linkLife is how long a link counts: long enough to change from a terminal to a browser.
	linkLife = 15 * time.Minute
	// mostLinks is how many count at a time; one more ends the oldest.
	mostLinks = 16
)

// links are the ones that nobody has used.
type links struct {
	mu   sync.Mutex
	open []link // oldest first
}

// A link is kept by the hash of its token, and forgotten with the process.
type link struct {
	hash    [sha256.Size]byte
	by      actor
	expires time.Time
}

// NewLink makes a link that logs in as name with a role. Who calls it vouches for the name.
func (s *Server) NewLink(name string, role Role) LoginLink {
	return s.newLink(actor{name: name, role: role})
}

func (s *Server) newLink(by actor) LoginLink {
	secret := make([]byte, 32)
	rand.Read(secret)
	token := base64.RawURLEncoding.EncodeToString(secret)
	now := s.now()
	l := link{hash: sha256.Sum256([]byte(token)), by: by, expires: now.Add(linkLife)}
	s.links.mu.Lock()
	defer s.links.mu.Unlock()
	s.links.drop(now)
	if len(s.links.open) >= mostLinks {
		s.links.open = s.links.open[1:]
	}
	s.links.open = append(s.links.open, l)
	return LoginLink{URL: strings.TrimSuffix(s.url, "/") + linkPath + token, Expires: l.expires}
}

// A Guest is as whom a link logs in.
type Guest struct {
	Name string
	Role Role
	// Counts reports whether who made the link may still ask: a token that was revoked does not.
	Counts func() bool
	// Client asks as the guest, in the same process.
	Client *Client
}

// TakeLink is as whom a token of a link logs in. The same token does not do so again.
func (s *Server) TakeLink(token string) (Guest, bool) { return s.findLink(token, true) }

// KnowsLink reports whether a token would still log in.
func (s *Server) KnowsLink(token string) bool {
	_, ok := s.findLink(token, false)
	return ok
}

func (s *Server) findLink(token string, take bool) (Guest, bool) {
	hash := sha256.Sum256([]byte(token))
	s.links.mu.Lock()
	defer s.links.mu.Unlock()
	s.links.drop(s.now())
	for i, l := range s.links.open {
		if l.hash != hash { // of hashes, the time that it takes tells nothing
			continue
		}
		if take {
			s.links.open = append(s.links.open[:i:i], s.links.open[i+1:]...)
		}
		g := Guest{l.by.name, l.by.role, func() bool { return s.stillKnown(l.by) }, s.as(actor{name: l.by.name, role: l.by.role, behind: l.by.behind})}
		return g, g.Counts()
	}
	return Guest{}, false
}

// drop forgets what has expired.
func (l *links) drop(now time.Time) {
	for len(l.open) > 0 && !now.Before(l.open[0].expires) {
		l.open = l.open[1:]
	}
}

// postLink makes a link that logs in as who asks for it.
func (s *Server) postLink(c *call) error {
	return answer(c.w, http.StatusCreated, s.newLink(c.by))
}
