package proxy

import (
	"errors"

	"github.com/sendgate/sendgate/proxy/access"
	"github.com/sendgate/sendgate/proxy/head"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// accessToConnect is who may come through CONNECT; nil: all.
func (cfg *ConnectConfig) accessToConnect() (*access.List, error) {
	if cfg == nil || cfg.Clients == nil {
		return nil, nil
	}
	if cfg.Clients.Certificates != nil {
		return nil, errors.New("certificates: a CONNECT comes without TLS, and nobody can show any: the routes inside can want them")
	}
	return access.New(cfg.Clients, new(counters).client)
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
		c.passport.Present(value)
	}
	if c.passport.From = c.address(); t.access == nil {
		return 0, ""
	}
	c.passport.From = t.access.From(c.address(), w.head.Raw)
	now := g.time(w)
	_, why := t.access.ByPassport(&c.passport, now)
	if again != nil && t.access.AsksTokens() && why != access.OutsideNetworks {
		why = access.TwoTokens
	}
	if why == access.None {
		return 0, ""
	}
	if why == access.WrongToken || why == access.ExpiredToken {
		g.guesses.Wrong(c.address(), now)
	}
	if g.guesses.Tell(c.address(), now) {
		g.log.Warn("a CONNECT of a client that is not known here was refused", zap.Stringer("from", c.address()), zap.Stringer("why", why))
	}
	if why == access.OutsideNetworks {
		return fasthttp.StatusForbidden, why.Sentence()
	}
	return fasthttp.StatusProxyAuthRequired, "a token of this gate is wanted here, as the password of the proxy, as in HTTPS_PROXY=http://name:token@gate:8080"
}
