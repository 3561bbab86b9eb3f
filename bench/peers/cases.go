package main

import (
	"fmt"
	"slices"
	"strings"
)

// A situation is one way to load the peers. (The Go word case is taken.)
type situation struct {
	Name, Title string
	upstream    upstreamKind
	flight      int     // connections; in a closed loop, requests in flight
	rate        float64 // sends a second in an open loop; 0: closed
	share       float64 // of sends that go to people who opted out
	route       string  // of the gate
	agreed      bool    // the others have agreed
	peers       []string
	fresh       bool   // each peer is started anew for it, so that its memory is its own
	against     string // the situation that the same peer's cost is compared with
}

// An upstreamKind is a provider to stand behind the peers.
type upstreamKind string

const (
	plainUpstream upstreamKind = "plain" // HTTP/1.1
	tlsUpstream   upstreamKind = "tls"   // TLS 1.3
	slowUpstream  upstreamKind = "slow"  // TLS 1.3, and 100 ms before each answer
)

var upstreamKinds = []upstreamKind{plainUpstream, tlsUpstream, slowUpstream}

var (
	proxies  = []string{nginx, "haproxy", haproxyList, "nginx-lua", "nginx-redis", sendgate}
	checkers = []string{haproxyList, "nginx-lua", "nginx-redis", sendgate}
	all      = append([]string{direct}, proxies...)
)

// situations is all there are. HAProxy 2.6 is not in the slow ones: it opens new TLS connections
// all the time there, whatever its pool is told, and would be measured by its handshakes.
var situations = []situation{
	{Name: "plain-c64", Title: "plain upstream, saturated, 64 connections", upstream: plainUpstream, flight: 64, share: 0.01, peers: proxies},
	{Name: "plain-c256", Title: "plain upstream, saturated, 256 connections", upstream: plainUpstream, flight: 256, share: 0.01, peers: proxies},
	{Name: "plain-6000", Title: "plain upstream, 6,000 sends a second, open loop", upstream: plainUpstream, flight: 64, rate: 6000, share: 0.01, peers: all},
	{Name: "blocked-50", Title: "plain upstream, saturated, 64 connections, half of the recipients opted out", upstream: plainUpstream, flight: 64, share: 0.5, peers: checkers, against: "plain-c64"},
	{Name: "express", Title: "plain upstream, saturated, 64 connections, express consent needed", upstream: plainUpstream, flight: 64, share: 0.01, route: "express", agreed: true,
		peers: []string{sendgate}, against: "plain-c64"},
	{Name: "rules", Title: "plain upstream, saturated, 64 connections, every rule on", upstream: plainUpstream, flight: 64, share: 0.01, route: "rules", agreed: true,
		peers: []string{sendgate}, against: "plain-c64"},
	{Name: "tls-c64", Title: "TLS 1.3 upstream, verified, saturated, 64 connections", upstream: tlsUpstream, flight: 64, share: 0.01, peers: proxies},
	{Name: "tls-5000", Title: "TLS 1.3 upstream, verified, 5,000 sends a second, open loop", upstream: tlsUpstream, flight: 64, rate: 5000, share: 0.01, peers: all},
	{Name: "slow-2000", Title: "TLS 1.3 upstream that takes 100 ms, 2,000 requests in flight", upstream: slowUpstream, flight: 2000, share: 0.01, peers: []string{nginx, sendgate}, fresh: true},
	{Name: "slow-9000", Title: "TLS 1.3 upstream that takes 100 ms, 9,000 requests in flight", upstream: slowUpstream, flight: 9000, share: 0.01, peers: []string{nginx, sendgate}, fresh: true},
}

func situationNamed(name string) (situation, bool) {
	i := slices.IndexFunc(situations, func(s situation) bool { return s.Name == name })
	if i < 0 {
		return situation{}, false
	}
	return situations[i], true
}

// choose is the situations and peers of these names, in their order; an empty list is all.
func choose(cases, names []string) (chosen []situation, err error) {
	for _, name := range cases {
		if _, ok := situationNamed(name); !ok {
			return nil, fmt.Errorf("--cases: there is no %q: want some of %s", name, strings.Join(caseNames(), ","))
		}
	}
	for _, name := range names {
		if _, ok := peerNamed(name); !ok {
			return nil, fmt.Errorf("--peers: there is no %q: want some of %s", name, strings.Join(all, ","))
		}
	}
	for _, s := range situations {
		if len(cases) > 0 && !slices.Contains(cases, s.Name) {
			continue
		}
		wanted := func(name string) bool { return len(names) == 0 || name == direct || slices.Contains(names, name) }
		s.peers = slices.DeleteFunc(slices.Clone(s.peers), func(name string) bool { return !wanted(name) })
		if len(s.peers) > 0 {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("--cases, --peers: none of the cases has any of the peers")
	}
	return chosen, nil
}

// leaveOut takes a peer out of cases.
func leaveOut(cases []situation, name string) {
	for i := range cases {
		cases[i].peers = slices.DeleteFunc(slices.Clone(cases[i].peers), func(n string) bool { return n == name })
	}
}

func caseNames() (names []string) {
	for _, s := range situations {
		names = append(names, s.Name)
	}
	return names
}
