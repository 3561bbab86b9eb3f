package proxy

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

func TestReload(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	named := func(name string) string {
		answer := strings.Replace(okAnswer, "{}", name, 1)
		return play(t, loopback(t), echo(answer, func(w wire) {
			if strings.HasSuffix(w.body, "slow") {
				arrived <- struct{}{}
				<-release
			}
		}))
	}
	a, b := named("aa"), named("bb")
	g, addr := start(t, oneRoute(a, nil), memory(t))
	s := speak(t, addr)
	tell := func(want string) {
		t.Helper()
		s.write(sms(person.Address, "Sale"))
		if got := s.hear("POST"); got.body != want {
			t.Errorf("answered by %q, want %q", got.body, want)
		}
	}
	tell("aa")
	first := g.table.Load().routes["twilio"].upstream

	if err := g.Reload(oneRoute(a, func(rc *RouteConfig) { rc.Brand = "other" })); err != nil {
		t.Fatal(err)
	}
	tell("aa")
	if g.table.Load().routes["twilio"].upstream != first || g.counts["twilio"].connections.Dials.Load() != 1 {
		t.Error("a reload that left the upstream alone did not keep its connection")
	}

	slow := speak(t, addr)
	slow.write(sms(person.Address, "slow"))
	<-arrived
	if err := g.Reload(oneRoute(b, nil)); err != nil {
		t.Fatal(err)
	}
	tell("bb")
	if n := first.Idle(); n != 0 {
		t.Errorf("the old upstream keeps %d idle connections", n)
	}
	close(release)
	if got := slow.hear("POST"); got.body != "aa" {
		t.Errorf("the send under way was answered by %q", got.body)
	}
	if n := first.Idle(); n != 0 {
		t.Errorf("the old upstream took a connection back")
	}

	bad := oneRoute(a, nil)
	bad.Routes["second"] = RouteConfig{Provider: "vonage"}
	if err := g.Reload(bad); err == nil || !strings.Contains(err.Error(), `routes: second: provider: unknown provider "vonage"`) {
		t.Errorf("a bad configuration: %v", err)
	}
	tell("bb")
	if got := g.Routes(); len(got) != 1 || got[0] != "twilio" {
		t.Errorf("routes after a bad reload: %v", got)
	}
}

func TestShutdownFinishesWhatWasAccepted(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	base := play(t, loopback(t), echo(okAnswer, func(wire) { close(arrived); <-release }))
	g := newGate(t, oneRoute(base, nil), memory(t))
	ln := loopback(t)
	served := make(chan error, 1)
	go func() { served <- g.Serve(ln) }()
	s := speak(t, ln.Addr().String())
	s.write(sms(person.Address, "Sale"))
	<-arrived

	short, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := g.Shutdown(short); err == nil || !strings.Contains(err.Error(), "finishing what was under way") {
		t.Errorf("shutting down before the request is done: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("serving ended with %v", err)
	}
	close(release)
	if a := s.hear("POST"); a.StatusCode != 200 {
		t.Errorf("the accepted send was answered %d", a.StatusCode)
	}
	long, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := g.Shutdown(long); err != nil {
		t.Errorf("shutting down after it: %v", err)
	}
	if n := g.table.Load().routes["twilio"].upstream.Idle(); n != 0 {
		t.Errorf("%d upstream connections are left", n)
	}
}

func TestClientThatHangsUp(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	base := play(t, loopback(t), echo(okAnswer, func(wire) { close(arrived); <-release }))
	st := memory(t)
	g, addr := start(t, oneRoute(base, nil), st)
	s := speak(t, addr)
	s.write(sms(person.Address, "Sale"))
	<-arrived
	s.conn.Close()
	close(release)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := g.Shutdown(ctx); err != nil { // waits for the exchange
		t.Fatal(err)
	}
	if log := entries(t, st); len(log) != 1 || log[0].Outcome != "answered" || log[0].Status != 200 {
		t.Errorf("the decision log has %+v", log)
	}
}

func TestConfigErrors(t *testing.T) {
	cases := map[string]struct {
		name   string
		change func(*RouteConfig)
		want   string
	}{
		"an upstream in the clear":      {"twilio", func(rc *RouteConfig) { rc.Upstream = "http://api.twilio.com" }, "routes: twilio: upstream: \"http://api.twilio.com\" would send messages in the clear"},
		"an upstream without a host":    {"twilio", func(rc *RouteConfig) { rc.Upstream = "https:///x" }, "routes: twilio: upstream: this is not a base URL"},
		"an upstream with a query":      {"twilio", func(rc *RouteConfig) { rc.Upstream = "https://h/?a" }, "is not a base URL"},
		"an upstream of another scheme": {"twilio", func(rc *RouteConfig) { rc.Upstream = "ftp://h" }, "is not an https:// URL"},
		"a ca_file that is not there":   {"twilio", func(rc *RouteConfig) { rc.CAFile = "/nowhere.pem" }, "routes: twilio: ca_file: open /nowhere.pem"},
		"an unknown provider":           {"mine", nil, "routes: mine: provider: unknown provider \"mine\""},
		"a policy that cannot be":       {"twilio", func(rc *RouteConfig) { rc.Policy.Window = -1 }, "routes: twilio: policy: window:"},
		"unknown_paths of its own word": {"twilio", func(rc *RouteConfig) { rc.UnknownPaths = "maybe" }, "routes: twilio: unknown_paths: unknown word \"maybe\": want refuse or pass"},
		"an unknown claim":              {"twilio", func(rc *RouteConfig) { rc.Trust = []string{"me"} }, "routes: twilio: trust: unknown claim \"me\""},
		"marketing that fails open":     {"twilio", func(rc *RouteConfig) { rc.FailOpen = []filter.Category{filter.Marketing} }, "routes: twilio: fail_open: marketing never"},
		"a negative timeout":            {"twilio", func(rc *RouteConfig) { rc.Timeouts.Connect = -1 }, "routes: twilio: timeouts:"},
		"a negative bound":              {"twilio", func(rc *RouteConfig) { rc.InFlight = -1 }, "routes: twilio: in_flight:"},
		"a name with a slash":           {"a/b", nil, "routes: a/b: a route's name is one path segment"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var rc RouteConfig
			if c.change != nil {
				c.change(&rc)
			}
			_, err := New(Config{Routes: map[string]RouteConfig{c.name: rc}}, memory(t))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("no routes are every provider on its own name", func(t *testing.T) {
		g, err := New(Config{}, memory(t))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(g.Routes(), " "); got != strings.Join(providers.Names(), " ") {
			t.Errorf("routes %s", got)
		}
	})
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	base := play(t, loopback(t), echo(okAnswer, func(wire) {}))
	cfg := oneRoute(base, nil)
	cfg.Metrics = reg
	st := memory(t)
	_, addr := start(t, cfg, st)
	s := speak(t, addr)
	for range 2 {
		s.write(sms(person.Address, "Sale"))
		s.hear("POST")
	}
	learn(t, st, filter.Event{To: person, Kind: filter.OptedOut, Source: "test"})
	s.write(sms(person.Address, "Sale"))
	s.hear("POST")
	s.write("GET /nowhere HTTP/1.1\r\nHost: gate\r\n\r\n")
	s.hear("GET")
	got := gathered(t, reg)
	for name, want := range map[string]float64{
		"sendgate_decisions_total forward allowed twilio":  2,
		"sendgate_decisions_total block opted-out twilio":  1,
		"sendgate_upstream_outcomes_total answered twilio": 2,
		"sendgate_upstream_outcomes_total unknown twilio":  0,
		"sendgate_upstream_connections twilio idle":        1,
		"sendgate_upstream_connections twilio busy":        0,
		"sendgate_upstream_dials_total twilio":             1,
		"sendgate_request_seconds twilio":                  3,
		"sendgate_malformed_total":                         1,
		"sendgate_upstream_stale_total twilio":             0,
		"sendgate_passed_total twilio":                     0,
		"sendgate_events_lost_total twilio":                0,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v (there: %v), want %v", name, v, ok, want)
		}
	}
}
