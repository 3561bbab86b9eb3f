//go:build linux && !portable

package socket

// A Pulse tells whether a quiet connection is still one. It looks at the socket without waiting
// and without taking anything from it.
type Pulse struct{ raw *rawIO }

// Watch has it look at s.
func (p *Pulse) Watch(s *Conn) { p.raw = &s.raw }

// Beats reports whether the connection is open and nothing unasked came in. A connection without
// a socket behind it is believed.
func (p *Pulse) Beats() bool { return !p.raw.able() || p.raw.silent() }
