package proxy

import (
	"crypto/sha256"
	"net"
	"net/netip"
	"time"

	"github.com/sendgate/sendgate/proxy/head"
	"go.uber.org/zap"
)

// letIn reports whether the client of w may come in by rt, and still through the tunnel that it came through. Who may
// not is answered, in the provider's words, and nothing of what they sent is looked at: no decision is logged.
func (g *Gate) letIn(t *table, rt *route, w *work) bool {
	why := known
	if c := w.client; t.access != nil && c != nil && c.outer != nil {
		w.through, why = t.access.through(&c.outer.passport, g.time(w))
		w.ends = why != known
	}
	if why == known && rt.access != nil {
		why = g.look(rt, w)
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
		g.log.Warn("a client that is not known here was refused", zap.String("route", rt.name), zap.Stringer("from", from), zap.Stringer("why", why))
	}
	rt.reject(w, why.sentence())
	w.done = time.Now()
	return false
}

// asksCertificate reports whether clients of rt may show certificates.
func (rt *route) asksCertificate() bool { return rt.access != nil && rt.access.asksCertificates() }

// look finds out who w's client is, as far as there is more to know than an address.
func (g *Gate) look(rt *route, w *work) (why stranger) {
	if rt.access.outside(rt.access.from(w.client.address(), w.head.Raw)) {
		return outsideNetworks
	}
	now := g.time(w)
	if rt.access.asksCertificates() {
		if w.client == nil {
			return noCertificate
		}
		if w.who, why = rt.access.certified(&w.client.shown, now); why != known {
			return why
		}
	}
	if !rt.access.asksTokens() {
		return known
	}
	return rt.identify(w, now)
}

// identify looks for a token: in the header for it, in the CONNECT of the tunnel, and where the provider's own
// credentials belong, if these are put in by the gate.
func (rt *route) identify(w *work, now time.Time) stranger {
	why := noToken
	if w.head.Claims {
		value, rest := head.ValueOf(w.head.Raw, "sendgate-token")
		if rest != nil {
			if _, again := head.ValueOf(rest, "sendgate-token"); again != nil {
				return twoTokens
			}
			if why = rt.knows(sha256.Sum256(value), w, now); why == known {
				w.token = append(w.token[:0], value...)
				return known
			}
		}
	}
	if c := w.client; c != nil && c.outer != nil && c.outer.passport.presented {
		if why = rt.knows(c.outer.passport.hash, w, now); why == known {
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
	if why = rt.knows(sha256.Sum256(value), w, now); why == known {
		w.token = append(w.token[:0], value...)
	}
	return why
}

// knows reports who has the token with this hash.
func (rt *route) knows(hash [sha256.Size]byte, w *work, now time.Time) stranger {
	name, why := rt.access.named(hash, now)
	if why == known {
		w.who = name
	}
	return why
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
