package filter

import "time"

// inquired is a service message, which answers.
var inquired = ofCategory(Service)

var askedCases = []policyCase{
	{"somebody who was asked gets no marketing before they say yes", Config{}, sale,
		[]Event{askedFor(-1, All)}, blocked("asked", NoConsent)},
	{"asking again takes nothing from somebody who said yes", Config{}, sale, append(subscribed, askedFor(-1, All)), forwarded},
	{"asking again does not undo a no", Config{Require: map[Category]Basis{Utility: NoBasis}}, ofCategory(Utility),
		[]Event{{Kind: Refused, Scope: All, Time: noon.Add(-48 * time.Hour)}, askedFor(-1, All)}, blocked("asked", NoConsent)},
	{"nor utility, whatever they ordered", Config{}, ofCategory(Utility),
		[]Event{optedIn(-1, ByTransaction, OfCategory(Utility)), askedFor(-2, All)}, blocked("asked", NoConsent)},
	{"a yes carries what was asked for", Config{}, sale,
		[]Event{askedFor(-2, All), optedIn(-1, Express, OfTopic("offers"))}, forwarded},
	{"a yes at the moment of the question is one", Config{}, sale,
		[]Event{askedFor(-1, All), optedIn(-1, Express, All)}, forwarded},
	{"a yes to another topic is no answer", Config{}, sale,
		[]Event{askedFor(-2, OfTopic("offers")), optedIn(-1, Express, OfTopic("news"))}, blocked("asked", NoConsent)},
	{"what was asked about one topic says nothing about the others", Config{}, ofTopic(Marketing, "news"),
		append(subscribed, askedFor(-1, OfTopic("offers"))), forwarded},
	{"a code to sign in goes out while a question is open", Config{}, ofCategory(Authentication), []Event{askedFor(-1, All)}, forwarded},
	{"so it does where codes need consent, and have it", Config{Require: map[Category]Basis{Authentication: Express}},
		ofCategory(Authentication), append(subscribed, askedFor(-1, All)), forwarded},
	{"so does an answer within the window", Config{}, inquired, []Event{askedFor(-1, All), wrote(-23)}, forwarded},
	{"and the answer to an inquiry", Config{}, inquired, []Event{askedFor(-1, All), optedIn(-23, ByInquiry, All)}, forwarded},
	{"but none after it", Config{}, inquired, []Event{askedFor(-1, All), wrote(-24)}, blocked("asked", NoConsent)},
	{"the open window lets no marketing through", Config{}, sale, []Event{askedFor(-1, All), wrote(-1)}, blocked("asked", NoConsent)},
	{"where consent is not looked at, neither is silence", Config{Require: map[Category]Basis{Marketing: NoBasis}},
		sale, []Event{askedFor(-1, All)}, forwarded},
	{"a no stops what was agreed before", Config{}, sale, append(subscribed, refused(-1, All)), blocked("asked", NoConsent)},
	{"a no at the moment of the yes holds", Config{}, sale,
		[]Event{optedIn(-1, Express, All), refused(-1, All)}, blocked("asked", NoConsent)},
	{"a no stops where nothing but opt-outs is looked at", Config{Require: map[Category]Basis{Marketing: NoBasis}},
		sale, []Event{refused(-1, OfTopic("offers"))}, blocked("asked", NoConsent)},
	{"a no to one topic leaves the others", Config{}, ofTopic(Marketing, "news"),
		append(subscribed, refused(-1, OfTopic("offers"))), forwarded},
	{"a yes after the no carries", Config{}, sale, []Event{refused(-2, All), optedIn(-1, Express, All)}, forwarded},
	{"a code to sign in goes out after a no", Config{}, ofCategory(Authentication), []Event{refused(-1, All)}, forwarded},
	{"an answer within the window goes out after a no", Config{}, inquired, []Event{refused(-1, All), wrote(-1)}, forwarded},
	{"asking again after a no waits for an answer", Config{}, sale,
		[]Event{refused(-2, All), askedFor(-1, All)}, blocked("asked", NoConsent)},
	{"an opt-out is told before a no", Config{}, sale, []Event{refused(-1, All), optedOut(-2, All)}, blocked("opt-out", HasOptedOut)},
}
