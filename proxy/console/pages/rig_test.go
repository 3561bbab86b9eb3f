package pages

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// A rig is a gate with one route, twilio, whose upstream takes every message, its store, its admin API and the
// console, all on loopback until the test ends.
type rig struct {
	testing.TB
	store  *store.Store
	gate   *proxy.Gate
	pages  *Pages
	api    *console.Client // as an admin
	sends  string          // base URL of the gate
	url    string          // base URL of the console
	now    time.Time       // when the rig began: noon of a Sunday in New York
	ahead  atomic.Int64    // how far its clock has been turned since
	conf   console.Configuration
	reload error                  // why the configuration is refused
	log    *observer.ObservedLogs // of the API and the pages
}

// clock is the time of everything in r.
func (r *rig) clock() time.Time { return r.now.Add(time.Duration(r.ahead.Load())) }

// later turns the clock of r.
func (r *rig) later(d time.Duration) { r.ahead.Add(int64(d)) }

// A visitor is a browser without scripts, logged in.
type visitor struct {
	*rig
	http *http.Client
}

func newRig(t testing.TB, tweak ...func(*proxy.RouteConfig)) *rig {
	t.Helper()
	return newRigOn(t, store.Config{Memory: true}, tweak...)
}

// newRigOn makes a rig whose store is opened as cfg says.
func newRigOn(t testing.TB, cfg store.Config, tweak ...func(*proxy.RouteConfig)) *rig {
	t.Helper()
	r := &rig{TB: t, now: time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC),
		conf: console.Configuration{File: "sendgate.yaml", Version: "1a2b3c4d", InForce: "log: {level: info}\n"}}
	now := r.clock
	core, log := observer.New(zap.InfoLevel)
	r.log = log
	var err error
	cfg.Now = now
	if r.store, err = store.Open(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.store.Close() })

	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"sid":"SM00000000000000000000000000000001","status":"queued"}`)
	}))
	t.Cleanup(upstream.Close)
	route := proxy.RouteConfig{Provider: "twilio", Upstream: upstream.URL, Brand: "shop"}
	for _, change := range tweak {
		change(&route)
	}
	if r.gate, err = proxy.New(proxy.Config{Routes: map[string]proxy.RouteConfig{"twilio": route}, Now: now}, r.store); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.sends = "http://" + ln.Addr().String()
	go func() { _ = r.gate.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.gate.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})

	api, err := console.New(console.Config{Tokens: []console.Token{{Name: "script", Role: console.Admin, Secret: "0123456789abcdef"}},
		Store: r.store, Gate: r.gate, Sends: r.gate.Sends, Switchboard: r.gate, Budgets: r.gate, Watcher: r.gate, Inbox: r.gate, Asker: r.gate.Asker(), Judge: r.gate, Expires: r.gate.Expires,
		Brands: map[string]filter.Brand{}, Reload: func() error { return r.reload }, Configuration: func() (console.Configuration, error) { return r.conf, nil }, Logger: zap.New(core), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	r.api = api.As("test", console.Admin)
	if r.pages, err = New(Config{API: api, Logger: zap.New(core), Now: now}); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(r.pages)
	t.Cleanup(web.Close)
	t.Cleanup(api.Close) // before the server, so that tails end
	r.url = web.URL
	return r
}

// as is a visitor who is logged in with a role; the zero Role: who is not.
func (r *rig) as(role console.Role) *visitor {
	r.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.Fatal(err)
	}
	v := &visitor{r, &http.Client{Jar: jar, Transport: strict{r.TB, r.url}}}
	if role != 0 {
		at, _ := url.Parse(r.url)
		name := "ana-" + role.String()
		token := r.pages.begin(r.clock(), r.pages.inForce.Load().sessions, session{Account: Account{Name: name, Role: role}, person: name})
		jar.SetCookies(at, []*http.Cookie{{Name: "sendgate-session", Value: token}})
	}
	return v
}

// get opens a page and follows where it leads.
func (v *visitor) get(path string) (status int, body string) {
	v.Helper()
	resp, err := v.http.Get(v.url + path)
	return v.read(resp, err)
}

// post sends a form as the console's own page would, and follows where it leads. fields are names and values by turns.
func (v *visitor) post(path string, fields ...string) (status int, body string) {
	v.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	req, err := http.NewRequest(http.MethodPost, v.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	resp, err := v.http.Do(req)
	return v.read(resp, err)
}

func (v *visitor) read(resp *http.Response, err error) (int, string) {
	v.Helper()
	if err != nil {
		v.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// send sends a text through the gate, by which Twilio's library would; it returns the status and the decision's id.
func (r *rig) send(to, text string, headers ...string) (status int, id string) {
	r.Helper()
	form := url.Values{"To": {to}, "From": {"+12125550100"}, "Body": {text}}
	req, err := http.NewRequest(http.MethodPost, r.sends+"/twilio/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json", strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("AC00000000000000000000000000000001", "secret")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header.Get("Sendgate-Id")
}

// optIn and optOut record what a person said of marketing by text messages.
func (r *rig) optIn(to string)  { r.record(to, filter.OptedIn) }
func (r *rig) optOut(to string) { r.record(to, filter.OptedOut) }

func (r *rig) record(to string, kind filter.Kind) {
	r.Helper()
	n := console.Notice{To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: to}, Kind: kind, Time: r.now.Add(-time.Hour)}
	if kind == filter.OptedIn {
		n.Basis = filter.Express
	}
	if _, err := r.api.Record(r.Context(), n); err != nil {
		r.Fatal(err)
	}
}
