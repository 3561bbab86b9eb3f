package access

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"time"

	"github.com/sendgate/sendgate/proxy/head"
)

// A Passport is what is noted of a CONNECT, for the requests within.
type Passport struct {
	From      netip.Addr // where it came from, see [List.From]
	Presented bool       // it came with a token, of which this is the hash
	Hash      [sha256.Size]byte
}

// Present notes the token in a Proxy-Authorization.
func (p *Passport) Present(value []byte) {
	p.Hash, p.Presented = sha256.Sum256(password(value)), true
}

// ByPassport is who the client of a CONNECT is, where it has a token, and why it may not come through, or go on within.
func (l *List) ByPassport(p *Passport, now time.Time) (who string, why Refusal) {
	switch {
	case l.Outside(p.From):
		return "", OutsideNetworks
	case !l.AsksTokens():
		return "", None
	case !p.Presented:
		return "", NoToken
	}
	b, why := l.token(p.Hash, now)
	if why == None {
		who = b.name
	}
	return who, why
}

// password is the token in a Proxy-Authorization: behind the colon of Basic, or in front of it where nothing is
// behind, or all that follows another scheme.
func password(value []byte) []byte {
	scheme, rest, _ := bytes.Cut(value, []byte(" "))
	if !head.Fold(scheme, "basic") {
		return head.Trim(rest)
	}
	plain, err := base64.StdEncoding.AppendDecode(nil, head.Trim(rest))
	if err != nil {
		return nil
	}
	user, token, _ := bytes.Cut(plain, []byte(":"))
	if len(token) == 0 {
		return user
	}
	return token
}
