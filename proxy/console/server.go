package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/list"
	"github.com/sendgate/sendgate/proxy/console/notify"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// A Server answers the admin API. It is an http.Handler, safe for concurrent use, and owns
// neither its listener nor its store.
type Server struct {
	actors   []actor
	store    *store.Store
	gate     Gate
	board    Switchboard // nil: none
	budgets  Budgeter    // nil: none
	watcher  Watcher     // nil: none
	asker    Asker       // nil: none
	inbox    Inbox       // nil: none
	judge    Judge       // nil: none, as draft
	draft    func(name string, text []byte) (Judge, error)
	expires  func(*filter.Message, *filter.Record, filter.Basis, time.Time) time.Time // nil: nobody says
	reload   func() error
	stopping func() bool                   // nil: never
	backedUp atomic.Int64                  // when a backup was last made, in seconds since 1970; 0: not that anybody knows
	conf     func() (Configuration, error) // nil: nobody knows
	metrics  http.Handler
	known    atomic.Pointer[map[string]filter.Brand] // see brands
	brake    *brake
	keys     idempotencyKeys
	turns    *turns
	imports  uploads
	lists    uploads
	links    links
	users    atomic.Pointer[[]string]           // names of those who log in with a password
	started  atomic.Bool                        // somebody may log in, so that the first start is over
	url      string                             // where people reach the console; empty: at its address
	erased   func(names func(text string) bool) // nil: nobody else remembers anybody
	log      *zap.Logger
	now      func() time.Time
	mux      *http.ServeMux
	closing  context.Context // ends with Close
	close    context.CancelFunc

	fourEyes    bool
	sortsAtOnce int // how many hashes an import sorts at a time
	background  background
	daily       daily            // tells what each day blocked
	notifier    *notify.Notifier // nil: changes are told to nobody
}

// New makes the console that cfg describes. The error names the field at fault.
func New(cfg Config) (*Server, error) {
	actors, err := newActors(cfg.Tokens)
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	switch {
	case cfg.Store == nil:
		return nil, fmt.Errorf("console: Store is missing")
	case cfg.Gate == nil || cfg.Reload == nil:
		return nil, fmt.Errorf("console: Gate and Reload must both be set")
	}
	s := &Server{actors: actors, store: cfg.Store, gate: cfg.Gate, board: cfg.Switchboard, budgets: cfg.Budgets, watcher: cfg.Watcher, inbox: cfg.Inbox, asker: cfg.Asker, judge: cfg.Judge, draft: cfg.Draft, reload: cfg.Reload, conf: cfg.Configuration, url: cfg.URL,
		log: cfg.Logger, now: cfg.Now, mux: http.NewServeMux(), turns: newTurns(cfg.Sends), imports: newUploads(), lists: newUploads(), sortsAtOnce: list.SortsAtOnce, fourEyes: cfg.FourEyes}
	s.expires, s.stopping = cfg.Expires, cfg.Stopping
	s.SetBrands(cfg.Brands)
	s.closing, s.close = context.WithCancel(context.Background())
	if s.log == nil {
		s.log = zap.NewNop()
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.brake, err = newBrake(cfg.Brake, cfg.Store, s.now); err != nil {
		return nil, fmt.Errorf("console: brake: %w", err)
	}
	if cfg.Metrics == nil {
		cfg.Metrics = prometheus.NewRegistry()
	}
	if err := s.outfit(&cfg); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	s.metrics = promhttp.HandlerFor(cfg.Metrics, promhttp.HandlerOpts{})
	all := endpoints
	if cfg.Pprof {
		all = append(slices.Clone(all), profiles...)
	}
	for _, e := range all {
		s.mux.Handle(e.method+" "+e.path, s.guard(e))
	}
	return s, nil
}

// Close ends the answers that have no end of their own, tails, so that an http.Server can shut down:
// register it with RegisterOnShutdown. Other requests go on.
func (s *Server) Close() { s.close() }

// An endpoint is one call of the admin API.
type endpoint struct {
	method, path string
	role         Role     // the least that may call it; the zero Role: anybody, without a token
	params       []string // query parameters it understands; others are refused
	serve        func(s *Server, c *call) error
}

// A call is one request of a known actor.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	by      actor
	query   url.Values // each parameter at most once, but for manyParams
	witness *witness   // nil: the audit keeps nothing of this call
	worker  worker     // where the call is answered in turn
}

// manyParams are those that may be given more than once.
var manyParams = []string{"map", "set"}

// endpoints is the whole API.
var endpoints = []endpoint{
	{"GET", "/healthz", 0, nil, (*Server).healthz},
	{"GET", "/readyz", 0, nil, (*Server).readyz},
	{"GET", "/metrics", 0, nil, (*Server).showMetrics},
	{"GET", "/api/v1/openapi.json", Viewer, nil, (*Server).showOpenAPI},
	{"GET", "/api/v1/consent", Viewer, append([]string{"at"}, personParams...), (*Server).getConsent},
	{"POST", "/api/v1/consent", Reviewer, []string{"confirm"}, (*Server).postConsent},
	{"GET", "/api/v1/consent/history", Viewer, append([]string{"at", "limit", "after"}, personParams...), (*Server).getHistory},
	{"GET", "/api/v1/consent/proof", Reviewer, append([]string{"format"}, recipientParams...), (*Server).getProof},
	{"POST", "/api/v1/consent/erase", Admin, nil, (*Server).postErase},
	{"POST", "/api/v1/consent/screenshot", Reviewer, nil, (*Server).postScreenshot},
	{"POST", "/api/v1/consent/import", Reviewer, importParams, (*Server).importConsent},
	{"GET", "/api/v1/consent/export", Reviewer, exportParams, (*Server).exportConsent},
	{"GET", "/api/v1/consent-requests", Viewer, dialogueParams, (*Server).listDialogues},
	{"POST", "/api/v1/consent-requests", Reviewer, nil, (*Server).postConsentRequest},
	{"GET", "/api/v1/suppressions", Viewer, suppressionParams, (*Server).listSuppressions},
	{"GET", "/api/v1/changes", Reviewer, []string{"since", "limit"}, (*Server).getChanges},
	{"GET", "/api/v1/decisions", Viewer, queryParams, (*Server).listDecisions},
	{"GET", "/api/v1/decisions/tail", Viewer, tailParams, (*Server).tailDecisions},
	{"GET", "/api/v1/decisions/export", Viewer, append([]string{"format"}, queryParams...), (*Server).exportDecisions},
	{"GET", "/api/v1/decisions/{id}", Viewer, []string{"full"}, (*Server).getDecision},
	{"GET", "/api/v1/explain", Viewer, []string{"decision", "at", "full"}, (*Server).explainDecision},
	{"POST", "/api/v1/explain", Viewer, nil, (*Server).explainMessage},
	{"GET", "/api/v1/contacts", Viewer, nil, (*Server).listContacts},
	{"GET", "/api/v1/budgets", Viewer, nil, (*Server).listBudgets},
	{"GET", "/api/v1/switches", Viewer, nil, (*Server).listSwitches},
	{"POST", "/api/v1/switches", Reviewer, nil, (*Server).postSwitch},
	{"POST", "/api/v1/switches/{id}/lift", Reviewer, nil, (*Server).liftSwitch},
	{"GET", "/api/v1/switches/history", Viewer, []string{"limit", "before"}, (*Server).switchHistory},
	{"GET", "/api/v1/passes", Viewer, []string{"state", "decision", "grant", "limit", "before", "full"}, (*Server).listPasses},
	{"POST", "/api/v1/passes", Reviewer, passParams, (*Server).postPasses},
	{"POST", "/api/v1/passes/{id}/approve", Reviewer, nil, (*Server).approvePass},
	{"POST", "/api/v1/passes/{id}/revoke", Reviewer, nil, (*Server).revokePass},
	{"GET", "/api/v1/summary", Viewer, []string{"day", "zone", "route"}, (*Server).getSummary},
	{"GET", "/api/v1/stats", Viewer, []string{"since", "until", "step", "zone", "route", "campaign", "top"}, (*Server).getStats},
	{"GET", "/api/v1/stats/opt-outs", Viewer, []string{"since", "until", "brand", "most"}, (*Server).getOptOutStats},
	{"POST", "/api/v1/preflight", Viewer, preflightParams, (*Server).postPreflight},
	{"POST", "/api/v1/replay", Reviewer, []string{"since", "until", "route", "examples", "name"}, (*Server).postReplay},
	{"GET", "/api/v1/circuits", Viewer, nil, (*Server).listCircuits},
	{"POST", "/api/v1/quality", Reviewer, nil, (*Server).postQuality},
	{"GET", "/api/v1/errands", Viewer, errandParams, (*Server).listErrands},
	{"POST", "/api/v1/errands/retry", Reviewer, nil, (*Server).retryErrands},
	{"POST", "/api/v1/errands/{id}/retry", Reviewer, nil, (*Server).retryErrand},
	{"POST", "/api/v1/errands/{id}/review", Reviewer, nil, (*Server).postReview},
	{"DELETE", "/api/v1/errands/{id}", Admin, nil, (*Server).dropErrand},
	{"GET", "/api/v1/notify", Viewer, nil, (*Server).getNotify},
	{"POST", "/api/v1/notify/retry", Reviewer, nil, (*Server).retryNotify},
	{"GET", "/api/v1/chain", Viewer, nil, (*Server).getHead},
	{"POST", "/api/v1/chain/verify", Viewer, nil, (*Server).postVerify},
	{"GET", "/api/v1/routes", Viewer, nil, (*Server).listRoutes},
	{"GET", backupPath, Admin, []string{"decisions"}, (*Server).getBackup},
	{"GET", "/api/v1/configuration", Admin, nil, (*Server).getConfiguration},
	{"GET", "/api/v1/tokens", Admin, nil, (*Server).listTokens},
	{"POST", "/api/v1/tokens", Admin, nil, (*Server).postToken},
	{"DELETE", "/api/v1/tokens/{id}", Admin, nil, (*Server).deleteToken},
	{"GET", "/api/v1/audit", Reviewer, append([]string{"limit", "before"}, auditParams...), (*Server).listActs},
	{"GET", "/api/v1/audit/export", Reviewer, append([]string{"format"}, auditParams...), (*Server).exportActs},
	{"POST", "/api/v1/login-links", Admin, nil, (*Server).postLink},
	{"POST", "/api/v1/reload", Admin, nil, (*Server).postReload},
}

// guard lets through to e who may call it, with parameters it understands.
func (s *Server) guard(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{w: w, r: r}
		c.witness = s.witness(e, c)
		panics := true
		defer func() { c.witness.end(panics) }()
		err := s.admit(e, c)
		if err == nil {
			err = c.witness.begin(c)
		}
		switch {
		case err == nil && e.takesTurns():
			err = s.inTurn(&e, c)
		case err == nil:
			err = e.serve(s, c)
		}
		if err != nil {
			s.refuse(c.w, r, err)
		}
		panics = false
	})
}

func (s *Server) admit(e endpoint, c *call) (err error) {
	if e.role == 0 {
		return nil
	}
	if c.by, err = s.actor(c.r); err != nil {
		return err
	}
	c.witness.knows(c.by)
	if err := c.by.may(e.role, e.method+" "+e.path); err != nil {
		return err
	}
	if c.query, err = url.ParseQuery(c.r.URL.RawQuery); err != nil {
		return bad("", "the query cannot be read: %v", err)
	}
	for name, values := range c.query {
		if !slices.Contains(e.params, name) {
			return bad(name, "unknown parameter: %s", wantParams(e.params))
		}
		if len(values) > 1 && !slices.Contains(manyParams, name) {
			return bad(name, "given %d times: want it once", len(values))
		}
	}
	return nil
}

func wantParams(params []string) string {
	if len(params) == 0 {
		return "this call takes none"
	}
	return "want one of " + strings.Join(params, ", ")
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if h, pattern := s.mux.Handler(r); pattern == "" {
		s.unknown(w, r, h)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// unknown answers a request that no endpoint takes: what h, the mux's own answer, says, as JSON.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request, h http.Handler) {
	var a muxAnswer
	h.ServeHTTP(&a, r)
	allow := a.Header().Get("Allow")
	if allow == "" {
		s.refuse(w, r, errorf(http.StatusNotFound, "", "there is nothing at %s: /api/v1/openapi.json lists what there is", r.URL.Path))
		return
	}
	w.Header().Set("Allow", allow)
	s.refuse(w, r, errorf(http.StatusMethodNotAllowed, "", "%s is not understood at %s: want %s", r.Method, r.URL.Path, allow))
}

// A muxAnswer keeps the header of an answer and forgets the rest.
type muxAnswer struct{ header http.Header }

func (a *muxAnswer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}
func (a *muxAnswer) Write(b []byte) (int, error) { return len(b), nil }
func (a *muxAnswer) WriteHeader(int)             {}
