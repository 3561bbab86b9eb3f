package console

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/ulid"
)

// Somebody opted in; a send went out; then they opted out. The explanation of that send knows the
// opt-in and not the opt-out, and says beside it what would be decided now.
func TestExplainTellsWhatWasKnownAtTheMoment(t *testing.T) {
	b := newBench(t)
	grant := optIn(carol, noon.Add(-24*time.Hour))
	grant.Source, grant.Proof = "web shop", filter.Evidence{Method: "web form", Action: "ticked box", FullName: "Carol"}
	grant.Note = "given as 415 555 0100"
	b.learn(grant)
	other := optIn(carol, noon.Add(-23*time.Hour))
	other.Scope = filter.OfCategory(filter.Utility) // no bearing on marketing
	b.learn(other)

	b.at(noon.Add(time.Hour))
	sent := b.now()
	e := decisions.Entry{ID: ulid.New(sent), Time: sent, Route: "twilio", Mode: "enforce", Config: "0123abcd", To: carol, Text: "50% off",
		Action: filter.Forward, Enforced: true, Reason: filter.Allowed, Outcome: "answered", Status: 201}
	b.store.Decisions().Add(e)

	b.at(noon.Add(2 * time.Hour))
	late := optOut(carol.Everywhere(), noon.Add(30*time.Minute)) // happened before the send, learnt after it
	b.learn(late)
	b.at(noon.Add(3 * time.Hour))

	x, err := b.client(Reviewer).Explain(t.Context(), e.ID, true)
	if err != nil {
		t.Fatal(err)
	}
	if at, _ := x.Then.OptedOut(&filter.Message{}); !at.IsZero() || x.Then.Granted(&filter.Message{}, filter.Express).IsZero() {
		t.Errorf("then: got %+v, want the opt-in alone", x.Then)
	}
	if len(x.Events) != 1 || x.Events[0].Source != "web shop" || x.Events[0].Proof.FullName != "Carol" || x.Events[0].Note == "" {
		t.Errorf("events: got %+v, want the opt-in with its evidence", x.Events)
	}
	if x.Now == nil || x.Now.Action != filter.Block || x.Now.Reason != filter.HasOptedOut || x.Now.Rule != "opt-out" {
		t.Errorf("now: got %+v, want a block for the opt-out", x.Now)
	}
	if x.Again == nil || x.Again.Action != filter.Forward || !x.Again.At.Equal(sent) {
		t.Errorf("again: got %+v, want what carried it then", x.Again)
	}
	if !slices.Contains(x.Clock.Zones, "America/Los_Angeles") {
		t.Errorf("a number of San Francisco may be in the zones %v", x.Clock.Zones)
	}
	if x.Config != "0123abcd" || !x.Clock.Decided.Equal(sent) || !x.Clock.Judged.Equal(sent) || x.Clock.Zone != "UTC" {
		t.Errorf("got configuration %s, clock %+v", x.Config, x.Clock)
	}
	want := []string{
		"Decision " + e.ID + ", 2026-03-10 13:00:00 UTC: marketing on sms through route twilio to +14155550100: forward, because nothing objected.",
		"It was judged by the clock at 2026-03-10 13:00:00 UTC, with configuration 0123abcd.",
		`Known from "web shop", recorded 2026-03-10 12:00:00 UTC: opted-in all (express) on 2026-03-09 12:00:00 UTC, proven by web form: ticked box, noted: "given as 415 555 0100".`,
		"Now: block, because the recipient opted out (rule opt-out).",
	}
	if got := strings.Join(x.Says, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("says\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// A message that is marketing because its provider says so of the template: the explanation says that.
func TestExplainTellsOfAMovedTemplate(t *testing.T) {
	b := newBench(t)
	told := store.Template{Brand: carol.Brand, Provider: "whatsapp", Name: "order", Category: filter.Marketing, Time: noon}
	if err := b.store.KeepTemplate(told); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		at       time.Duration
		category filter.Category
		want     bool
	}{
		"since":                      {time.Hour, filter.Marketing, true},
		"before":                     {-time.Hour, filter.Marketing, false},
		"where that decided nothing": {time.Hour, filter.Utility, false},
	} {
		t.Run(name, func(t *testing.T) {
			sent := noon.Add(c.at)
			e := decisions.Entry{ID: ulid.New(sent), Time: sent, Route: "whatsapp", Provider: "whatsapp", To: carol, Template: "order", Category: c.category}
			b.store.Decisions().Add(e)
			b.at(noon.Add(3 * time.Hour))
			x, err := b.client(Reviewer).Explain(t.Context(), e.ID, true)
			if err != nil {
				t.Fatal(err)
			}
			want := `The provider told 2026-03-10 12:00:00 UTC that template "order" is marketing, which no list of the route makes less strict.`
			if got := strings.Join(x.Says, "\n"); strings.Contains(got, want) != c.want {
				t.Errorf("says\n%s", got)
			}
		})
	}
}

// Where somebody stated to be is for reviewers, and so are the clocks that tell it.
func TestExplainTellsNoViewerWhereSomebodyStatedToBe(t *testing.T) {
	b := newBench(t)
	e := optIn(carol, noon.Add(-time.Hour))
	e.Proof.Place = "FR"
	b.learn(e)
	b.at(noon.Add(time.Minute))
	id := b.log(1, func(i int, e *decisions.Entry) { e.Time = noon.Add(time.Hour) })[0]
	b.at(noon.Add(2 * time.Hour))
	for role, want := range map[Role]bool{Viewer: false, Reviewer: true} {
		x, err := b.client(role).Explain(t.Context(), id, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(x.Clock.Zones, "Europe/Paris"); got != want {
			t.Errorf("%s: zones %v", role, x.Clock.Zones)
		}
	}
}

func TestExplainIsMaskedByDefault(t *testing.T) {
	b := newBench(t)
	grant := optIn(carol, noon.Add(-time.Hour))
	grant.Note, grant.Proof = "told us on the line", filter.Evidence{Method: "phone", FullName: "Carol"}
	b.learn(grant)
	b.at(noon.Add(time.Minute))
	id := b.log(1, func(i int, e *decisions.Entry) {
		e.Time, e.Mode, e.Enforced, e.Until = noon.Add(time.Hour), "report", false, noon.Add(2*time.Hour)
		e.SendAt = noon.Add(90 * time.Minute)
	})[0]
	status, body, _ := b.ask(Viewer, "GET", "/api/v1/explain?decision="+id, "", "")
	for _, secret := range []string{carol.Address, "Carol", "on the line", "50% off"} {
		if status != 200 || strings.Contains(body, secret) {
			t.Errorf("got %d %s, want nothing of %s", status, body, secret)
		}
	}
	for _, want := range []string{
		"marketing on sms through route twilio to +1415•••••00: block, because the recipient opted out (rule opt-out).",
		"It was not obeyed: the route's mode was report.",
		"The same message would pass after 2026-03-10 14:00:00 UTC.",
		"It was judged by the clock at 2026-03-10 13:30:00 UTC",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("got %s, want %q in it", body, want)
		}
	}
	_, err := b.client(Viewer).Explain(t.Context(), id, true)
	wantError(t, err, 403, "", `full=true needs the role reviewer; token "vera" is a viewer`)
}

func TestExplainAMessageThatWasNotSent(t *testing.T) {
	b := newBench(t)
	b.learn(optOut(carol, noon.Add(-time.Hour)))
	b.at(noon.Add(time.Minute))
	x, err := b.client(Viewer).Ask(t.Context(), Question{Route: "twilio", Region: "US", Text: "50% off",
		To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "(415) 555-0100"}})
	if err != nil || x.Decision != nil || x.Now.Reason != filter.HasOptedOut || len(x.Events) != 1 || x.Events[0].To != carol {
		t.Errorf("got %+v, %v", x, err)
	}
	x, err = b.client(Viewer).Ask(t.Context(), Question{Route: "twilio", To: berta, Category: new(filter.Service), At: noon.Add(-time.Minute)})
	if err != nil || x.Now.Reason != filter.NoConsent || !x.Clock.Decided.Equal(noon.Add(-time.Minute)) {
		t.Errorf("got %+v, %v", x.Now, err)
	}
	want := "Category service, through route twilio to brand shop's recipient on sms, at 2026-03-10 11:59:00 UTC: block, because there is no consent of the kind this message needs (rule consent).\n" +
		"Nothing was known about the recipient that bears on this message.\n" +
		"This is judged from what was known at that moment, by the configuration of today."
	if got := strings.Join(x.Says, "\n"); got != want {
		t.Errorf("says\n%s\nwant\n%s", got, want)
	}
}

func TestExplainWhenTheRouteIsGone(t *testing.T) {
	b := newBench(t)
	id := b.log(1, func(i int, e *decisions.Entry) {
		e.Route, e.Reason, e.Rule, e.Fault = "old", filter.Unreadable, "", "the body is no form"
	})[0]
	x, err := b.client(Viewer).Explain(t.Context(), id, false)
	if err != nil || x.Now.Problem != "there is no route old" || !strings.Contains(strings.Join(x.Says, "\n"), "The request could not be read: the body is no form.") {
		t.Errorf("got %+v, %v", x, err)
	}
}

func TestExplainRefusals(t *testing.T) {
	b := newBench(t)
	c := b.client(Viewer)
	_, err := c.Explain(t.Context(), "", false)
	wantError(t, err, 400, "decision", "missing: want the id of a decision, as in the header Sendgate-Id")
	_, err = c.Explain(t.Context(), "01", false)
	wantError(t, err, 404, "decision", `no decision "01" is in the log: it may be older than the log's retention`)
	_, err = c.Ask(t.Context(), Question{To: carol})
	wantError(t, err, 400, "route", "missing: GET /api/v1/routes lists them")
	_, err = c.Ask(t.Context(), Question{To: carol, Route: "telex"})
	wantError(t, err, 400, "route", `unknown route "telex": GET /api/v1/routes lists them`)
	_, err = c.Ask(t.Context(), Question{Route: "twilio", To: filter.Recipient{Brand: "shop", Channel: filter.SMS}})
	wantError(t, err, 400, "to.address", "missing")
}

// A message is judged when it would be delivered, and nothing is delivered before it is sent.
func TestExplainClock(t *testing.T) {
	b := newBench(t)
	for ago, judged := range map[time.Duration]time.Duration{-time.Hour: time.Hour, time.Hour: 0, 0: 0} {
		sent := noon.Add(24 * time.Hour)
		sendAt := sent.Add(-ago)
		x, err := b.client(Viewer).Ask(t.Context(), Question{Route: "twilio", To: carol, At: sent, SendAt: sendAt})
		if err != nil || !x.Clock.Decided.Equal(sent) || !x.Clock.SendAt.Equal(sendAt) || !x.Clock.Judged.Equal(sent.Add(judged)) {
			t.Errorf("asked for %s before the send: %+v, %v", ago, x.Clock, err)
		}
	}
	id := b.log(1, func(_ int, e *decisions.Entry) { e.Time, e.SendAt = noon, noon.Add(-time.Hour) })[0]
	x, err := b.client(Viewer).Explain(t.Context(), id, false)
	if err != nil || !x.Clock.Judged.Equal(noon) || !strings.Contains(strings.Join(x.Says, "\n"), "judged by the clock at 2026-03-10 12:00:00 UTC") {
		t.Errorf("a delivery time that was past when the message was sent: %+v, %v", x, err)
	}
}

// forgetful plays a gate whose provider takes no delivery time and has room for ten characters more.
type forgetful struct{ oneRoute }

func (f forgetful) Classify(route, region string, m *filter.Message) (bad, err error) {
	m.SendAt, m.Room = time.Time{}, 10
	return f.oneRoute.Classify(route, region, m)
}

func TestQuestionOfWhatTheProviderCannot(t *testing.T) {
	b := newBench(t)
	var err error
	b.policy, err = filter.New(filter.Config{Footer: filter.Footer{Line: "Reply STOP to opt out"}, Require: map[filter.Category]filter.Basis{filter.Marketing: filter.NoBasis}})
	if err != nil {
		t.Fatal(err)
	}
	b.server.gate = forgetful{oneRoute{b}}
	q := Question{Route: "twilio", To: carol, Text: "50% off", SendAt: noon.Add(time.Hour)}
	x, err := b.client(Viewer).Ask(t.Context(), q)
	if err != nil || x.Now.Action != filter.Block || x.Now.Reason != filter.Content || !x.Clock.SendAt.IsZero() || x.Says[len(x.Says)-1] != sentAtOnce {
		t.Errorf("as the provider has it: %+v, %v", x, err)
	}
	q.Room = new(100)
	if x, err = b.client(Viewer).Ask(t.Context(), q); err != nil || x.Now.Action != filter.Rewrite {
		t.Errorf("with room for a hundred characters: %+v, %v", x.Now, err)
	}
	q.Room = new(-1)
	_, err = b.client(Viewer).Ask(t.Context(), q)
	wantError(t, err, 400, "room", "-1: want a number of characters")
}
