package console

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

func TestConsentOfAStranger(t *testing.T) {
	b := newBench(t)
	got, err := b.client(Viewer).Consent(t.Context(), filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "0151 23456789"}, "DE")
	if err != nil {
		t.Fatal(err)
	}
	if got.To != berta || len(got.Record.Consents) != 0 || len(got.Standing) != filter.Categories {
		t.Errorf("got %+v, want nothing known about %v", got, berta)
	}
	for _, s := range got.Standing {
		if s.Says != "no consent is known" {
			t.Errorf("%s: got %q", s.Scope, s.Says)
		}
	}
}

func TestConsentSaysWhatStands(t *testing.T) {
	b := newBench(t)
	day := func(n int) time.Time { return time.Date(2026, 1, n, 9, 0, 0, 0, time.UTC) }
	scoped := func(e filter.Event, s filter.Scope) filter.Event { e.Scope = s; return e }
	order := optIn(berta, day(4))
	order.Basis, order.Scope = filter.ByTransaction, filter.OfCategory(filter.Utility)
	for _, e := range []filter.Event{
		scoped(optIn(berta, day(1)), filter.OfCategory(filter.Marketing)),
		order,
		scoped(optOut(berta, day(5)), filter.OfTopic("offers")),
		scoped(optOut(berta.Everywhere(), day(6)), filter.OfCategory(filter.Service)),
		scoped(optOut(berta, day(7)), filter.OfSender("+18005550199")),
	} {
		b.learn(e)
	}
	got, err := b.client(Viewer).Consent(t.Context(), berta, "")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"marketing":      "opted in expressly since 2026-01-01 09:00:00 UTC",
		"utility":        "opted in, implied by transaction, since 2026-01-04 09:00:00 UTC",
		"service":        "opted out of service since 2026-01-06 09:00:00 UTC",
		"authentication": "no consent is known",
		"topic:offers":   "opted out of topic:offers since 2026-01-05 09:00:00 UTC",

		"sender:+18005550199": "opted out of sender:+18005550199 since 2026-01-07 09:00:00 UTC",
	}
	for _, s := range got.Standing {
		if s.Says != want[s.Scope.String()] {
			t.Errorf("%s: got %q, want %q", s.Scope, s.Says, want[s.Scope.String()])
		}
		delete(want, s.Scope.String())
	}
	if len(want) != 0 {
		t.Errorf("nothing is said of %v", want)
	}
}

// Who stopped and came back by START did not thereby agree to how their data is handled.
func TestSTARTIsNoConsentToPrivacy(t *testing.T) {
	b := newBench(t)
	for i, e := range []filter.Event{
		{Kind: filter.Noticed, Scope: filter.OfTopic(filter.Privacy)},
		{Kind: filter.OptedOut, Scope: filter.All},
		{Kind: filter.OptedIn, Basis: filter.Express, Scope: filter.OfCategory(filter.Service)},
	} {
		e.To, e.Source, e.Time = berta, "webhook", time.Date(2026, 1, 1+i, 9, 0, 0, 0, time.UTC)
		b.learn(e)
	}
	got, err := b.client(Viewer).Consent(t.Context(), berta, "")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, s := range got.Standing {
		said[s.Scope.String()] = s.Says
	}
	if said["topic:privacy"] != "no consent is known" || said["service"] != "opted in expressly since 2026-01-03 09:00:00 UTC" {
		t.Errorf("got %v", said)
	}
}

func TestRecordingConsent(t *testing.T) {
	b := newBench(t)
	c := b.client(Reviewer)
	given := time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC)
	r, err := c.Record(t.Context(), Notice{To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "(415) 555-0100"}, Region: "US",
		Kind: filter.OptedIn, Basis: filter.Express, Time: given, Proof: filter.Evidence{Method: "web form", Action: "ticked box", FullName: "Carol"}})
	if err != nil {
		t.Fatal(err)
	}
	e := r.Event
	if e.To != carol || !e.Time.Equal(given) || e.Source != "api: rosa" || e.Note != "given as (415) 555-0100" || e.Recorded.IsZero() || e.ID == "" {
		t.Errorf("kept %+v", e)
	}
	if rec, err := b.store.Read(carol, filter.NeedRecord); err != nil || !rec.Granted(&filter.Message{}, filter.Express).Equal(given) {
		t.Errorf("the store knows %+v, %v, want the opt-in", rec, err)
	}
	if r.Consent.Standing[0].Basis != filter.Express {
		t.Errorf("the receipt says %+v, want what is known with the event", r.Consent.Standing[0])
	}

	r, err = c.Record(t.Context(), Notice{To: carol, Kind: filter.OptedOut, Source: "letter of 9 March", Note: "by post"})
	if err != nil || r.Event.Source != "letter of 9 March" || r.Event.Note != "by post" || r.Event.Time.Before(noon) {
		t.Errorf("an opt-out without a time: got %+v, %v, want it to count from now", r.Event, err)
	}
	if rec, err := b.store.Read(carol, filter.NeedOptOut); err != nil || !rec.EverOptedOut() {
		t.Errorf("the store knows %+v, %v, want the opt-out", rec, err)
	}
	if got := b.logged.FilterMessage("consent recorded").All(); len(got) != 2 || got[0].ContextMap()["actor"] != "rosa" {
		t.Errorf("the log has %v, want two changes by rosa", got)
	}
}

// However somebody writes a sender's number, what they record binds what comes from it.
func TestRecordingAnOptOutFromASender(t *testing.T) {
	message := filter.Message{To: carol, From: "+18005550199", Category: filter.Marketing}
	for _, scope := range []string{"+18005550199", "18005550199", "+1 (800) 555-0199", "(800) 555-0199", "whatsapp:+18005550199"} {
		t.Run(scope, func(t *testing.T) {
			b := newBench(t)
			_, err := b.client(Reviewer).Record(t.Context(), Notice{To: carol, Region: "US", Kind: filter.OptedOut, Scope: filter.OfSender(scope)})
			if err != nil {
				t.Fatal(err)
			}
			if rec := b.record(carol); !rec.EverOptedOut() || optedOut(&rec, &message).IsZero() {
				t.Errorf("recorded: %+v", rec)
			}
			b = newBench(t)
			last, err := b.client(Reviewer).Import(t.Context(), strings.NewReader("address,state,scope\n"+carol.Address+",opted-out,sender:"+scope+"\n"),
				ImportOptions{Brand: "shop", Channel: filter.SMS, Region: "US"}, nil)
			if err != nil || last.OptOuts != 1 {
				t.Fatalf("got %+v, %v", last, err)
			}
			if rec := b.record(carol); optedOut(&rec, &message).IsZero() {
				t.Errorf("imported: %+v", rec)
			}
		})
	}
	b := newBench(t)
	_, err := b.client(Reviewer).Record(t.Context(), Notice{To: carol, Kind: filter.OptedOut, Scope: filter.OfSender(" ")})
	wantError(t, err, http.StatusBadRequest, "scope", "it names no sender")
}

func optedOut(rec *filter.Record, m *filter.Message) time.Time {
	at, _ := rec.OptedOut(m)
	return at
}

func TestHistoryIsVeiledForAViewer(t *testing.T) {
	b := newBench(t)
	e := optIn(berta, noon.Add(-time.Hour))
	e.Note = "told us at the till"
	e.Proof = filter.Evidence{Method: "paper", Action: "signed", Wording: "Yes, text me offers", FullName: "Berta", Email: "b@example.com", IP: "192.0.2.7"}
	b.learn(e)
	b.learn(optOut(berta.Everywhere(), noon)) // another recipient's history
	for role, want := range map[Role]filter.Evidence{
		Viewer:   {Method: "paper", Action: "signed", Wording: "Yes, text me offers"},
		Reviewer: e.Proof,
	} {
		events, err := b.client(role).History(t.Context(), berta, "")
		if err != nil || len(events) != 1 || events[0].Proof != want || (events[0].Note != "") != (role == Reviewer) {
			t.Errorf("%s: got %+v, %v, want one event with proof %+v", role, events, err, want)
		}
	}
	if events, err := b.client(Viewer).History(t.Context(), carol, ""); err != nil || events == nil || len(events) != 0 {
		t.Errorf("a stranger: got %v, %v, want an empty list", events, err)
	}
}

// fault is what the house says about an address without a region.
func fault(t *testing.T, address string) string {
	t.Helper()
	_, err := filter.Number(address, "")
	if err == nil {
		t.Fatalf("%q is a number", address)
	}
	return err.Error()
}

func TestConsentRefusals(t *testing.T) {
	b := newBench(t)
	const to = `"to":{"brand":"shop","channel":"sms","address":"+14155550100"}`
	for name, c := range map[string]struct {
		method, query, body string
		want                string // field: message
	}{
		"no channel":         {"GET", "?address=%2B14155550100", "", "channel: missing: want one of sms, whatsapp, messenger, telegram, line, viber, wechat, email"},
		"an unknown channel": {"GET", "?address=%2B14155550100&channel=smss", "", `channel: unknown channel "smss": want one of sms, whatsapp, messenger, telegram, line, viber, wechat, email`},
		"no address":         {"GET", "?channel=sms", "", "address: missing"},
		"a number without its country": {"GET", "?channel=sms&address=4155550100", "",
			"address: " + fault(t, "4155550100")},
		"an unknown region":      {"GET", "?channel=sms&address=1&region=XX", "", `region: unknown region "XX": want an ISO 3166 country such as US or DE`},
		"a name":                 {"GET", "?channel=sms&address=ACME", "", "address: a name in letters is no phone number"},
		"an endless brand":       {"GET", "?channel=sms&address=%2B14155550100&brand=" + strings.Repeat("x", 257), "", "brand: 257 bytes are too many: want at most 256"},
		"a brand with a newline": {"GET", "?channel=sms&address=%2B14155550100&brand=a%0Ab", "", `brand: "a\nb" has a character that cannot be kept`},
		"an unknown parameter":   {"GET", "?adress=1", "", "adress: unknown parameter: want one of at, decision, full, brand, channel, address, region"},
		"a parameter twice":      {"GET", "?channel=sms&channel=sms", "", "channel: given 2 times: want it once"},
		"a broken query":         {"GET", "?channel=%zz", "", `: the query cannot be read: invalid URL escape "%zz"`},
		"a query on a change":    {"POST", "?brand=shop", "{}", "brand: unknown parameter: want one of confirm"},
		"an empty body":          {"POST", "", " ", ": the body is empty: want a JSON object"},
		"a body that is no JSON": {"POST", "", `{"to":`, ": the body is not JSON: unexpected end of JSON input"},
		"a list":                 {"POST", "", `[]`, ": want a JSON object"},
		"two objects":            {"POST", "", `{} {}`, ": the body is not JSON: invalid character '{' after top-level value"},
		"an unknown field": {"POST", "", `{` + to + `,"type":"opt-in"}`,
			"type: unknown field: want one of to, region, kind, scope, basis, time, source, note, proof, allow_resubscribe"},
		"an unknown field inside":   {"POST", "", `{"to":{"phone":"1"}}`, "to.phone: unknown field: want one of brand, channel, address"},
		"a field in capitals":       {"POST", "", `{"To":{}}`, "To: unknown field: want one of to, region, kind, scope, basis, time, source, note, proof, allow_resubscribe"},
		"a field twice":             {"POST", "", `{"kind":"opted-in","kind":"opted-out"}`, "kind: given twice"},
		"a number for a text":       {"POST", "", `{"note":7}`, "note: want a string"},
		"null for a text":           {"POST", "", `{"note":null}`, "note: want a string"},
		"a text for an object":      {"POST", "", `{"to":"+14155550100"}`, "to: want a JSON object"},
		"no kind":                   {"POST", "", `{` + to + `}`, "kind: missing: want one of opted-in, opted-out, wrote, asked, refused, noticed, unanswered"},
		"an erasure":                {"POST", "", `{` + to + `,"kind":"erased"}`, "kind: erased is recorded by an erasure alone"},
		"a question with a basis":   {"POST", "", `{` + to + `,"kind":"asked","basis":"express"}`, "basis: asked has no basis: it belongs to an opt-in"},
		"an unknown kind":           {"POST", "", `{` + to + `,"kind":"left"}`, `kind: unknown event kind "left": want one of none, opted-out, opted-in, wrote, asked, refused, erased, noticed, unanswered`},
		"an unknown scope":          {"POST", "", `{"scope":"offers"}`, `scope: unknown scope "offers": want all, a category (marketing, utility, service, authentication), topic:NAME or sender:NAME`},
		"an unknown basis":          {"POST", "", `{"basis":"implied"}`, `basis: unknown basis "implied": want one of none, inquiry, transaction, express`},
		"an opt-in without a basis": {"POST", "", `{` + to + `,"kind":"opted-in"}`, "basis: missing: an opt-in needs the basis it was given on: want one of inquiry, transaction, express"},
		"an opt-out with a basis":   {"POST", "", `{` + to + `,"kind":"opted-out","basis":"express"}`, "basis: opted-out has no basis: it belongs to an opt-in"},
		"an inbound with a scope":   {"POST", "", `{` + to + `,"kind":"wrote","scope":"utility"}`, "scope: wrote has no scope: an inbound message is no consent"},
		"an opt-in for every brand": {"POST", "", `{"to":{"channel":"sms","address":"+14155550100"},"kind":"opted-in","basis":"express"}`,
			"to.brand: missing: people opt in and write to one brand; only an opt-out may hold for every brand"},
		"an opt-in of tomorrow": {"POST", "", `{` + to + `,"kind":"opted-in","basis":"express","time":"2026-03-11"}`, "time: 2026-03-11 00:00:00 UTC lies in the future"},
		"a time of another kind": {"POST", "", `{"time":"11.3.2026"}`,
			`time: "11.3.2026" is no time: want a date (2026-01-31) or RFC 3339 (2026-01-31T09:30:00Z)`},
		"evidence with a bad time": {"POST", "", `{"proof":{"captured_at":"soon"}}`,
			`proof.captured_at: "soon" is no time: want a date (2026-01-31) or RFC 3339 (2026-01-31T09:30:00Z)`},
		"an address of another kind": {"POST", "", `{"to":{"channel":"sms","address":"client:ana"},"kind":"opted-out"}`, "to.address: an address with a prefix is no phone number"},
		"a note that is too long": {"POST", "", `{` + to + `,"kind":"opted-out","note":"` + strings.Repeat("x", 17<<10) + `"}`,
			"note: 17408 bytes are too long: want at most 16384"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body, _ := b.ask(Reviewer, c.method, "/api/v1/consent"+c.query, "application/json", c.body)
			field, message, _ := strings.Cut(c.want, ": ")
			want := errorJSON(t, field, message)
			if status != 400 || body != want {
				t.Errorf("got  %d %swant 400 %s", status, body, want)
			}
		})
	}
}

func TestConsentOfAScopedID(t *testing.T) {
	b := newBench(t)
	to := filter.Recipient{Brand: "shop", Channel: filter.WhatsApp, Address: "US.13491208655302741918"}
	if _, err := b.client(Reviewer).Record(t.Context(), Notice{To: to, Kind: filter.OptedOut}); err != nil {
		t.Fatal(err)
	}
	rec, err := b.store.Read(to, filter.NeedRecord)
	if at, _ := rec.OptedOut(&filter.Message{To: to}); err != nil || at.IsZero() {
		t.Errorf("a recipient known by a scoped id did not opt out: %+v, %v", rec, err)
	}
}

func TestConsentSaysWhenItRunsOut(t *testing.T) {
	b := newBench(t)
	var err error
	if b.policy, err = filter.New(filter.Config{Expiry: []filter.Expiry{{Country: "*", Basis: filter.Express, Months: 24}}}); err != nil {
		t.Fatal(err)
	}
	given := noon.Add(-time.Hour)
	b.learn(optIn(carol, given))
	got, err := b.client(Viewer).Consent(t.Context(), carol, "")
	marketing := got.Standing[filter.Marketing]
	if want := given.AddDate(2, 0, 0); err != nil || !marketing.Expires.Equal(want) ||
		marketing.Says != "opted in expressly since 2026-03-10 11:00:00 UTC, until 2028-03-10 11:00:00 UTC" {
		t.Errorf("got %+v, %v, want %s", marketing, err, want)
	}
	b.learn(optOut(carol, noon))
	if got, err = b.client(Viewer).Consent(t.Context(), carol, ""); err != nil || !got.Standing[filter.Marketing].Expires.IsZero() {
		t.Errorf("what was withdrawn runs out: got %+v, %v", got.Standing[filter.Marketing], err)
	}
}
