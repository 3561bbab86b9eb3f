package tally_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tally"
)

// What is scheduled for next week holds nothing back today.
func TestScheduledMessagesLeaveTodayAlone(t *testing.T) {
	b := open(t, tally.Config{Now: storetest.NewClock(noon).Now})
	pair := tally.Claims{Sender: "100", Every: 6 * time.Second, Burst: 45}
	book := tally.Claims{Portfolio: b.Portfolio("acme"), Unique: 1, Within: 24 * time.Hour}
	reminder := whatsApp(1)
	reminder.SendAt = noon.Add(7 * 24 * time.Hour)
	claim(t, b, reminder, pair, noon)
	claim(t, b, reminder, book, noon)
	soon := noon.Add(time.Hour)
	if _, until := claim(t, b, whatsApp(1), pair, soon); !until.Equal(soon) {
		t.Errorf("the same person waits until %s", until)
	}
	slot, until := claim(t, b, whatsApp(2), book, soon)
	if !until.Equal(soon) {
		t.Errorf("another person waits until %s", until)
	}
	if u := book.Portfolio.Usage("acme", 1, 24*time.Hour, soon); u.Used != 1 || !u.Next.Equal(soon.Add(24*time.Hour)) {
		t.Errorf("today the portfolio is %+v", u)
	}
	b.GiveBack(&slot)
	eve := noon.Add(6*24*time.Hour + time.Hour) // less than a day before the reminder
	if _, until := claim(t, b, whatsApp(2), book, eve); !until.Equal(noon.Add(8 * 24 * time.Hour)) {
		t.Errorf("on the eve of it another person waits until %s", until)
	}
	if _, until := claim(t, b, whatsApp(1), book, eve); !until.Equal(eve) {
		t.Errorf("on the eve of it the same person waits until %s", until)
	}
}

// Whatever moment somebody asks about, the store forgets by its own clock.
func TestAskingForgetsNobody(t *testing.T) {
	clock := storetest.NewClock(noon)
	b := open(t, tally.Config{Now: clock.Now})
	c := tally.Claims{Portfolio: b.Portfolio("acme"), Unique: 1, Within: 24 * time.Hour}
	claim(t, b, whatsApp(1), c, noon)
	for _, later := range []time.Duration{25 * time.Hour, 1000 * time.Hour} {
		at := noon.Add(later)
		if u := c.Portfolio.Usage("acme", 1, 24*time.Hour, at); u.Used != 0 || u.Left != 1 {
			t.Errorf("%s later the portfolio will be %+v", later, u)
		}
		if room := b.Room(&c, whatsApp(2).To.Address, at, at); !room.Equal(at) {
			t.Errorf("%s later there will be room at %s", later, room)
		}
	}
	draft := c
	draft.Within = time.Minute
	b.Room(&draft, whatsApp(2).To.Address, noon, noon)
	if room := b.Room(&c, whatsApp(2).To.Address, noon, noon); !room.Equal(noon.Add(24 * time.Hour)) {
		t.Errorf("after somebody asked about later, there is room now at %s", room)
	}
	clock.Set(noon.Add(25 * time.Hour))
	if _, until := claim(t, b, whatsApp(2), c, clock.Now()); !until.Equal(clock.Now()) {
		t.Errorf("a day later there is room at %s", until)
	}
}

// A sending is a message to a person that is due at an hour.
type sending struct {
	person, hour int
	slot         tally.Slot
}

// However messages are scheduled and given back, no day has more people than it may.
func TestScheduledPortfolio(t *testing.T) {
	const unique, hours = 3, 24
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 7))
		clock := storetest.NewClock(noon)
		b := open(t, tally.Config{Now: clock.Now})
		c := tally.Claims{Portfolio: b.Portfolio("acme"), Unique: unique, Within: hours * time.Hour}
		var all []sending
		people := func(from int) int { // of a day
			seen := map[int]bool{}
			for _, one := range all {
				if from <= one.hour && one.hour < from+hours {
					seen[one.person] = true
				}
			}
			return len(seen)
		}
		fits := func(one sending) bool {
			all = append(all, one)
			defer func() { all = all[:len(all)-1] }()
			for from := one.hour - hours + 1; from <= one.hour; from++ {
				if people(from) > unique {
					return false
				}
			}
			return true
		}
		for step := range 400 {
			now := noon.Add(time.Duration(step) * time.Hour)
			clock.Set(now)
			one := sending{person: random.IntN(8), hour: step}
			if random.IntN(3) == 0 {
				one.hour += random.IntN(80)
			}
			m := filter.Message{To: whatsApp(one.person).To, SendAt: noon.Add(time.Duration(one.hour) * time.Hour)}
			slot, until := claim(t, b, m, c, now)
			if want := fits(one); want != until.Equal(m.SendAt) {
				t.Fatalf("seed %d, step %d: person %d at hour %d has to wait until hour %v, and fits: %v",
					seed, step, one.person, one.hour, until.Sub(noon).Hours(), want)
			}
			if until.Equal(m.SendAt) {
				one.slot = slot
				if all = append(all, one); random.IntN(6) == 0 {
					b.GiveBack(&all[len(all)-1].slot)
					if countsElsewhere(all, hours) {
						continue // goes on counting
					}
					all = all[:len(all)-1]
				}
			}
		}
		storetest.Must(t, b.Close())
	}
}

// countsElsewhere reports whether another than the last of all is to the same person, less than so many hours away.
func countsElsewhere(all []sending, hours int) bool {
	last := all[len(all)-1]
	return slices.ContainsFunc(all[:len(all)-1], func(o sending) bool {
		return o.person == last.person && o.hour > last.hour-hours && o.hour < last.hour+hours
	})
}
