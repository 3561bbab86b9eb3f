package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// Of somebody who agreed in the morning and left on the same day, a list that says the day alone keeps them out.
func TestOptOutOfADayEndsWhatWasAgreedOnThatDay(t *testing.T) {
	morning := time.Date(2026, 3, 9, 9, 0, 0, 0, time.UTC)
	last := time.Date(2026, 3, 9, 23, 59, 59, 999999999, time.UTC)
	file := func(header, row string) func(*bench) error {
		return func(b *bench) error {
			got, err := b.client(Reviewer).Import(b.t.Context(), strings.NewReader(header+"\n"+row+"\n"), ImportOptions{Brand: "shop", Channel: filter.SMS, Preset: "default"}, nil)
			if err == nil && (got.OptOuts != 1 || got.Warnings != 0) {
				err = fmt.Errorf("got %+v, want one opt-out and no warning", got)
			}
			return err
		}
	}
	for name, c := range map[string]struct {
		learn func(*bench) error
		want  time.Time
	}{
		"a file with its time behind its state":      {file("address,state,time", "+4915123456789,opted-out,2026-03-09"), last},
		"a file with its time in front of its state": {file("time,address,state", "2026-03-09,+4915123456789,opted-out"), last},
		"a column of its own": {func(b *bench) error {
			_, err := b.client(Reviewer).Import(b.t.Context(), strings.NewReader("phone,marketing\n+4915123456789,no 2026-03-09\n"),
				ImportOptions{Brand: "shop", Channel: filter.SMS, Preset: "topics"}, nil)
			return err
		}, last},
		"a client of the API": {func(b *bench) error {
			status, body, _ := b.ask(Reviewer, "POST", "/api/v1/consent", "application/json",
				`{"to":{"brand":"shop","channel":"sms","address":"+4915123456789"},"kind":"opted-out","time":"2026-03-09"}`)
			if status != 201 {
				return fmt.Errorf("%d %s", status, body)
			}
			return nil
		}, last},
		"a moment of that day is that moment": {file("address,state,time", "+4915123456789,opted-out,2026-03-09 09:00"), morning},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.learn(optIn(berta, morning))
			if err := c.learn(b); err != nil {
				t.Fatal(err)
			}
			rec := b.record(berta)
			if at, _ := rec.OptedOut(&filter.Message{To: berta, Category: filter.Marketing}); !at.Equal(c.want) {
				t.Errorf("opted out of marketing since %v, want %v", at, c.want)
			}
		})
	}
}

// Of today, it counts from when it comes. The same row is news neither on that day nor on the next, whatever they agreed to since.
func TestOptOutOfTodayCountsOnce(t *testing.T) {
	b := newBench(t)
	bring := func() ImportLine {
		t.Helper()
		last, err := b.client(Reviewer).Import(t.Context(), strings.NewReader("address,state,time\n+4915123456789,opted-out,2026-03-10\n"),
			ImportOptions{Brand: "shop", Channel: filter.SMS}, nil)
		if err != nil || last.Taken != 1 || last.Warnings != 0 {
			t.Fatalf("got %+v, %v, want the row to be taken without a word", last, err)
		}
		return last
	}
	if last := bring(); last.OptOuts != 1 {
		t.Errorf("first: got %+v, want a new opt-out", last)
	}
	rec := b.record(berta)
	if at, _ := rec.OptedOut(&filter.Message{}); at.Before(noon) || at.After(b.now()) {
		t.Errorf("opted out since %v, want from when the row came", at)
	}
	for _, later := range []time.Duration{time.Hour, 24 * time.Hour} {
		b.at(noon.Add(later))
		if last := bring(); last.OptOuts != 0 || last.Known != 1 {
			t.Errorf("%v later: got %+v, want it to be known", later, last)
		}
	}
	b.learn(optIn(berta, noon.Add(25*time.Hour)))
	b.at(noon.Add(26 * time.Hour))
	bring()
	rec = b.record(berta)
	if at, _ := rec.OptedOut(&filter.Message{}); !at.IsZero() {
		t.Errorf("opted out since %v by a row that was told before they agreed again", at)
	}
}
