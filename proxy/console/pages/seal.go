package pages

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"sync"
	"time"
)

// A seal keeps a quest in the browser that began it, as a cookie that others can neither read nor write: however many
// are begun and left, the gate remembers none of them. Which ones came back it does remember, for as
// long as they count.
type seal struct {
	aead cipher.AEAD

	mu   sync.Mutex
	used map[string]time.Time // by state: until when it would count
}

// questLife is how long a login at the provider may take.
const questLife = 10 * time.Minute

func newSeal() *seal {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // of 32 bytes
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // of AES
	}
	return &seal{aead: aead, used: map[string]time.Time{}}
}

// longestQuest is how long the text of a quest may be, so that browsers, which keep 4096 bytes, keep its cookie.
const longestQuest = 2 << 10

// close is the cookie of q, which leads to the first page where its Next is too long for one.
func (s *seal) close(q quest) (string, error) {
	text, err := json.Marshal(q)
	if len(text) > longestQuest {
		q.Next = "/"
		text, err = json.Marshal(q)
	}
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, text, nil)), nil
}

// open is the quest of a cookie, where state came back with it: once.
func (s *seal) open(now time.Time, cookie, state string) (q quest, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil {
		return quest{}, false
	}
	text, err := s.aead.Open(nil, nil, sealed, nil)
	if err != nil || json.Unmarshal(text, &q) != nil || q.State != state || !now.Before(q.Until) {
		return quest{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for state, until := range s.used {
		if !now.Before(until) {
			delete(s.used, state)
		}
	}
	if _, again := s.used[state]; again {
		return quest{}, false
	}
	s.used[state] = q.Until
	return q, true
}
