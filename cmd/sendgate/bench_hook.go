package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/sendgate/sendgate/bench"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/providers/mock"
	"github.com/sendgate/sendgate/proxy/console"
)

// A benchHook is how a gate under load learns in mid-broadcast that somebody left: by a call of the provider that is
// played, where it makes such calls, and else by the gate's own admin API.
type benchHook struct {
	provider string
	listen   string // of the gate, for the calls; empty where there are none
	secret   string // what they are signed with
}

func newBenchHook(provider string) (h benchHook, err error) {
	h.provider, h.secret = provider, "the secret of a load test"
	if provider == "bird" { // in the form that it shows one in
		h.secret = "whsec_" + base64.StdEncoding.EncodeToString([]byte(h.secret))
	}
	if mock.Says(provider) {
		h.listen, err = freePort("127.0.0.1")
	}
	return h, err
}

// calls is what the played provider is told of the gate.
func (h benchHook) calls() map[string]mock.Webhook {
	if h.listen == "" {
		return nil
	}
	return map[string]mock.Webhook{h.provider: {URL: "http://" + h.listen + "/" + h.provider, Secret: h.secret, NoReceipts: true}}
}

// configure adds to the configuration of a gate and of its route what it knows the calls by. The secret is kept in dir.
func (h benchHook) configure(dir string, proxy, route map[string]any) error {
	if h.listen == "" {
		return nil
	}
	proxy["webhooks"] = map[string]any{"listen": h.listen, "url": "http://" + h.listen}
	name := filepath.Join(dir, "webhook.secret")
	kept, secret := "file:"+name, h.secret
	key, password := mock.PublicKey(h.provider, h.secret), mock.Password(h.provider, h.secret)
	switch {
	case key != "":
		route["webhook"] = map[string]any{"public_keys": []string{key}}
	case password != "":
		secret = password
		route["webhook"] = map[string]any{"header": "Authorization", "value": kept}
	default:
		route["webhook"] = map[string]any{"secrets": []string{kept}}
	}
	if err := os.WriteFile(name, []byte(secret), 0o600); err != nil {
		return fmt.Errorf("writing the secret of the webhook: %w", err)
	}
	return nil
}

// optOut has the gate learn of one who left, and returns when it has acknowledged that.
func (h benchHook) optOut(provider *mock.Mock, gate *childGate) func(context.Context, bench.Recipient) error {
	if h.listen != "" {
		return func(_ context.Context, person bench.Recipient) error {
			if call := provider.Say(h.provider, person.Address, demoSender, "STOP"); call.Status != http.StatusOK {
				return fmt.Errorf("the webhook with the STOP was answered with %d %s", call.Status, call.Error)
			}
			return nil
		}
	}
	admin := console.NewClient(gate.Admin, gate.token)
	return func(ctx context.Context, person bench.Recipient) error {
		_, err := admin.Record(ctx, console.Notice{To: filter.Recipient{Brand: benchBrand, Channel: providers.Channel(h.provider), Address: person.Address},
			Kind: filter.OptedOut, Scope: filter.All})
		return err
	}
}
