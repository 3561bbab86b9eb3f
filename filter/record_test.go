package filter

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// noon is the moment the tests happen around.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func hours(n float64) time.Time { return noon.Add(time.Duration(n * float64(time.Hour))) }

// fold is the record that events add up to, in their order.
func fold(events ...Event) (r Record) {
	for _, e := range events {
		r = r.After(e)
	}
	return r
}

func optedOut(at float64, of Scope) Event {
	return Event{Kind: OptedOut, Scope: of, Time: hours(at)}
}

func optedIn(at float64, b Basis, of Scope) Event {
	return Event{Kind: OptedIn, Scope: of, Basis: b, Time: hours(at)}
}

func wrote(at float64) Event { return Event{Kind: Wrote, Time: hours(at)} }

func askedFor(at float64, of Scope) Event { return Event{Kind: Asked, Scope: of, Time: hours(at)} }
func refused(at float64, of Scope) Event  { return Event{Kind: Refused, Scope: of, Time: hours(at)} }
func erased(at float64) Event             { return Event{Kind: Erased, Time: hours(at)} }

// seeded is a source of chance that a failed test names.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func pick[T any](random *rand.Rand, from ...T) T { return from[random.IntN(len(from))] }

// anyEvent is one of few enough events that chance often meets the same scope, basis and time,
// among them some that a store refuses.
func anyEvent(random *rand.Rand) Event {
	return Event{
		Kind:  pick(random, OptedOut, OptedOut, OptedIn, OptedIn, OptedIn, Wrote, Asked, Refused, Erased, Noticed, Unanswered, 0, Kinds),
		Scope: pick(random, All, OfCategory(Marketing), OfCategory(Utility), OfTopic("offers"), OfTopic("news"), OfSender("+14155550199")),
		Basis: pick(random, NoBasis, ByInquiry, ByTransaction, Express, Express, Bases),
		Proof: Evidence{Place: pick(random, "", "", "US-TX", "US-OR", "DE")},
		Time:  pick(random, time.Time{}, hours(-3), hours(-2), hours(-1).In(time.FixedZone("", 3600)), hours(-1), noon),
	}
}

func anyEvents(random *rand.Rand) []Event {
	events := make([]Event, random.IntN(7))
	for i := range events {
		events[i] = anyEvent(random)
	}
	return events
}

// permutations calls yield with every order of events.
func permutations(events []Event, yield func([]Event)) {
	var from func(int)
	from = func(k int) {
		if k >= len(events)-1 {
			yield(events)
			return
		}
		for i := k; i < len(events); i++ {
			events[k], events[i] = events[i], events[k]
			from(k + 1)
			events[k], events[i] = events[i], events[k]
		}
	}
	from(0)
}

func TestEventsInAnyOrderAndTwiceGiveTheSameRecord(t *testing.T) {
	random := seeded(t)
	for range 200 {
		events := anyEvents(random)
		want := fold(events...)
		permutations(slices.Clone(events), func(order []Event) {
			if got := fold(order...); !reflect.DeepEqual(got, want) {
				t.Fatalf("in the order %v the record is %+v, and in the order %v %+v", events, want, order, got)
			}
			if got := fold(slices.Concat(order, events)...); !reflect.DeepEqual(got, want) {
				t.Fatalf("twice, the record of %v is %+v instead of %+v", order, got, want)
			}
		})
	}
}

func TestWithEqualsFoldingBothHistories(t *testing.T) {
	random := seeded(t)
	for range 3000 {
		own, everywhere := anyEvents(random), anyEvents(random)
		a, b := fold(own...), fold(everywhere...)
		want := fold(slices.Concat(own, everywhere)...)
		if got := a.With(b); !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v with %+v is %+v, want %+v", a, b, got, want)
		}
		if got := b.With(a); !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v with %+v is %+v, want %+v", b, a, got, want)
		}
		if !reflect.DeepEqual(a, fold(own...)) || !reflect.DeepEqual(b, fold(everywhere...)) {
			t.Fatalf("joining %v and %v changed one of them", own, everywhere)
		}
	}
}

func TestAfterLeavesTheRecordItStartsFrom(t *testing.T) {
	random := seeded(t)
	for range 3000 {
		events := anyEvents(random)
		r := fold(events...)
		room := make([]Consent, len(r.Consents), len(r.Consents)+4) // that an append could write into
		copy(room, r.Consents)
		r.Consents = room
		r.After(anyEvent(random))
		if want := fold(events...); r.LastInbound != want.LastInbound || r.Erased != want.Erased || !slices.Equal(r.Consents, want.Consents) {
			t.Fatalf("the record of %v became %+v", events, r)
		}
		if spare := r.Consents[len(r.Consents):cap(r.Consents)]; slices.ContainsFunc(spare, func(c Consent) bool { return c != Consent{} }) {
			t.Fatalf("behind the record of %v something was written", events)
		}
	}
}

func TestAtEqualTimesTheOptOutWins(t *testing.T) {
	random := seeded(t)
	for range 3000 {
		events := anyEvents(random)
		for i := range events {
			events[i].Time = noon
		}
		out := Event{Kind: OptedOut, Scope: All, Time: noon}
		r := fold(slices.Insert(events, random.IntN(len(events)+1), out)...)
		for c := range Category(Categories) {
			m := &Message{Category: c, Topic: "offers", From: "+14155550199"}
			if at, of := r.OptedOut(m); !at.Equal(noon) {
				t.Fatalf("after %v the opt-out from %s at %v binds %s", events, of, at, c)
			}
			for b := range Basis(Bases) {
				if at := r.Granted(m, b); !at.IsZero() {
					t.Fatalf("after %v consent on the basis %s for %s stands since %v", events, b, c, at)
				}
			}
		}
	}
}

func TestOptedOut(t *testing.T) {
	offers, news := OfTopic("offers"), OfTopic("news")
	for _, c := range []struct {
		name   string
		events []Event
		want   float64 // the hour of the opt-out that binds marketing offers; 0 for none
		scope  Scope
	}{
		{"a stranger has not opted out", nil, 0, All},
		{"an opt-out of all binds", []Event{optedOut(-2, All)}, -2, All},
		{"so does one of the category", []Event{optedOut(-2, OfCategory(Marketing))}, -2, OfCategory(Marketing)},
		{"so does one of the topic", []Event{optedOut(-2, offers)}, -2, offers},
		{"one of another category does not", []Event{optedOut(-2, OfCategory(Utility))}, 0, All},
		{"one of another topic does not", []Event{optedOut(-2, news)}, 0, All},
		{"the latest of several is told", []Event{optedOut(-3, All), optedOut(-2, offers)}, -2, offers},
		{"a later express opt-in lifts it", []Event{optedOut(-2, All), optedIn(-1, Express, All)}, 0, All},
		{"an express opt-in to the topic lifts it for the topic", []Event{optedOut(-2, All), optedIn(-1, Express, offers)}, 0, All},
		{"an express opt-in to another topic does not", []Event{optedOut(-2, All), optedIn(-1, Express, news)}, -2, All},
		{"an express opt-in to all lifts one of the topic", []Event{optedOut(-2, offers), optedIn(-1, Express, All)}, 0, All},
		{"an earlier opt-in does not", []Event{optedIn(-3, Express, All), optedOut(-2, All)}, -2, All},
		{"implied consent does not", []Event{optedOut(-2, All), optedIn(-1, ByTransaction, All), optedIn(-1, ByInquiry, All)}, -2, All},
		{"a no to what was asked is no opt-out", []Event{refused(-2, All)}, 0, All},
		{"an opt-out of the sender binds what it sends", []Event{optedOut(-2, OfSender("+14155550199"))}, -2, OfSender("+14155550199")},
		{"one of another sender does not", []Event{optedOut(-2, OfSender("+14155550198"))}, 0, All},
		{"erasure is an opt-out of everything", []Event{optedIn(-3, Express, All), erased(-2)}, -2, All},
		{"an express opt-in after the erasure lifts it", []Event{erased(-2), optedIn(-1, Express, All)}, 0, All},
		{"an opt-in at the moment of the erasure does not", []Event{erased(-2), optedIn(-2, Express, All)}, -2, All},
		{"writing does not", []Event{optedOut(-2, All), wrote(-1)}, -2, All},
		{"a second opt-out after the opt-in binds again", []Event{optedOut(-3, All), optedIn(-2, Express, All), optedOut(-1, offers)}, -1, offers},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := fold(c.events...)
			at, scope := r.OptedOut(&Message{Topic: "offers", From: "+14155550199"})
			want := time.Time{}
			if c.want != 0 {
				want = hours(c.want)
			}
			if at != want || scope != c.scope {
				t.Errorf("opted out at %v of %s, want %v of %s", at, scope, want, c.scope)
			}
		})
	}
}

func TestAnOptOutAtAnUnknownTimeBinds(t *testing.T) {
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Time{}.Add(-time.Hour), time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)} {
		r := fold(Event{Kind: OptedOut, Time: at})
		if got, _ := r.OptedOut(&Message{Category: Utility}); got.IsZero() || !r.EverOptedOut() {
			t.Errorf("an opt-out at %v was lost", at)
		}
		r = r.After(optedIn(-1, Express, All))
		if got, _ := r.OptedOut(&Message{Category: Utility}); !got.IsZero() || !r.EverOptedOut() {
			t.Errorf("an opt-out at %v cannot be lifted, or is forgotten once lifted", at)
		}
	}
}

func TestRecordJSONIsReadable(t *testing.T) {
	r := fold(wrote(-1), optedOut(-3, All), optedIn(-2, Express, OfTopic("offers")), optedIn(-4, ByInquiry, OfTopic("offers")),
		askedFor(-6, OfSender("MG1")), refused(-5, OfSender("MG1")), erased(-7))
	want := `{"last_inbound":"2026-03-02T11:00:00Z","erased":"2026-03-02T05:00:00Z","consents":[` +
		`{"scope":"all","opted_out":"2026-03-02T09:00:00Z"},` +
		`{"scope":"topic:offers","granted":{"express":"2026-03-02T10:00:00Z","inquiry":"2026-03-02T08:00:00Z"}},` +
		`{"scope":"sender:MG1","asked":"2026-03-02T06:00:00Z","refused":"2026-03-02T07:00:00Z"}]}`
	if got, err := json.Marshal(r); err != nil || string(got) != want {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
	for _, text := range []string{`{"none":"2026-03-02T10:00:00Z"}`, `{"sworn":"2026-03-02T10:00:00Z"}`, `{"express":5}`, `[]`} {
		var g Grants
		if err := json.Unmarshal([]byte(text), &g); err == nil {
			t.Errorf("%s was read as %v", text, g)
		}
	}
}

func TestRecordsSurviveJSON(t *testing.T) {
	random := seeded(t)
	for range 1000 {
		r := fold(anyEvents(random)...)
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back Record
		if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, r) {
			t.Fatalf("%+v became %+v, %v through %s", r, back, err, text)
		}
	}
}

func TestRecordsArePrintedInOneOrder(t *testing.T) {
	r := fold(optedOut(0, OfSender("a")), optedOut(0, OfTopic("b")), optedOut(0, OfCategory(Utility)), optedOut(0, OfTopic("a")), optedOut(0, All), optedOut(0, OfCategory(Marketing)))
	var scopes []Scope
	for _, c := range r.Consents {
		scopes = append(scopes, c.Scope)
	}
	if got, want := fmt.Sprint(scopes), "[all marketing utility topic:a topic:b sender:a]"; got != want {
		t.Errorf("scopes are in the order %s, want %s", got, want)
	}
}
