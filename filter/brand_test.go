package filter

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// shop is a brand with topics in three categories.
var shop = Brand{
	Business: "Acme Outdoor",
	Topics: map[string]Category{
		"offers": Marketing, "news": Marketing, "order-updates": Utility, "appointments": Utility, Privacy: Service,
	},
}

func TestLabel(t *testing.T) {
	orders, offers := OfTopic("order-updates"), OfTopic("offers")
	utility, service := OfCategory(Utility), OfCategory(Service)
	for _, c := range []struct {
		name     string
		labels   []Scope
		category Category
		topic    string
		strays   bool
	}{
		{"what nobody labels is marketing", nil, Marketing, "", false},
		{"so is what is labelled with nothing", []Scope{All, All}, Marketing, "", false},
		{"a category is one", []Scope{utility}, Utility, "", false},
		{"the stricter of two categories wins", []Scope{service, All, utility}, Utility, "", false},
		{"a topic has the category that the brand declares", []Scope{orders}, Utility, "order-updates", false},
		{"a looser category beside it does not loosen it", []Scope{orders, OfCategory(Authentication)}, Utility, "order-updates", false},
		{"a stricter one makes it stray", []Scope{orders, OfCategory(Marketing)}, Marketing, "order-updates", true},
		{"whatever comes first", []Scope{OfCategory(Marketing), orders}, Marketing, "order-updates", true},
		{"of two topics of one category the first holds", []Scope{orders, OfTopic("appointments")}, Utility, "order-updates", false},
		{"of two topics the one under the stricter category holds", []Scope{orders, offers}, Marketing, "offers", false},
		{"in any order", []Scope{offers, orders}, Marketing, "offers", false},
		{"a topic that is not declared says nothing", []Scope{OfTopic("other")}, Marketing, "", false},
		{"and leaves what else is known", []Scope{service, OfTopic("other"), orders}, Utility, "order-updates", false},
		{"senders label nothing", []Scope{OfSender("shop"), service}, Service, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := Message{Category: Authentication, Topic: "left over", Strays: true}
			shop.Label(&m, c.labels...)
			if m.Category != c.category || m.Topic != c.topic || m.Strays != c.strays {
				t.Errorf("it is %s, %q, strays %v; want %s, %q, %v", m.Category, m.Topic, m.Strays, c.category, c.topic, c.strays)
			}
		})
	}
}

func TestWhatOnlyCarriesMarketingIsMarketing(t *testing.T) {
	m := Message{MarketingOnly: true}
	if shop.Label(&m, OfCategory(Service), OfTopic("order-updates")); m.Category != Marketing || m.Topic != "order-updates" || !m.Strays {
		t.Errorf("it became %+v", m)
	}
}

func anyLabel(random *rand.Rand) Scope {
	return pick(random, All, OfCategory(Category(random.IntN(Categories))), OfTopic("other"), OfTopic("offers"),
		OfTopic("news"), OfTopic("order-updates"), OfTopic(Privacy), OfSender("offers"))
}

// One more label never loosens: what was blocked for its category stays as strict, and the topic
// never stands under a looser category than it is declared under.
func TestOneMoreLabelNeverLoosens(t *testing.T) {
	random := seeded(t)
	for range 5000 {
		labels := []Scope{pick(random, OfCategory(Category(random.IntN(Categories))), OfTopic("offers"), OfTopic("order-updates"), OfTopic(Privacy))}
		for range random.IntN(4) {
			labels = append(labels, anyLabel(random))
		}
		var before, after Message
		shop.Label(&before, labels...)
		more := slices.Insert(slices.Clone(labels), random.IntN(len(labels)+1), anyLabel(random))
		shop.Label(&after, more...)
		if after.Category > before.Category {
			t.Fatalf("%v are %s, and %v %s", labels, before.Category, more, after.Category)
		}
		if declared, ok := shop.Category(after.Topic); after.Topic != "" && (!ok || after.Category > declared || after.Strays != (after.Category < declared)) {
			t.Fatalf("%v make %+v, and the topic is declared %s, %v", more, after, declared, ok)
		}
	}
}

func TestLabelAllocatesNothing(t *testing.T) {
	var m Message
	if n := testing.AllocsPerRun(100, func() {
		shop.Label(&m, OfTopic("order-updates"), All, OfCategory(Utility), OfTopic("other"))
	}); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}

// Consent to one topic, and withdrawal from one, say nothing about any other; those of a category
// hold for all its topics.
func TestTopicsStandApart(t *testing.T) {
	policy, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	passes := func(topic string, events ...Event) bool {
		m := Message{To: to(SMS), Text: "Hello"}
		shop.Label(&m, OfTopic(topic))
		r := fold(events...)
		return policy.Decide(&m, &r, noon).Action == Forward
	}
	for topic, category := range shop.Topics {
		if !passes(topic, optedIn(-1, Express, OfTopic(topic))) || !passes(topic, optedIn(-1, Express, OfCategory(category))) {
			t.Errorf("consent to %s, or to %s, does not carry it", topic, category)
		}
		if passes(topic, optedIn(-2, Express, All), optedOut(-1, OfCategory(category))) {
			t.Errorf("%s survives an opt-out of its category %s", topic, category)
		}
		for other, another := range shop.Topics {
			if other == topic {
				continue
			}
			if passes(topic, optedIn(-1, Express, OfTopic(other))) {
				t.Errorf("consent to %s carries %s", other, topic)
			}
			if !passes(topic, optedIn(-2, Express, All), optedOut(-1, OfTopic(other))) {
				t.Errorf("an opt-out of %s stops %s", other, topic)
			}
			if another != category && !passes(topic, optedIn(-2, Express, All), optedOut(-1, OfCategory(another))) {
				t.Errorf("an opt-out of %s stops %s", another, topic)
			}
		}
	}
}

// Whatever else is known, consent to privacy alone carries no marketing and lifts nothing from it.
func TestPrivacyNeverCountsAsMarketing(t *testing.T) {
	random := seeded(t)
	for range 5000 {
		events := anyEvents(random)
		r := fold(events...)
		more := r.After(optedIn(1, Express, OfTopic(Privacy)))
		m := Message{Topic: pick(random, "", Privacy, "offers"), From: "+14155550199", Strays: random.IntN(2) == 0}
		was, _ := r.OptedOut(&m)
		if is, _ := more.OptedOut(&m); is != was {
			t.Fatalf("after %v consent to privacy changes the opt-out of %+v", events, m)
		}
		for b := range Basis(Bases) {
			if more.Granted(&m, b) != r.Granted(&m, b) {
				t.Fatalf("after %v consent to privacy carries %+v", events, m)
			}
		}
	}
}

// Who comes back by START, or agrees to all messages, is written to, and has not agreed to how their data is handled.
func TestPrivacyIsAgreedToByNameAlone(t *testing.T) {
	m := Message{Category: Service, Topic: Privacy, From: "+14155550199"}
	for _, c := range []struct {
		name         string
		events       []Event
		bound, given bool
		answer       Kind
	}{
		{"a yes to the question", []Event{optedIn(1, Express, OfTopic(Privacy))}, false, true, 0},
		{"STOP", []Event{optedIn(1, Express, OfTopic(Privacy)), optedOut(2, All)}, true, false, 0},
		{"STOP and START of who had not agreed", []Event{optedOut(1, All), optedIn(2, Express, OfCategory(Service))}, false, false, 0},
		{"STOP and START where marketing needs no consent", []Event{optedOut(1, All), optedIn(2, Express, All)}, false, false, 0},
		{"consent to all of one number", []Event{optedIn(1, Express, OfSender("+14155550199"))}, false, false, 0},
		{"a no, and consent to something else", []Event{{Time: hours(1), Kind: Refused, Scope: OfTopic(Privacy)}, optedIn(2, Express, All)}, false, false, Refused},
		{"a question that was not answered, and START", []Event{askedFor(1, OfTopic(Privacy)), optedOut(2, All), optedIn(3, Express, OfCategory(Service))}, false, false, Asked},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := fold(c.events...)
			if out, _ := r.OptedOut(&m); out.IsZero() == c.bound {
				t.Errorf("opted out: %v", out)
			}
			if given := r.Agreed(&m); given.IsZero() == c.given {
				t.Errorf("agreed: %v", given)
			}
			if answer, _ := r.Answer(&m); answer != c.answer {
				t.Errorf("answered %v, want %v", answer, c.answer)
			}
		})
	}
}

// No consent but an express one ever carries marketing.
func TestImpliedConsentNeverCarriesMarketing(t *testing.T) {
	random := seeded(t)
	for range 5000 {
		events := anyEvents(random)
		r := fold(events...)
		m := Message{Topic: pick(random, "", "offers"), From: pick(random, "", "+14155550199")}
		for _, b := range []Basis{ByInquiry, ByTransaction} {
			if at := r.Granted(&m, b); !at.IsZero() {
				t.Fatalf("after %v consent by %s carries %+v", events, b, m)
			}
		}
	}
}

func TestBrandCheck(t *testing.T) {
	for _, c := range []struct {
		name  string
		brand Brand
		want  string
	}{
		{"a shop is right", shop, ""},
		{"so is a brand without anything", Brand{}, ""},
		{"topics may be named in any language", Brand{Topics: map[string]Category{"ऑफ़र_2.0-x": Marketing}}, ""},
		{"privacy under marketing", Brand{Topics: map[string]Category{Privacy: Marketing}},
			"topics: privacy: consent to privacy never counts as consent to marketing: want another category"},
		{"a category that is none", Brand{Topics: map[string]Category{"a": Utility, "b": 9}}, "topics: b: there is no category 9"},
		{"a topic without a name", Brand{Topics: map[string]Category{"": Utility}},
			"topics: : a topic's name is 1 to 64 bytes of letters, digits, dots, hyphens and underscores"},
		{"a topic with blanks", Brand{Topics: map[string]Category{"our offers": Utility}},
			"topics: our offers: a topic's name is 1 to 64 bytes of letters, digits, dots, hyphens and underscores"},
		{"a topic that is no text", Brand{Topics: map[string]Category{"\xff": Utility}},
			"topics: \xff: a topic's name is 1 to 64 bytes of letters, digits, dots, hyphens and underscores"},
		{"a topic with an endless name", Brand{Topics: map[string]Category{strings.Repeat("x", 65): Utility}},
			"topics: " + strings.Repeat("x", 65) + ": a topic's name is 1 to 64 bytes of letters, digits, dots, hyphens and underscores"},
		{"a preset that is none", Brand{Evidence: 9}, "evidence: there is no preset 9"},
		{"a scope of STOP that is none", Brand{Stop: 9}, "stop: there is no scope 9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.brand.Check(); (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestCheckLabel(t *testing.T) {
	for _, c := range []struct {
		name  string
		brand Brand
		label Scope
		want  string
	}{
		{"a category labels", Brand{}, OfCategory(Utility), ""},
		{"a topic that is declared labels", shop, OfTopic("offers"), ""},
		{"one that is not does not", shop, OfTopic("other"),
			`topic "other" is not declared: the brand has appointments, news, offers, order-updates, privacy`},
		{"nor any of a brand without topics", Brand{}, OfTopic("offers"), `topic "offers" is not declared: the brand has no topics`},
		{"everything labels nothing", shop, All, "all labels no message: want a category or topic:NAME"},
		{"nor does a sender", shop, OfSender("x"), "sender:x labels no message: want a category or topic:NAME"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.brand.CheckLabel(c.label); (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestWhatSTOPCovers(t *testing.T) {
	learnt := Event{Kind: OptedOut, To: to(SMS), Source: "twilio answer"}
	in := func(change func(*Event)) Event { e := learnt; change(&e); return e }
	for _, c := range []struct {
		name   string
		scope  StopScope
		e      Event
		sender string
		want   Event
	}{
		{"the brand, unless told otherwise", StopBrand, learnt, "+14155550199", learnt},
		{"the sender", StopSender, learnt, "+14155550199", in(func(e *Event) { e.Scope = OfSender("+14155550199") })},
		{"the brand where nobody knows the sender", StopSender, learnt, "", learnt},
		{"every brand", StopEverything, learnt, "+14155550199", in(func(e *Event) { e.To.Brand = "" })},
		{"what the person said, if they said it", StopEverything, in(func(e *Event) { e.Scope = OfCategory(Marketing) }), "x",
			in(func(e *Event) { e.Scope = OfCategory(Marketing) })},
		{"nothing, if it is no opt-out", StopSender, in(func(e *Event) { e.Kind = Wrote }), "x", in(func(e *Event) { e.Kind = Wrote })},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.scope.Apply(c.e, c.sender); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestSender(t *testing.T) {
	for _, c := range []struct{ name, text, region, want string }{
		{"a number stays", "+14155550199", "", "+14155550199"},
		{"spelling does not matter", "+1 (415) 555-0199", "", "+14155550199"},
		{"nor does a lost plus", " 14155550199", "", "+14155550199"},
		{"nor a plus that was left out", "442079460000", "", "+442079460000"},
		{"also of another country", "442079460000", "US", "+442079460000"},
		{"nor the channel", "whatsapp:+14155550199", "", "+14155550199"},
		{"a number of the region", "(415) 555-0199", "US", "+14155550199"},
		{"a service", "MG0123456789abcdef0123456789abcdef", "US", "MG0123456789abcdef0123456789abcdef"},
		{"a short code", "12345", "US", "12345"},
		{"a short code stays one where it is a number too", "312345", "AD", "312345"},
		{"a name", " ACME ", "US", "ACME"},
		{"an RCS agent", "rcs:acme_agent", "", "acme_agent"},
		{"a phone-number id", "106540352242922", "", "106540352242922"},
		{"an id of 15 digits that would be a number", "390151234567890", "", "390151234567890"},
		{"the id of a bot", "110201543", "", "110201543"},
		{"nobody", "", "US", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Sender(c.text, c.region); got != c.want {
				t.Errorf("%q is %q, want %q", c.text, got, c.want)
			}
		})
	}
}

// TestAnOptOutOfALosingTopicBinds: a message that two labels call by two topics goes to nobody who
// left either.
func TestAnOptOutOfALosingTopicBinds(t *testing.T) {
	brand := Brand{Topics: map[string]Category{"offers": Marketing, "orders": Utility}}
	m := Message{To: Recipient{Channel: SMS, Address: "+14155550100"}}
	brand.Label(&m, OfTopic("orders"), All, OfTopic("offers"))
	if m.Topic != "offers" || m.Others[0] != "orders" {
		t.Fatalf("labelled %q, %q", m.Topic, m.Others)
	}
	agreed := Record{}.After(Event{Kind: OptedIn, Basis: Express, Scope: OfTopic("offers"), Time: time.Unix(100, 0)})
	if at, _ := agreed.OptedOut(&m); !at.IsZero() || agreed.Granted(&m, Express).IsZero() {
		t.Error("who agreed to the offers does not get them")
	}
	left := agreed.After(Event{Kind: OptedOut, Scope: OfTopic("orders"), Time: time.Unix(200, 0)})
	if at, scope := left.OptedOut(&m); at.IsZero() || scope != OfTopic("orders") {
		t.Errorf("who left the orders is bound by %v of %v", at, scope)
	}
}
