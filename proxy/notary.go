package proxy

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/head"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// notarized has rt know its callers by their signatures, and sign anew by the credentials of cfg, where its provider's
// calls are signed. Errors name the key.
func (rt *route) notarized(cfg *RouteConfig) error {
	rt.notary, _ = rt.provider.(providers.Notary)
	switch {
	case rt.notary == nil && len(cfg.Signers) > 0:
		return fmt.Errorf("signers: nobody signs what is sent to %s", rt.speaks)
	case len(cfg.Signers) > 0 && cfg.Credentials == nil:
		return errors.New("signers: what they sign goes no further as they signed it: want credentials beside it, by which the gate signs anew")
	case rt.notary == nil || cfg.Credentials == nil:
		return nil
	case cfg.Authorize == "caller":
		return errors.New("authorize: where there are credentials for signed calls, the gate checks the callers' signatures and signs anew: leave it out, or the credentials")
	}
	for i, s := range cfg.Signers {
		if s.User == "" || s.Secret == "" {
			return fmt.Errorf("signers: number %d lacks its user or its secret", i+1)
		}
	}
	keys := cfg.Signers
	if len(keys) == 0 {
		keys = []providers.Signer{{User: cfg.Credentials.User, Secret: cfg.Credentials.Secret}}
	}
	rt.credentials = cfg.Credentials
	rt.signers = &providers.Signers{Keys: keys, Host: rt.upstream.Host}
	return nil
}

// attested reports whether a known caller signed the request. If not, it is answered.
func (g *Gate) attested(rt *route, w *work) bool {
	if rt.signers == nil {
		return true
	}
	target := w.target
	if len(target) == 0 {
		target = w.req.Header.RequestURI()
	}
	key, err := rt.notary.Attest(w.req, w.head.Raw, target, rt.signers, g.time(w))
	if err == nil {
		w.caller = key
		return true
	}
	g.malformed.Add(1)
	g.log.Info("a request was not signed by a known caller, and it was not sent", zap.String("route", rt.name), zap.Error(err))
	rt.notary.Decline(w.resp, err)
	w.resp.Header.Set("Sendgate-Outcome", upstream.NotSent.String())
	w.done = time.Now()
	return false
}

// sealed says why a request would not be valid at the upstream as its caller signed it; nil where it would.
func (rt *route) sealed(w *work, changed bool) error {
	const anew = "`credentials` on the route %s have the gate check the signature and sign anew"
	switch {
	case rt.notary == nil:
		return nil
	case changed:
		return fmt.Errorf("the message has to be changed, and its signature would no longer be that of the request: "+anew, rt.name)
	case len(w.target) > 0 || rt.upstream.Base != "" || !head.Fold(w.head.Host, rt.upstream.Host):
		return fmt.Errorf("the request is signed for the address of this gate, and would not be valid at %s: "+anew+"; or come by that host, through TLS or CONNECT", rt.upstream.Host, rt.name)
	}
	return nil
}

// sender is what tells one sender from another: the key that signed, or the credentials, wherever the service takes them.
func (rt *route) sender(w *work) []byte {
	if w.caller != "" {
		return []byte(w.caller)
	}
	authorization, _ := head.ValueOf(w.head.Raw, "authorization")
	if rt.authorizer == nil {
		return authorization
	}
	switch secret, err := rt.authorizer.Presented(nil, w.req, w.head.Raw); {
	case err != nil: // there are two, and which of them counts is for the service to say
		return w.head.Raw
	case len(authorization) == 0:
		return secret
	default: // which may not be where the service looks first
		return slices.Concat(authorization, []byte("\n"), secret)
	}
}

// keepTarget notes the target of a request as its caller signed it, before the route is cut off.
func (rt *route) keepTarget(w *work, h *fasthttp.RequestHeader) {
	if rt.notary != nil {
		w.target = append(w.target[:0], h.RequestURI()...)
	}
}
