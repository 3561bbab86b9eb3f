package proxy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/access"
	"github.com/sendgate/sendgate/proxy/authority"
	"github.com/sendgate/sendgate/proxy/upstream"
)

// A table is all routes of one configuration.
type table struct {
	routes  map[string]*route
	version string
	breaker filter.Breaker // with its defaults, also where it is off

	hosts     map[string][]*route // by the host of a provider, the strictest mode first; empty where none is answered for
	authority *authority.CA       // for hosts
	connect   *ConnectConfig      // nil: no CONNECT is taken
	access    *access.List        // who may come through it; nil: all
}

// names lists the routes, sorted.
func (t *table) names() []string { return slices.Sorted(maps.Keys(t.routes)) }

// upstreams are all that the routes have connections to.
func (t *table) upstreams() (all []*upstream.Endpoint) {
	for _, rt := range t.routes {
		all = append(all, rt.upstreams()...)
	}
	return all
}

// newTable builds every route of cfg. Where old has a route of the same name to the same upstream,
// that upstream and its connections are kept. Errors name the key.
func (g *Gate) newTable(cfg Config, old *table) (*table, error) {
	cfg.Routes = withRoutes(cfg.Routes)
	scripts := make(map[string]map[string]*filter.Script, len(cfg.Brands))
	for _, name := range slices.Sorted(maps.Keys(cfg.Brands)) {
		if err := cfg.Brands[name].Check(); err != nil {
			return nil, fmt.Errorf("brands: %s: %w", name, err)
		}
		var err error
		if scripts[name], err = filter.NewScripts(cfg.Brands[name], cfg.Dialogues, cfg.OptOutLines["by-language"]); err != nil {
			return nil, fmt.Errorf("brands: %s: %w", name, err)
		}
	}
	t := &table{routes: make(map[string]*route, len(cfg.Routes)), version: cfg.Version}
	base, err := cfg.Webhooks.base()
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	if err := t.setBreaker(&cfg); err != nil {
		return nil, fmt.Errorf("breaker: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Routes)) {
		own := cfg.Routes[name]
		if own.Policy.Expiry == nil {
			own.Policy.Expiry = cfg.Expiry
		}
		own.Policy.QuietHours.Tables, own.Policy.Footer.Tables = cfg.Hours, cfg.OptOutLines
		own.Policy.Caps.Tables = cfg.Caps
		rt, err := g.newRoute(name, own, cfg.Brands)
		if err == nil {
			err = rt.key(&own, &cfg)
		}
		if err != nil {
			return nil, fmt.Errorf("routes: %s: %w", name, err)
		}
		if rt.keywords = cfg.Keywords; rt.keywords == nil && own.Webhook != nil {
			return nil, fmt.Errorf("routes: %s: webhook: there are no keywords to read what people write by", name)
		}
		if rt.webhook, err = newWebhook(own.Webhook, rt.provider, base, g.published.get); err == nil {
			err = g.relayFor(rt, own.Webhook)
		}
		if err != nil {
			return nil, fmt.Errorf("routes: %s: webhook: %w", name, err)
		}
		if err := rt.script(&own, scripts[rt.brand]); err != nil {
			return nil, fmt.Errorf("routes: %s: %w", name, err)
		}
		if cfg.Breaker != nil {
			rt.breaker, rt.refusals = &t.breaker, rt.count.watch(t.breaker.Codes[rt.speaks])
		}
		if old != nil && old.routes[name] != nil {
			rt.share(old.routes[name])
		}
		t.routes[name] = rt
	}
	if err := cmp.Or(t.checkBudgets(), t.lendWebhooks(cfg.Routes)); err != nil {
		return nil, err
	}
	return t, g.answerFor(t, &cfg, old)
}

// setBreaker completes the breaker of cfg with its defaults and the codes that come with the program.
func (t *table) setBreaker(cfg *Config) (err error) {
	if cfg.Breaker != nil {
		t.breaker = *cfg.Breaker
	}
	if t.breaker, err = t.breaker.WithDefaults(); err != nil {
		return err
	}
	codes := map[string][]int{}
	for _, row := range cfg.Refusals {
		codes[row.Provider] = append(codes[row.Provider], row.Code)
	}
	for _, name := range slices.Sorted(maps.Keys(t.breaker.Codes)) {
		if !slices.Contains(providers.Names(), name) {
			return fmt.Errorf("codes: %s: unknown provider: want one of %s", name, strings.Join(providers.Names(), ", "))
		}
		codes[name] = t.breaker.Codes[name]
	}
	t.breaker.Codes = codes
	return nil
}
