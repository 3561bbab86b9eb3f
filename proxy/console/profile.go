package console

import (
	"context"
	"net/http"
	"net/http/pprof"
)

// profiles are the endpoints that Config.Pprof adds: those of net/http/pprof, less the lookup of
// symbols, which profiles of Go programs bring with them.
var profiles = []endpoint{
	{"GET", "/debug/pprof/", Admin, profileParams, profile(pprof.Index)},
	{"GET", "/debug/pprof/cmdline", Admin, nil, profile(pprof.Cmdline)},
	{"GET", "/debug/pprof/profile", Admin, profileParams, profile(pprof.Profile)},
	{"GET", "/debug/pprof/trace", Admin, profileParams, profile(pprof.Trace)},
}

var profileParams = []string{"debug", "gc", "seconds"}

// profile makes an endpoint of one of net/http/pprof. A profile that is being taken ends with the
// server.
func profile(serve http.HandlerFunc) func(*Server, *call) error {
	return func(s *Server, c *call) error {
		ctx, cancel := context.WithCancel(c.r.Context())
		defer cancel()
		defer context.AfterFunc(s.closing, cancel)()
		serve(c.w, c.r.WithContext(ctx))
		return nil
	}
}
