package proxy

import (
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

var marketing, utility, service, authentication = filter.Marketing, filter.Utility, filter.Service, filter.Authentication

var everyClaim = []string{"category", "topic", "campaign"}
var listed = map[string]filter.Category{"otp": filter.Authentication, "promo": filter.Marketing}

var categoryCases = []struct {
	name  string
	route RouteConfig
	m     filter.Message
	claim string
	want  filter.Category
}{
	{"nothing known is marketing", RouteConfig{}, filter.Message{}, "", marketing},
	{"a claim nobody trusts is nothing", RouteConfig{}, filter.Message{}, "authentication", marketing},
	{"a trusted claim", RouteConfig{Trust: everyClaim}, filter.Message{}, "utility", utility},
	{"a trusted claim that is no category is marketing", RouteConfig{Trust: everyClaim, Category: &service}, filter.Message{}, "promo", marketing},
	{"a claim cannot loosen the route", RouteConfig{Trust: everyClaim, Category: &utility}, filter.Message{}, "authentication", utility},
	{"a claim can tighten the route", RouteConfig{Trust: everyClaim, Category: &authentication}, filter.Message{}, "marketing", marketing},
	{"the route's category", RouteConfig{Category: &utility}, filter.Message{}, "", utility},
	{"a listed template", RouteConfig{Templates: listed}, filter.Message{Template: "otp"}, "", authentication},
	{"a listed template stricter than the route", RouteConfig{Templates: listed, Category: &utility}, filter.Message{Template: "promo"}, "", marketing},
	{"a route stricter than a listed template", RouteConfig{Templates: listed, Category: &utility}, filter.Message{Template: "otp"}, "", utility},
	{"a template nobody listed", RouteConfig{Templates: listed}, filter.Message{Template: "new"}, "", marketing},
	{"a template nobody listed on a route of one category", RouteConfig{Templates: listed, Category: &service}, filter.Message{Template: "new"}, "", service},
	{"a free-form message", RouteConfig{FreeForm: &service}, filter.Message{}, "", service},
	{"a template is not free-form", RouteConfig{FreeForm: &service}, filter.Message{Template: "new"}, "", marketing},
	{"an endpoint for marketing alone", RouteConfig{Category: &utility, Trust: everyClaim}, filter.Message{MarketingOnly: true}, "service", marketing},
}

func TestCategory(t *testing.T) {
	st := memory(t)
	for _, c := range categoryCases {
		t.Run(c.name, func(t *testing.T) {
			g, err := New(Config{Routes: map[string]RouteConfig{"twilio": c.route}}, st)
			if err != nil {
				t.Fatal(err)
			}
			var req fasthttp.RequestHeader
			if c.claim != "" {
				req.Set("Sendgate-Category", c.claim)
			}
			g.table.Load().routes["twilio"].classify(&c.m, &req)
			if c.m.Category != c.want || c.m.To.Brand != "default" {
				t.Errorf("%s for brand %s, want %s", c.m.Category, c.m.To.Brand, c.want)
			}
		})
	}
}

// TestClaims: campaign is believed, topic is not, unless the route says otherwise.
func TestClaims(t *testing.T) {
	st := memory(t)
	for _, trust := range [][]string{nil, everyClaim, {}} {
		g, err := New(Config{Routes: map[string]RouteConfig{"twilio": {Topic: "news", Trust: trust}}}, st)
		if err != nil {
			t.Fatal(err)
		}
		var req fasthttp.RequestHeader
		req.Set("Sendgate-Topic", "offers")
		req.Set("Sendgate-Campaign", "spring")
		var m filter.Message
		g.table.Load().routes["twilio"].classify(&m, &req)
		topic, campaign := "news", "spring"
		switch {
		case len(trust) > 0:
			topic = "offers"
		case trust != nil:
			campaign = ""
		}
		if m.Topic != topic || m.Campaign != campaign {
			t.Errorf("trusting %v: topic %q, campaign %q", trust, m.Topic, m.Campaign)
		}
	}
}
