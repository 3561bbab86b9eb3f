package pages

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
)

// sessions are who is logged in. They are in memory alone: a thief of the data folder finds none, a request
// writes nothing to the disk of the gate, and after a restart, which is rare, people log in again.
type sessions struct {
	mu sync.Mutex
	by map[[sha256.Size]byte]*session // by the hash of their cookie's token
}

// A session is one browser of one person.
type session struct {
	Account
	as     proof
	began  time.Time
	seen   time.Time // the last request
	from   string    // where the login came from
	agent  string    // what the browser says it is
	person string    // the same for all sessions of a person
}

// A proof is what a login rests on. A session ends as soon as that is no longer in force.
type proof struct {
	user     console.User // who logged in with a password; the zero one did not
	provider *provider    // that told who it is; nil: none
	counts   func() bool  // whether who made the link still counts; nil: it was none
}

const (
	// mostSessions bounds all sessions, and mostOfOne those of a person: more end the ones that were not used
	// for longest.
	mostSessions, mostOfOne = 10_000, 20
	// longestAgent is how much is kept of what a browser says it is.
	longestAgent = 200
)

// begin logs in a browser, with a token that it did not have before.
func (s *sessions) begin(now time.Time, limits console.Sessions, next session) (token string) {
	secret := make([]byte, 32)
	rand.Read(secret)
	token = base64.RawURLEncoding.EncodeToString(secret)
	next.began, next.seen, next.agent = now, now, cut(next.agent, longestAgent)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[[sha256.Size]byte]*session{}
	}
	for key, old := range s.by {
		if old.over(now, limits) {
			delete(s.by, key)
		}
	}
	s.shrink(mostOfOne-1, func(old *session) bool { return old.person == next.person })
	s.shrink(mostSessions-1, func(*session) bool { return true })
	s.by[sha256.Sum256([]byte(token))] = &next
	return token
}

// shrink ends those of some sessions that were not used for longest, down to most.
func (s *sessions) shrink(most int, some func(*session) bool) {
	for {
		var n int
		var least [sha256.Size]byte
		for key, old := range s.by {
			if !some(old) {
				continue
			}
			if n++; n == 1 || old.seen.Before(s.by[least].seen) {
				least = key
			}
		}
		if n <= most {
			return
		}
		delete(s.by, least)
	}
}

// find is the session of a token, and counts as a request of it. One whose proof does not hold ends.
func (s *sessions) find(now time.Time, limits console.Sessions, token string, holds func(session) bool) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.standing(now, limits, token, holds)
	if found == nil {
		return session{}, false
	}
	found.seen = now
	return *found, true
}

// peek is find, and counts as no request: a page that waits for news is not somebody at work.
func (s *sessions) peek(now time.Time, limits console.Sessions, token string, holds func(session) bool) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.standing(now, limits, token, holds)
	if found == nil {
		return session{}, false
	}
	return *found, true
}

// standing is the session of a token that has not come to its end; nil where there is none. The caller holds mu.
func (s *sessions) standing(now time.Time, limits console.Sessions, token string, holds func(session) bool) *session {
	key := sha256.Sum256([]byte(token)) // of hashes, the time that a look-up takes tells nothing
	found := s.by[key]
	if found != nil && (found.over(now, limits) || !holds(*found)) {
		delete(s.by, key)
		return nil
	}
	return found
}

func (s *session) over(now time.Time, limits console.Sessions) bool {
	return now.Sub(s.seen) >= limits.Idle || now.Sub(s.began) >= limits.Absolute
}

// end logs out the browser that has a token.
func (s *sessions) end(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.by, sha256.Sum256([]byte(token)))
}

// endWhere logs out those sessions that are meant, by their handle, and tells how many they were.
func (s *sessions) endWhere(meant func(handle string, s session) bool) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, old := range s.by {
		if meant(handle(key), *old) {
			delete(s.by, key)
			n++
		}
	}
	return n
}

// A login is one session as its person sees it.
type login struct {
	Handle      string // names it; logs nobody in
	Began, Seen time.Time
	From, Agent string
	Here        bool // the browser that asks
}

// of lists the sessions of a person, the last used first.
func (s *sessions) of(now time.Time, limits console.Sessions, person, token string) []login {
	here := sha256.Sum256([]byte(token))
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []login
	for key, found := range s.by {
		if found.person == person && !found.over(now, limits) {
			all = append(all, login{handle(key), found.began, found.seen, found.from, found.agent, key == here})
		}
	}
	slices.SortFunc(all, func(a, b login) int {
		if c := b.Seen.Compare(a.Seen); c != 0 {
			return c
		}
		return strings.Compare(a.Handle, b.Handle)
	})
	return all
}

// handle names a session by part of the hash, from which nobody finds the token.
func handle(key [sha256.Size]byte) string { return hex.EncodeToString(key[:8]) }

// A jar keeps cookies as safe as the way allows by which they travel.
type jar struct{ https bool }

// jar is the one for r.
func (p *Pages) jar(r *http.Request) jar { return jar{p.https || r.TLS != nil} }

// name is that of a cookie. The prefix has browsers take it from this host alone, and from https.
// See https://www.rfc-editor.org/rfc/rfc6265#section-4.1.3, as amended by draft-ietf-httpbis-rfc6265bis.
func (j jar) name(name string) string {
	if j.https {
		return "__Host-sendgate-" + name
	}
	return "sendgate-" + name
}

// get is the value of a cookie; empty: none.
func (j jar) get(r *http.Request, name string) string {
	c, err := r.Cookie(j.name(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// set keeps a cookie for a while; zero: until the browser closes. Lax, since people come back from their
// provider, and by links that others share.
func (j jar) set(w http.ResponseWriter, name, value string, keep time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: j.name(name), Value: value, Path: "/", MaxAge: int(keep.Seconds()), Secure: j.https, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// drop has the browser forget a cookie.
func (j jar) drop(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: j.name(name), Path: "/", MaxAge: -1, Secure: j.https, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func cut(text string, most int) string {
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "")
	}
	return text
}
