package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/sendgate/sendgate/configs"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers/mock"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

type demoCmd struct {
	Once bool `help:"End after the broadcast instead of staying up until Ctrl-C."`
}

// Run starts mock providers, a gate and a store with sample people, sends the broadcast of
// demo_broadcast.go through it, and tells what became of each message. Then somebody answers STOP.
func (c demoCmd) Run(t terminal) (err error) {
	dir, err := os.MkdirTemp("", "sendgate-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	hooks, called := free(configs.DefaultWebhooks), make(chan mock.Call, 1)
	upstream, stop, err := mock.New(mock.Config{
		Webhooks: map[string]mock.Webhook{"whatsapp": {URL: "http://" + hooks + "/whatsapp", Secret: demoSecret}},
		OnCall:   answers(called),
	}).Start("127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the mock providers: %w", err)
	}
	defer stop()
	s, err := openDemo(dir, upstream, hooks)
	if err != nil {
		return err
	}
	s.start()
	defer func() { err = errors.Join(err, s.stop()) }()

	if err := s.store.Append(t.ctx, people(time.Now())...); err != nil {
		return fmt.Errorf("recording the sample consents: %w", err)
	}
	gate := "http://" + s.sends.Addr().String()
	fmt.Fprintf(t.out, "mock providers  %s\ngate            %s  (routes /twilio and /whatsapp)\nwebhooks        http://%s/whatsapp\n\n", upstream, gate, hooks)
	if err := showBroadcast(t, gate); err != nil {
		return err
	}
	if err := showStop(t, gate, called); err != nil {
		return err
	}
	if c.Once {
		return nil
	}
	fmt.Fprint(t.out, "\n", s.firstLink(configs.Config{}))
	showNext(t.out, gate, "http://"+s.admin.Addr().String(), filepath.Join(dir, tokenFile))
	fmt.Fprintln(t.out, "\nEverything stays up until Ctrl-C.")
	select {
	case <-t.ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// openDemo opens a server like any other: embedded store, both routes enforced, upstreams played
// by the mock, which calls back at hooks. The usual ports are taken if they are free.
func openDemo(dir, upstream, hooks string) (*server, error) {
	cfg, err := configs.Load("")
	if err != nil {
		return nil, err
	}
	cfg.Store.Dir = dir
	cfg.Proxy.Listen, cfg.Console.Listen = free(cfg.Proxy.Listen), free(cfg.Console.Listen)
	cfg.Proxy.Webhooks.Listen, cfg.Proxy.Webhooks.URL = hooks, "http://"+hooks
	policy := filter.Config{Footer: filter.Footer{Line: demoFooter}}
	trust := []string{"category", "topic", "campaign"}
	cfg.Proxy.Routes = map[string]proxy.RouteConfig{
		"twilio": {Provider: "twilio", Upstream: upstream, Brand: demoBrand, Region: "US", Trust: trust, Policy: policy},
		"whatsapp": {Provider: "whatsapp", Upstream: upstream, Brand: demoBrand, Trust: trust, Policy: policy,
			Webhook:   &proxy.WebhookConfig{Secrets: []string{demoSecret}},
			Templates: map[string]filter.Scope{"order_shipped": filter.OfCategory(filter.Utility), "spring_sale": filter.OfCategory(filter.Marketing)}},
	}
	return open(cfg, "", zap.NewNop(), func() (configs.Config, error) { return cfg, nil })
}

// showBroadcast sends every message of the broadcast in order and prints one line each.
func showBroadcast(t terminal, gate string) error {
	broken, stop, err := gateWithoutStore()
	if err != nil {
		return err
	}
	defer stop()

	tw := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "MESSAGE\tTO\tDECISION\tREASON\tTHE SENDER SEES")
	counts := map[string]int{}
	for _, d := range broadcast {
		base := gate
		if d.storeGone {
			base = broken
		}
		decision, err := d.show(t.ctx, tw, base)
		if err != nil {
			return err
		}
		counts[decision]++
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "\n%d messages: %d forwarded, %d rewritten, %d blocked.\n",
		len(broadcast), counts["forward"], counts["rewrite"], counts["block"])
	return nil
}

// gateWithoutStore serves a gate whose store cannot be asked, to show that it then sends nothing.
func gateWithoutStore() (base string, stop func(), err error) {
	gone, err := store.Open(store.Config{Memory: true})
	if err != nil {
		return "", nil, err
	}
	if err := gone.Close(); err != nil {
		return "", nil, err
	}
	// The upstream is a closed port: nothing may reach it.
	gate, err := proxy.New(proxy.Config{Routes: map[string]proxy.RouteConfig{
		"twilio": {Provider: "twilio", Upstream: "http://127.0.0.1:1", Brand: demoBrand}}}, gone)
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go gate.Serve(l)
	return "http://" + l.Addr().String(), func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = gate.Shutdown(ctx)
	}, nil
}

// showNext prints what to type next, ready to paste.
func showNext(out io.Writer, gate, admin, token string) {
	flags := fmt.Sprintf("--admin %s --token file:%s", admin, token)
	fmt.Fprintf(out, `To see what was blocked, and why, type in another terminal:

  go run ./cmd/sendgate blocked list %[1]s
  go run ./cmd/sendgate explain last %[1]s
  go run ./cmd/sendgate consent history %[3]s --brand %[4]s --channel sms %[1]s

To send something yourself:

  curl %[2]s/twilio/2010-04-01/Accounts/%[5]s/Messages.json -u %[5]s:secret \
       --data-urlencode To=%[6]s -d From=%[7]s -d Body=Hello
`, flags, gate, optedOut, demoBrand, demoAccount, agreed, demoSender)
}
