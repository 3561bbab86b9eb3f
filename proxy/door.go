package proxy

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/valyala/fasthttp"
)

// A doorman takes connections in while there are fewer than limits.connections, and descriptors for them,
// and turns the others away in words.
type doorman struct {
	net.Listener
	g     *Gate
	greet func(net.Conn, *Gate) *client
	turns chan struct{} // one for each that is being turned away
	close func() error
}

// turning bounds how many connections are turned away at a time; beyond it they are just closed.
const turning = 64

func newDoorman(ln net.Listener, g *Gate, greet func(net.Conn, *Gate) *client) *doorman {
	return &doorman{&patient{Listener: ln, log: g.log}, g, greet, make(chan struct{}, turning), sync.OnceValue(ln.Close)}
}

// Close lets nobody in any more. It may be called again: fasthttp closes what the gate closed already,
// and would not wait for its connections after an error.
func (d *doorman) Close() error { return d.close() }

// Accept returns the next connection there is room for.
func (d *doorman) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		in := d.greet(c, d.g)
		why := ""
		switch open := d.g.open.Add(1); {
		case open > int64(d.g.limits.Connections):
			why = fmt.Sprintf("as limits.connections allows (%d)", d.g.limits.Connections)
		case !d.g.files.TakeForClient(open):
			why = "as its process may have files open"
		}
		if in.taken = why == ""; in.taken {
			d.g.known.add(in)
			return in, nil
		}
		d.g.malformed.Add(1)
		select {
		case d.turns <- struct{}{}:
			go d.turnAway(in, why)
		default:
			_ = in.Close()
		}
	}
}

func (d *doorman) turnAway(c *client, why string) {
	var resp fasthttp.Response
	say(&resp, fasthttp.StatusServiceUnavailable, fmt.Sprintf("this gate holds as many connections %s: nothing was sent", why))
	resp.Header.Set("Sendgate-Outcome", upstream.NotSent.String())
	resp.SetConnectionClose()
	_ = c.SetDeadline(time.Now().Add(lingering))
	_, _ = resp.WriteTo(c)
	c.linger.Store(true)
	_ = c.Close()
	<-d.turns
}
