//go:build linux && !portable

package proxy

// A pulse tells whether a quiet connection is still one. It looks at the socket without waiting
// and without taking anything from it.
type pulse struct{ raw *rawIO }

func (p *pulse) watch(s *socket) { p.raw = &s.raw }

// beats reports whether the connection is open and nothing unasked came in. A connection without
// a socket behind it is believed.
func (p *pulse) beats() bool { return !p.raw.able() || p.raw.silent() }
