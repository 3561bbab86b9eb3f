package console

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
)

const (
	// keyHeader is the header of https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
	keyHeader = "Idempotency-Key"

	// What is remembered of keys in memory: the notice that each was used for, whoever it was about.
	// Beyond that, the events of the recipient themselves tell.
	keyLife  = 24 * time.Hour
	mostKeys = 100_000
)

// idempotencyKeys remembers for which notice a key was used. Its zero value is ready, and safe for
// concurrent use.
type idempotencyKeys struct {
	mu   sync.Mutex
	used map[string]usedKey // by the beginning of the event's ID
}

type usedKey struct {
	id string
	at time.Time
}

// eventID is the ID of the event of notice n, or of another request, sent by a under the idempotency
// key: the same for the same notice, and for another notice one that begins the same. given reports whether there is a
// key at all.
func (a actor) eventID(key string, n any) (id string, given bool, err error) {
	if key == "" {
		return "", false, nil
	}
	if len(key) > input.LongestName {
		return "", true, bad(keyHeader, "%d bytes are too many: want at most %d", len(key), input.LongestName)
	}
	body, err := json.Marshal(n)
	if err != nil {
		return "", true, fmt.Errorf("naming the event: %w", err)
	}
	who := sha256.Sum256([]byte(a.name + "\x00" + key))
	what := sha256.Sum256(body)
	return "key-" + hex.EncodeToString(who[:12]) + "-" + hex.EncodeToString(what[:8]), true, nil
}

// beginning is the part of an event's ID that tells the key alone.
func beginning(id string) string { return id[:strings.LastIndexByte(id, '-')+1] }

// claim uses the key of id for id, or fails because it was used for another notice.
func (k *idempotencyKeys) claim(id string, now time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.used == nil {
		k.used = map[string]usedKey{}
	}
	if was, ok := k.used[beginning(id)]; ok && was.id != id && now.Sub(was.at) < keyLife {
		return errKeyUsed()
	}
	if len(k.used) >= mostKeys {
		for key, was := range k.used {
			if now.Sub(was.at) >= keyLife || len(k.used) >= mostKeys {
				delete(k.used, key)
			}
		}
	}
	k.used[beginning(id)] = usedKey{id, now}
	return nil
}

func errKeyUsed() error {
	return errorf(http.StatusConflict, keyHeader, "this key was used for another notice: a key stands for one")
}

// replayed is the event id of to if it was recorded before. A key that was used for another notice
// about to is an error.
func (s *Server) replayed(to filter.Recipient, id string) (filter.Event, bool, error) {
	events, err := s.store.History(to)
	if err != nil {
		return filter.Event{}, false, fmt.Errorf("looking for an earlier use of the key: %w", err)
	}
	i := slices.IndexFunc(events, func(e filter.Event) bool { return strings.HasPrefix(e.ID, beginning(id)) })
	switch {
	case i < 0:
		return filter.Event{}, false, nil
	case events[i].ID != id:
		return filter.Event{}, false, errKeyUsed()
	}
	return events[i], true, nil
}
