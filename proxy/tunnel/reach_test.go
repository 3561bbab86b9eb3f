package tunnel

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
)

// TestReach: a host is called at the address that was looked at, and nobody where any of its addresses leads inside.
func TestReach(t *testing.T) {
	for address, public := range map[string]bool{
		"8.8.4.4": true, "2001:4860:4860::8844": true, "::ffff:8.8.4.4": true,
		"127.0.0.1": false, "10.1.2.3": false, "169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "255.255.255.255": false,
		"::1": false, "fd00::1": false, "fe80::1": false, "::ffff:127.0.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false,
	} {
		var called []string
		s := New()
		s.Lookup = func(context.Context, string, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr(address), netip.MustParseAddr("8.8.8.8")}, nil
		}
		s.Dial = func(_ context.Context, _, at string) (net.Conn, error) {
			called = append(called, at)
			return nil, errors.New("nobody is there")
		}
		_, err := s.Reach("public.example")
		if inside := errors.Is(err, ErrInside); inside == public || inside && len(called) > 0 {
			t.Errorf("%s: %v, called at %v", address, err, called)
		}
		if first := net.JoinHostPort(netip.MustParseAddr(address).Unmap().String(), "443"); public && (len(called) != 2 || called[0] != first) {
			t.Errorf("%s: called at %v", address, called)
		}
	}
}
