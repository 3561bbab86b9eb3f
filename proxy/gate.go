package proxy

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/proxy/access"
	"github.com/sendgate/sendgate/proxy/dialogue"
	"github.com/sendgate/sendgate/proxy/runner"
	"github.com/sendgate/sendgate/proxy/socket"
	"github.com/sendgate/sendgate/proxy/tunnel"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// A Gate takes send requests in, and refuses, rewrites or forwards them. Its methods are safe for
// concurrent use.
type Gate struct {
	limits Limits
	draft  bool // see Config
	store  *store.Store
	log    *zap.Logger
	now    func() time.Time // nil: time.Now
	server *fasthttp.Server
	ports  ports
	secure *tls.Config // for clients that come by host
	shakes shakes

	listensTLS bool // it was made to, which a reload does not change

	connects connects
	tunnels  *tunnel.Set

	table     atomic.Pointer[table] // one snapshot serves a whole request
	inFlight  atomic.Int64
	malformed atomic.Uint64
	files     *socket.Descriptors
	panics    atomic.Uint64
	open      atomic.Int64  // client connections
	fast      atomic.Uint64 // requests answered without fasthttp
	led       atomic.Uint64 // requests that fasthttp led here
	slow      bool          // leave all to fasthttp: for tests
	stopping  atomic.Bool
	live      upstream.Exchanges
	known     clients
	chatter   chatter
	guesses   access.Guesses

	appointments appointments
	withdrawals  withdrawals
	flights      flights
	pieces       pieces
	works        sync.Pool // *work
	buffers      sync.Pool // *[]byte, for what clients send

	mu     sync.Mutex // one Reload at a time
	counts map[string]*counters

	breaker *breaker
	calls   callbacks

	published publications
	errands   *runner.Worker
	asker     *dialogue.Asker
}

// New makes a gate that judges by what st knows. It keeps st and never closes it. Errors name the
// key of the configuration: `routes: twilio: upstream: …`.
func New(cfg Config, st *store.Store) (*Gate, error) {
	g := &Gate{
		limits: cfg.Limits.withDefaults(),
		draft:  cfg.Draft,
		store:  st,

		listensTLS: cfg.TLS != nil,

		log:    cfg.Logger,
		now:    cfg.Now,
		counts: make(map[string]*counters),
		works:  sync.Pool{New: func() any { return new(work) }},
	}
	g.buffers.New = func() any {
		b := make([]byte, min(socket.ReadAhead, g.limits.Header))
		return &b
	}
	if g.log == nil {
		g.log = zap.NewNop()
	}
	if err := g.limits.check(); err != nil {
		return nil, err
	}
	g.calls.limits = cfg.Webhooks.Limits.callback()
	if err := g.calls.limits.check(); err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	g.files = socket.NewDescriptors(cfg.Descriptors)
	g.files.Tell(g.limits.Connections, g.log)
	g.breaker = newBreaker(st, g.log)
	g.asker = dialogue.New(dialogue.Needs{Store: st, Route: g.dialogueRoute, Write: g.said, Log: g.log, Now: g.clock})
	g.withdrawals.g = g
	g.errands = g.newErrands()
	t, err := g.newTable(cfg, nil)
	if err != nil {
		return nil, err
	}
	g.use(t)
	g.server, g.secure, g.tunnels = g.newServer(), g.newTLS(), tunnel.New()
	g.calls.server = g.newCallbacks(g.calls.limits)
	if cfg.Metrics != nil {
		if err := cfg.Metrics.Register(collector{g}); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	return g, nil
}

// newErrands is what does the errands of the store. Its reviews are for people.
func (g *Gate) newErrands() *runner.Worker {
	return runner.New(runner.Config{
		Store: g.store.Errands(),
		Runs: map[errands.Kind]runner.Func{
			errands.Relay:     g.runRelay,
			errands.Answer:    g.runAnswer,
			errands.Dialogue:  g.asker.Run,
			errands.Scheduled: g.runScheduled,
			errands.Cancel:    g.runCancel,
		},
		Places: g.errandPlaces,
		Key:    g.store.Errands().Key,
		Beside: g.asker.AskThem,
		Log:    g.log, Now: g.clock, Random: rand.Float64, Panics: &g.panics,
	})
}

// counters are kept by route name for the life of the gate. g.mu is held, or g is not shared yet.
func (g *Gate) counters(name string) *counters {
	c := g.counts[name]
	if c == nil {
		c = &counters{connections: upstream.Connections{Files: g.files, Live: &g.live}}
		g.counts[name] = c
	}
	return c
}

// Reload puts the routes of cfg in place of the present ones, all at once, or keeps those and
// returns the error. Requests that are under way finish by the routes they began with. Limits are
// those the gate was made with.
func (g *Gate) Reload(cfg Config) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.table.Load()
	t, err := g.newTable(cfg, old)
	if err != nil {
		return err
	}
	g.use(t)
	kept := t.upstreams()
	for _, u := range old.upstreams() {
		if !slices.Contains(kept, u) {
			u.Close()
		}
	}
	return nil
}

// use has requests go by t from now on.
func (g *Gate) use(t *table) {
	if !g.draft {
		for _, rt := range t.routes {
			g.store.Tally().Remember(max(rt.policy.Lookback(), rt.budget.Within))
		}
		g.tellIdle(t)
	}
	g.table.Store(t)
}

// Routes lists the names of the routes, sorted.
func (g *Gate) Routes() []string { return g.table.Load().names() }

// Sends is a number that moves with each request that comes in.
func (g *Gate) Sends() uint64 { return g.fast.Load() + g.led.Load() }

// Stopping reports whether [Gate.Shutdown] was called: nothing is taken in any more.
func (g *Gate) Stopping() bool { return g.stopping.Load() }

// Unheeding lists the routes that obey no decision, and so no switch, sorted, with their mode.
func (g *Gate) Unheeding() []string {
	t := g.table.Load()
	var all []string
	for _, name := range t.names() {
		if mode := t.routes[name].mode; mode != Enforce {
			all = append(all, fmt.Sprintf("%s (mode %s)", name, mode))
		}
	}
	return all
}

// Brands lists the brands that the routes write as, sorted, each once.
func (g *Gate) Brands() []string {
	var brands []string
	for _, rt := range g.table.Load().routes {
		brands = append(brands, rt.brand)
	}
	slices.Sort(brands)
	return slices.Compact(brands)
}

func (g *Gate) route(name string) (*route, error) {
	rt := g.table.Load().routes[name]
	if rt == nil {
		return nil, fmt.Errorf("there is no route %q: want one of %s", name, strings.Join(g.Routes(), ", "))
	}
	return rt, nil
}
