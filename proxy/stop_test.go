package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// TestWhatALearntSTOPCovers has a provider tell of an opt-out, and sends on: from the same number,
// from another, and as another brand.
func TestWhatALearntSTOPCovers(t *testing.T) {
	everything := filter.StopEverything
	for _, c := range []struct {
		name    string
		route   RouteConfig
		stopped [3]bool // the same number, another, another brand
	}{
		{"the brand, unless told otherwise", RouteConfig{Brand: "default"}, [3]bool{true, true, false}},
		{"the number, where the brand says so", RouteConfig{Brand: "shop"}, [3]bool{true, false, false}},
		{"everything, where the route says so", RouteConfig{Brand: "shop", Stop: &everything}, [3]bool{true, true, true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			answers := make(chan string, 1)
			base := play(t, loopback(t), func(c net.Conn) {
				for br := bufio.NewReader(c); ; {
					if _, err := readWire(br); err != nil {
						return
					}
					io.WriteString(c, <-answers)
				}
			})
			c.route.Upstream, c.route.Policy = base, anyone
			other := RouteConfig{Provider: "twilio", Brand: "other", Upstream: base, Policy: anyone}
			brands := map[string]filter.Brand{"other": {}}
			for name, brand := range shops {
				brands[name] = brand
			}
			_, addr := start(t, Config{Brands: brands, Routes: map[string]RouteConfig{"twilio": c.route, "other": other}}, memory(t))
			answers <- unsubscribed
			ask(t, addr, sms(person.Address, "Sale"))
			second := strings.Replace(sms(person.Address, "Sale"), "%2B15005550006", "%2B15005550007", 1)
			elsewhere := strings.Replace(sms(person.Address, "Sale"), "/twilio/", "/other/", 1)
			for i, request := range []string{sms(person.Address, "Sale"), second, elsewhere} {
				if !c.stopped[i] {
					answers <- okAnswer
				}
				reason := ask(t, addr, request).Header.Get("Sendgate-Reason")
				if want := map[bool]string{true: "opted-out", false: "allowed"}[c.stopped[i]]; reason != want {
					t.Errorf("%d: %s, want %s", i, reason, want)
				}
			}
		})
	}
}

// TestExpiryOfARoute: a route without a table of its own goes by the gate's.
func TestExpiryOfARoute(t *testing.T) {
	days := func(n int) []filter.Expiry { return []filter.Expiry{{Country: "*", Basis: filter.Express, Days: n}} }
	for _, c := range []struct {
		name string
		own  []filter.Expiry
		want filter.Reason
	}{
		{"the gate's table", nil, filter.ConsentExpired},
		{"its own", days(100), filter.Allowed},
		{"none, which says that nothing runs out", []filter.Expiry{}, filter.Allowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := memory(t)
			given := time.Now().AddDate(0, 0, -50)
			learn(t, st, filter.Event{To: person, Kind: filter.OptedIn, Basis: filter.Express, Time: given, Source: "test"})
			g, err := New(Config{Expiry: days(30), Routes: map[string]RouteConfig{"twilio": {Policy: filter.Config{Expiry: c.own}}}}, st)
			if err != nil {
				t.Fatal(err)
			}
			if d, _, err := g.Judge("twilio", filter.Message{To: person, Text: "Sale"}, time.Time{}); err != nil || d.Reason != c.want {
				t.Errorf("%+v, %v; want %s", d, err, c.want)
			}
		})
	}
	_, err := New(Config{Expiry: days(0), Routes: map[string]RouteConfig{"twilio": {}}}, memory(t))
	if want := "routes: twilio: policy: expiry[0]: months: 0 months and 0 days: want more than nothing"; fmt.Sprint(err) != want {
		t.Errorf("a table that cannot be: %v", err)
	}
}

// TestJudgeKnowsWhatStrays: a question about a message is judged as the message would be.
func TestJudgeKnowsWhatStrays(t *testing.T) {
	st := memory(t)
	to := person
	to.Brand = "shop"
	learn(t, st, filter.Event{To: to, Kind: filter.OptedIn, Basis: filter.Express, Scope: filter.OfTopic("orders"), Source: "test"})
	g, err := New(Config{Brands: shops, Routes: map[string]RouteConfig{"twilio": {Brand: "shop"}}}, st)
	if err != nil {
		t.Fatal(err)
	}
	for category, want := range map[filter.Category]filter.Reason{utility: filter.Allowed, marketing: filter.NoConsent} {
		if d, _, err := g.Judge("twilio", filter.Message{To: to, Category: category, Topic: "orders", Text: "Hello"}, time.Time{}); err != nil || d.Reason != want {
			t.Errorf("a %s message about orders: %+v, %v; want %s", category, d, err, want)
		}
	}
}
