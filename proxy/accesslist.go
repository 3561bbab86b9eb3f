package proxy

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/proxy/head"
)

// An access is who may come in. It is never changed once it is made: what is read anew is another.
type access struct {
	tokens            map[[sha256.Size]byte]*token // looked for by hash, so that time tells nothing of a token
	networks, proxies []netip.Prefix
	certificates      *ClientCertificates // nil: none are asked for
	roots             *x509.CertPool
	fingerprints      [][sha256.Size]byte
}

// A token is one that is known.
type token struct {
	name  string
	until time.Time
	used  *atomic.Uint64
}

// asksTokens reports whether nobody may come in without a token.
func (a *access) asksTokens() bool { return len(a.tokens) > 0 }

// asksCertificates reports whether nobody may come in without a certificate.
func (a *access) asksCertificates() bool { return a.certificates != nil }

// named returns the name of the client who has the token with this hash, and counts that it came in.
func (a *access) named(hash [sha256.Size]byte, now time.Time) (name string, why stranger) {
	t, why := a.token(hash, now)
	if why != known {
		return "", why
	}
	t.used.Add(1)
	return t.name, known
}

// token looks for the token with this hash.
func (a *access) token(hash [sha256.Size]byte, now time.Time) (t *token, why stranger) {
	switch t = a.tokens[hash]; {
	case t == nil:
		return nil, wrongToken
	case !t.until.IsZero() && !now.Before(t.until):
		return nil, expiredToken
	}
	return t, known
}

// outside reports whether somebody may not come in for where they are.
func (a *access) outside(at netip.Addr) bool { return len(a.networks) > 0 && !within(a.networks, at) }

// within reports whether at is in one of networks.
func within(networks []netip.Prefix, at netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(at) })
}

// from is where the client is of a request with these header lines: at the other end of the connection, or where
// proxies that are believed say.
func (a *access) from(at netip.Addr, lines []byte) netip.Addr {
	if len(a.proxies) == 0 || !within(a.proxies, at) {
		return at
	}
	var path [][]byte
	for value, rest := head.ValueOf(lines, "x-forwarded-for"); rest != nil; value, rest = head.ValueOf(rest, "x-forwarded-for") {
		path = append(path, bytes.Split(value, []byte(","))...)
	}
	for _, text := range slices.Backward(path) {
		said, err := netip.ParseAddr(string(head.Trim(text)))
		if err != nil {
			return netip.Addr{}
		}
		if at = said.Unmap(); !within(a.proxies, at) {
			break
		}
	}
	return at
}
