package proxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sendgate/sendgate/proxy/access"
	"github.com/sendgate/sendgate/proxy/head"
	"github.com/sendgate/sendgate/proxy/tunnel"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// ConnectConfig is the `connect` section of [Config].
type ConnectConfig struct {
	// Other says what becomes of a CONNECT to a host that no route answers for: refuse (default), log, which
	// refuses it and logs its name, or tunnel, which opens it to Hosts and refuses all others.
	Other string `yaml:"other"`
	// Hosts are those that may be tunnelled to, at port 443 and at public addresses.
	Hosts []string `yaml:"hosts"`
	// Clients are those who may come through CONNECT, by tokens in Proxy-Authorization and by networks. Nil: all who
	// reach the gate. Whom a route lets in is for the route to say, and a token of its own may stand there, too.
	Clients *access.Config `yaml:"clients"`
}

// A connectEnd is what became of a CONNECT.
type connectEnd uint8

const (
	connectOpened    connectEnd = iota // and the gate answers for the host
	connectTunnelled                   // and the host itself answers
	connectRefused
	connectUnreached // it may be tunnelled to, and could not be reached
	connectEnds      = iota
)

var connectNames = [connectEnds]string{"opened", "tunnelled", "refused", "unreached"}

// connects counts them.
type connects [connectEnds]atomic.Uint64

// check looks at what stands in the configuration; of are the hosts that routes answer for.
func (cfg *ConnectConfig) check(of map[string][]string) error {
	if cfg == nil {
		return nil
	}
	switch {
	case cfg.Other != "" && cfg.Other != "refuse" && cfg.Other != "log" && cfg.Other != "tunnel":
		return fmt.Errorf("other: unknown word %q: want refuse, log or tunnel", cfg.Other)
	case cfg.Other == "tunnel" && len(cfg.Hosts) == 0:
		return errors.New("hosts: missing: the gate is no open proxy: say which hosts may be tunnelled to")
	case cfg.Other != "tunnel" && len(cfg.Hosts) > 0:
		return errors.New("hosts: nothing is tunnelled to them without other: tunnel")
	}
	for _, host := range cfg.Hosts {
		if err := checkHost(host); err != nil {
			return fmt.Errorf("hosts: %w", err)
		}
		if len(of[host]) > 0 {
			return fmt.Errorf("hosts: %s is answered for by route %s: a tunnel would lead round the gate", host, of[host][0])
		}
	}
	return nil
}

// connect takes one CONNECT. What is wrong with it is answered, and the connection ends, since what follows on it
// is meant for somebody else.
func (g *Gate) connect(ctx *fasthttp.RequestCtx) {
	t := g.table.Load()
	outer, _ := ctx.Conn().(*client)
	host, status, sentence := t.connectTo(ctx, outer)
	if sentence == "" {
		status, sentence = g.passport(t, ctx, outer)
	}
	if sentence != "" {
		g.connects[connectRefused].Add(1)
		g.malform(&ctx.Response, status, sentence)
		if status == fasthttp.StatusProxyAuthRequired {
			ctx.Response.Header.Set("Proxy-Authenticate", `Basic realm="sendgate"`)
		}
		hearOut(ctx)
		return
	}
	if t.hosts[host] != nil {
		g.connects[connectOpened].Add(1)
		ctx.HijackSetNoResponse(true)
		ctx.Hijack(func(c net.Conn) { g.answerWithin(outer, c, host) })
		return
	}
	if !t.tunnels(host) {
		g.connects[connectRefused].Add(1)
		if t.connect.Other == "log" {
			g.log.Info("a CONNECT to a host that no route answers for was refused", zap.String("host", host))
		}
		g.malform(&ctx.Response, fasthttp.StatusForbidden, fmt.Sprintf("this gate answers for the hosts of its routes and opens no tunnel to %s", host))
		hearOut(ctx)
		return
	}
	g.tunnel(ctx, outer, host)
}

// connectTo is the host that a CONNECT is for, in lower case, or why it is refused.
func (t *table) connectTo(ctx *fasthttp.RequestCtx, from *client) (host string, status int, sentence string) {
	h := &ctx.Request.Header
	var lines head.Request
	if err := lines.Parse(h.RawHeaders()); err != nil {
		return "", fasthttp.StatusBadRequest, err.Error()
	}
	proto := string(h.Protocol())
	host, port, err := net.SplitHostPort(strings.ToLower(string(h.RequestURI())))
	switch {
	case t.connect == nil:
		sentence = "this gate opens no tunnels: send to its address with the route's name in front of the path"
	case from == nil || from.tls != nil:
		sentence = "this is the inside of a tunnel already"
	case proto != "HTTP/1.1" && proto != "HTTP/1.0":
		sentence = fmt.Sprintf("this gate speaks HTTP/1.1 and HTTP/1.0, not %s", proto)
	case lines.Seen[head.Coding] || lines.Odd || lines.Length > 0 || lines.Seen[head.Expect] || lines.Seen[head.Upgrade]:
		sentence = "a CONNECT has no body, and asks for nothing else"
	case err != nil:
		sentence = "the target of a CONNECT must be host:port"
	}
	switch {
	case sentence != "":
		return "", fasthttp.StatusBadRequest, sentence
	case port != "443":
		return "", fasthttp.StatusForbidden, fmt.Sprintf("this gate opens tunnels to port 443 alone, not %q", port)
	case checkHost(host) != nil:
		return "", fasthttp.StatusForbidden, fmt.Sprintf("this gate opens tunnels to hosts by their names, not %q", host)
	}
	return host, 0, ""
}

// tunnels reports whether host may be tunnelled to.
func (t *table) tunnels(host string) bool {
	return t.connect.Other == "tunnel" && slices.Contains(t.connect.Hosts, host)
}

// tunnel opens a tunnel to host, or says why not.
func (g *Gate) tunnel(ctx *fasthttp.RequestCtx, from *client, host string) {
	fail := func(end connectEnd, status int, why string) {
		g.connects[end].Add(1)
		g.malform(&ctx.Response, status, fmt.Sprintf("this gate opened no tunnel to %s: %s", host, why))
		hearOut(ctx)
	}
	if !g.tunnels.Begin() {
		fail(connectUnreached, fasthttp.StatusServiceUnavailable, "it is about to stop")
		return
	}
	if !g.files.Take() {
		g.tunnels.Done()
		fail(connectUnreached, fasthttp.StatusServiceUnavailable, "its process may have no more files open")
		return
	}
	to, err := g.tunnels.Reach(host)
	if err != nil {
		g.files.Give()
		g.tunnels.Done()
		if errors.Is(err, tunnel.ErrInside) {
			fail(connectRefused, fasthttp.StatusForbidden, err.Error())
			return
		}
		fail(connectUnreached, fasthttp.StatusBadGateway, "it could not be reached")
		return
	}
	g.connects[connectTunnelled].Add(1)
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(c net.Conn) {
		defer g.tunnels.Done()
		defer g.files.Give()
		defer to.Close()
		if here, err := establish(from, c); err == nil {
			g.tunnels.Carry(here, to, g.limits.Idle, func() bool { return g.goesOn(from, host) })
		}
	})
}

// goesOn reports whether from may still have a tunnel to host: a configuration that came since may not list it any
// more, or have a route for it, which the tunnel would lead round.
func (g *Gate) goesOn(from *client, host string) bool {
	t := g.table.Load()
	if t.connect == nil || !t.tunnels(host) {
		return false
	}
	if t.access == nil {
		return true
	}
	_, why := t.access.ByPassport(&from.passport, g.clock())
	return why == access.None
}

// established answers a CONNECT; no header belongs to that.
const established = "HTTP/1.1 200 Connection established\r\n\r\n"

// A mouth is the client's end of a tunnel. Several goroutines may use it, and a socket is for one: what fasthttp may
// have read already is read by way of it, and the rest is the connection's own.
type mouth struct {
	net.Conn
	client *client
	from   io.Reader
}

// establish answers the CONNECT.
func establish(c *client, from io.Reader) (*mouth, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.g.limits.Read)); err != nil {
		return nil, err
	}
	_, err := io.WriteString(c, established)
	return &mouth{c.Conn.Conn, c, from}, err
}

func (m *mouth) Read(p []byte) (int, error) { return m.from.Read(p) }
func (m *mouth) Close() error               { return m.client.Close() }

// answerWithin answers for host inside the tunnel of outer, which holds the places that this takes.
func (g *Gate) answerWithin(outer *client, from io.Reader, host string) {
	m, err := establish(outer, from)
	if err != nil {
		return
	}
	in := newClientOn(&footing{Conn: m, host: host}, g)
	in.outer = outer
	g.known.add(in)
	if g.stopping.Load() { // and it may be known too late for that
		in.retire()
	}
	_ = g.server.ServeConn(in) // which closes it, and tells the client whatever is wrong
}
