package proxy

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/proxy/head"
	"go.uber.org/zap"
)

// An access is who may come in by a route. It is never changed once it is made: what is read anew is another.
type access struct {
	tokens            map[[sha256.Size]byte]*token // looked for by hash, so that time tells nothing of a token
	networks, proxies []netip.Prefix
	certificates      *ClientCertificates // nil: none are asked for
	roots             *x509.CertPool
	fingerprints      [][sha256.Size]byte
	count             *counters
}

// A token is one that is known.
type token struct {
	name  string
	until time.Time
	used  *atomic.Uint64
}

// A stranger is why somebody may not come in. The zero stranger is none.
type stranger uint8

const (
	known stranger = iota
	outsideNetworks
	noCertificate
	foreignCertificate
	noToken
	twoTokens
	wrongToken
	expiredToken
	strangers = iota
)

var strangerNames = [strangers]string{"known", "network", "no-certificate", "wrong-certificate", "no-token", "two-tokens", "wrong-token", "expired-token"}

// strangerWords are said to people.
var strangerWords = [strangers]string{
	outsideNetworks:    "nobody may send from this address",
	noCertificate:      "a client certificate is wanted here, which is shown to the TLS listener of this gate",
	foreignCertificate: "the client certificate is not among those that are known here",
	noToken:            "a token of this gate is wanted here, in the place of the service's own or in the header Sendgate-Token",
	twoTokens:          "there are two tokens in one place, and nobody can say which of them counts",
	wrongToken:         "the token is none that is known here",
	expiredToken:       "the token has expired",
}

// letIn reports whether the client of w may come in by rt, and still through the tunnel that it came through. Who may
// not is answered, in the provider's words, and nothing of what they sent is looked at: no decision is logged.
func (g *Gate) letIn(t *table, rt *route, w *work) bool {
	why := known
	if c := w.client; t.access != nil && c != nil && c.outer != nil {
		w.through, why = t.access.through(c.outer, g.time(w))
		w.ends = why != known
	}
	if why == known && rt.access != nil {
		why = rt.access.look(g, rt, w)
	}
	if why == known {
		if w.who == "" && w.through != "" { // else the route counted whom it asked
			rt.count.client(w.through).Add(1)
		}
		return true
	}
	rt.count.strangers[why].Add(1)
	from := w.client.address()
	if why == wrongToken || why == expiredToken {
		w.ends = g.guesses.wrong(from, w.start) || w.ends
	}
	if g.guesses.tell(from, w.start) {
		g.log.Warn("a client that is not known here was refused", zap.String("route", rt.name), zap.Stringer("from", from), zap.String("why", strangerNames[why]))
	}
	rt.reject(w, strangerWords[why])
	w.done = time.Now()
	return false
}

// asksCertificate reports whether clients of rt may show certificates.
func (rt *route) asksCertificate() bool { return rt.access != nil && rt.access.certificates != nil }

// look finds out who w's client is, as far as there is more to know than an address.
func (a *access) look(g *Gate, rt *route, w *work) stranger {
	if len(a.networks) > 0 && !within(a.networks, a.from(w)) {
		return outsideNetworks
	}
	now := g.time(w)
	if a.certificates != nil {
		if why := a.certified(w, now); why != known {
			return why
		}
	}
	if len(a.tokens) == 0 {
		return known
	}
	return a.identify(rt, w, now)
}

// identify looks for a token: in the header for it, in the CONNECT of the tunnel, and where the provider's own
// credentials belong, if these are put in by the gate.
func (a *access) identify(rt *route, w *work, now time.Time) stranger {
	why := noToken
	if w.head.Claims {
		value, rest := head.ValueOf(w.head.Raw, "sendgate-token")
		if rest != nil {
			if _, again := head.ValueOf(rest, "sendgate-token"); again != nil {
				return twoTokens
			}
			if why = a.knows(sha256.Sum256(value), w, now); why == known {
				w.token = append(w.token[:0], value...)
				return known
			}
		}
	}
	if c := w.client; c != nil && c.outer != nil && c.outer.presented {
		if why = a.knows(c.outer.hash, w, now); why == known {
			return known
		}
	}
	if rt.credentials == nil {
		return why
	}
	if cap(w.token) < 256 { // what most are written in
		w.token = make([]byte, 0, 256)
	}
	value, err := rt.authorizer.Presented(w.token[:0], w.req, w.head.Raw)
	switch {
	case err != nil:
		return twoTokens
	case len(value) == 0:
		return why
	}
	if why = a.knows(sha256.Sum256(value), w, now); why == known {
		w.token = append(w.token[:0], value...)
	}
	return why
}

// knows reports who has the token with this hash.
func (a *access) knows(hash [sha256.Size]byte, w *work, now time.Time) stranger {
	t, why := a.token(hash, now)
	if why == known {
		w.who = t.name
		t.used.Add(1)
	}
	return why
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

// within reports whether at is in one of networks.
func within(networks []netip.Prefix, at netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(at) })
}

// from is where the client is: at the other end of the connection, or where proxies that are believed say.
func (a *access) from(w *work) netip.Addr {
	at := w.client.address()
	if len(a.proxies) == 0 || !within(a.proxies, at) {
		return at
	}
	var path [][]byte
	for value, rest := head.ValueOf(w.head.Raw, "x-forwarded-for"); rest != nil; value, rest = head.ValueOf(rest, "x-forwarded-for") {
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

// address is the other end of the connection; none where that has no address.
func (c *client) address() netip.Addr {
	switch {
	case c == nil:
		return netip.Addr{}
	case !c.at.IsValid():
		if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok {
			c.at = tcp.AddrPort().Addr().Unmap().WithZone("")
		}
	}
	return c.at
}

// certified looks at the certificate that w's client showed. It is verified once by each configuration.
func (a *access) certified(w *work, now time.Time) stranger {
	c := w.client
	switch {
	case c == nil || len(c.shown) == 0:
		return noCertificate
	case c.verifiedBy != a:
		c.verifiedBy, c.holder, c.until = a, "", time.Time{}
		c.holder, c.until = a.verify(c.shown, now)
	}
	if !now.Before(c.until) {
		return foreignCertificate
	}
	w.who = c.holder
	return known
}

// verify returns who a certificate is for, and until when it counts with all that it is signed by.
func (a *access) verify(shown []*x509.Certificate, now time.Time) (holder string, until time.Time) {
	between := x509.NewCertPool()
	for _, c := range shown[1:] {
		between.AddCert(c)
	}
	leaf := shown[0]
	chains, err := leaf.Verify(x509.VerifyOptions{Roots: a.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return "", time.Time{}
	}
	names := append(append([]string{leaf.Subject.CommonName}, leaf.DNSNames...), leaf.EmailAddresses...)
	for _, u := range leaf.URIs {
		names = append(names, u.String())
	}
	listed := len(a.certificates.Names) == 0 && len(a.fingerprints) == 0 || slices.Contains(a.fingerprints, sha256.Sum256(leaf.Raw))
	for _, name := range names {
		if holder == "" {
			holder = name
		}
		if name != "" && slices.Contains(a.certificates.Names, name) {
			holder, listed = name, true
			break
		}
	}
	if !listed {
		return "", time.Time{}
	}
	for _, chain := range chains { // of several the one that lasts longest
		ends := leaf.NotAfter
		for _, c := range chain {
			if c.NotAfter.Before(ends) {
				ends = c.NotAfter
			}
		}
		if ends.After(until) {
			until = ends
		}
	}
	return holder, until
}
