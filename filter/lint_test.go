package filter

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// signup is an express opt-in with nothing wrong about it.
func signup() Event {
	return Event{Kind: OptedIn, Basis: Express, Scope: OfTopic("offers"), To: to(WhatsApp), Time: noon, Source: "web form", Proof: Evidence{
		Method: "web form", Action: "ticked box", Purpose: "weekly offers and sales",
		Wording: "Yes, Acme Outdoor may send me its weekly offers on WhatsApp.",
	}}
}

// booking is an opt-in by transaction with nothing wrong about it.
func booking() Event {
	return Event{Kind: OptedIn, Basis: ByTransaction, Scope: OfTopic("appointments"), To: to(SMS), Time: noon, Source: "shop",
		Proof: Evidence{Reference: "A-1001", ReferenceDate: noon}}
}

func changed(e Event, change func(*Event)) Event {
	change(&e)
	return e
}

// findings writes what was found as "severity field", in order.
func findings(found []Finding) string {
	var all []string
	for _, f := range found {
		all = append(all, fmt.Sprintf("%s %s", f.Severity, f.Field))
	}
	return strings.Join(all, ", ")
}

var lintCases = []struct {
	name               string
	e                  Event
	meta, strict, none string // what each preset finds
}{
	{"a good opt-in", signup(), "", "", ""},
	{"a good booking", booking(), "", "", ""},
	{"one yes to everything, marketing too", changed(signup(), func(e *Event) { e.Scope = All }), "warn scope", "warn scope", ""},
	{"a wording that does not name the business", changed(signup(), func(e *Event) { e.Proof.Wording = "Send me weekly offers on WhatsApp" }),
		"refuse proof.wording", "refuse proof.wording", ""},
	{"a name within another is not the business's", changed(signup(), func(e *Event) { e.Proof.Wording = "Send me Pacme Outdoors offers on WhatsApp" }),
		"refuse proof.wording", "refuse proof.wording", ""},
	{"consent to another business", changed(signup(), func(e *Event) { e.Proof.BusinessName = "Bolt Ltd" }),
		"refuse proof.business_name", "refuse proof.business_name", "refuse proof.business_name"},
	{"the business in other letters", changed(signup(), func(e *Event) { e.Proof.BusinessName = "ACME outdoor " }), "", "", ""},
	{"a wording that names no channel", changed(signup(), func(e *Event) { e.Proof.Wording = "Acme Outdoor may send me weekly offers" }),
		"warn proof.wording", "refuse proof.wording", ""},
	{"a wording that names another channel", changed(signup(), func(e *Event) { e.Proof.Wording = "Acme Outdoor may send me weekly offers by SMS" }),
		"warn proof.wording", "refuse proof.wording", ""},
	{"text messages are SMS", changed(signup(), func(e *Event) {
		e.To, e.Proof.Wording = to(SMS), "Get weekly offers from Acme Outdoor by text message"
	}), "", "", ""},
	{"a channel without a word of its own is called by its name", changed(signup(), func(e *Event) {
		e.To, e.Proof.Wording = to("viber"), "Weekly offers from Acme Outdoor on Viber"
	}), "", "", ""},
	{"no wording", changed(signup(), func(e *Event) { e.Proof.Wording = " " }), "warn proof.wording", "refuse proof.wording", ""},
	{"a purpose that says only that there will be messages", changed(signup(), func(e *Event) { e.Proof.Purpose = "WhatsApp messages" }),
		"warn proof.purpose", "refuse proof.purpose", ""},
	{"and from whom", changed(signup(), func(e *Event) { e.Proof.Purpose = "Messages from Acme Outdoor" }),
		"warn proof.purpose", "refuse proof.purpose", ""},
	{"in Italian too", changed(signup(), func(e *Event) { e.Proof.Purpose = "messaggi via WhatsApp" }), "warn proof.purpose", "refuse proof.purpose", ""},
	{"a purpose", changed(signup(), func(e *Event) { e.Proof.Purpose = "to send the purchase receipt" }), "", "", ""},
	{"a purpose in another script", changed(signup(), func(e *Event) { e.Proof.Purpose = "акции" }), "", "", ""},
	{"no purpose", changed(signup(), func(e *Event) { e.Proof.Purpose = "" }), "warn proof.purpose", "refuse proof.purpose", ""},
	{"a box ticked beforehand", changed(signup(), func(e *Event) { e.Proof.PreTicked = true }),
		"refuse proof.pre_ticked", "refuse proof.pre_ticked", "refuse proof.pre_ticked"},
	{"no method", changed(signup(), func(e *Event) { e.Proof.Method = "" }), "warn proof.method", "refuse proof.method", ""},
	{"no action", changed(signup(), func(e *Event) { e.Proof.Action = "" }), "warn proof.action", "refuse proof.action", ""},
	{"a method that nobody knows", changed(signup(), func(e *Event) { e.Proof.Method = "webform" }),
		"refuse proof.method", "refuse proof.method", "warn proof.method"},
	{"an action that nobody knows", changed(signup(), func(e *Event) { e.Proof.Action = "nodded" }),
		"refuse proof.action", "refuse proof.action", "warn proof.action"},
	{"words of one's own, said to be such", changed(signup(), func(e *Event) { e.Proof.Method, e.Proof.Action = "other: trade fair", "other: nodded" }), "", "", ""},
	{"words of one's own that are none", changed(signup(), func(e *Event) { e.Proof.Method = "other: " }),
		"refuse proof.method", "refuse proof.method", "warn proof.method"},
	{"a topic that is not the brand's", changed(signup(), func(e *Event) { e.Scope = OfTopic("lottery") }), "refuse scope", "refuse scope", "refuse scope"},
	{"an opt-out of a topic that is not the brand's, which would stop nothing", Event{Kind: OptedOut, Scope: OfTopic("lottery")},
		"refuse scope", "refuse scope", "refuse scope"},
	{"an opt-out with nothing said about it", Event{Kind: OptedOut}, "", "", ""},
	{"an opt-out by an unknown method", Event{Kind: OptedOut, Proof: Evidence{Method: "shouting"}},
		"warn proof.method", "warn proof.method", "warn proof.method"},
	{"a booking without its reference", changed(booking(), func(e *Event) { e.Proof.Reference = "" }),
		"refuse proof.reference", "refuse proof.reference", "refuse proof.reference"},
	{"a booking without its date", changed(booking(), func(e *Event) { e.Proof.ReferenceDate = time.Time{} }),
		"refuse proof.reference_date", "refuse proof.reference_date", "refuse proof.reference_date"},
	{"a booking for marketing", changed(booking(), func(e *Event) { e.Scope = OfTopic("offers") }), "refuse scope", "refuse scope", "refuse scope"},
	{"a booking for everything", changed(booking(), func(e *Event) { e.Scope = All }), "refuse scope", "refuse scope", "refuse scope"},
	{"a booking for all utility", changed(booking(), func(e *Event) { e.Scope = OfCategory(Utility) }), "", "", ""},
	{"an inquiry needs no evidence", Event{Kind: OptedIn, Basis: ByInquiry}, "", "", ""},
	{"asking needs none", Event{Kind: Asked, Scope: OfTopic("offers")}, "", "", ""},
}

func TestLint(t *testing.T) {
	for _, c := range lintCases {
		t.Run(c.name, func(t *testing.T) {
			for preset, want := range map[Preset]string{Meta2024: c.meta, Strict: c.strict, NoEvidence: c.none} {
				brand := shop
				brand.Evidence = preset
				found := brand.Lint(c.e)
				if got := findings(found); got != want {
					t.Errorf("%s finds %q, want %q", preset, got, want)
				}
				for _, f := range found {
					if f.Problem == "" || strings.Contains(f.Problem, "%!") {
						t.Errorf("%s says %q about %s", preset, f.Problem, f.Field)
					}
				}
			}
		})
	}
}

func TestABrandWithoutANameGoesByTheEvidence(t *testing.T) {
	brand := shop
	brand.Business = ""
	for _, c := range []struct{ name, business, want string }{
		{"the name in the evidence", "Acme Outdoor", ""},
		{"another name in the evidence", "Bolt", "refuse proof.wording"},
		{"no name at all", "", "refuse proof.business_name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := findings(brand.Lint(changed(signup(), func(e *Event) { e.Proof.BusinessName = c.business }))); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}
