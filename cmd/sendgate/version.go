package main

import (
	"fmt"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

// A build is which sendgate this is.
type build struct {
	version  string // of the module, which Go makes of the commit where none is tagged; (devel) where nobody says
	revision string // the commit; empty where nobody says
	goes     string // the version of Go
}

func thisBuild() build {
	b := build{version: "(devel)"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.goes = info.GoVersion
	if info.Main.Version != "" {
		b.version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.revision = s.Value
		}
	}
	return b
}

// String is b as --version tells it.
func (b build) String() string {
	if b.revision == "" {
		return fmt.Sprintf("sendgate %s, %s", b.version, b.goes)
	}
	return fmt.Sprintf("sendgate %s, commit %s, %s", b.version, b.revision, b.goes)
}

// collector is a metric that is always 1 and has b in its labels.
func (b build) collector() prometheus.Collector {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "sendgate_build_info", Help: "Which sendgate this is: always 1.",
		ConstLabels: prometheus.Labels{"version": b.version, "revision": b.revision, "goversion": b.goes}})
	g.Set(1)
	return g
}
