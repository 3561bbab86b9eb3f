package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/configs"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/store"
)

type checkCmd struct {
	Config  string `arg:"" optional:"" type:"path" help:"Configuration file; without one, the built-in defaults."`
	Example bool   `help:"Print a configuration with every setting, its meaning and its default."`
}

// Run builds all that serve would build, with a store in memory, and starts nothing.
func (c checkCmd) Run(t terminal) error {
	if c.Example {
		_, err := t.out.Write(configs.Example())
		return err
	}
	cfg, err := configs.Load(c.Config)
	if err != nil {
		return err
	}
	gate, end, err := tryGate(&cfg, c.Config)
	if err != nil {
		return err
	}
	defer end()
	for _, w := range slices.Concat(cfg.Warnings, cfg.Overdue(time.Now())) {
		fmt.Fprintf(t.err, "warning: %s\n", w)
	}
	routes := gate.Routes()
	slices.Sort(routes)
	fmt.Fprintf(t.out, "configuration is good: routes %s\n", strings.Join(routes, ", "))
	for _, name := range routes {
		route := cfg.Proxy.Routes[name]
		if route.Custom == nil || route.Custom.Sample == nil {
			continue
		}
		read, err := providers.ReadSample(route.Custom, route.Region)
		if err != nil {
			return err // which making the gate would have found
		}
		for _, m := range read {
			fmt.Fprintf(t.out, "the sample of %s writes to %s by %s, from %q, with the template %q and the text %q\n",
				name, filter.Mask(m.To.Address), m.To.Channel, m.From, m.Template, m.Text)
		}
	}
	tellWebhooks(t, &cfg, gate)
	return nil
}

// tellWebhooks says where providers have to call, and of whom the gate hears nothing.
func tellWebhooks(t terminal, cfg *configs.Config, gate *proxy.Gate) {
	webhooks := gate.Webhooks()
	for _, name := range slices.Sorted(maps.Keys(webhooks)) {
		provider := cmp.Or(cfg.Proxy.Routes[name].Provider, name)
		fmt.Fprintf(t.out, "the provider of %s has to call back at %s\n  enter it as %s\n", name, webhooks[name], providers.Enter(provider))
	}
	if deaf := strings.Join(gate.Deaf(), ", "); deaf != "" {
		if len(webhooks) == 0 {
			deaf = "any route"
		}
		fmt.Fprintf(t.out, "what people answer is not heard by %s: without a webhook, STOP counts there once the provider refuses for it, or you record it\n", deaf)
	}
}

// tryGate builds the gate that serve would, with a store in memory; end lets go of it.
func tryGate(cfg *configs.Config, file string) (gate *proxy.Gate, end func(), err error) {
	memory, err := store.Open(store.Config{Memory: true})
	if err != nil {
		return nil, nil, err
	}
	end = func() { _ = memory.Close() } // nothing was kept
	if gate, err = proxy.New(cfg.Proxy, memory); err != nil {
		end()
		return nil, nil, cfg.Locate(file, "proxy", err)
	}
	return gate, end, nil
}
