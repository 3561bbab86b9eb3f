package proxy

import (
	"errors"

	"github.com/sendgate/sendgate/proxy/head"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// accessToConnect is who may come through CONNECT; nil: all.
func (cfg *ConnectConfig) accessToConnect() (*access, error) {
	if cfg == nil || cfg.Clients == nil {
		return nil, nil
	}
	if cfg.Clients.Certificates != nil {
		return nil, errors.New("certificates: a CONNECT comes without TLS, and nobody can show any: the routes inside can want them")
	}
	return newAccess(cfg.Clients, new(counters).client)
}

// passport notes the token in Proxy-Authorization, for the requests within, and returns why a CONNECT is refused whose
// client may not come through at all.
func (g *Gate) passport(t *table, ctx *fasthttp.RequestCtx, c *client) (status int, sentence string) {
	w := g.works.Get().(*work)
	defer g.release(w)
	w.client, w.start = c, ctx.Time()
	if w.head.Parse(ctx.Request.Header.RawHeaders()) != nil {
		return fasthttp.StatusBadRequest, head.ErrHead.Error()
	}
	value, rest := head.ValueOf(w.head.Raw, "proxy-authorization")
	_, again := head.ValueOf(rest, "proxy-authorization")
	if rest != nil {
		c.passport.present(value)
	}
	if c.passport.from = c.address(); t.access == nil {
		return 0, ""
	}
	c.passport.from = t.access.from(c.address(), w.head.Raw)
	now := g.time(w)
	_, why := t.access.through(&c.passport, now)
	if again != nil && t.access.asksTokens() && why != outsideNetworks {
		why = twoTokens
	}
	if why == known {
		return 0, ""
	}
	if why == wrongToken || why == expiredToken {
		g.guesses.wrong(c.address(), now)
	}
	if g.guesses.tell(c.address(), now) {
		g.log.Warn("a CONNECT of a client that is not known here was refused", zap.Stringer("from", c.address()), zap.Stringer("why", why))
	}
	if why == outsideNetworks {
		return fasthttp.StatusForbidden, why.sentence()
	}
	return fasthttp.StatusProxyAuthRequired, "a token of this gate is wanted here, as the password of the proxy, as in HTTPS_PROXY=http://name:token@gate:8080"
}
