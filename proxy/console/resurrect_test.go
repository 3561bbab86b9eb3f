package console

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// Whatever is known of people and whatever a file says: without the flag, nobody who said no is
// written to after it, and nobody who was erased ever is.
func TestImportNeverResurrects(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			b := newBench(t)
			people := make([]filter.Recipient, 5)
			for i := range people {
				people[i] = filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: fmt.Sprintf("+491512345678%d", i)}
				for range r.IntN(5) {
					e := randomEvent(r, people[i])
					if e.Kind == filter.OptedOut && r.IntN(4) == 0 {
						e.To = e.To.Everywhere()
					}
					b.learn(e)
				}
			}
			if _, err := b.store.Erase(t.Context(), people[0], "ada", "asked for it"); err != nil {
				t.Fatal(err)
			}
			before := refusals(b, people)
			var file strings.Builder
			w := csv.NewWriter(&file)
			_ = w.Write([]string{"address", "state", "scope", "basis", "time", "method", "action"})
			for range 1 + r.IntN(12) {
				_ = w.Write(randomRow(r, people[r.IntN(len(people))]))
			}
			w.Flush()
			last, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(file.String()), ImportOptions{Brand: "shop", Channel: filter.SMS}, nil)
			if err != nil || !last.Done {
				t.Fatalf("got %+v, %v", last, err)
			}
			after := refusals(b, people)
			for m := range before {
				if !after[m] {
					t.Errorf("%s may be written to after the import of\n%s", m, file.String())
				}
			}
			erased := filter.Message{To: people[0], Category: filter.Marketing}
			if rec := b.record(people[0]); b.policy.Decide(&erased, &rec, b.now()).Action != filter.Block {
				t.Errorf("an erased person gets marketing after the import of\n%s", file.String())
			}
		})
	}
}

var randomScopes = []filter.Scope{filter.All, filter.OfCategory(filter.Marketing), filter.OfCategory(filter.Utility),
	filter.OfTopic("offers"), filter.OfTopic("orders")}

func randomEvent(r *rand.Rand, to filter.Recipient) filter.Event {
	e := filter.Event{To: to, Scope: randomScopes[r.IntN(len(randomScopes))], Time: noon.Add(-time.Duration(r.IntN(8)) * time.Hour)}
	switch r.IntN(5) {
	case 0, 1:
		e.Kind, e.Basis = filter.OptedIn, filter.Basis(1+r.IntN(3))
	case 2:
		e.Kind = filter.Refused
	default:
		e.Kind = filter.OptedOut
	}
	return e
}

func randomRow(r *rand.Rand, to filter.Recipient) []string {
	at := noon.Add(-time.Duration(r.IntN(8)) * time.Hour).Format(time.RFC3339)
	scope := randomScopes[r.IntN(len(randomScopes))].String()
	if r.IntN(4) == 0 {
		return []string{to.Address, "opted-out", scope, "", []string{at, ""}[r.IntN(2)], "", ""}
	}
	return []string{to.Address, "opted-in", scope, filter.Basis(1 + r.IntN(3)).String(), at, "web form", "ticked box"}
}

// refusals are the messages, one a person, category and topic, that somebody's own no keeps back.
func refusals(b *bench, people []filter.Recipient) map[string]bool {
	all := map[string]bool{}
	for _, to := range people {
		rec := b.record(to)
		for c := range filter.Category(filter.Categories) {
			for _, topic := range []string{"", "offers", "orders"} {
				m := filter.Message{To: to, Category: c, Topic: topic}
				out, _ := rec.OptedOut(&m)
				answer, _ := rec.Answer(&m)
				if !out.IsZero() || answer == filter.Refused {
					all[fmt.Sprintf("%s %s %s", to.Address, c, topic)] = true
				}
			}
		}
	}
	return all
}

func (b *bench) record(to filter.Recipient) filter.Record {
	b.t.Helper()
	rec, err := b.store.Read(to, filter.NeedRecord)
	if err != nil {
		b.t.Fatal(err)
	}
	return rec
}

// Staff lifts an opt-out only as an import does: newer, with proof, and on purpose.
func TestStaffCannotUndoAnOptOut(t *testing.T) {
	left := noon.Add(-time.Hour)
	proof := filter.Evidence{Method: "paper", Action: "signed"}
	for name, c := range map[string]struct {
		notice Notice
		want   string
	}{
		"without saying so":         {Notice{Proof: proof}, "; this opt-in of 2026-03-10 12:00:00 UTC is newer, but lifts that only with allow_resubscribe=true"},
		"without proof":             {Notice{AllowResubscribe: true}, "; this opt-in of 2026-03-10 12:00:00 UTC is newer, but lifts that only with proof: want a method, and a wording or an action"},
		"with a method alone":       {Notice{AllowResubscribe: true, Proof: filter.Evidence{Method: "paper"}}, "; this opt-in of 2026-03-10 12:00:00 UTC is newer, but lifts that only with proof: want a method, and a wording or an action"},
		"with an older opt-in":      {Notice{AllowResubscribe: true, Proof: proof, Time: left.Add(-time.Hour)}, ", after this opt-in of 2026-03-10 10:00:00 UTC"},
		"captured before it":        {Notice{AllowResubscribe: true, Proof: filter.Evidence{Method: "paper", Action: "signed", CapturedAt: left.Add(-time.Hour)}}, ", after this opt-in of 2026-03-10 10:00:00 UTC"},
		"with one at the same time": {Notice{AllowResubscribe: true, Proof: proof, Time: left}, ", after this opt-in of 2026-03-10 11:00:00 UTC"},
		"newer, proved, on purpose": {Notice{AllowResubscribe: true, Proof: proof}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.learn(optOut(berta, left))
			n := c.notice
			n.To, n.Kind, n.Basis = berta, filter.OptedIn, filter.Express
			_, err := b.client(Admin).Record(t.Context(), n)
			rec := b.record(berta)
			out, _ := rec.OptedOut(&filter.Message{})
			if c.want == "" {
				if err != nil || !out.IsZero() {
					t.Errorf("got %v, opted out since %v", err, out)
				}
				return
			}
			wantError(t, err, http.StatusConflict, "kind", "the recipient opted out of all on 2026-03-10 11:00:00 UTC"+c.want)
			if out.IsZero() {
				t.Error("the opt-out is lifted")
			}
		})
	}
}

// Whoever comes back by a form is told of where STOP was said to the provider, and START was not.
func TestStaffIsToldWhomTheProviderStillRefuses(t *testing.T) {
	event := func(kind filter.Kind, to filter.Recipient, source string, ago time.Duration) filter.Event {
		e := filter.Event{Kind: kind, To: to, Source: source, Time: noon.Add(-ago)}
		if kind == filter.OptedIn {
			e.Basis = filter.Express
		}
		return e
	}
	stop := event(filter.OptedOut, berta, "twilio webhook", 2*time.Hour)
	for name, c := range map[string]struct {
		before []filter.Event
		want   int
	}{
		"who wrote STOP":                      {[]filter.Event{stop}, 1},
		"whom the provider told of":           {[]filter.Event{event(filter.OptedOut, berta.Everywhere(), "twilio answer", time.Hour)}, 1},
		"who wrote START after it":            {[]filter.Event{stop, event(filter.OptedIn, berta, "twilio webhook", time.Hour)}, 0},
		"who told staff":                      {[]filter.Event{event(filter.OptedOut, berta, "api: webhook", time.Hour)}, 0},
		"who told staff, too, but said START": {[]filter.Event{stop, event(filter.OptedIn, berta, "twilio webhook", time.Hour), event(filter.OptedOut, berta, "api: ana", time.Minute)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			for _, e := range c.before {
				b.learn(e)
			}
			got, err := b.client(Reviewer).Record(t.Context(), Notice{To: berta, Kind: filter.OptedIn, Basis: filter.Express,
				AllowResubscribe: true, Proof: filter.Evidence{Method: "paper", Action: "signed"}})
			told := slices.DeleteFunc(got.Warnings, func(f filter.Finding) bool { return !strings.Contains(f.Problem, "by SMS with START") })
			if err != nil || len(told) != c.want {
				t.Errorf("got %+v, %v, want %d warnings of the provider", got.Warnings, err, c.want)
			}
		})
	}
}

func TestImportKeepsNoOldNewsOfTheErased(t *testing.T) {
	for name, file := range map[string]string{
		"of before the erasure":           "address,state,basis,time,method\n%[1]s,opted-in,express,2026-01-02,paper\n%[1]s,opted-out,,2026-01-03,sms\n",
		"of no moment, as a list is told": "address,state\n%[1]s,opted-out\n",
		"of the day of the erasure":       "address,state,time\n%[1]s,opted-out,2026-03-10\n",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.learn(filter.Event{To: carol, Kind: filter.OptedIn, Basis: filter.Express, Time: noon.Add(-time.Hour), Source: "test"})
			if _, err := b.store.Erase(t.Context(), carol, "ada", "asked for it"); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				last, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(fmt.Sprintf(file, carol.Address)), ImportOptions{Brand: carol.Brand, Channel: carol.Channel}, nil)
				if err != nil || last.Refused != 0 || last.Known != last.Taken {
					t.Errorf("got %+v, %v, want every row to be known", last, err)
				}
				b.at(noon.Add(48 * time.Hour))
			}
			events, err := b.store.History(carol)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if e.To.Address != "" {
					t.Errorf("the list brought back %+v", e)
				}
			}
		})
	}
}

// What a list says of after the erasure is new, and so is an opt-out of who has agreed again since.
func TestImportKeepsNewsOfTheErased(t *testing.T) {
	for name, c := range map[string]struct {
		file  string
		agree bool
	}{
		"an opt-out that came later":                  {file: "address,state,time\n%s,opted-out,2026-03-10T12:30:00Z\n"},
		"an undated opt-out of who agreed once again": {file: "address,state\n%s,opted-out\n", agree: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			if _, err := b.store.Erase(t.Context(), carol, "ada", "asked for it"); err != nil {
				t.Fatal(err)
			}
			b.at(noon.Add(time.Hour))
			if c.agree {
				b.learn(optIn(carol, time.Time{}))
			}
			last, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(fmt.Sprintf(c.file, carol.Address)), ImportOptions{Brand: carol.Brand, Channel: carol.Channel}, nil)
			if err != nil || last.OptOuts != 1 {
				t.Errorf("got %+v, %v, want a new opt-out", last, err)
			}
			rec := b.record(carol)
			if at, scope := rec.OptedOut(&filter.Message{}); !at.After(rec.Erased) || scope != filter.All {
				t.Errorf("opted out of %s since %v, want since after the erasure", scope, at)
			}
		})
	}
}
