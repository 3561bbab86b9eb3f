package proxy

import (
	"crypto/sha256"
	"net"
	"net/netip"
	"time"

	"github.com/sendgate/sendgate/proxy/access"
	"github.com/sendgate/sendgate/proxy/head"
	"go.uber.org/zap"
)

// letIn reports whether the client of w may come in by rt, and still through the tunnel that it came through. Who may
// not is answered, in the provider's words, and nothing of what they sent is looked at: no decision is logged.
func (g *Gate) letIn(t *table, rt *route, w *work) bool {
	why := access.None
	if c := w.client; t.access != nil && c != nil && c.outer != nil {
		w.through, why = t.access.ByPassport(&c.outer.passport, g.time(w))
		w.ends = why != access.None
	}
	if why == access.None && rt.access != nil {
		why = g.look(rt, w)
	}
	if why == access.None {
		if w.who == "" && w.through != "" { // else the route counted whom it asked
			rt.count.client(w.through).Add(1)
		}
		return true
	}
	rt.count.strangers[why].Add(1)
	from := w.client.address()
	if why == access.WrongToken || why == access.ExpiredToken {
		w.ends = g.guesses.Wrong(from, w.start) || w.ends
	}
	if g.guesses.Tell(from, w.start) {
		g.log.Warn("a client that is not known here was refused", zap.String("route", rt.name), zap.Stringer("from", from), zap.Stringer("why", why))
	}
	rt.reject(w, why.Sentence())
	w.done = time.Now()
	return false
}

// asksCertificate reports whether clients of rt may show certificates.
func (rt *route) asksCertificate() bool { return rt.access != nil && rt.access.AsksCertificates() }

// look finds out who w's client is, as far as there is more to know than an address.
func (g *Gate) look(rt *route, w *work) (why access.Refusal) {
	if rt.access.Outside(rt.access.From(w.client.address(), w.head.Raw)) {
		return access.OutsideNetworks
	}
	now := g.time(w)
	if rt.access.AsksCertificates() {
		if w.client == nil {
			return access.NoCertificate
		}
		if w.who, why = rt.access.ByCertificate(&w.client.shown, now); why != access.None {
			return why
		}
	}
	if !rt.access.AsksTokens() {
		return access.None
	}
	return rt.identify(w, now)
}

// identify looks for a token: in the header for it, in the CONNECT of the tunnel, and where the provider's own
// credentials belong, if these are put in by the gate.
func (rt *route) identify(w *work, now time.Time) access.Refusal {
	why := access.NoToken
	if w.head.Claims {
		value, rest := head.ValueOf(w.head.Raw, "sendgate-token")
		if rest != nil {
			if _, again := head.ValueOf(rest, "sendgate-token"); again != nil {
				return access.TwoTokens
			}
			if why = rt.knows(sha256.Sum256(value), w, now); why == access.None {
				w.token = append(w.token[:0], value...)
				return access.None
			}
		}
	}
	if c := w.client; c != nil && c.outer != nil && c.outer.passport.Presented {
		if why = rt.knows(c.outer.passport.Hash, w, now); why == access.None {
			return access.None
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
		return access.TwoTokens
	case len(value) == 0:
		return why
	}
	if why = rt.knows(sha256.Sum256(value), w, now); why == access.None {
		w.token = append(w.token[:0], value...)
	}
	return why
}

// knows reports who has the token with this hash.
func (rt *route) knows(hash [sha256.Size]byte, w *work, now time.Time) access.Refusal {
	name, why := rt.access.ByToken(hash, now)
	if why == access.None {
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
