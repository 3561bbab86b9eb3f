package filter

import (
	"encoding/json"
	"strings"
	"testing"
)

// What five public guides to consent demand, statement by statement, as far as it falls to the lint
// and to what is kept. The numbers are those of the list of needs that the project keeps; what the
// guides demand of rules is in testdata, a file guides.txtar a rule.

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
	for _, c := range guideEvidence {
		t.Run(c.name, func(t *testing.T) {
			brand := shop
			brand.Evidence = c.preset
			if got := findings(brand.Lint(c.e)); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
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
