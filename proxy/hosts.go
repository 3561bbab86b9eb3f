package proxy

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/providers"
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

// hostRoutes gives each host the name of its route. Of several routes to one host, one has to name it where
// that is reached.
func hostRoutes(routes map[string]RouteConfig, reached bool) (map[string]string, error) {
	of, claimants := make(map[string]string), make(map[string][]string)
	for _, name := range slices.Sorted(maps.Keys(routes)) {
		cfg := routes[name]
		for _, host := range cfg.Hosts {
			if err := checkHost(host); err != nil {
				return nil, fmt.Errorf("routes: %s: hosts: %w", name, err)
			}
			if of[host] != "" {
				return nil, fmt.Errorf("routes: %s: hosts: %s leads to route %s already", name, host, of[host])
			}
			of[host] = name
		}
		if real, err := url.Parse(providers.HostAt(cmp.Or(cfg.Provider, name), cfg.Upstream)); err == nil && real.Hostname() != "" && cfg.Hosts == nil {
			claimants[real.Hostname()] = append(claimants[real.Hostname()], name)
		}
	}
	for _, host := range slices.Sorted(maps.Keys(claimants)) {
		names := claimants[host]
		switch {
		case of[host] != "":
		case len(names) > 1 && reached:
			return nil, fmt.Errorf("routes: %s: hosts: missing: the routes %s all speak to %s, and a client that comes by that name must reach one of them: let that one say hosts: [%s]",
				names[0], strings.Join(names, ", "), host, host)
		default:
			of[host] = names[0]
		}
	}
	return of, nil
}

// endsSoon is how long before its end an authority is warned of.
const endsSoon = 60 * 24 * time.Hour

// answerFor has t answer for the hosts of providers, where cfg says so, by the authority there is. Where old has
// the same, its certificates are kept.
func (g *Gate) answerFor(t *table, cfg *Config, old *table) error {
	reached := (cfg.TLS != nil || cfg.Connect != nil) && !cfg.Draft
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
	if t.authority, err = OpenAuthority(cfg.CA); err != nil {
		return fmt.Errorf("ca: %w", err)
	}
	if old != nil && old.authority != nil && old.authority.cert.Equal(t.authority.cert) {
		t.authority = old.authority
	}
	now := g.clock()
	if err := t.authority.signFor(slices.Sorted(maps.Keys(of)), now); err != nil {
		return fmt.Errorf("ca: %w", err)
	}
	if ends := t.authority.Ends(); ends.Sub(now) < endsSoon {
		g.log.Warn("the local authority ends soon: sendgate ca renew", zap.Time("ends", ends))
	}
	t.hosts = make(map[string]*route, len(of))
	for host, name := range of {
		t.hosts[host] = t.routes[name]
	}
	for _, name := range t.names() {
		if rt := t.routes[name]; rt.access != nil && rt.access.certificates != nil && !slices.Contains(slices.Collect(maps.Values(of)), name) {
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
