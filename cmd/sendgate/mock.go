package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sendgate/sendgate/providers/mock"
)

type mockCmd struct {
	Listen  string            `default:"127.0.0.1:9090" help:"Loopback address to play the providers on."`
	Latency mock.Latency      `help:"How long answers take: 80ms, 50ms..120ms, or p50=80ms,p99=400ms." placeholder:"TIME"`
	Errors  mock.Failures     `help:"Shares of messages that fail, of 429, 500, 503, opted-out, stall, close, cut, reset: 429:1%,stall:0.01%." placeholder:"SHARES"`
	Webhook map[string]string `help:"Where the providers call back, on loopback: twilio=http://127.0.0.1:8082/twilio. May be given again, for others." placeholder:"PROVIDER=URL"`
	Secret  string            `help:"What they sign their calls with: env:NAME or file:PATH." placeholder:"REF"`
	Reply   time.Duration     `help:"How long people take to answer (${default})." default:"0s"`
}

// Run plays the providers until Ctrl-C.
func (c mockCmd) Run(t terminal) error {
	cfg := mock.Config{Latency: c.Latency.Draw, Failures: c.Errors, Reply: c.Reply, Webhooks: map[string]mock.Webhook{}}
	if len(c.Webhook) > 0 {
		if c.Secret == "" {
			return errors.New("--webhook: calls are signed: --secret says with what")
		}
		secret, err := referred("--secret", c.Secret)
		if err != nil {
			return err
		}
		for provider, url := range c.Webhook {
			cfg.Webhooks[provider] = mock.Webhook{URL: url, Secret: secret}
		}
	}
	base, stop, err := mock.New(cfg).Start(c.Listen)
	if err != nil {
		return err
	}
	defer stop()
	for _, provider := range slices.Sorted(maps.Keys(c.Webhook)) {
		if key := mock.PublicKey(provider, cfg.Webhooks[provider].Secret); key != "" {
			fmt.Fprintf(t.out, "%s signs with a key of its own: public_keys: [%s]\n", provider, key)
		}
		if mock.Password(provider, cfg.Webhooks[provider].Secret) != "" {
			fmt.Fprintf(t.out, "%s signs nothing: header: Authorization, value: env:NAME or file:PATH of Basic and what `printf sendgate:SECRET | base64` writes\n", provider)
		}
	}
	fmt.Fprintf(t.out, "playing the providers on %s; what arrived is at %s/mock/sends, and what they called back at %s/mock/calls; Ctrl-C ends\n", base, base, base)
	<-t.ctx.Done()
	return nil
}
