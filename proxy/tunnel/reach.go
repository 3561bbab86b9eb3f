package tunnel

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// reachWithin is how long finding and reaching the end of a tunnel may take.
const reachWithin = 5 * time.Second

// ErrInside is for a name that leads to where only this machine or this network can go.
var ErrInside = errors.New("it has an address that is not public")

// Reach connects to host at port 443, at an address that was looked at: a name that leads inside, also beside
// other addresses, is not followed.
func (s *Set) Reach(host string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(s.ctx, reachWithin)
	defer cancel()
	found, err := s.Lookup(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	for _, at := range found {
		if !public(at) {
			return nil, ErrInside
		}
	}
	err = errors.New("it has no address")
	for _, at := range found {
		var c net.Conn
		if c, err = s.Dial(ctx, "tcp", netip.AddrPortFrom(at.Unmap(), 443).String()); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// private are the ranges that lead nowhere public, besides those that [netip.Addr] knows.
// https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
var private = func() (all []netip.Prefix) {
	for _, p := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
		"3fff::/20", "5f00::/16", "fec0::/10"} {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}()

// public reports whether at is an address of the public internet.
func public(at netip.Addr) bool {
	at = at.Unmap()
	if !at.IsGlobalUnicast() || at.IsPrivate() || at.Zone() != "" {
		return false
	}
	for _, p := range private {
		if p.Contains(at) {
			return false
		}
	}
	return true
}
