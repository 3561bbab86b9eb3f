package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/sendgate/sendgate/bench"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/providers/mock"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store"
)

// benchBrand is the business that synthetic people are written to by.
const benchBrand = "bench"

// self loads a gate that is started for it, in a process of its own: its store knows what the
// synthetic recipients agreed to, and the provider behind it is played here and watches what arrives.
func (r *benchRun) self() (s bench.Summary, err error) {
	dir, err := os.MkdirTemp("", "sendgate-bench-")
	if err != nil {
		return bench.Summary{}, err
	}
	defer os.RemoveAll(dir)
	r.stops = &bench.Stops{Learns: true, Delay: func() time.Duration { return 20*time.Millisecond + rand.N(200*time.Millisecond) }}
	watch, hold := &watcher{crowd: r.crowd, stops: r.stops}, make(chan struct{})
	provider := mock.New(mock.Config{OnSend: watch.see, Latency: r.MockLatency.Draw, Failures: r.MockErrors, Hold: hold})
	upstream, stopMock, err := provider.Start("127.0.0.1:0")
	if err != nil {
		return bench.Summary{}, fmt.Errorf("starting the provider: %w", err)
	}
	defer stopMock()
	if err := r.seed(filepath.Join(dir, store.DefaultDir)); err != nil {
		return bench.Summary{}, err
	}
	gate, err := startGate(dir, r.gateConfig(dir, upstream))
	if err != nil {
		return bench.Summary{}, err
	}
	defer func() { err = errors.Join(err, gate.stop()) }()
	admin := console.NewClient(gate.Admin, gate.token)
	r.stops.OptOut = func(ctx context.Context, person bench.Recipient) error {
		_, err := admin.Record(ctx, console.Notice{To: r.recipient(person), Kind: filter.OptedOut, Scope: filter.All, Source: "bench: STOP"})
		return err
	}
	r.base, r.meter = gate.Sends+"/"+r.Provider, bench.NewMeter(gate.Admin)
	if s, err = r.load(); err != nil {
		return bench.Summary{}, err
	}
	// The gate finishes what it accepted before the provider's counts are final, so silence ends.
	close(hold)
	if err := gate.stop(); err != nil {
		return bench.Summary{}, err
	}
	counts := r.stops.Counts()
	s.Stops = &counts
	s.Upstream = &bench.Upstream{Accepted: provider.Counts().Accepted, Leaked: watch.leaked.Load(), Unedited: watch.unedited.Load()}
	return s, nil
}

// gateConfig is the configuration of the gate under load: its one route enforces, and its brake does
// not hold people back who leave.
func (r *benchRun) gateConfig(dir, upstream string) map[string]any {
	type section = map[string]any
	topics := section{}
	for _, topic := range r.Topics {
		topics[topic] = "marketing"
	}
	return section{
		"store":   section{"dir": filepath.Join(dir, store.DefaultDir)},
		"console": section{"listen": "127.0.0.1:0", "brake": section{"opt_outs": math.MaxInt32, "opt_ins": math.MaxInt32}},
		"brands":  section{benchBrand: section{"topics": topics}},
		"proxy": section{"listen": "127.0.0.1:0", "routes": section{
			r.Provider: section{"provider": r.Provider, "upstream": upstream, "brand": benchBrand, "region": "US",
				"trust": []string{"topic"}, "policy": section{"footer": section{"line": providers.SampleFooter}}},
		}},
	}
}

// recipient is how the store knows a person.
func (r *benchRun) recipient(person bench.Recipient) filter.Recipient {
	return filter.Recipient{Brand: benchBrand, Channel: providers.Channel(r.Provider), Address: person.Address}
}
