package proxy

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

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
	return newAccess(cfg.Clients, new(counters))
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
		c.hash, c.presented = sha256.Sum256(password(value)), true
	}
	if c.from = c.address(); t.access == nil {
		return 0, ""
	}
	c.from = t.access.from(w)
	now := g.time(w)
	_, why := t.access.through(c, now)
	if again != nil && len(t.access.tokens) > 0 && why != outsideNetworks {
		why = twoTokens
	}
	if why == known {
		return 0, ""
	}
	if why == wrongToken || why == expiredToken {
		g.guesses.wrong(c.address(), now)
	}
	if g.guesses.tell(c.address(), now) {
		g.log.Warn("a CONNECT of a client that is not known here was refused", zap.Stringer("from", c.address()), zap.String("why", strangerNames[why]))
	}
	if why == outsideNetworks {
		return fasthttp.StatusForbidden, strangerWords[why]
	}
	return fasthttp.StatusProxyAuthRequired, "a token of this gate is wanted here, as the password of the proxy, as in HTTPS_PROXY=http://name:token@gate:8080"
}

// through is who the client of a CONNECT is, where it has a token, and why it may not come through, or go on within.
// What it is known by was noted; see passport.
func (a *access) through(c *client, now time.Time) (who string, why stranger) {
	switch {
	case len(a.networks) > 0 && !within(a.networks, c.from):
		return "", outsideNetworks
	case len(a.tokens) == 0:
		return "", known
	case !c.presented:
		return "", noToken
	}
	t, why := a.token(c.hash, now)
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
