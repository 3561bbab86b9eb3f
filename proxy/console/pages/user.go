package pages

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode"

	"github.com/sendgate/sendgate/proxy/console"
)

// passwords are the users who log in with one.
type passwords struct {
	users []console.User
	key   [32]byte // chooses stand-ins
}

func newPasswords(users []console.User) *passwords {
	p := &passwords{users: users}
	rand.Read(p.key[:])
	return p
}

// spelling is the one by which a name, as typed, is found and counted. It is empty where the name can be no user's: other
// letters than ASCII's are none of theirs, though Unicode folds some into them.
func spelling(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
		return ""
	}
	return strings.ToLower(name)
}

// find is the user of a name, as typed.
func (p *passwords) find(name string) (console.User, bool) {
	name = spelling(name)
	for _, u := range p.users {
		if strings.ToLower(u.Name) == name {
			return u, true
		}
	}
	return console.User{}, false
}

// check is the user of a name, the zero one where there is none, and whether password is theirs. An unknown name costs as much work as a user's, always the same
// user's for one name, so that time does not tell which names are known.
func (p *passwords) check(ctx context.Context, name, password string) (console.User, bool, error) {
	u, known := p.find(name)
	asked := u
	if !known {
		asked = p.users[p.standIn(name)]
	}
	if err := hashing.begin(ctx); err != nil {
		return console.User{}, false, err
	}
	defer hashing.end()
	matches := asked.Knows(password)
	return u, known && matches, nil
}

func (p *passwords) standIn(name string) int {
	mac := hmac.New(sha256.New, p.key[:])
	mac.Write([]byte(strings.ToLower(name)))
	return int(binary.BigEndian.Uint64(mac.Sum(nil)) % uint64(len(p.users)))
}

// hashing lets one password be hashed at a time in the process, since it takes a processor and much memory from
// a gate that has messages to judge.
var hashing = turn{make(chan struct{}, 1)}

// A turn is had by one at a time.
type turn struct{ taken chan struct{} }

func (t turn) begin(ctx context.Context) error {
	select {
	case t.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) end() { <-t.taken }

// devices are known by a cookie from an earlier login, which logs nobody in: see [throttle].
type devices struct{ key []byte }

// newDevices knows those to which a key, or one that is drawn where it is empty, issued their cookies.
func newDevices(key string) devices { return devices{[]byte(cmp.Or(key, rand.Text()))} }

func (d *devices) mac(nonce, name string) string {
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte(nonce + "." + strings.ToLower(name)))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// issue is the cookie of a device that has logged in as name.
func (d *devices) issue(name string) string {
	nonce := rand.Text()
	return nonce + "." + d.mac(nonce, name)
}

// of is what tells the device of a cookie from others; empty, if it has not logged in as name.
func (d *devices) of(cookie, name string) string {
	nonce, mac, _ := strings.Cut(cookie, ".")
	if !hmac.Equal([]byte(mac), []byte(d.mac(nonce, name))) {
		return ""
	}
	return nonce
}
