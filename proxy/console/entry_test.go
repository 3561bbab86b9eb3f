package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

func TestConsentByTransactionRunsFromTheDayOfTheTransaction(t *testing.T) {
	b := newBench(t)
	day := time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
	r, err := b.client(Reviewer).Record(t.Context(), Notice{To: carol, Kind: filter.OptedIn, Basis: filter.ByTransaction,
		Scope: filter.OfCategory(filter.Utility), Proof: filter.Evidence{Method: "api", Reference: "order 7", ReferenceDate: day}})
	if err != nil || !r.Event.Time.Equal(day) {
		t.Errorf("entered by hand it counts from %s, %v", r.Event.Time, err)
	}
	file := "address,state,scope,basis,time,method,reference,reference_date\n+14155550188,opted-in,utility,transaction,2026-03-01,api,order 8,2019-01-01\n"
	if _, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(file), ImportOptions{Brand: carol.Brand, Channel: filter.SMS}, nil); err != nil {
		t.Fatal(err)
	}
	rec := b.record(filter.Recipient{Brand: carol.Brand, Channel: filter.SMS, Address: "+14155550188"})
	if at := rec.Granted(&filter.Message{Category: filter.Utility}, filter.ByTransaction); !at.Equal(day) {
		t.Errorf("imported it counts from %s", at)
	}
}

func TestAnOptOutFromAListOfContactsIsOfNow(t *testing.T) {
	for preset, file := range map[string]string{
		"tags":   "phone,created_at,tags\n" + carol.Address + ",2020-01-01,Unsubscribed\n",
		"topics": "phone,date,marketing\n" + carol.Address + ",2020-01-01,no\n",
	} {
		t.Run(preset, func(t *testing.T) {
			b := newBench(t)
			b.learn(filter.Event{To: carol, Kind: filter.OptedIn, Basis: filter.Express, Time: noon.Add(-time.Hour), Source: "test"})
			opt := ImportOptions{Brand: carol.Brand, Channel: carol.Channel, Preset: preset}
			if last, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(file), opt, nil); err != nil || last.OptOuts != 1 {
				t.Fatalf("got %+v, %v", last, err)
			}
			rec := b.record(carol)
			if at, _ := rec.OptedOut(&filter.Message{To: carol}); at.IsZero() {
				t.Error("the opt-out took the age of the contact, and binds nothing")
			}
		})
	}
}

func TestTheBrakeHoldsWhateverSilences(t *testing.T) {
	rows := func(state string, n int) string {
		file := "address,state,time\n"
		for i := range n {
			file += fmt.Sprintf("+1415555%04d,%s,2026-03-01\n", 1000+i, state)
		}
		return file
	}
	opt := ImportOptions{Brand: carol.Brand, Channel: filter.SMS}
	for _, state := range []string{"opted-out", "refused", "asked"} {
		b := brakeBench(t)
		if last, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(rows(state, 11)), opt, nil); err == nil || last.Confirm == "" || b.records() != 0 {
			t.Errorf("%s: got %+v, %v, %d records", state, last, err, b.records())
		}
	}
	t.Run("and a token that nobody gave out counts for nothing", func(t *testing.T) {
		b := brakeBench(t)
		opt.Confirm = "x"
		if _, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(rows("opted-out", 8)), opt, nil); err != nil {
			t.Fatal(err)
		}
		if used := b.server.brake.used("rosa"); used.outs != 8 {
			t.Errorf("%d opt-outs are counted, want 8", used.outs)
		}
	})
}

func TestAnOptOutOfATopicThatNobodyHasIsRefused(t *testing.T) {
	b := newBench(t)
	b.server.SetBrands(map[string]filter.Brand{"shop": {Topics: map[string]filter.Category{"offers": filter.Marketing}}})
	_, err := b.client(Reviewer).Record(t.Context(), Notice{To: carol.Everywhere(), Kind: filter.OptedOut, Scope: filter.OfTopic("ofers")})
	wantError(t, err, 400, "scope", `no brand has the topic "ofers", so this would bind nothing`)
	if _, err := b.client(Reviewer).Record(t.Context(), Notice{To: carol.Everywhere(), Kind: filter.OptedOut, Scope: filter.OfTopic("offers")}); err != nil {
		t.Error(err)
	}
}

func TestVerifyNeedsNoHeads(t *testing.T) {
	b := newBench(t)
	b.learn(filter.Event{To: carol, Kind: filter.Wrote, Source: "test"})
	if r, err := b.client(Viewer).Verify(t.Context()); err != nil || !r.OK() || r.Links != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestAHeldRevocationGoesOnByItsToken(t *testing.T) {
	b := brakeBench(t)
	c := b.client(Reviewer)
	leaves := func(i int) Notice {
		return Notice{To: filter.Recipient{Channel: filter.SMS, Address: fmt.Sprintf("+1415555%04d", 2000+i)}, Kind: filter.OptedOut}
	}
	for i := range 10 {
		if _, err := c.Record(t.Context(), leaves(i)); err != nil {
			t.Fatalf("opt-out %d: %v", i, err)
		}
	}
	_, err := c.Record(t.Context(), leaves(10))
	if err == nil || b.records() != 10 {
		t.Fatalf("the eleventh: %v, %d records", err, b.records())
	}
	_, token, found := strings.Cut(err.Error(), "confirm=")
	if _, err := c.RecordConfirmed(t.Context(), leaves(10), token+"0"); !found || err == nil || b.records() != 10 {
		t.Errorf("with another token: %v, %d records", err, b.records())
	}
	if _, err := c.RecordConfirmed(t.Context(), leaves(10), token); err != nil || b.records() != 11 {
		t.Errorf("with its token: %v, %d records", err, b.records())
	}
}
