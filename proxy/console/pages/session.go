package pages

import (
	"crypto/rand"
	"net/http"
	"sync"
)

const sessionCookie = "session"

// sessions are who is logged in, by the text of their cookie.
type sessions struct {
	mu sync.Mutex
	by map[string]Account
}

// begin logs a in.
func (s *sessions) begin(w http.ResponseWriter, a Account) {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[string]Account{}
	}
	s.by[id] = a
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// account is who sent r.
func (s *sessions) account(r *http.Request) (Account, bool) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return Account{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.by[c.Value]
	return a, ok
}
