package proxy

import (
	"net"
	"net/netip"
	"path/filepath"
	"strings"
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

func TestClientsConfig(t *testing.T) {
	_, shop := access.NewToken("shop")
	file := filepath.Join(t.TempDir(), "clients.pem")
	newIssuer(t, file)
	for _, c := range []struct {
		name    string
		clients access.Config
		want    string
	}{
		{"nobody", access.Config{}, "nobody could come in: want tokens, certificates or networks"},
		{"a token in the clear", access.Config{Tokens: []access.Token{{Name: "shop", SHA256: "sg_abc"}}},
			"tokens[0].sha256: want the 64 hexadecimal digits that `sendgate token new` prints: a token itself does not belong into this file"},
		{"a token in the clear that is as long as a hash", access.Config{Tokens: []access.Token{{Name: "shop", SHA256: strings.Repeat("g", 64)}}},
			"tokens[0].sha256: want the 64 hexadecimal digits that `sendgate token new` prints: a token itself does not belong into this file"},
		{"a hash that is too long", access.Config{Tokens: []access.Token{{Name: "shop", SHA256: shop.SHA256 + "00"}}},
			"tokens[0].sha256: want the 64 hexadecimal digits that `sendgate token new` prints: a token itself does not belong into this file"},
		{"the hash of nothing", access.Config{Tokens: []access.Token{{Name: "shop", SHA256: hashOf("")}}}, "tokens[0].sha256: this is the hash of an empty token"},
		{"no name", access.Config{Tokens: []access.Token{{SHA256: shop.SHA256}}}, "tokens[0].name: missing: want that of the client"},
		{"a name with a line break", access.Config{Tokens: []access.Token{{Name: "a\nb", SHA256: shop.SHA256}}}, "tokens[0].name: want up to 64 letters, digits and - . _ @"},
		{"two clients with one token", access.Config{Tokens: []access.Token{shop, {Name: "crm", SHA256: strings.ToUpper(shop.SHA256)}}}, "tokens[1].sha256: this is the token of shop already"},
		{"a range that is none", access.Config{Networks: []string{"10.0.0.0/8", "10.0.0.0/33"}}, `networks[1]: "10.0.0.0/33": want addresses such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32`},
		{"a range that begins elsewhere", access.Config{Networks: []string{"10.1.0.0/8"}}, `networks[0]: "10.1.0.0/8": the range begins at 10.0.0.0/8`},
		{"a range with all of IPv4 inside", access.Config{Networks: []string{"::ffff:0:0/90"}}, `networks[0]: "::ffff:0:0/90": it has IPv4 addresses and others in it`},
		{"a name of a host", access.Config{Networks: []string{"localhost"}}, `networks[0]: "localhost": want addresses such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32`},
		{"proxies for nothing", access.Config{Tokens: []access.Token{shop}, Proxies: []string{"10.0.0.1"}}, "proxies: what they tell is of use beside networks alone"},
		{"certificates of nobody", access.Config{Certificates: &access.Certificates{}}, "certificates: ca_file: missing: want the certificate of the authority that signs those of clients"},
		{"certificates of a file that is not there", access.Config{Certificates: &access.Certificates{CAFile: "nowhere.pem"}}, "certificates: ca_file: open nowhere.pem: no such file or directory"},
		{"a fingerprint that is none", access.Config{Certificates: &access.Certificates{CAFile: file, Fingerprints: []string{"ab"}}}, `certificates: fingerprints[0]: "ab": want the 64 hexadecimal digits of a SHA-256`},
		{"certificates that nobody can show", access.Config{Certificates: &access.Certificates{CAFile: file}}, "certificates: clients show them to the TLS listener, and there is none: want proxy.tls"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := oneRoute("http://127.0.0.1:1", func(rc *RouteConfig) { rc.Clients = &c.clients })
			if c.name != "certificates that nobody can show" {
				cfg.Connect = new(ConnectConfig)
			}
			_, err := New(cfg, memory(t))
			if want := "routes: twilio: clients: " + c.want; err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}
