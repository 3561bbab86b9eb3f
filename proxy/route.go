package proxy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/access"
	"github.com/sendgate/sendgate/proxy/dialogue"
	"github.com/sendgate/sendgate/proxy/head"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/sendgate/sendgate/store"
)

// A route is one way through the gate: what comes in under its name is read as its provider does,
// judged by its policy, and goes to its upstream. It is never changed once it is made.
type route struct {
	name     string
	provider providers.Provider
	speaks   string // the provider's name
	upstream *upstream.Endpoint
	policy   filter.Policy
	counts   bool // a rule of policy looks back at what was sent
	budget   budget
	brand    string
	mode     Mode
	count    *counters

	region string // of senders' numbers
	labels labels
	trusts struct{ category, topic, campaign bool }
	stop   filter.StopScope
	pooled func(sender string) bool // nil: no sender is a pool

	webhook  *webhook // nil: the provider does not call
	keywords *filter.Keywords
	free     bool         // marketing needs no consent
	store    *store.Store // for what the provider told of templates

	idempotencyKey bool // counts for Sendgate-Key

	pen pen // for what the gate itself writes

	authorizer  providers.Authorizer   // nil: the provider is none
	credentials *providers.Credentials // put into all calls; nil: callers bring their own
	notary      providers.Notary       // nil: calls to the provider are not signed
	signers     *providers.Signers     // whose signatures are checked; nil: nobody's
	access      *access.List           // who may come in; nil: all
	ends        time.Time              // of the first certificate by which senders come; zero: they come by the base URL alone

	dialogue dialogue.Route

	breaker  *filter.Breaker        // nil: off
	refusals map[int]*atomic.Uint64 // of the codes that count for it, how many there were

	passUnknown bool
	failOpen    [filter.Categories]bool
}

// share has rt use the connections of old, which had its name, where both go to the same place.
func (rt *route) share(old *route) {
	if rt.upstream.Same(old.upstream) {
		rt.upstream = old.upstream
	}
	if now, before := rt.relay(), old.relay(); now != nil && before != nil && now.upstream.Same(before.upstream) {
		now.upstream = before.upstream
	}
}

// upstreams are all that rt has connections to.
func (rt *route) upstreams() []*upstream.Endpoint {
	if r := rt.relay(); r != nil {
		return []*upstream.Endpoint{rt.upstream, r.upstream}
	}
	return []*upstream.Endpoint{rt.upstream}
}

// relay is where the calls of rt's provider go on to, or nil.
func (rt *route) relay() *relay {
	if rt.webhook == nil {
		return nil
	}
	return rt.webhook.relay
}

func (g *Gate) newRoute(name string, cfg RouteConfig, brands map[string]filter.Brand) (*route, error) {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 || !head.IsToken(byte(r)) || r == '%' }) {
		return nil, errors.New("a route's name is one path segment of letters, digits and - . _ ~")
	}
	cfg.Provider = cmp.Or(cfg.Provider, name)
	cfg.Upstream = cmp.Or(cfg.Upstream, providers.Host(cfg.Provider))
	cfg.Brand = cmp.Or(cfg.Brand, "default")
	cfg.InFlight = cmp.Or(cfg.InFlight, 1024)
	cfg.Handshakes = cmp.Or(cfg.Handshakes, 32)
	cfg.Timeouts = cfg.Timeouts.WithDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	provider, err := providers.New(cfg.Provider, providers.Config{Region: cfg.Region, Unseen: cfg.Unseen == "pass", Custom: cfg.Custom, Channels: cfg.Channels, Replaced: cfg.Authorize == "gate"})
	switch {
	case err != nil && cfg.Provider == "custom":
		return nil, fmt.Errorf("custom: %w", err)
	case err != nil && len(cfg.Channels) > 0:
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("provider: %w", err)
	}
	labels, err := newLabels(&cfg, brands)
	if err != nil {
		return nil, err
	}
	cfg.Policy.Business = labels.declared.Business
	policy, err := filter.New(cfg.Policy)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	budget, err := g.newBudget(cfg.Budgets)
	if err != nil {
		return nil, fmt.Errorf("budgets: %w", err)
	}
	rt := &route{
		store: g.store, name: name, provider: provider, speaks: cfg.Provider, policy: policy, counts: policy.Lookback() > 0, budget: budget, brand: cfg.Brand, mode: cfg.Mode,
		region: cfg.Region, labels: labels, stop: labels.declared.Stop, pooled: providers.Pooled(cfg.Provider), passUnknown: cfg.UnknownPaths == "pass", idempotencyKey: cfg.IdempotencyKey, count: g.counters(name),
	}
	if cfg.Stop != nil {
		rt.stop = *cfg.Stop
	}
	if rt.upstream, err = upstream.New(cfg.ofUpstream(&g.limits), &rt.count.connections); err != nil {
		return nil, err
	}
	for _, c := range cfg.FailOpen {
		rt.failOpen[c] = true
	}
	basis, set := cfg.Policy.Require[filter.Marketing]
	rt.free = set && basis == filter.NoBasis
	rt.trust(cfg.Trust)
	return rt, nil
}

// trust notes the claims that are believed.
func (rt *route) trust(claims []string) {
	if claims == nil {
		claims = []string{"campaign"}
	}
	rt.trusts.category = slices.Contains(claims, "category")
	rt.trusts.topic = slices.Contains(claims, "topic")
	rt.trusts.campaign = slices.Contains(claims, "campaign")
}

// check looks at what no constructor checks. Defaults are filled in.
func (cfg *RouteConfig) check() error {
	switch cfg.UnknownPaths {
	case "", "refuse", "pass":
	default:
		return fmt.Errorf("unknown_paths: unknown word %q: want refuse or pass", cfg.UnknownPaths)
	}
	switch {
	case cfg.Custom != nil && cfg.Provider != "custom":
		return fmt.Errorf("custom: the provider of this route is %s: want provider: custom", cfg.Provider)
	case len(cfg.Channels) > 0 && cfg.Provider != "bird-channels":
		return fmt.Errorf("channels: the provider of this route is %s: want provider: bird-channels", cfg.Provider)
	case cfg.Provider == "custom" && cfg.Upstream == "":
		return errors.New("upstream: missing: want the base URL of the service")
	}
	switch cfg.Unseen {
	case "", "refuse", "pass":
	default:
		return fmt.Errorf("unseen: unknown word %q: want refuse or pass", cfg.Unseen)
	}
	switch cfg.KeywordReplies {
	case "", "provider", "gate":
	default:
		return fmt.Errorf("keyword_replies: unknown word %q: want provider or gate", cfg.KeywordReplies)
	}
	for _, w := range cfg.Trust {
		if w != "category" && w != "topic" && w != "campaign" {
			return fmt.Errorf("trust: unknown claim %q: want category, topic or campaign", w)
		}
	}
	for _, c := range cfg.FailOpen {
		if c == filter.Marketing {
			return errors.New("fail_open: marketing never goes out undecided")
		}
		if c >= filter.Categories {
			return fmt.Errorf("fail_open: unknown category %s", c)
		}
	}
	if cfg.InFlight < 0 || cfg.Handshakes < 0 {
		return fmt.Errorf("in_flight: %d, handshakes: %d: neither can be negative", cfg.InFlight, cfg.Handshakes)
	}
	t := cfg.Timeouts
	if t.Connect < 0 || t.Write < 0 || t.Response < 0 || t.Idle < 0 {
		return fmt.Errorf("timeouts: %+v: none can be negative", t)
	}
	return nil
}
