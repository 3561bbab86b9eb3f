package proxy

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/proxy/head"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// TLSConfig is the `tls` section of [Config].
type TLSConfig struct {
	// Listen is the address at which the hosts of providers are answered for. Default 127.0.0.1:8443.
	Listen string `yaml:"listen"`
}

// A shakeEnd is what became of a handshake with a client.
type shakeEnd uint8

const (
	shakeDone    shakeEnd = iota
	shakeUnknown          // the client named a host that no route answers for, or none
	shakePlain            // it spoke plain HTTP
	shakeFailed           // it broke off, or trusts another authority
	shakeEnds    = iota
)

var shakeNames = [shakeEnds]string{"done", "unknown-host", "plain-http", "failed"}

// shakes counts handshakes by what became of them.
type shakes [shakeEnds]atomic.Uint64

// A footing is the connection below the TLS of a client.
type footing struct {
	net.Conn
	host    string // that a tunnel was asked for, so that no other may be named; "": there is no tunnel
	unknown bool   // the host that was named is not answered for
}

// newTLS is what all handshakes go by: each takes the hosts and the authority of the configuration in force.
func (g *Gate) newTLS() *tls.Config {
	cfg := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: g.certificate,
	}
	// A client that is asked for a certificate shows it each time: what a session that is resumed was opened with may
	// be none, or not count any more. What it is worth is looked at with each request, see certified.
	asking := cfg.Clone()
	asking.ClientAuth, asking.SessionTicketsDisabled = tls.RequestClientCert, true
	cfg.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.ContainsFunc(g.table.Load().hosts[strings.ToLower(hello.ServerName)], (*route).asksCertificate) {
			return asking, nil
		}
		return nil, nil
	}
	return cfg
}

// certificate is for the host that a client names. Without one, the client is told that the name is not
// recognized.
func (g *Gate) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	below := hello.Conn.(*footing)
	t, host := g.table.Load(), strings.ToLower(hello.ServerName)
	if t.hosts[host] == nil || below.host != "" && below.host != host {
		below.unknown = true
		return nil, nil
	}
	cert, err := t.authority.Leaf(host, g.clock())
	if err != nil {
		g.log.Error("a client was not answered for a provider's host", zap.Error(err))
	}
	return cert, err
}

// newSecureClient takes over a connection on which a client speaks TLS.
func newSecureClient(c net.Conn, g *Gate) *client { return newClientOn(&footing{Conn: c}, g) }

func newClientOn(below *footing, g *Gate) *client {
	secure := tls.Server(below, g.secure)
	c := newClient(secure, g)
	c.tls, c.footing = secure, below
	return c
}

// shake shakes hands, once: host is by which name the client comes, then.
func (c *client) shake() (err error) {
	if err := c.Conn.SetDeadline(time.Now().Add(c.g.limits.Read)); err != nil {
		return err
	}
	end := shakeDone
	defer func() { c.g.shakes[end].Add(1) }()
	err = c.tls.Handshake()
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &record) && 'A' <= record.RecordHeader[0] && record.RecordHeader[0] <= 'Z':
		end = shakePlain
		c.unveiled()
	case c.footing.unknown:
		end = shakeUnknown
	case err != nil:
		end = shakeFailed
	default:
		state := c.tls.ConnectionState()
		c.host, c.shown.Certificates = strings.ToLower(state.ServerName), state.PeerCertificates
		if below := c.footing.host; below != "" && below != c.host { // a session that is resumed needs no certificate
			end, err = shakeUnknown, net.ErrClosed
		}
	}
	return err
}

// unveiled answers a client that speaks plain HTTP where TLS is spoken.
func (c *client) unveiled() {
	var resp fasthttp.Response
	c.g.malform(&resp, fasthttp.StatusBadRequest, "this address of the gate speaks TLS: begin with https://, or use the address of proxy.listen")
	resp.SetConnectionClose()
	if c.outer != nil {
		c.outer.linger.Store(true)
	}
	if _, err := resp.WriteTo(c.footing.Conn); err == nil {
		drain(c.footing.Conn)
	}
}

// byHost is the route of a request that came by the name of a provider's host. Where there is none, the
// request is answered: 421, which no library sends again.
func (g *Gate) byHost(t *table, w *work) *route {
	host, all := w.client.host, t.hosts[w.client.host]
	name, _, _ := bytes.Cut(w.head.Host, []byte(":"))
	switch {
	case len(all) == 0, w.client.outer != nil && t.connect == nil:
		g.malform(w.resp, fasthttp.StatusMisdirectedRequest, fmt.Sprintf("no route of this gate answers for %s any more", host))
		return nil
	case w.head.Seen[head.Host] && !head.Fold(name, host):
		g.malform(w.resp, fasthttp.StatusMisdirectedRequest, fmt.Sprintf(
			"the request is for the host %q, and the connection was made to %s: nothing was sent", name, host))
		return nil
	case len(all) == 1:
		return all[0]
	}
	return g.among(all, w)
}
