package filter

import "time"

// to says who a message goes to; the address does not matter to any rule but bad-address.
func to(channel Channel) Recipient {
	return Recipient{Brand: "shop", Channel: channel, Address: "+14155550100"}
}

const stopLine = "Reply STOP to opt out"

// sale is a marketing text with room for a line.
var sale = Message{To: to(SMS), Topic: "offers", Text: "Everything must go", Room: 100}

// with returns m changed.
func with(m Message, change func(*Message)) Message {
	change(&m)
	return m
}

func ofCategory(c Category) Message {
	return Message{To: to(SMS), Category: c, Text: "Hello", Room: 100}
}

func ofTopic(c Category, topic string) Message {
	return with(ofCategory(c), func(m *Message) { m.Topic = topic })
}

var subscribed = []Event{optedIn(-100, Express, All)}

type policyCase struct {
	name   string
	cfg    Config
	m      Message
	events []Event
	want   Decision
}

var forwarded = Decision{Action: Forward, Reason: Allowed}

func blocked(rule string, r Reason) Decision { return Decision{Action: Block, Reason: r, Rule: rule} }

var optOutCases = []policyCase{
	{"an opt-out of all stops marketing", Config{}, sale,
		append(subscribed, optedOut(-1, All)), blocked("opt-out", HasOptedOut)},
	{"an opt-out of all stops what needs no consent", Config{}, ofCategory(Authentication),
		[]Event{optedOut(-1, All)}, blocked("opt-out", HasOptedOut)},
	{"an opt-out of the category stops it", Config{}, sale,
		append(subscribed, optedOut(-1, OfCategory(Marketing))), blocked("opt-out", HasOptedOut)},
	{"an opt-out of another category does not", Config{}, sale,
		append(subscribed, optedOut(-1, OfCategory(Utility))), forwarded},
	{"an opt-out of the topic stops it", Config{}, sale,
		append(subscribed, optedOut(-1, OfTopic("offers"))), blocked("opt-out", HasOptedOut)},
	{"an opt-out of another topic does not", Config{}, sale,
		append(subscribed, optedOut(-1, OfTopic("news"))), forwarded},
	{"a later express opt-in lifts an opt-out", Config{}, sale,
		[]Event{optedOut(-2, All), optedIn(-1, Express, OfTopic("offers"))}, forwarded},
	{"an opt-in at the very moment of the opt-out does not", Config{}, sale,
		[]Event{optedOut(-1, All), optedIn(-1, Express, All)}, blocked("opt-out", HasOptedOut)},
	{"a later order does not lift an opt-out", Config{}, ofCategory(Utility),
		[]Event{optedOut(-2, All), optedIn(-1, ByTransaction, All)}, blocked("opt-out", HasOptedOut)},
	{"an exempt category goes out in spite of the opt-out", Config{OptOutExempt: []Category{Authentication}},
		ofCategory(Authentication), []Event{optedOut(-1, All)}, forwarded},
	{"an exempt category goes out on what was agreed before the opt-out", Config{OptOutExempt: []Category{Utility}},
		ofCategory(Utility), []Event{optedIn(-2, ByTransaction, OfCategory(Utility)), optedOut(-1, All)}, forwarded},
	{"an exempt category still needs its consent", Config{OptOutExempt: []Category{Utility}},
		ofCategory(Utility), []Event{optedOut(-1, All)}, blocked("consent", NoConsent)},
	{"what one category is exempt from binds the others", Config{OptOutExempt: []Category{Authentication}},
		ofCategory(Service), []Event{wrote(-1), optedOut(-2, All)}, blocked("opt-out", HasOptedOut)},
	{"an opt-out of one sender stops it", Config{}, with(sale, func(m *Message) { m.From = "+14155550199" }),
		append(subscribed, optedOut(-1, OfSender("+14155550199"))), blocked("opt-out", HasOptedOut)},
	{"an opt-out of one sender leaves the others", Config{}, with(sale, func(m *Message) { m.From = "+14155550198" }),
		append(subscribed, optedOut(-1, OfSender("+14155550199"))), forwarded},
	{"whoever was erased gets nothing", Config{}, ofCategory(Authentication), []Event{erased(-1)}, blocked("opt-out", HasOptedOut)},
	{"no consent from before an erasure counts, even where opt-outs do not", Config{OptOutExempt: []Category{Utility}},
		ofCategory(Utility), append(subscribed, erased(-1)), blocked("consent", NoConsent)},
	{"what is no address is told before the opt-out", Config{},
		with(sale, func(m *Message) { m.To.Address = "" }), []Event{optedOut(-1, All)}, blocked("bad-address", BadAddress)},
	{"what is no address is blocked without any record", Config{},
		with(ofCategory(Authentication), func(m *Message) { m.To.Address = "" }), nil, blocked("bad-address", BadAddress)},
}

var consentCases = []policyCase{
	{"a stranger gets no marketing", Config{}, sale, nil, blocked("consent", NoConsent)},
	{"a stranger gets a code to sign in", Config{}, ofCategory(Authentication), nil, forwarded},
	{"an express opt-in carries marketing", Config{}, sale, subscribed, forwarded},
	{"an express opt-in to another topic does not", Config{}, sale,
		[]Event{optedIn(-1, Express, OfTopic("news"))}, blocked("consent", NoConsent)},
	{"an order carries messages about it", Config{}, ofCategory(Utility),
		[]Event{optedIn(-100, ByTransaction, OfCategory(Utility))}, forwarded},
	{"an order that names a topic carries messages of the topic", Config{}, ofTopic(Utility, "order-updates"),
		[]Event{optedIn(-100, ByTransaction, OfTopic("order-updates"))}, forwarded},
	{"an order that names a topic carries no other", Config{}, ofTopic(Utility, "appointments"),
		[]Event{optedIn(-100, ByTransaction, OfTopic("order-updates"))}, blocked("consent", NoConsent)},
	{"an order that names nothing carries nothing", Config{}, ofCategory(Utility),
		[]Event{optedIn(-1, ByTransaction, All)}, blocked("consent", NoConsent)},
	{"an order that names a sender carries nothing", Config{}, with(ofCategory(Utility), func(m *Message) { m.From = "shop" }),
		[]Event{optedIn(-1, ByTransaction, OfSender("shop"))}, blocked("consent", NoConsent)},
	{"an order that names marketing carries no marketing", Config{}, sale,
		[]Event{optedIn(-1, ByTransaction, OfCategory(Marketing)), optedIn(-1, ByTransaction, OfTopic("offers"))}, blocked("consent", NoConsent)},
	{"consent to a topic carries it alone", Config{}, sale,
		[]Event{optedIn(-1, Express, OfTopic("news")), optedIn(-1, Express, OfCategory(Utility))}, blocked("consent", NoConsent)},
	{"consent to a topic is none to what strays from it", Config{}, with(sale, func(m *Message) { m.Topic, m.Strays = "order-updates", true }),
		[]Event{optedIn(-1, Express, OfTopic("order-updates"))}, blocked("consent", NoConsent)},
	{"an opt-out of a topic binds what strays from it", Config{}, with(sale, func(m *Message) { m.Topic, m.Strays = "order-updates", true }),
		[]Event{optedIn(-2, Express, All), optedOut(-1, OfTopic("order-updates"))}, blocked("opt-out", HasOptedOut)},
	{"consent to privacy is none to marketing, whatever the message says it is about", Config{}, with(sale, func(m *Message) { m.Topic = Privacy }),
		[]Event{optedIn(-1, Express, OfTopic(Privacy))}, blocked("consent", NoConsent)},
	{"consent to privacy lifts no opt-out from marketing", Config{}, with(sale, func(m *Message) { m.Topic = Privacy }),
		[]Event{optedIn(-3, Express, All), optedOut(-2, OfCategory(Marketing)), optedIn(-1, Express, OfTopic(Privacy))}, blocked("opt-out", HasOptedOut)},
	{"an order carries no marketing", Config{}, sale,
		[]Event{optedIn(-1, ByTransaction, All)}, blocked("consent", NoConsent)},
	{"an inquiry carries no marketing", Config{}, sale,
		[]Event{optedIn(-1, ByInquiry, All), wrote(-1)}, blocked("consent", NoConsent)},
	{"an inquiry carries no utility", Config{}, ofCategory(Utility),
		[]Event{optedIn(-1, ByInquiry, All), wrote(-1)}, blocked("consent", NoConsent)},
	{"an inquiry carries an answer within the window", Config{}, ofCategory(Service),
		[]Event{optedIn(-23, ByInquiry, All)}, forwarded},
	{"an inbound message carries an answer too", Config{}, ofCategory(Service), []Event{wrote(-23)}, forwarded},
	{"after the window the consent has run out", Config{}, ofCategory(Service),
		[]Event{optedIn(-24, ByInquiry, All)}, blocked("consent", ConsentExpired)},
	{"the window of an inquiry is judged at the time of delivery", Config{},
		with(ofCategory(Service), func(m *Message) { m.SendAt = hours(2) }),
		[]Event{wrote(-23)}, blocked("consent", ConsentExpired)},
	{"the window can be set", Config{Window: 72 * time.Hour}, ofCategory(Service),
		[]Event{optedIn(-71, ByInquiry, All)}, forwarded},
	{"an order carries no answer outside the window", Config{}, ofCategory(Service),
		[]Event{optedIn(-100, ByTransaction, OfCategory(Utility)), optedIn(-100, ByTransaction, OfCategory(Service))}, blocked("consent", NoConsent)},
	{"nobody asked, so there is nothing to run out", Config{}, ofCategory(Service), nil, blocked("consent", NoConsent)},
	{"a category can need more than its default", Config{Require: map[Category]Basis{Utility: Express}},
		ofCategory(Utility), []Event{optedIn(-1, ByTransaction, All)}, blocked("consent", NoConsent)},
	{"a route may check marketing for opt-outs only", Config{Require: map[Category]Basis{Marketing: NoBasis}},
		sale, nil, forwarded},
}

var windowCases = []policyCase{
	{"WhatsApp: a free-form message needs an open window", Config{}, with(sale, func(m *Message) { m.To = to(WhatsApp) }),
		subscribed, blocked("window", WindowClosed)},
	{"WhatsApp: an inbound message opens it", Config{}, with(sale, func(m *Message) { m.To = to(WhatsApp) }),
		append(subscribed, wrote(-23)), forwarded},
	{"WhatsApp: it closes after 24 hours", Config{}, with(sale, func(m *Message) { m.To = to(WhatsApp) }),
		append(subscribed, wrote(-24)), blocked("window", WindowClosed)},
	{"WhatsApp: it is judged at the time of delivery", Config{},
		with(sale, func(m *Message) { m.To, m.SendAt = to(WhatsApp), hours(2) }),
		append(subscribed, wrote(-23)), blocked("window", WindowClosed)},
	{"WhatsApp: a template needs none", Config{},
		with(sale, func(m *Message) { m.To, m.Template = to(WhatsApp), "spring_sale" }), subscribed, forwarded},
	{"SMS has no window", Config{}, sale, subscribed, forwarded},
}

var footerCases = []policyCase{
	{"marketing without an opt-out line gets one", Config{Footer: stopLine}, sale, subscribed,
		Decision{Action: Rewrite, Reason: Content, Rule: "footer", Edit: Edit{Footer: stopLine}}},
	{"a text that says stop has one", Config{Footer: stopLine},
		with(sale, func(m *Message) { m.Text = "Sale! Text Stop to end." }), subscribed, forwarded},
	{"a text that carries the very line has one, whatever the words", Config{Footer: "BAJA para salir", FooterWords: []string{"fin"}},
		with(sale, func(m *Message) { m.Text = "Oferta\nBAJA para salir" }), subscribed, forwarded},
	{"nonstop is no opt-out line", Config{Footer: stopLine},
		with(sale, func(m *Message) { m.Text = "Nonstop savings, unstoppable deals" }), subscribed,
		Decision{Action: Rewrite, Reason: Content, Rule: "footer", Edit: Edit{Footer: stopLine}}},
	{"a line that just fits is added", Config{Footer: stopLine},
		with(sale, func(m *Message) { m.Room = len(stopLine) + 1 }), subscribed,
		Decision{Action: Rewrite, Reason: Content, Rule: "footer", Edit: Edit{Footer: stopLine}}},
	{"where there is no room the message is blocked", Config{Footer: stopLine},
		with(sale, func(m *Message) { m.Room = len(stopLine) }), subscribed, blocked("footer", Content)},
	{"room is counted in characters", Config{Footer: "Отписка: СТОП"},
		with(sale, func(m *Message) { m.Room = 14 }), subscribed,
		Decision{Action: Rewrite, Reason: Content, Rule: "footer", Edit: Edit{Footer: "Отписка: СТОП"}}},
	{"a template has text that is not ours", Config{Footer: stopLine},
		with(sale, func(m *Message) { m.Template, m.Room = "spring_sale", 0 }), subscribed, forwarded},
	{"media without a caption has no text", Config{Footer: stopLine},
		with(sale, func(m *Message) { m.Text, m.Room = "", 0 }), subscribed, forwarded},
	{"only marketing carries the line", Config{Footer: stopLine}, ofCategory(Authentication), nil, forwarded},
	{"without a line nothing is added", Config{}, sale, subscribed, forwarded},
	{"a block comes before an edit", Config{Footer: stopLine}, sale, nil, blocked("consent", NoConsent)},
}
