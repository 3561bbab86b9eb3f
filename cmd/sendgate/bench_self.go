package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/sendgate/sendgate/bench"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/providers/mock"
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
	hook, err := newBenchHook(r.Provider)
	if err != nil {
		return bench.Summary{}, fmt.Errorf("starting the provider: %w", err)
	}
	provider := mock.New(mock.Config{OnSend: watch.see, Latency: r.MockLatency.Draw, Failures: r.MockErrors, Hold: hold, Webhooks: hook.calls()})
	upstream, stopMock, err := provider.Start("127.0.0.1:0")
	if err != nil {
		return bench.Summary{}, fmt.Errorf("starting the provider: %w", err)
	}
	defer stopMock()
	if err := r.seed(filepath.Join(dir, store.DefaultDir)); err != nil {
		return bench.Summary{}, err
	}
	config, err := r.gateConfig(dir, upstream, hook)
	if err != nil {
		return bench.Summary{}, err
	}
	gate, err := startGate(dir, config)
	if err != nil {
		return bench.Summary{}, err
	}
	r.stops.OptOut = hook.optOut(provider, gate)
	r.base, r.meter = gate.Sends+"/"+r.Provider, bench.NewMeter(gate.Admin)
	if s, err = r.load(); err != nil {
		return s, errors.Join(err, gate.stop())
	}
	// The gate finishes what it accepted before the provider's counts are final, so silence ends.
	close(hold)
	err = gate.stop() // a gate that was killed has answered until then
	counts := r.stops.Counts()
	s.Stops = &counts
	s.Upstream = &bench.Upstream{Accepted: provider.Counts().Accepted, Leaked: watch.leaked.Load(), Unedited: watch.unedited.Load()}
	return s, err
}

// gateConfig is the configuration of the gate under load, with its store in dir: its one route enforces.
func (r *benchRun) gateConfig(dir, upstream string, hook benchHook) (map[string]any, error) {
	type section = map[string]any
	topics := section{}
	for _, topic := range r.Topics {
		topics[topic] = "marketing"
	}
	route := section{"provider": r.Provider, "upstream": upstream, "brand": benchBrand, "region": "US",
		"trust": []string{"topic"}, "policy": section{"footer": section{"line": providers.SampleFooter}}}
	if channels := r.dialect.Channels(); len(channels) > 0 {
		route["channels"] = channels
	}
	proxy := section{"listen": "127.0.0.1:0", "routes": section{r.Provider: route}}
	return section{
		"store":   section{"dir": filepath.Join(dir, store.DefaultDir)},
		"console": section{"listen": "127.0.0.1:0"},
		"brands":  section{benchBrand: section{"topics": topics}},
		"proxy":   proxy,
	}, hook.configure(dir, proxy, route)
}

// recipient is how the store knows a person.
func (r *benchRun) recipient(person bench.Recipient) filter.Recipient {
	return filter.Recipient{Brand: benchBrand, Channel: providers.Channel(r.Provider), Address: person.Address}
}
