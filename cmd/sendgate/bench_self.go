package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
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

// benchSecret is what the played provider signs its calls with.
const benchSecret = "the secret of a load test"

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
	hooks, err := freePort("127.0.0.1")
	if err != nil {
		return bench.Summary{}, fmt.Errorf("starting the provider: %w", err)
	}
	provider := mock.New(mock.Config{OnSend: watch.see, Latency: r.MockLatency.Draw, Failures: r.MockErrors, Hold: hold,
		Webhooks: map[string]mock.Webhook{r.Provider: {URL: "http://" + hooks + "/" + r.Provider, Secret: benchSecret, NoReceipts: true}}})
	upstream, stopMock, err := provider.Start("127.0.0.1:0")
	if err != nil {
		return bench.Summary{}, fmt.Errorf("starting the provider: %w", err)
	}
	defer stopMock()
	if err := r.seed(filepath.Join(dir, store.DefaultDir)); err != nil {
		return bench.Summary{}, err
	}
	secret := filepath.Join(dir, "webhook.secret")
	if err := os.WriteFile(secret, []byte(benchSecret), 0o600); err != nil {
		return bench.Summary{}, fmt.Errorf("writing the secret of the webhook: %w", err)
	}
	gate, err := startGate(dir, r.gateConfig(dir, upstream, hooks, secret))
	if err != nil {
		return bench.Summary{}, err
	}
	r.stops.OptOut = func(_ context.Context, person bench.Recipient) error {
		if call := provider.Say(r.Provider, person.Address, demoSender, "STOP"); call.Status != http.StatusOK {
			return fmt.Errorf("the webhook with the STOP was answered with %d %s", call.Status, call.Error)
		}
		return nil
	}
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

// gateConfig is the configuration of the gate under load: its one route enforces, and takes the provider's
// calls at hooks, which are signed with what is in the file secret.
func (r *benchRun) gateConfig(dir, upstream, hooks, secret string) map[string]any {
	type section = map[string]any
	topics := section{}
	for _, topic := range r.Topics {
		topics[topic] = "marketing"
	}
	return section{
		"store":   section{"dir": filepath.Join(dir, store.DefaultDir)},
		"console": section{"listen": "127.0.0.1:0"},
		"brands":  section{benchBrand: section{"topics": topics}},
		"proxy": section{"listen": "127.0.0.1:0", "webhooks": section{"listen": hooks, "url": "http://" + hooks}, "routes": section{
			r.Provider: section{"provider": r.Provider, "upstream": upstream, "brand": benchBrand, "region": "US",
				"trust": []string{"topic"}, "policy": section{"footer": section{"line": providers.SampleFooter}},
				"webhook": section{"secrets": []string{"file:" + secret}}},
		}},
	}
}

// recipient is how the store knows a person.
func (r *benchRun) recipient(person bench.Recipient) filter.Recipient {
	return filter.Recipient{Brand: benchBrand, Channel: providers.Channel(r.Provider), Address: person.Address}
}
