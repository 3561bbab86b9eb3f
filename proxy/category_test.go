package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/head"
)

var marketing, utility, service, authentication = filter.Marketing, filter.Utility, filter.Service, filter.Authentication

var everyClaim = []string{"category", "topic", "campaign"}
var listed = map[string]filter.Scope{"otp": filter.OfCategory(authentication), "promo": filter.OfCategory(marketing)}

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
	{"two claims are the stricter one", RouteConfig{Trust: everyClaim}, filter.Message{}, "authentication, utility", utility},
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

// headOf is a request's head of these lines.
func headOf(t *testing.T, lines ...string) *head.Request {
	t.Helper()
	h := new(head.Request)
	if err := h.Parse([]byte(strings.Join(append(lines, "", ""), "\r\n"))); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestCategory(t *testing.T) {
	st := memory(t)
	for _, c := range categoryCases {
		t.Run(c.name, func(t *testing.T) {
			g, err := New(Config{Routes: map[string]RouteConfig{"twilio": c.route}}, st)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for claim := range strings.SplitSeq(c.claim, ", ") {
				if claim != "" {
					lines = append(lines, "Sendgate-Category: "+claim)
				}
			}
			g.table.Load().routes["twilio"].classify(&c.m, headOf(t, lines...))
			if c.m.Category != c.want || c.m.To.Brand != "default" {
				t.Errorf("%s for brand %s, want %s", c.m.Category, c.m.To.Brand, c.want)
			}
		})
	}
}

// shops are brands with topics.
var shops = map[string]filter.Brand{
	"shop":    {Topics: map[string]filter.Category{"offers": marketing, "news": marketing, "orders": utility, "privacy": service}, Stop: filter.StopSender},
	"default": {},
}

var labelCases = []struct {
	name   string
	route  RouteConfig
	m      filter.Message
	claims map[string]string // headers by what follows Sendgate-
	want   string            // category, topic, and whether it strays
}{
	{"a template's topic brings its category", RouteConfig{Templates: map[string]filter.Scope{"shipped": filter.OfTopic("orders")}},
		filter.Message{Template: "shipped"}, nil, "utility orders false"},
	{"the route's topic brings its category", RouteConfig{Topic: "orders"}, filter.Message{}, nil, "utility orders false"},
	{"the list comes before the route", RouteConfig{Templates: map[string]filter.Scope{"spring": filter.OfTopic("offers")}, Topic: "news"},
		filter.Message{Template: "spring"}, nil, "marketing offers false"},
	{"a stricter route makes the topic stray", RouteConfig{Category: &marketing, Topic: "orders"}, filter.Message{}, nil, "marketing orders true"},
	{"a number is known", RouteConfig{Senders: map[string]filter.Scope{"+1 (415) 555-0199": filter.OfTopic("orders")}},
		filter.Message{From: "+14155550199"}, nil, "utility orders false"},
	{"in any spelling, with its channel", RouteConfig{Senders: map[string]filter.Scope{"+14155550199": filter.OfTopic("orders")}},
		filter.Message{From: "whatsapp:+1 415 555 0199"}, nil, "utility orders false"},
	{"a Messaging Service is known", RouteConfig{Senders: map[string]filter.Scope{"MG01": filter.OfCategory(service)}},
		filter.Message{From: "MG01"}, nil, "service  false"},
	{"a sender without its plus is known as services read it", RouteConfig{Region: "DE", Senders: map[string]filter.Scope{"14155550199": filter.OfCategory(service)}},
		filter.Message{From: "+14155550199"}, nil, "service  false"},
	{"and as a number of the region", RouteConfig{Region: "DE", Senders: map[string]filter.Scope{"14155550199": filter.OfCategory(service)}},
		filter.Message{From: "14155550199"}, nil, "service  false"},
	{"one that stands in the list with its plus is that one", RouteConfig{Region: "DE", Senders: map[string]filter.Scope{"14155550199": filter.OfCategory(service), "+14155550199": filter.OfTopic("offers")}},
		filter.Message{From: "+14155550199"}, nil, "marketing offers false"},
	{"another sender is not", RouteConfig{Senders: map[string]filter.Scope{"MG01": filter.OfCategory(service)}},
		filter.Message{From: "MG02"}, nil, "marketing  false"},
	{"a Messaging Service is known beside a number that is not", RouteConfig{Senders: map[string]filter.Scope{"MG01": filter.OfTopic("orders")}},
		filter.Message{From: "+14155550199", Service: "MG01"}, nil, "utility orders false"},
	{"of a number and its Messaging Service the stricter wins", RouteConfig{Senders: map[string]filter.Scope{"MG01": filter.OfTopic("offers"), "+14155550199": filter.OfTopic("orders")}},
		filter.Message{From: "+14155550199", Service: "MG01"}, nil, "marketing offers false"},
	{"a message without a Messaging Service has none", RouteConfig{Senders: map[string]filter.Scope{"": filter.OfTopic("orders")}},
		filter.Message{From: "+14155550199"}, nil, "marketing  false"},
	{"a sender cannot loosen the route", RouteConfig{Topic: "offers", Senders: map[string]filter.Scope{"MG01": filter.OfTopic("orders")}},
		filter.Message{From: "MG01"}, nil, "marketing offers false"},
	{"a trusted claim of a topic", RouteConfig{Trust: everyClaim}, filter.Message{}, map[string]string{"Topic": "orders"}, "utility orders false"},
	{"a claim of a topic that nobody trusts", RouteConfig{}, filter.Message{}, map[string]string{"Topic": "orders"}, "marketing  false"},
	{"a claim of a topic that nobody declared is nothing", RouteConfig{Trust: everyClaim}, filter.Message{}, map[string]string{"Topic": "lottery"}, "marketing  false"},
	{"and leaves what else is known", RouteConfig{Trust: everyClaim, Category: &service}, filter.Message{}, map[string]string{"Topic": "lottery"}, "service  false"},
	{"a claim of a stricter topic holds", RouteConfig{Trust: everyClaim, Topic: "orders"}, filter.Message{}, map[string]string{"Topic": "offers"}, "marketing offers false"},
	{"a claim of a looser topic does not", RouteConfig{Trust: everyClaim, Topic: "offers"}, filter.Message{}, map[string]string{"Topic": "orders"}, "marketing offers false"},
	{"of equals the route comes before the claim", RouteConfig{Trust: everyClaim, Topic: "offers"}, filter.Message{}, map[string]string{"Topic": "news"}, "marketing offers false"},
	{"a claim of marketing makes the topic stray", RouteConfig{Trust: everyClaim, Topic: "orders"}, filter.Message{}, map[string]string{"Category": "marketing"}, "marketing orders true"},
	{"an endpoint for marketing alone makes it stray", RouteConfig{Topic: "orders"}, filter.Message{MarketingOnly: true}, nil, "marketing orders true"},
}

func TestLabels(t *testing.T) {
	st := memory(t)
	for _, c := range labelCases {
		t.Run(c.name, func(t *testing.T) {
			c.route.Brand = "shop"
			g, err := New(Config{Brands: shops, Routes: map[string]RouteConfig{"twilio": c.route}}, st)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for name, text := range c.claims {
				lines = append(lines, "Sendgate-"+name+": "+text)
			}
			g.table.Load().routes["twilio"].classify(&c.m, headOf(t, lines...))
			if got := fmt.Sprint(c.m.Category, " ", c.m.Topic, " ", c.m.Strays); got != c.want || c.m.To.Brand != "shop" {
				t.Errorf("%s for brand %s, want %s", got, c.m.To.Brand, c.want)
			}
		})
	}
}

func TestLabelErrors(t *testing.T) {
	st := memory(t)
	for _, c := range []struct {
		name   string
		brands map[string]filter.Brand
		route  RouteConfig
		want   string
	}{
		{"a brand that nobody declared", shops, RouteConfig{Brand: "shp"}, `routes: twilio: brand: "shp" is not declared: want one of default, shop`},
		{"a topic that nobody declared", shops, RouteConfig{Brand: "shop", Topic: "lottery"},
			`routes: twilio: topic: topic "lottery" is not declared: the brand has news, offers, orders, privacy`},
		{"a topic of no brand", nil, RouteConfig{Topic: "offers"}, `routes: twilio: topic: topic "offers" is not declared: the brand has no topics`},
		{"a template of a topic that nobody declared", shops, RouteConfig{Brand: "shop", Templates: map[string]filter.Scope{"spring": filter.OfTopic("lottery")}},
			`routes: twilio: templates: spring: topic "lottery" is not declared: the brand has news, offers, orders, privacy`},
		{"a template of everything", shops, RouteConfig{Brand: "shop", Templates: map[string]filter.Scope{"spring": filter.All}},
			"routes: twilio: templates: spring: all labels no message: want a category or topic:NAME"},
		{"a sender of a topic that nobody declared", shops, RouteConfig{Senders: map[string]filter.Scope{"MG01": filter.OfTopic("offers")}},
			`routes: twilio: senders: MG01: topic "offers" is not declared: the brand has no topics`},
		{"a cap on a topic that nobody declared, which would count nothing", shops,
			RouteConfig{Brand: "shop", Policy: filter.Config{Caps: filter.Caps{Rows: []filter.Cap{{Most: 9, Within: time.Hour}, {Most: 1, Within: time.Hour, Topic: "ofers"}}}}},
			`routes: twilio: policy: caps: rows[1]: topic: topic "ofers" is not declared: the brand has news, offers, orders, privacy`},
		{"a cap on a category that messages of its topic never have", shops,
			RouteConfig{Brand: "shop", Policy: filter.Config{Caps: filter.Caps{Rows: []filter.Cap{{Most: 1, Within: time.Hour, Topic: "offers", Category: &utility}}}}},
			`routes: twilio: policy: caps: rows[0]: category: utility: messages of topic offers are marketing`},
		{"a sender given twice", shops, RouteConfig{Senders: map[string]filter.Scope{"+14155550199": filter.OfCategory(utility), "+1 415 555 0199": filter.OfCategory(service)}},
			"routes: twilio: senders: +14155550199: this sender stands in the list already, in another spelling"},
		{"a brand that is wrong", map[string]filter.Brand{"shop": {Topics: map[string]filter.Category{"privacy": marketing}}}, RouteConfig{Brand: "shop"},
			"brands: shop: topics: privacy: consent to privacy never counts as consent to marketing: want another category"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(Config{Brands: c.brands, Routes: map[string]RouteConfig{"twilio": c.route}}, st)
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestClaimOfCampaign: it is believed, unless the route says otherwise.
func TestClaimOfCampaign(t *testing.T) {
	st := memory(t)
	for _, c := range []struct {
		trust []string
		want  string
	}{{nil, "spring"}, {everyClaim, "spring"}, {[]string{}, ""}} {
		g, err := New(Config{Routes: map[string]RouteConfig{"twilio": {Trust: c.trust}}}, st)
		if err != nil {
			t.Fatal(err)
		}
		var m filter.Message
		if g.table.Load().routes["twilio"].classify(&m, headOf(t, "sendgate-campaign: spring")); m.Campaign != c.want {
			t.Errorf("trusting %v: campaign %q", c.trust, m.Campaign)
		}
	}
}
