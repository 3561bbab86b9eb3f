package tally_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tally"
)

// What a rehearsed list gets of budgets is what it gets once it is sent, and rehearsing it leaves them as they are.
func TestRehearsal(t *testing.T) {
	const unique, within = 12, 24 * time.Hour
	clock := storetest.NewClock(noon)
	b := open(t, tally.Config{Now: clock.Now})
	random := rand.New(rand.NewPCG(8, 8))
	passed, held := 0, 0
	for list := range 60 {
		now := noon.Add(time.Duration(list) * 7 * time.Hour)
		clock.Set(now)
		c := tally.Claims{Portfolio: b.Portfolio("acme"), Unique: unique, Within: within, Sender: "100", Every: time.Minute, Burst: 2}
		c.Rehearsal = b.Rehearse()
		before := c.Portfolio.Usage("acme", unique, within, now)
		type row struct {
			person     int
			due, until time.Time
			regardless bool
		}
		var rows []row
		for range 30 {
			r := row{person: random.IntN(25), due: now, regardless: random.IntN(20) == 0}
			if random.IntN(4) == 0 {
				r.due = now.Add(time.Duration(random.IntN(40)) * time.Hour)
			}
			c.Regardless = r.regardless
			r.until = b.Room(&c, whatsApp(r.person).To.Address, r.due, now)
			err := c.Rehearsal.Take(&c, whatsApp(r.person).To.Address, r.due, now)
			var over *tally.OverBudget
			if errors.As(err, &over) != (r.until.After(r.due) && !r.regardless) || over != nil && !over.Until.After(r.due) {
				t.Fatalf("there was to be room at %s, and taking it says %v", r.until, err)
			}
			rows = append(rows, r)
		}
		if after := c.Portfolio.Usage("acme", unique, within, now); after != before {
			t.Fatalf("a rehearsal made %+v of %+v", after, before)
		}
		c.Rehearsal = nil
		for i, r := range rows {
			m := whatsApp(r.person)
			m.SendAt = r.due
			c.Regardless = r.regardless
			if room := b.Room(&c, m.To.Address, r.due, now); !room.Equal(r.until) {
				t.Fatalf("list %d, row %d: rehearsed until %s, and has room at %s", list, i, r.until, room)
			}
			_, err := regardless(t, b, m, c, now)
			var over *tally.OverBudget
			if errors.As(err, &over) {
				held++
			} else if passed++; err != nil {
				t.Fatal(err)
			}
		}
	}
	if passed < 100 || held < 100 {
		t.Errorf("%d messages passed and %d were held back, so little is shown", passed, held)
	}
}

// A list that is rehearsed for later is judged by what counts then.
func TestRehearsalOfALaterMoment(t *testing.T) {
	b := open(t, tally.Config{Now: storetest.NewClock(noon).Now})
	c := tally.Claims{Portfolio: b.Portfolio("acme"), Unique: 2, Within: 24 * time.Hour}
	claim(t, b, whatsApp(1), c, noon)
	claim(t, b, whatsApp(2), c, noon)
	later := noon.Add(25 * time.Hour)
	c.Rehearsal = b.Rehearse()
	for person, want := range []bool{true, true, false} {
		err := c.Rehearsal.Take(&c, whatsApp(person+10).To.Address, later, later)
		if (err == nil) != want {
			t.Errorf("person %d of the list: %v", person, err)
		}
	}
	if u := c.Portfolio.Usage("acme", 2, 24*time.Hour, noon); u.Used != 2 {
		t.Errorf("now the portfolio is %+v", u)
	}
}

// BenchmarkRehearsal is a row of a list to somebody who counts already, where a portfolio is full and some of it
// scheduled.
func BenchmarkRehearsal(b *testing.B) {
	const people = 100_000
	book := open(b, tally.Config{})
	c := tally.Claims{Portfolio: book.Portfolio("acme"), Unique: people, Within: 24 * time.Hour}
	for n := range people {
		m := whatsApp(n)
		if n == 0 {
			m.SendAt = noon.Add(2 * time.Hour)
		}
		claim(b, book, m, c, noon)
	}
	list, now := book.Rehearse(), noon.Add(time.Hour)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if err := list.Take(&c, whatsApp(n%people).To.Address, now, now); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
