package filter

import (
	"encoding/json"
	"strings"
	"testing"
)

// What five public guides to consent demand, statement by statement, as far as it falls to the
// judgement or the lint. The numbers are those of the list of needs that the project keeps.

// judged is a statement about what may be sent.
type judged struct {
	name   string
	m      Message
	labels []Scope // what the brand's lists say about m
	events []Event
	want   Reason
}

func whatsApp(template string) Message { return Message{To: to(WhatsApp), Template: template} }

var (
	free   = Message{To: to(WhatsApp), Text: "Hello"}
	sms    = Message{To: to(SMS), Text: "Hello"}
	orders = OfTopic("order-updates")
	offers = OfTopic("offers")
)

var guideDecisions = []judged{
	{"0.1 consent comes first, whoever answers: a bot's number", with(sms, func(m *Message) { m.From = "+14155550101" }), []Scope{OfCategory(Service)}, nil, NoConsent},
	{"0.1 consent comes first, whoever answers: an agent's number", with(sms, func(m *Message) { m.From = "+14155550102" }), []Scope{OfCategory(Service)}, nil, NoConsent},
	{"0.4 a stranger gets no ordinary text", sms, []Scope{OfCategory(Utility)}, nil, NoConsent},
	{"0.5 nothing goes on before the question is answered", sms, []Scope{orders}, []Event{askedFor(-1, All)}, NoConsent},
	{"0.5 a yes lets it go on", sms, []Scope{orders}, []Event{askedFor(-2, All), optedIn(-1, Express, All)}, Allowed},
	{"0.5 a no ends it", sms, []Scope{orders}, []Event{askedFor(-2, All), refused(-1, All)}, NoConsent},
	{"1.1 consent is always required", sms, []Scope{offers}, nil, NoConsent},
	{"1.2 consent without a basis is none", sms, []Scope{orders}, []Event{optedIn(-1, NoBasis, All)}, NoConsent},
	{"1.3 express consent is to the type of message: utility is not marketing", sms, []Scope{offers}, []Event{optedIn(-1, Express, OfCategory(Utility))}, NoConsent},
	{"1.3 express consent is to the type of message: marketing is", whatsApp("spring_sale"), []Scope{offers}, []Event{optedIn(-1, Express, OfCategory(Marketing))}, Allowed},
	{"1.6 a question they asked implies consent to the answer", sms, []Scope{OfCategory(Service)}, []Event{optedIn(-1, ByInquiry, All)}, Allowed},
	{"1.6 a purchase implies consent to messages about it", sms, []Scope{orders}, []Event{optedIn(-100, ByTransaction, orders)}, Allowed},
	{"1.7 implied consent holds within the conversation", sms, []Scope{OfCategory(Service)}, []Event{optedIn(-23.9, ByInquiry, All)}, Allowed},
	{"1.7 implied consent ends with the conversation", sms, []Scope{OfCategory(Service)}, []Event{optedIn(-24, ByInquiry, All)}, ConsentExpired},
	{"1.8 an order is consent to what it is linked with", sms, []Scope{orders}, []Event{optedIn(-100, ByTransaction, orders)}, Allowed},
	{"1.8 an order is no consent to anything else", sms, []Scope{OfTopic("appointments")}, []Event{optedIn(-100, ByTransaction, orders)}, NoConsent},
	{"1.9 appointment reminders suit implied consent", whatsApp("appointment_reminder"), []Scope{OfTopic("appointments")}, []Event{optedIn(-100, ByTransaction, OfTopic("appointments"))}, Allowed},
	{"1.9 appointment confirmations suit implied consent", whatsApp("appointment_confirmed"), []Scope{OfTopic("appointments")}, []Event{optedIn(-1, ByTransaction, OfTopic("appointments"))}, Allowed},
	{"1.9 order and shipping confirmations suit implied consent", whatsApp("order_shipped"), []Scope{orders}, []Event{optedIn(-1, ByTransaction, OfCategory(Utility))}, Allowed},
	{"1.10 marketing never goes on consent implied by a transaction", sms, []Scope{offers}, []Event{optedIn(-1, ByTransaction, OfCategory(Marketing))}, NoConsent},
	{"1.10 marketing never goes on consent implied by an inquiry", sms, []Scope{offers}, []Event{optedIn(-1, ByInquiry, All), wrote(-1)}, NoConsent},
	{"2.1 a template outside the window needs an opt-in", whatsApp("order_shipped"), []Scope{orders}, nil, NoConsent},
	{"2.1 with an opt-in it goes", whatsApp("order_shipped"), []Scope{orders}, []Event{optedIn(-100, Express, orders)}, Allowed},
	{"2.5 the law of the recipient's country counts", with(sms, func(m *Message) { m.To.Address = toronto }), []Scope{orders}, []Event{optedIn(-800*day, ByTransaction, orders)}, ConsentExpired},
	{"2.7 consent covers no category that it was not given for", sms, []Scope{OfCategory(Utility)}, []Event{optedIn(-1, Express, OfCategory(Marketing))}, NoConsent},
	{"2.8 consent is separate for each topic", sms, []Scope{OfTopic("news")}, []Event{optedIn(-1, Express, offers)}, NoConsent},
	{"2.9 leaving one category stops it", sms, []Scope{offers}, []Event{optedIn(-2, Express, All), optedOut(-1, OfCategory(Marketing))}, HasOptedOut},
	{"2.9 leaving one category leaves order updates alone", sms, []Scope{orders}, []Event{optedIn(-2, Express, All), optedOut(-1, OfCategory(Marketing))}, Allowed},
	{"2.14 one can leave at any time: before any consent", sms, []Scope{offers}, []Event{optedOut(-1, All)}, HasOptedOut},
	{"2.14 one can leave at any time: while asked", sms, []Scope{offers}, []Event{askedFor(-2, All), optedOut(-1, All)}, HasOptedOut},
	{"2.14 one can leave at any time: within the window", free, []Scope{OfCategory(Service)}, []Event{wrote(-1), optedOut(-0.5, All)}, HasOptedOut},
	{"2.14 one can leave at any time: again", sms, []Scope{offers}, []Event{optedOut(-3, All), optedIn(-2, Express, All), optedOut(-1, All)}, HasOptedOut},
	{"2.15 marketing carries an opt-out line", with(sms, func(m *Message) { m.Room = 100 }), []Scope{offers}, []Event{optedIn(-1, Express, All)}, Content},
	{"2.17 what stops at Meta stops marketing", whatsApp("spring_sale"), []Scope{offers}, []Event{optedIn(-2, Express, All), optedOut(-1, OfCategory(Marketing))}, HasOptedOut},
	{"2.17 and nothing else", whatsApp("order_shipped"), []Scope{orders}, []Event{optedIn(-2, Express, All), optedOut(-1, OfCategory(Marketing))}, Allowed},
	{"3.1 nothing goes on before consent to privacy was given", free, []Scope{OfCategory(Utility)}, []Event{wrote(-1), askedFor(-1, All)}, NoConsent},
	{"3.8 who does not answer gets nothing more", sms, []Scope{OfCategory(Service)}, []Event{wrote(-25), askedFor(-25, All)}, NoConsent},
	{"3.8 who writes again is answered", sms, []Scope{OfCategory(Service)}, []Event{wrote(-25), askedFor(-25, All), wrote(-1)}, Allowed},
	{"3.9 agreement to privacy is consent to that topic", sms, []Scope{OfTopic(Privacy)}, []Event{optedIn(-1, Express, OfTopic(Privacy))}, Allowed},
	{"3.10 consent to privacy is no consent to broadcasts", sms, []Scope{offers}, []Event{optedIn(-1, Express, OfTopic(Privacy))}, NoConsent},
	{"4.1 WhatsApp to a customer needs an active opt-in", whatsApp("spring_sale"), []Scope{offers}, []Event{optedIn(-1, ByTransaction, offers)}, NoConsent},
	{"4.3 the law counts, whatever was ordered", with(sms, func(m *Message) { m.To.Address = toronto }), []Scope{orders}, []Event{optedIn(-731*day, ByTransaction, orders)}, ConsentExpired},
	{"4.7 a message from the customer is no opt-in", whatsApp("order_shipped"), []Scope{orders}, []Event{wrote(-25)}, NoConsent},
	{"4.7 nor is it one while the window is open", whatsApp("spring_sale"), []Scope{offers}, []Event{wrote(-1)}, NoConsent},
	{"4.8 a reply goes at 23 hours 59", free, []Scope{OfCategory(Service)}, []Event{wrote(-24 + 1.0/60)}, Allowed},
	{"4.8 and not at 24 hours", free, []Scope{OfCategory(Service)}, []Event{wrote(-24)}, ConsentExpired},
	{"4.9 notifications need an opt-in", whatsApp("appointment_reminder"), []Scope{OfTopic("appointments")}, []Event{wrote(-1)}, NoConsent},
	{"4.10 with explicit consent an approved template goes", whatsApp("spring_sale"), []Scope{offers}, []Event{optedIn(-1, Express, offers)}, Allowed},
	{"4.10 a template that nobody listed counts as marketing", whatsApp("unlisted"), nil, []Event{optedIn(-1, Express, orders)}, NoConsent},
	{"4.10 a template is what its list says, not what its sender says", whatsApp("spring_sale"), []Scope{offers, OfCategory(Utility)}, []Event{optedIn(-1, Express, OfCategory(Utility))}, NoConsent},
}

// linted is a statement about what consent may be entered.
type linted struct {
	name   string
	preset Preset
	e      Event
	want   string
}

var guideEvidence = []linted{
	{"1.4 an opt-in of a newsletter is a method of one's own", Strict, changed(signup(), func(e *Event) { e.Proof.Method = "other: newsletter" }), ""},
	{"1.8 consent by transaction names its order", Meta2024, changed(booking(), func(e *Event) { e.Proof.Reference = "" }), "refuse proof.reference"},
	{"2.3 the wording says that messages come by WhatsApp", Strict, changed(signup(), func(e *Event) { e.Proof.Wording = "Offers from Acme Outdoor" }), "refuse proof.wording"},
	{"2.3 since November 2024 a general opt-in does, with advice", Meta2024, changed(signup(), func(e *Event) { e.Proof.Wording = "Offers from Acme Outdoor" }), "warn proof.wording"},
	{"2.4 the wording names the business", Meta2024, changed(signup(), func(e *Event) { e.Proof.Wording = "Offers on WhatsApp" }), "refuse proof.wording"},
	{"2.4 consent to another brand does not count", Meta2024, changed(signup(), func(e *Event) { e.Proof.BusinessName = "Bolt" }), "refuse proof.business_name"},
	{"4.1 a box ticked beforehand is no consent", Meta2024, changed(signup(), func(e *Event) { e.Proof.PreTicked = true }), "refuse proof.pre_ticked"},
	{"4.2 consent may come by another channel than the messages", Strict, changed(signup(), func(e *Event) { e.Proof.Method, e.Proof.Action = "sms", "replied" }), ""},
	{"4.4 consent is an act", Strict, changed(signup(), func(e *Event) { e.Proof.Action = "" }), "refuse proof.action"},
	{"4.5 “WhatsApp message” is no purpose", Strict, changed(signup(), func(e *Event) { e.Proof.Purpose = "WhatsApp message" }), "refuse proof.purpose"},
	{"4.5 “to send the purchase receipt” is one", Strict, changed(signup(), func(e *Event) { e.Proof.Purpose = "to send the purchase receipt" }), ""},
}

func TestGuides(t *testing.T) {
	policy, err := New(Config{Expiry: canada, Footer: stopLine})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range guideDecisions {
		t.Run(c.name, func(t *testing.T) {
			shop.Label(&c.m, c.labels...)
			r := fold(c.events...)
			d := policy.Decide(&c.m, &r, noon)
			action := Block
			if c.want == Allowed {
				action = Forward
			} else if c.want == Content {
				action = Rewrite
			}
			if d.Action != action || d.Reason != c.want {
				t.Errorf("a %s message about %q: %+v, want %s, %s", c.m.Category, c.m.Topic, d, action, c.want)
			}
		})
	}
	for _, c := range guideEvidence {
		t.Run(c.name, func(t *testing.T) {
			brand := shop
			brand.Evidence = c.preset
			if got := findings(brand.Lint(c.e)); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
	t.Run("0.7 a rule is data and can be overridden", guideOverride)
	t.Run("2.2 six methods are known by name", guideWords)
	for name, e := range guideFields {
		t.Run(name, func(t *testing.T) { guideKept(t, e) })
	}
}

// guideFields are statements about what is kept of a consent. Each has every field it names.
var guideFields = map[string]Evidence{
	"0.2 the link to the policy": {PolicyURL: "https://example.org/privacy"},
	"1.5 name, e-mail, address, date and time, IP address and a picture of the form": {
		FullName: "Ana Díaz", Email: "ana@example.org", Postal: "Calle 1, Madrid", CapturedAt: noon, IP: "192.0.2.1",
		ScreenshotURL: "https://example.org/form.png", ScreenshotSHA256: strings.Repeat("0a", 32),
	},
	"4.6 whether the person could enter or edit the number": {NumberEnteredByUser: true},
}

func guideKept(t *testing.T, want Evidence) {
	text, err := json.Marshal(Event{Kind: OptedIn, Basis: Express, Proof: want})
	if err != nil {
		t.Fatal(err)
	}
	var back Event
	if err := json.Unmarshal(text, &back); err != nil || back.Proof != want || want == (Evidence{}) {
		t.Errorf("%+v came back as %+v, %v through %s", want, back.Proof, err, text)
	}
}

func guideOverride(t *testing.T) {
	m := with(ofCategory(Utility), func(m *Message) { m.To.Address = toronto })
	r := fold(optedIn(-800*day, ByTransaction, OfCategory(Utility)))
	for _, c := range []struct {
		rows []Expiry
		want Reason
	}{
		{canada, ConsentExpired},
		{[]Expiry{{Country: "CA", Basis: ByTransaction, Months: 36}}, Allowed},
		{[]Expiry{}, Allowed},
	} {
		policy, err := New(Config{Expiry: c.rows})
		if err != nil {
			t.Fatal(err)
		}
		if d := policy.Decide(&m, &r, noon); d.Reason != c.want {
			t.Errorf("by %+v: %+v, want %s", c.rows, d, c.want)
		}
	}
}

func guideWords(t *testing.T) {
	brand := shop
	brand.Evidence = Strict
	for _, method := range []string{"sms", "web form", "web chat", "whatsapp thread", "ivr", "missed call", "in person", "paper"} {
		for _, action := range []string{"typed number", "ticked box", "replied", "signed", "spoke", "called"} {
			e := changed(signup(), func(e *Event) { e.Proof.Method, e.Proof.Action = method, action })
			if found := brand.Lint(e); found != nil {
				t.Errorf("%s and %s: %+v", method, action, found)
			}
		}
	}
}
