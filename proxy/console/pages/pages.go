package pages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
	"go.uber.org/zap"
)

// Config is what the pages are wired to.
type Config struct {
	// API answers what the pages ask, and itself what is not a page: /api/, /healthz, /readyz, /metrics.
	API *console.Server
	// Login says who may log in: of it, Users, Tokens, OIDC, Sessions, URL and Proxies count.
	Login console.Config
	// DeviceKey is the secret by which browsers are known that logged in before. Empty: one of its own, so that none are
	// after a restart.
	DeviceKey string
	Logger    *zap.Logger      // nil: none
	Now       func() time.Time // nil: time.Now
}

// Pages serves the web console. It is an http.Handler, safe for concurrent use.
type Pages struct {
	api     *console.Server
	log     *zap.Logger
	now     func() time.Time
	views   *views
	static  *static
	mux     *http.ServeMux
	sameWeb *http.CrossOriginProtection
	imports runs
	lists   runs
	tails   chan struct{} // has room for one more while there are fewer than maxTails
	entrance
}

// A page is one address of the console.
type page struct {
	method, path string
	role         console.Role // the least that may open it; the zero Role: anybody, logged in or not
	serve        func(p *Pages, v *visit) error
}

// all lists every page.
func all() []page {
	return slices.Concat(overviewPages, switchPages, reviewPages, webhookPages, configurationPages, auditPages, tokenPages, messagesPages, peoplePages, suppressionPages, importPages, preflightPages, accountPages)
}

// New makes the pages that cfg describes.
func New(cfg Config) (*Pages, error) {
	p := &Pages{api: cfg.API, log: cfg.Logger, now: cfg.Now, mux: http.NewServeMux(), tails: make(chan struct{}, maxTails), sameWeb: http.NewCrossOriginProtection()}
	if p.log == nil {
		p.log = zap.NewNop()
	}
	if p.now == nil {
		p.now = time.Now
	}
	p.devices = newDevices(cfg.DeviceKey)
	if err := p.open(cfg.Login); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	var err error
	if p.static, err = newStatic(); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	if p.views, err = newViews(p.static); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	p.api.OnErase(p.forget)
	p.mux.Handle("GET /static/", p.static)
	for _, pg := range all() {
		p.mux.Handle(pg.method+" "+pg.path, p.guard(pg))
	}
	p.mux.Handle("/", p.guard(page{"GET", "/", console.Viewer, (*Pages).unknown}))
	return p, nil
}

// apiPaths are not pages.
var apiPaths = []string{"/api/", "/healthz", "/readyz", "/metrics", "/debug/"}

// ServeHTTP answers one request.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer hurry(w, r.Body != http.NoBody)
	r.RemoteAddr = p.origin(r) // for the audit, too
	if slices.ContainsFunc(apiPaths, func(prefix string) bool { return strings.HasPrefix(r.URL.Path, prefix) }) {
		p.api.ServeHTTP(w, r)
		return
	}
	secure(w.Header())
	p.mux.ServeHTTP(w, r)
}

// leaveTime is how long what is left of an answer may take: as long as one step of the API's streams.
const leaveTime = time.Minute

// hurry bounds, once a request is answered, how long its client may take to send what is left of it and then to take the
// answer: both are waited for, for whoever may not even be known. Where there is no more to send, reading is not bounded:
// the server reads ahead while the answer is taken, and where that fails it cancels all later requests of the connection.
func hurry(w http.ResponseWriter, more bool) {
	control, now := http.NewResponseController(w), time.Now() // a recorder knows no deadlines
	if more {
		_ = control.SetReadDeadline(now.Add(drainTime))
	}
	_ = control.SetWriteDeadline(now.Add(leaveTime))
}

// secure sets what every page forbids the browser: scripts, styles and pictures that are not the console's
// own, to be framed, to guess types, to tell others where it has been, and to keep pages.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
}

// guard lets those through to pg who may open it.
func (p *Pages) guard(pg page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := p.visit(w, r)
		err := p.admit(pg, v)
		if err == nil {
			err = pg.serve(p, v)
		}
		if err != nil {
			v.fail(err)
		}
	})
}

// admit is why v may not have pg.
func (p *Pages) admit(pg page, v *visit) error {
	v.body = v.r.Body
	v.r.Body = http.MaxBytesReader(v.w, v.form(), maxForm)
	if err := p.sameWeb.Check(v.r); err != nil {
		return &console.Error{Status: http.StatusForbidden, Message: v.t("error.cross-origin")}
	}
	if pg.role == 0 {
		return nil
	}
	if !v.known {
		return errLogin
	}
	if v.by.Role < pg.role {
		return &console.Error{Status: http.StatusForbidden, Message: v.t("error.role", "Need", pg.role.String(), "Have", v.by.Role.String())}
	}
	return nil
}

// maxForm is how large a form may be. A page that takes files lifts it.
const maxForm = 1 << 20

// errLogin sends a visitor to the login.
var errLogin = errors.New("nobody is logged in")

// unknown is the page for an address that is none, or that is not asked for so.
func (p *Pages) unknown(v *visit) error {
	if allow := p.methods(v.r); len(allow) > 0 {
		v.w.Header().Set("Allow", strings.Join(allow, ", "))
		return &console.Error{Status: http.StatusMethodNotAllowed, Message: v.t("error.method", "Method", v.r.Method)}
	}
	return &console.Error{Status: http.StatusNotFound, Message: v.t("error.unknown", "Path", v.r.URL.Path)}
}

// methods are those by which the address of r can be asked for; none where there is nothing.
func (p *Pages) methods(r *http.Request) (all []string) {
	for _, ways := range [][]string{{http.MethodGet, http.MethodHead}, {http.MethodPost}} {
		q := *r
		q.Method = ways[0]
		if _, pattern := p.mux.Handler(&q); pattern != "/" {
			all = append(all, ways...)
		}
	}
	return all
}

// An Account is who is logged in.
type Account struct {
	Name string
	Role console.Role
	api  *console.Client // as whom a link logged in; nil: as who is named
}

// visit begins to answer r.
func (p *Pages) visit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{p: p, w: w, r: r, zone: zoneOf(r), theme: themeOf(r)}
	if v.by, v.known = p.account(r); v.known {
		v.api = cmp.Or(v.by.api, p.api.As(v.by.Name, v.by.Role))
	}
	return v
}

// ctx is that of the request.
func (v *visit) ctx() context.Context { return v.r.Context() }
