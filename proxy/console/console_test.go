package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// A bench is a console over a real store in memory, with a clock that the test turns.
type bench struct {
	stops  atomic.Bool // the gate
	t      *testing.T
	store  *store.Store
	server *Server
	url    string
	clock  atomic.Pointer[time.Time]
	logged *observer.ObservedLogs
	says   chan string // the message of each entry, once it is in logged
	policy filter.Policy
	reload error // what Reload answers
}

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// The secrets of the test's tokens, by role.
var secrets = map[Role]string{Viewer: "viewer-secret-0123456789", Reviewer: "reviewer-secret-0123456789", Admin: "admin-secret-0123456789"}

func newBench(t *testing.T) *bench {
	t.Helper()
	return newBenchOn(t, store.Config{Memory: true})
}

// newBenchOn is newBench on a store of its own.
func newBenchOn(t *testing.T, cfg store.Config) *bench {
	t.Helper()
	b := &bench{t: t, says: make(chan string, 1000)}
	b.at(noon)
	cfg.Now = b.now
	var err error
	if b.store, err = store.Open(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.store.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
			t.Error(err)
		}
	})
	if b.policy, err = filter.New(filter.Config{}); err != nil {
		t.Fatal(err)
	}
	core, logged := observer.New(zap.DebugLevel)
	b.logged = logged
	if b.server, err = New(b.config(zap.New(core, zap.Hooks(func(e zapcore.Entry) error {
		b.says <- e.Message
		return nil
	})))); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(b.server)
	t.Cleanup(srv.Close)
	b.url = srv.URL
	return b
}

func (b *bench) config(log *zap.Logger) Config {
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "sendgate_test", Help: "Shown by the test."}))
	return Config{
		Tokens: []Token{
			{Name: "vera", Role: Viewer, Secret: secrets[Viewer]},
			{Name: "rosa", Role: Reviewer, Secret: secrets[Reviewer]},
			{Name: "ada", Role: Admin, Secret: secrets[Admin]},
		},
		Store: b.store, Logger: log, Now: b.now, Metrics: metrics, Stopping: b.stops.Load,
		Gate:  oneRoute{b},
		Judge: oneRoute{b},
		Expires: func(m *filter.Message, r *filter.Record, basis filter.Basis, given time.Time) time.Time {
			return b.policy.Expires(m, r, basis, given)
		},
		Draft:  b.draft,
		Reload: func() error { return b.reload },
		Configuration: func() (Configuration, error) {
			return Configuration{File: "sendgate.yaml", Version: "1a2b3c4d", InForce: "log: {level: info}\n"}, nil
		},
	}
}

// oneRoute plays a gate that judges on the route twilio alone, as the brands that tests write as.
type oneRoute struct{ b *bench }

func (oneRoute) Routes() []string { return []string{"twilio", "whatsapp"} }
func (oneRoute) Brands() []string { return nil }

func (oneRoute) Classify(_, region string, m *filter.Message) (bad, err error) {
	m.To.Brand = "shop"
	if m.To.Channel == "" {
		m.To.Channel = filter.SMS
	}
	if address, err := filter.Address(m.To.Channel, m.To.Address, region); err == nil {
		m.To.Address = address
	}
	return nil, nil
}

func (o oneRoute) Judge(route string, m filter.Message, at time.Time) (filter.Decision, filter.Record, error) {
	if route != "twilio" {
		return filter.Decision{}, filter.Record{}, errors.New("there is no route " + route)
	}
	now := o.b.now()
	if at.IsZero() {
		at = now
	}
	if at.Before(now) {
		rec, err := o.b.store.RecordAt(m.To, at)
		return o.b.policy.Decide(&m, &rec, at), rec, err
	}
	rec, err := o.b.store.Read(m.To, filter.NeedRecord)
	return o.b.policy.Decide(&m, &rec, at), rec, err
}

func (o oneRoute) Recall(e *decisions.Entry) (filter.Decision, filter.Record, error) {
	return o.Judge(e.Route, messageOf(e), e.Time)
}

func (o oneRoute) Again() (func(*decisions.Entry, func(filter.Recipient) (filter.Record, error)) (filter.Decision, error), func(*decisions.Entry, *filter.Decision)) {
	return func(e *decisions.Entry, known func(filter.Recipient) (filter.Record, error)) (filter.Decision, error) {
		if e.Route != "twilio" {
			return filter.Decision{}, errors.New("there is no route " + e.Route)
		}
		rec, err := known(e.To)
		m := filter.Message{To: e.To, From: e.From, Category: e.Category, Topic: e.Topic, Text: e.Text, Room: e.Room}
		return o.b.policy.Decide(&m, &rec, e.Time), err
	}, func(*decisions.Entry, *filter.Decision) {}
}

func (o oneRoute) Rehearse(route, region string, at time.Time, claimed []string) (
	judge func(m *filter.Message, category, topic filter.Scope) (d filter.Decision, bad, err error), notes []string, err error) {
	if at.IsZero() {
		at = o.b.now()
	}
	if len(claimed) > 0 {
		notes = []string{"claims: " + strings.Join(claimed, ", ")}
	}
	return func(m *filter.Message, category, topic filter.Scope) (d filter.Decision, bad, err error) {
		m.To.Brand, m.To.Channel = "shop", filter.SMS
		m.To.Address, bad = filter.Address(m.To.Channel, m.To.Address, region)
		m.Topic, _ = topic.Topic()
		if category != filter.All {
			err = m.Category.UnmarshalText([]byte(category.String()))
		}
		rec, readErr := o.b.store.Read(m.To, filter.NeedRecord)
		return o.b.policy.Decide(m, &rec, at), bad, errors.Join(err, readErr)
	}, notes, nil
}

func (o oneRoute) Unforeseen(_ string, m *filter.Message) []string { return o.b.policy.Unforeseen(m) }

func (o oneRoute) Zones(_ string, m *filter.Message, r *filter.Record) []string {
	return o.b.policy.Zones(m, r)
}

// draft reads a configuration that names a window, and nothing else.
func (b *bench) draft(name string, text []byte) (Judge, error) {
	var cfg filter.Config
	var err error
	if cfg.Window, err = time.ParseDuration(strings.TrimSpace(string(text))); err != nil {
		return nil, fmt.Errorf("%s:1:1: %w", name, err)
	}
	other := &bench{store: b.store}
	other.policy, err = filter.New(cfg)
	return oneRoute{other}, err
}

func (b *bench) at(t time.Time) { b.clock.Store(&t) }

// now moves on by a microsecond a look, so that no two moments are one.
func (b *bench) now() time.Time {
	for {
		old := b.clock.Load()
		next := old.Add(time.Microsecond)
		if b.clock.CompareAndSwap(old, &next) {
			return next
		}
	}
}

func (b *bench) client(r Role) *Client { return NewClient(b.url, secrets[r]) }

// ask sends one request as role (0: without a token) and returns the status and the body.
func (b *bench) ask(role Role, method, path, contentType, body string) (int, string, http.Header) {
	b.t.Helper()
	req, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if role != 0 {
		req.Header.Set("Authorization", "Bearer "+secrets[role])
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

var (
	berta = filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+4915123456789"}
	carol = filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+14155550100"}
)

// learn appends an event and fails the test if the store does not keep it.
func (b *bench) learn(e filter.Event) {
	b.t.Helper()
	if e.Source == "" {
		e.Source = "test"
	}
	if err := b.store.Append(context.Background(), e); err != nil {
		b.t.Fatal(err)
	}
}

func optIn(to filter.Recipient, at time.Time) filter.Event {
	return filter.Event{To: to, Kind: filter.OptedIn, Basis: filter.Express, Time: at}
}

func optOut(to filter.Recipient, at time.Time) filter.Event {
	return filter.Event{To: to, Kind: filter.OptedOut, Time: at}
}

// wantError checks that err is the API's refusal with this status, field and sentence.
func wantError(t *testing.T, err error, status int, field, message string) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got %v, want an *Error", err)
	}
	if e.Status != status || e.Field != field || e.Message != message {
		t.Errorf("got  %d %q %q\nwant %d %q %q", e.Status, e.Field, e.Message, status, field, message)
	}
}
