package main

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/providers/mock"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/authority"
	"github.com/sendgate/sendgate/store"
)

// People of the tests, by number: see [sdkAddress]. Those of +1500555 are the mock's; see its documentation.
const (
	toConsented   = "+14155550100"
	toOptedOut    = "+14155550101"
	toStranger    = "+14155550102"
	toInvalid     = "+15005550001"
	toRateLimited = "+15005550429"
	toClosedFirst = "+15005550901"
	toClosedAmid  = "+15005550902"
	toResetFirst  = "+15005550903"
)

// sdkAddress is how a person is written to on a channel.
func sdkAddress(channel filter.Channel, number string) string {
	digits := number[1:]
	switch channel {
	case filter.Email:
		return digits + "@example.com"
	case filter.Telegram:
		return digits
	case filter.LINE:
		return "U" + strings.Repeat("0", 32-len(digits)) + digits
	case filter.WeChat:
		return "o" + strings.Repeat("0", 27-len(digits)) + digits
	case filter.Viber:
		return strings.Repeat("A", 22-len(digits)) + digits + "=="
	}
	return number
}

// An sdkRig is a gate before a mock, with people it knows, and all ways to it.
type sdkRig struct {
	plain    string // addresses
	secure   *net.TCPAddr
	ca       string // the file with the certificate to trust
	mock     *mock.Mock
	stopMock func()
	counts   *prometheus.Registry
}

// sdkKeys are those by which calls are signed, where the provider has them signed.
var sdkKeys = &providers.Credentials{User: "AKIAIOSFODNN7EXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}

// newSDKRig starts a gate that answers for hosts; none: for that of the provider.
func newSDKRig(t *testing.T, provider string, hosts []string) *sdkRig {
	t.Helper()
	m := mock.New(mock.Config{})
	upstream, stop, err := m.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(stop)
	t.Cleanup(stop)
	st, err := store.Open(store.Config{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	if err := st.Append(t.Context(), sdkPeople(providers.Channel(provider))...); err != nil {
		t.Fatal(err)
	}
	r := &sdkRig{ca: filepath.Join(t.TempDir(), "ca.pem"), mock: m, stopMock: stop, counts: prometheus.NewRegistry()}
	if hosts == nil {
		hosts = []string{strings.TrimPrefix(providers.Host(provider), "https://")}
	}
	if _, err := authority.Init(filepath.Dir(r.ca), hosts, time.Now()); err != nil {
		t.Fatal(err)
	}
	route := proxy.RouteConfig{Upstream: upstream, Hosts: hosts}
	if strings.HasPrefix(provider, "aws-") {
		route.Credentials = sdkKeys
	}
	gate, err := proxy.New(proxy.Config{Routes: map[string]proxy.RouteConfig{provider: route},
		TLS: new(proxy.TLSConfig), Connect: new(proxy.ConnectConfig), CA: filepath.Dir(r.ca), Metrics: r.counts}, st)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 2)
	r.plain = listen(t, func(ln net.Listener) { done <- gate.Serve(ln) }).String()
	r.secure = listen(t, func(ln net.Listener) { done <- gate.ServeTLS(ln) })
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := errors.Join(gate.Shutdown(ctx), <-done, <-done); err != nil {
			t.Errorf("stopping the gate: %v", err)
		}
	})
	return r
}

// listen has serve take the connections to an address of its own.
func listen(t *testing.T, serve func(net.Listener)) *net.TCPAddr {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go serve(ln)
	return ln.Addr().(*net.TCPAddr)
}

// sdkPeople is everybody the gate knows: all agreed and wrote a moment ago, and one has left since.
func sdkPeople(channel filter.Channel) []filter.Event {
	now := time.Now().Add(-time.Minute)
	person := func(number string) filter.Recipient {
		return filter.Recipient{Brand: "default", Channel: channel, Address: sdkAddress(channel, number)}
	}
	var events []filter.Event
	for _, number := range []string{toConsented, toOptedOut, toInvalid, toRateLimited, toClosedFirst, toClosedAmid, toResetFirst} {
		events = append(events,
			filter.Event{Time: now, To: person(number), Kind: filter.OptedIn, Basis: filter.Express, Source: "test"},
			filter.Event{Time: now, To: person(number), Kind: filter.Wrote, Source: "test"})
	}
	return append(events, filter.Event{Time: now.Add(time.Second), To: person(toOptedOut), Kind: filter.OptedOut, Source: "test"})
}

// attempts is how many requests reached the gate so far, whatever became of them.
func (r *sdkRig) attempts(t *testing.T) (n int) {
	t.Helper()
	families, err := r.counts.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			switch f.GetName() {
			case "sendgate_request_seconds":
				n += int(m.GetHistogram().GetSampleCount())
			case "sendgate_malformed_total":
				n += int(m.GetCounter().GetValue())
			}
		}
	}
	return n
}

// stranger is a file with the certificate of an authority that is not the gate's.
func (r *sdkRig) stranger(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "stranger.pem")
	a, err := authority.Init(t.TempDir(), []string{"api.twilio.com"}, time.Now())
	if err == nil {
		err = os.WriteFile(file, a.PEM(), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}
