package proxy

import (
	"net"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/sendgate/sendgate/proxy/access"
	"github.com/sendgate/sendgate/proxy/socket"
)

// TestClientNetworks: addresses count as what they are, however they are written, and a header tells of another only
// where its writer is believed.
func TestClientNetworks(t *testing.T) {
	for _, c := range []struct {
		name              string
		networks, proxies []string
		lines             []string
		want              int
	}{
		{"the own address", []string{"127.0.0.1"}, nil, nil, 200},
		{"a range", []string{"10.0.0.0/8", "127.0.0.0/8"}, nil, nil, 200},
		{"a range in the notation of IPv6", []string{"::ffff:127.0.0.0/104"}, nil, nil, 200},
		{"one address in the notation of IPv6", []string{"::ffff:127.0.0.1"}, nil, nil, 200},
		{"another range", []string{"10.0.0.0/8", "::1"}, nil, nil, 401},
		{"all of IPv6 and none of IPv4", []string{"::/0"}, nil, nil, 401},
		{"a header of somebody who is not believed", []string{"10.0.0.0/8"}, nil, []string{"X-Forwarded-For: 10.1.2.3"}, 401},
		{"a header of a proxy that is believed", []string{"10.0.0.0/8"}, []string{"127.0.0.1"}, []string{"X-Forwarded-For: 10.1.2.3"}, 200},
		{"a header of two proxies", []string{"10.0.0.0/8"}, []string{"127.0.0.1", "192.168.0.1"}, []string{"X-Forwarded-For: 10.1.2.3, 192.168.0.1"}, 200},
		{"two headers", []string{"10.0.0.0/8"}, []string{"127.0.0.1"}, []string{"X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 10.1.2.3"}, 200},
		{"what a client wrote in front of the truth", []string{"10.0.0.0/8"}, []string{"127.0.0.1"}, []string{"X-Forwarded-For: 10.1.2.3, 192.0.2.1"}, 401},
		{"what a client wrote in a header in front of the truth", []string{"10.0.0.0/8"}, []string{"127.0.0.1"}, []string{"X-Forwarded-For: 10.1.2.3", "X-Forwarded-For: 192.0.2.1"}, 401},
		{"a header that names nothing", []string{"10.0.0.0/8"}, []string{"127.0.0.1"}, []string{"X-Forwarded-For: unknown"}, 401},
		{"a mapped address in a header", []string{"10.0.0.0/8"}, []string{"127.0.0.1"}, []string{"X-Forwarded-For: ::ffff:10.1.2.3"}, 200},
		{"a proxy that says nothing", []string{"10.0.0.0/8"}, []string{"127.0.0.1"}, nil, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, addr := start(t, oneRoute(play(t, loopback(t), echo(okAnswer, func(wire) {})), func(rc *RouteConfig) {
				rc.Clients = &access.Config{Networks: c.networks, Proxies: c.proxies}
			}), memory(t))
			if got := ask(t, addr, withHeaders(sms("+14155550100", "Hi"), c.lines...)); got.StatusCode != c.want {
				t.Errorf("answered %d %s", got.StatusCode, got.body)
			}
		})
	}
	mapped := &client{Conn: socket.New(addressed{to: net.TCPAddrFromAddrPort(netip.MustParseAddrPort("[::ffff:10.1.2.3]:1"))}, time.Minute)}
	if at := mapped.address(); at != netip.MustParseAddr("10.1.2.3") {
		t.Errorf("a mapped address counts as %s", at)
	}
}

// addressed is a connection that has nothing but an address.
type addressed struct {
	net.Conn
	to net.Addr
}

func (a addressed) RemoteAddr() net.Addr { return a.to }

// TestClientsConfig: what is wrong with who may come in names its key.
func TestClientsConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clients.pem")
	newIssuer(t, file)
	for _, c := range []struct {
		clients access.Config
		want    string
	}{
		{access.Config{}, "nobody could come in: want tokens, certificates or networks"},
		{access.Config{Certificates: &access.Certificates{CAFile: file}}, "certificates: clients show them to the TLS listener, and there is none: want proxy.tls"},
	} {
		_, err := New(oneRoute("http://127.0.0.1:1", func(rc *RouteConfig) { rc.Clients = &c.clients }), memory(t))
		if want := "routes: twilio: clients: " + c.want; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
