package proxy

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"time"

	"github.com/sendgate/sendgate/proxy/head"
)

// A passport is what is noted of a CONNECT, for the requests within.
type passport struct {
	from      netip.Addr // where it came from, see [access.from]
	presented bool       // it came with a token, of which this is the hash
	hash      [sha256.Size]byte
}

// present notes the token in a Proxy-Authorization.
func (p *passport) present(value []byte) {
	p.hash, p.presented = sha256.Sum256(password(value)), true
}

// through is who the client of a CONNECT is, where it has a token, and why it may not come through, or go on within.
func (a *access) through(p *passport, now time.Time) (who string, why stranger) {
	switch {
	case a.outside(p.from):
		return "", outsideNetworks
	case !a.asksTokens():
		return "", known
	case !p.presented:
		return "", noToken
	}
	t, why := a.token(p.hash, now)
	if why == known {
		who = t.name
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
