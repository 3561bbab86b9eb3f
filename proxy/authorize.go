package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/access"
	"github.com/sendgate/sendgate/proxy/head"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// key gives rt the credentials of cfg, for what they are for, and has it let in whom cfg lists. Errors name the key.
//
// A draft gate, which sends nothing and lets nobody in, does not know the secrets of its configuration.
func (rt *route) key(cfg *RouteConfig, all *Config) error {
	if all.Draft {
		mute := *cfg
		mute.Credentials, rt.pen.credentials = nil, cfg.Credentials
		return rt.ink(&mute, all)
	}
	if err := rt.authorized(cfg); err != nil {
		return err
	}
	if err := rt.notarized(cfg); err != nil {
		return err
	}
	if err := rt.ink(cfg, all); err != nil {
		return err
	}
	return rt.guard(cfg, all)
}

// authorized has calls of rt go out with the credentials of cfg, where it says so. Errors name the key.
func (rt *route) authorized(cfg *RouteConfig) error {
	rt.authorizer, _ = rt.provider.(providers.Authorizer)
	switch {
	case cfg.Authorize != "" && cfg.Authorize != "caller" && cfg.Authorize != "gate":
		return fmt.Errorf("authorize: unknown word %q: want caller or gate", cfg.Authorize)
	case cfg.Credentials == nil && cfg.Authorize == "gate":
		return errors.New("authorize: there are no credentials to put in: want credentials beside it")
	case cfg.Credentials == nil:
		return nil
	case rt.authorizer == nil && cfg.Authorize == "gate":
		return fmt.Errorf("authorize: the gate cannot put credentials into the calls to %s", rt.speaks)
	case rt.authorizer == nil:
		return nil
	}
	if err := rt.authorizer.Admits(cfg.Credentials); err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	if cfg.Authorize == "gate" {
		rt.credentials = cfg.Credentials
	}
	return nil
}

// write makes w.wire the request as it goes to the upstream. changed says that the body is no longer the client's. An
// error is a sentence for the client, and the request must not be sent.
func (g *Gate) write(rt *route, w *work, changed bool) error {
	body := w.req.Body()
	w.wire = w.head.Append(w.wire[:0], &w.req.Header, &rt.upstream.Destination, len(body), changed)
	c := rt.credentials
	if w.credentials != nil {
		c = w.credentials
	}
	if c == nil || rt.authorizer == nil {
		if err := rt.sealed(w, changed); err != nil {
			return err
		}
		w.wire = append(w.wire, body...)
		return w.keeps()
	}
	lines := w.wire[bytes.IndexByte(w.wire, '\n')+1:]
	req := &w.authorized
	w.hold(req, lines, body)
	defer req.Reset() // it holds the body, which is not its own
	if err := rt.authorizer.Authorize(req, c, g.time(w)); err != nil {
		return err
	}
	if after := req.Body(); len(after) != len(body) || len(body) > 0 && &after[0] != &body[0] {
		body = after
		w.wire = w.head.Append(w.wire[:0], &w.req.Header, &rt.upstream.Destination, len(body), true)
		lines = w.wire[bytes.IndexByte(w.wire, '\n')+1:]
	}
	w.fields = w.fields[:0]
	for name, value := range req.Header.All() {
		w.fields = append(w.fields, field{name, value})
	}
	out := append(w.signed[:0], req.Header.Method()...)
	out = append(append(append(out, ' '), rt.upstream.Base...), req.Header.RequestURI()...)
	out = appendChanged(append(out, " HTTP/1.1\r\n"...), lines, w.fields)
	w.wire, w.signed = append(out, body...), w.wire
	return w.keeps()
}

// errLeaks is for a token of this gate that would have reached the provider.
var errLeaks = errors.New("the token stands in a place of the request that is not for it, and would have reached the provider")

// keeps makes sure that the token of the client does not leave.
func (w *work) keeps() error {
	if len(w.token) > 0 && bytes.Contains(w.wire, w.token) {
		return errLeaks
	}
	return nil
}

// stays reports whether header lines of this name are no business of who puts in credentials: fasthttp would not
// keep them as they are written, or all of them.
func stays(name []byte) bool {
	return head.Fold(name, "content-length") || head.Fold(name, "cookie") || head.Fold(name, "user-agent")
}

// hold makes req what the provider is to put credentials into: w's request with these header lines, as they are
// spelled and in their order.
func (w *work) hold(req *fasthttp.Request, lines, body []byte) {
	req.Reset()
	req.Header.DisableNormalizing()
	req.Header.SetNoDefaultContentType(true)
	req.Header.SetMethodBytes(w.req.Header.Method())
	req.Header.SetRequestURIBytes(w.req.Header.RequestURI())
	req.SetBodyRaw(body)
	for {
		line, rest, ok := head.CutLine(lines)
		if !ok || len(line) == 0 {
			return
		}
		if name, value, _ := head.CutHeader(line); !stays(name) {
			req.Header.AddBytesKV(name, value)
		}
		lines = rest
	}
}

// A field is a header line, parted.
type field struct{ name, value []byte }

func (f field) is(name, value []byte) bool {
	return bytes.Equal(f.value, value) && bytes.EqualFold(f.name, name)
}

// appendChanged appends those of lines that are still among fields, as they are written, then what else is, and a
// blank line.
func appendChanged(dst, lines []byte, fields []field) []byte {
	written := func(f field) bool {
		for rest := lines; ; {
			line, more, ok := head.CutLine(rest)
			if !ok || len(line) == 0 {
				return false
			}
			if name, value, _ := head.CutHeader(line); f.is(name, value) {
				return true
			}
			rest = more
		}
	}
	for rest := lines; ; {
		line, more, ok := head.CutLine(rest)
		if !ok || len(line) == 0 {
			break
		}
		name, value, _ := head.CutHeader(line)
		if stays(name) || slices.ContainsFunc(fields, func(f field) bool { return f.is(name, value) }) {
			dst = append(dst, rest[:len(line)+len("\r\n")]...)
		}
		rest = more
	}
	for _, f := range fields {
		if !stays(f.name) && !written(f) {
			dst = append(append(append(dst, f.name...), ": "...), f.value...)
			dst = append(dst, "\r\n"...)
		}
	}
	return append(dst, "\r\n"...)
}

// deny answers a request that cannot be sent with the credentials of the gate.
func (g *Gate) deny(rt *route, w *work, err error) {
	g.log.Warn("a request could not be sent with the credentials that there are", zap.String("route", rt.name), zap.Error(err))
	w.barred = err.Error()
	rt.reject(w, w.barred)
}

// reject answers in the provider's words that the credentials are none.
func (rt *route) reject(w *work, why string) {
	w.resp.Reset()
	if rt.authorizer == nil {
		say(w.resp, fasthttp.StatusUnauthorized, why)
	} else {
		rt.authorizer.Deny(w.req, w.resp, why)
	}
	w.resp.Header.Set("Sendgate-Outcome", upstream.NotSent.String())
}

// guard has rt let in those that cfg lists. Errors name the key.
func (rt *route) guard(cfg *RouteConfig, all *Config) (err error) {
	if cfg.Clients != nil && cfg.Clients.Certificates != nil && all.TLS == nil && all.Connect == nil {
		return errors.New("clients: certificates: clients show them to the TLS listener, and there is none: want proxy.tls")
	}
	if rt.access, err = access.New(cfg.Clients, rt.count.client); err != nil {
		return fmt.Errorf("clients: %w", err)
	}
	return nil
}
