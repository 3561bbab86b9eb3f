package access

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

// A List is who may come in. It is never changed once it is made: what is read anew is another.
type List struct {
	tokens            map[[sha256.Size]byte]*bearer // looked for by hash, so that time tells nothing of a token
	networks, proxies []netip.Prefix
	certificates      *Certificates // nil: none are asked for
	roots             *x509.CertPool
	ends              time.Time // of roots
	fingerprints      [][sha256.Size]byte
}

// A bearer is the client who has a token that is known.
type bearer struct {
	name  string
	until time.Time
	used  *atomic.Uint64
}

// AsksTokens reports whether nobody may come in without a token.
func (l *List) AsksTokens() bool { return len(l.tokens) > 0 }

// AsksCertificates reports whether nobody may come in without a certificate.
func (l *List) AsksCertificates() bool { return l.certificates != nil }

// Ends is when the first of the authorities ends that sign clients' certificates, and zero where none does. One that was
// made anew under the same name ends when the new one does.
func (l *List) Ends() time.Time {
	if l == nil {
		return time.Time{}
	}
	return l.ends
}

// ByToken returns the name of the client who has the token with this hash, and counts that it came in.
func (l *List) ByToken(hash [sha256.Size]byte, now time.Time) (name string, why Refusal) {
	b, why := l.token(hash, now)
	if why != None {
		return "", why
	}
	b.used.Add(1)
	return b.name, None
}

// token looks for the token with this hash.
func (l *List) token(hash [sha256.Size]byte, now time.Time) (b *bearer, why Refusal) {
	switch b = l.tokens[hash]; {
	case b == nil:
		return nil, WrongToken
	case !b.until.IsZero() && !now.Before(b.until):
		return nil, ExpiredToken
	}
	return b, None
}

// Outside reports whether somebody may not come in for where they are.
func (l *List) Outside(at netip.Addr) bool { return len(l.networks) > 0 && !within(l.networks, at) }

// within reports whether at is in one of networks.
func within(networks []netip.Prefix, at netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(at) })
}

// From is where the client is of a request with these header lines: at the other end of the connection, or where
// proxies that are believed say.
func (l *List) From(at netip.Addr, lines []byte) netip.Addr {
	if len(l.proxies) == 0 || !within(l.proxies, at) {
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
		if at = said.Unmap(); !within(l.proxies, at) {
			break
		}
	}
	return at
}
