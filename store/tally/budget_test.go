package tally_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tally"
)

// claim takes what c asks for, and returns until when it has to wait instead.
func claim(t testing.TB, b *tally.Book, m filter.Message, c tally.Claims, now time.Time) (slot tally.Slot, until time.Time) {
	t.Helper()
	var r filter.Record
	turn, err := b.Turn(&m, &r, now)
	storetest.Must(t, err)
	defer turn.End()
	room := b.Room(&c, m.To.Address, m.Due(now), now)
	slot, err = turn.Take(&c)
	var over *tally.OverBudget
	switch {
	case errors.As(err, &over):
		until = over.Until
	case err != nil:
		t.Fatal(err)
	default:
		until = m.Due(now)
	}
	if !until.Equal(room) {
		t.Errorf("it was to have room at %s, and has it at %s", room, until)
	}
	return slot, until
}

// A portfolio writes to no more people than it may within any day, whoever they are and however often,
// and nobody waits longer than needed.
func TestPortfolio(t *testing.T) {
	const unique, day = 8, 24 * time.Hour
	b := open(t, tally.Config{Dir: t.TempDir()})
	c := tally.Claims{Portfolio: b.Portfolio("acme"), Unique: unique, Within: day}
	random := rand.New(rand.NewPCG(5, 6))
	latest := map[int]time.Time{}
	now := noon
	for step := range 5000 {
		now = now.Add(time.Duration(random.IntN(7200)) * time.Second)
		n := random.IntN(20)
		var counting []time.Time
		for who, at := range latest {
			if !at.Add(day).After(now) {
				delete(latest, who)
			} else {
				counting = append(counting, at)
			}
		}
		want := now
		if _, counts := latest[n]; !counts && len(counting) >= unique {
			slices.SortFunc(counting, time.Time.Compare)
			want = counting[len(counting)-unique].Add(day)
		}
		if u := c.Portfolio.Usage("acme", unique, day, now); u.Used != len(counting) || u.Left != unique-len(counting) {
			t.Fatalf("step %d: %+v, and %d count", step, u, len(counting))
		}
		slot, until := claim(t, b, whatsApp(n), c, now)
		if !until.Equal(want) {
			t.Fatalf("step %d: person %d may be written to at %s, want %s", step, n, until, want)
		}
		_, counts := latest[n]
		switch {
		case !until.Equal(now):
		case !counts && random.IntN(3) == 0:
			b.GiveBack(&slot)
		default:
			latest[n] = now
		}
	}
}

func TestPortfolioBudgets(t *testing.T) {
	const day = 24 * time.Hour
	dir := t.TempDir()
	b := open(t, tally.Config{Dir: dir})
	c := tally.Claims{Portfolio: b.Portfolio("acme"), Unique: 2, Within: day}
	first, _ := claim(t, b, whatsApp(1), c, noon)
	again, _ := claim(t, b, whatsApp(1), c, noon)
	b.GiveBack(&first)
	if u := c.Portfolio.Usage("acme", 2, day, noon); u.Used != 1 {
		t.Errorf("one of two messages to a person was given back, and %d people count", u.Used)
	}
	b.GiveBack(&again)
	if u := c.Portfolio.Usage("acme", 2, day, noon); u.Used != 0 || u.Left != 2 {
		t.Errorf("all was given back, and %+v", u)
	}
	later := whatsApp(2)
	later.SendAt = noon.Add(5 * time.Hour)
	claim(t, b, later, c, noon)
	claim(t, b, whatsApp(3), c, noon.Add(time.Hour))
	if _, until := claim(t, b, whatsApp(4), c, noon.Add(2*time.Hour)); !until.Equal(noon.Add(25 * time.Hour)) {
		t.Errorf("a third person waits until %s", until)
	}
	scheduled := whatsApp(4)
	scheduled.SendAt = noon.Add(26 * time.Hour)
	if room := b.Room(&c, scheduled.To.Address, scheduled.SendAt, noon.Add(2*time.Hour)); !room.Equal(scheduled.SendAt) {
		t.Errorf("a message that is due when there is room has it at %s", room)
	}
	storetest.Must(t, b.Close())

	b = open(t, tally.Config{Dir: dir})
	c.Portfolio = b.Portfolio("acme")
	if _, until := claim(t, b, whatsApp(4), c, noon.Add(2*time.Hour)); !until.Equal(noon.Add(25 * time.Hour)) {
		t.Errorf("after a restart a third person waits until %s", until)
	}
	if _, until := claim(t, b, whatsApp(3), c, noon.Add(2*time.Hour)); !until.Equal(noon.Add(2 * time.Hour)) {
		t.Errorf("who counts waits until %s", until)
	}
	if u := b.Portfolio("other").Usage("other", 2, day, noon); u.Used != 0 {
		t.Errorf("another portfolio has %d people", u.Used)
	}
	c.Regardless = true
	if slot, _ := regardless(t, b, whatsApp(4), c, noon.Add(2*time.Hour)); !slot.Taken() {
		t.Error("what is sent regardless does not count")
	}
	c.Unique, c.Regardless = 1, false
	if _, until := claim(t, b, whatsApp(5), c, noon.Add(3*time.Hour)); !until.Equal(noon.Add(29 * time.Hour)) {
		t.Errorf("under a lowered limit the next person waits until %s", until)
	}
}

func regardless(t testing.TB, b *tally.Book, m filter.Message, c tally.Claims, now time.Time) (tally.Slot, error) {
	t.Helper()
	var r filter.Record
	turn, err := b.Turn(&m, &r, now)
	storetest.Must(t, err)
	defer turn.End()
	return turn.Take(&c)
}

// Two who ask for the last place at once do not both get it.
func TestPortfolioRace(t *testing.T) {
	b := open(t, tally.Config{Dir: t.TempDir()})
	c := tally.Claims{Portfolio: b.Portfolio("acme"), Unique: 100, Within: 24 * time.Hour}
	var group sync.WaitGroup
	for sender := range 64 {
		group.Go(func() {
			for n := range 10 {
				slot, err := regardless(t, b, whatsApp(sender*10+n), c, noon)
				if err == nil && n%3 == 0 {
					b.GiveBack(&slot)
				}
				if u := c.Portfolio.Usage("acme", 100, 24*time.Hour, noon); u.Used > 100 {
					t.Errorf("%d people count", u.Used)
				}
			}
		})
	}
	group.Wait()
}

// https://developers.facebook.com/docs/whatsapp/cloud-api/overview#pair-rate-limits
func TestPair(t *testing.T) {
	const every = 6 * time.Second
	dir := t.TempDir()
	b := open(t, tally.Config{Dir: dir})
	c := tally.Claims{Sender: "100", Every: every, Burst: 20}
	for n := range 20 {
		if _, until := claim(t, b, whatsApp(1), c, noon.Add(time.Duration(n)*100*time.Millisecond)); until.After(noon.Add(every)) {
			t.Fatalf("message %d of a burst of 20 waits until %s", n+1, until)
		}
	}
	for _, at := range []time.Duration{2 * time.Second, 7 * time.Second, 119 * time.Second} {
		if _, until := claim(t, b, whatsApp(1), c, noon.Add(at)); !until.Equal(noon.Add(2 * time.Minute)) {
			t.Errorf("%s after a burst of 20 the next waits until %s, want two minutes", at, until)
		}
	}
	if _, until := claim(t, b, whatsApp(2), c, noon); !until.Equal(noon) {
		t.Error("another person waits too")
	}
	other := c
	other.Sender = "200"
	if _, until := claim(t, b, whatsApp(1), other, noon); !until.Equal(noon) {
		t.Error("another sender waits too")
	}
	storetest.Must(t, b.Close())
	b = open(t, tally.Config{Dir: dir})
	if _, until := claim(t, b, whatsApp(1), c, noon.Add(3*time.Second)); !until.Equal(noon.Add(2 * time.Minute)) {
		t.Errorf("after a restart the next waits until %s", until)
	}
	slot, until := claim(t, b, whatsApp(1), c, noon.Add(2*time.Minute))
	if !until.Equal(noon.Add(2 * time.Minute)) {
		t.Fatalf("after two minutes it waits until %s", until)
	}
	b.GiveBack(&slot)
	c.Burst = 1
	if slot, until = claim(t, b, whatsApp(1), c, noon.Add(2*time.Minute)); !until.Equal(noon.Add(2 * time.Minute)) {
		t.Errorf("what was given back is not free: %s", until)
	}
	if _, until = claim(t, b, whatsApp(1), c, noon.Add(2*time.Minute+time.Second)); !until.Equal(noon.Add(2*time.Minute + every)) {
		t.Errorf("the message after one alone waits until %s", until)
	}
}

// Of two answers that are written to somebody at once, the one that came first may have its turn last. And a clock that
// was wrong, and is set right, holds nobody back until it is as late again.
func TestAPairWhoseTimeGoesBack(t *testing.T) {
	const every = 6 * time.Second
	b := open(t, tally.Config{})
	c := tally.Claims{Sender: "100", Every: every, Burst: 3}
	for n, at := range []time.Time{noon, noon.Add(-time.Millisecond), noon.Add(-2 * time.Millisecond)} {
		if _, until := claim(t, b, whatsApp(1), c, at); !until.Equal(at) {
			t.Errorf("message %d of a burst of 3, of %s, waits until %s", n+1, at, until)
		}
	}
	if _, until := claim(t, b, whatsApp(1), c, noon.Add(-3*time.Millisecond)); !until.Equal(noon.Add(3 * every)) {
		t.Errorf("one more waits until %s", until)
	}
	right := noon.Add(-24 * time.Hour)
	slot, until := claim(t, b, whatsApp(1), c, right)
	if !until.Equal(right) {
		t.Errorf("with the clock a day back the next waits until %s", until)
	}
	b.GiveBack(&slot)
	for n := range 4 {
		_, until := claim(t, b, whatsApp(1), c, right)
		if want := right.Add(time.Duration(n/3) * 3 * every); !until.Equal(want) {
			t.Errorf("message %d from then on waits until %s, want %s", n+1, until, want)
		}
	}
}

// A message that names two senders counts for both, whichever of them is asked about, and gives both back.
func TestPairOfTwoSenders(t *testing.T) {
	const every = time.Minute
	dir := t.TempDir()
	b := open(t, tally.Config{Dir: dir})
	both := tally.Claims{Sender: "100", Service: "MG1", Every: every, Burst: 1}
	number, service := both, both
	number.Service, service.Sender, service.Service = "", "MG1", ""
	slot, _ := claim(t, b, whatsApp(1), both, noon)
	b.GiveBack(&slot)
	claim(t, b, whatsApp(1), both, noon)
	for range 2 { // the second time after a restart
		for name, c := range map[string]tally.Claims{"both": both, "the number": number, "the service": service} {
			if room := b.Room(&c, whatsApp(1).To.Address, noon, noon); !room.Equal(noon.Add(every)) {
				t.Errorf("%s: the next waits until %s", name, room)
			}
		}
		storetest.Must(t, b.Close())
		b = open(t, tally.Config{Dir: dir})
	}
	claim(t, b, whatsApp(2), service, noon)
	if _, until := claim(t, b, whatsApp(2), both, noon); !until.Equal(noon.Add(every)) {
		t.Errorf("with nothing left of the service, both wait until %s", until)
	}
	if _, until := claim(t, b, whatsApp(2), number, noon); !until.Equal(noon) {
		t.Errorf("what was refused took something of the number, which waits until %s", until)
	}
}
