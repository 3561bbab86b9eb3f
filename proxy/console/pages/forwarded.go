package pages

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// origin is where r came from, host and port: as the connection has it, or, where a proxy of the configuration made that,
// the last address of X-Forwarded-For that is no such proxy's. What stands before it anybody may have written.
func (p *Pages) origin(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !p.proxied(at.Addr()) {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		ip, err := hopAddress(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		if at = netip.AddrPortFrom(ip, 0); !p.proxied(ip) {
			break
		}
	}
	return net.JoinHostPort(at.Addr().Unmap().String(), "0")
}

// hopAddress is that of a hop, which some proxies write with its port.
func hopAddress(hop string) (netip.Addr, error) {
	if at, err := netip.ParseAddrPort(hop); err == nil {
		return at.Addr(), nil
	}
	return netip.ParseAddr(hop)
}

func (p *Pages) proxied(ip netip.Addr) bool {
	return slices.ContainsFunc(p.proxies, func(n netip.Prefix) bool { return n.Contains(ip.Unmap()) })
}
