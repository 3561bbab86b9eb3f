package proxy

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/authority"
	"go.uber.org/zap"
)

// Hosts lists, sorted, the hosts of providers that the gate of cfg answers for where it is reached by
// host: on the TLS listener and by CONNECT. Errors name the key, as those of [New] do.
func Hosts(cfg Config) ([]string, error) {
	of, err := hostRoutes(withRoutes(cfg.Routes), false)
	return slices.Sorted(maps.Keys(of)), err
}

// withRoutes is routes, or one a provider where there are none.
func withRoutes(routes map[string]RouteConfig) map[string]RouteConfig {
	if len(routes) > 0 {
		return routes
	}
	routes = make(map[string]RouteConfig)
	for _, name := range providers.Names() {
		routes[name] = RouteConfig{}
	}
	return routes
}

// hostRoutes gives each host the names of its routes, sorted: one a provider, since what a request is for is told by
// which provider can read it. Of several routes of one provider to one host, one has to name it where that is
// reached.
func hostRoutes(routes map[string]RouteConfig, reached bool) (map[string][]string, error) {
	type spoken struct{ host, provider string }
	of, claimants := make(map[spoken]string), make(map[spoken][]string)
	for _, name := range slices.Sorted(maps.Keys(routes)) {
		cfg := routes[name]
		provider := cmp.Or(cfg.Provider, name)
		for _, host := range cfg.Hosts {
			if err := checkHost(host); err != nil {
				return nil, fmt.Errorf("routes: %s: hosts: %w", name, err)
			}
			if other := of[spoken{host, provider}]; other != "" {
				return nil, fmt.Errorf("routes: %s: hosts: %s leads to route %s already", name, host, other)
			}
			of[spoken{host, provider}] = name
		}
		if real, err := url.Parse(providers.HostAt(provider, cfg.Upstream)); err == nil && real.Hostname() != "" && cfg.Hosts == nil {
			at := spoken{real.Hostname(), provider}
			claimants[at] = append(claimants[at], name)
		}
	}
	byHost := func(a, b spoken) int {
		return cmp.Or(strings.Compare(a.host, b.host), strings.Compare(a.provider, b.provider))
	}
	for _, at := range slices.SortedFunc(maps.Keys(claimants), byHost) {
		names := claimants[at]
		switch {
		case of[at] != "":
		case len(names) > 1 && reached:
			return nil, fmt.Errorf("routes: %s: hosts: missing: the routes %s all speak to %s, and a client that comes by that name must reach one of them: let that one say hosts: [%s]",
				names[0], strings.Join(names, ", "), at.host, at.host)
		default:
			of[at] = names[0]
		}
	}
	leads := make(map[string][]string)
	for at, name := range of {
		leads[at.host] = append(leads[at.host], name)
	}
	for _, names := range leads {
		slices.Sort(names)
	}
	return leads, nil
}

// answerFor has t answer for the hosts of providers, where cfg says so, by the authority there is. Where old has
// the same, its certificates are kept.
//
// A listener for TLS lasts as long as the gate: where cfg has none any more, it goes on by the authority of old.
func (g *Gate) answerFor(t *table, cfg *Config, old *table) (err error) {
	asked := cfg.TLS != nil || cfg.Connect != nil
	reached := (asked || g.listensTLS) && !cfg.Draft
	defer func() {
		if err != nil && reached && !asked {
			err = fmt.Errorf("%w; until a restart the gate listens for TLS", err)
		}
	}()
	of, err := hostRoutes(cfg.Routes, reached)
	if err != nil {
		return err
	}
	if err := cfg.Connect.check(of); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if t.access, err = cfg.Connect.accessToConnect(); err != nil {
		return fmt.Errorf("connect: clients: %w", err)
	}
	if t.connect = cfg.Connect; !reached {
		return nil
	}
	if !asked {
		t.authority = old.authority
	} else if t.authority, err = authority.Open(cfg.CA); err != nil {
		return fmt.Errorf("ca: %w", err)
	} else if old != nil && old.authority != nil && old.authority.Equal(t.authority) {
		t.authority = old.authority
	}
	now := g.clock()
	if err := t.authority.MaySign(slices.Sorted(maps.Keys(of)), now); err != nil {
		return fmt.Errorf("ca: %w", err)
	}
	if ends := t.authority.Ends(); ends.Sub(now) < filter.EndsSoon {
		g.log.Warn("the local authority ends soon: sendgate ca renew", zap.Time("ends", ends))
	}
	t.hosts = make(map[string][]*route, len(of))
	for host, names := range of {
		for _, name := range names {
			rt := t.routes[name]
			rt.ends = t.authority.Ends()
			if theirs := rt.access.Ends(); !theirs.IsZero() && theirs.Before(rt.ends) {
				rt.ends = theirs
			}
			t.hosts[host] = append(t.hosts[host], rt)
		}
		slices.SortStableFunc(t.hosts[host], func(a, b *route) int { return cmp.Compare(a.mode, b.mode) })
	}
	for _, name := range t.names() {
		if t.routes[name].asksCertificate() && !slices.ContainsFunc(slices.Collect(maps.Values(of)), func(names []string) bool { return slices.Contains(names, name) }) {
			return fmt.Errorf("routes: %s: clients: certificates: nobody could show any: no host leads to this route", name)
		}
	}
	return nil
}

// checkHost refuses what no certificate can be for: all but DNS names as they stand in one, in lower case.
func checkHost(host string) error {
	_, err := netip.ParseAddr(host)
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			labels = nil
		}
	}
	if err == nil || len(labels) < 2 || len(host) > 253 {
		return fmt.Errorf("%q: want the name of a host in lower case, such as api.twilio.com", host)
	}
	return nil
}
