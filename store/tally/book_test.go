package tally_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/tally"
)

// TestCapRace has 64 senders write to few recipients at once. None of them ever gets more than the cap,
// what is given back is free again, and after a restart the tally is what it was.
func TestCapRace(t *testing.T) {
	const senders, people, most, tries = 64, 3, 25, 60
	dir := t.TempDir()
	b := open(t, tally.Config{Dir: dir})
	policy := capped(t, most)
	var held [people]atomic.Int64
	stop := keep(b)
	var group sync.WaitGroup
	for sender := range senders {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(sender), 1))
			var r filter.Record
			for range tries {
				n := random.IntN(people)
				m := filter.Message{To: storetest.Person("acme", n)}
				slot, ok, err := count(b, policy, &m, &r, noon)
				if err != nil {
					t.Error(err)
					return
				}
				if !ok {
					continue
				}
				if now := held[n].Add(1); now > most {
					t.Errorf("recipient %d has %d places of %d", n, now, most)
				}
				if random.IntN(3) > 0 {
					held[n].Add(-1)
					b.GiveBack(&slot)
				}
			}
		})
	}
	group.Wait()
	stop()
	for reopened := range 2 {
		for n := range people {
			if got := len(tallyOf(t, b, filter.Message{To: storetest.Person("acme", n)}, noon)); got != most || held[n].Load() != most {
				t.Errorf("opened again %d times: recipient %d has %d places, and %d hold one, of %d", reopened, n, got, held[n].Load(), most)
			}
		}
		storetest.Must(t, b.Close())
		b = open(t, tally.Config{Dir: dir})
	}
}

func TestTheTallyTellsWhatWasSent(t *testing.T) {
	b := open(t, tally.Config{Dir: t.TempDir()})
	ana := filter.Message{To: storetest.Person("acme", 1), Topic: "offers", Text: "Sale", Template: "t", Extra: "a"}
	change := func(f func(*filter.Message)) filter.Message { m := ana; f(&m); return m }
	for i, c := range []struct {
		name           string
		m              filter.Message
		topic, content bool
	}{
		{"the same", ana, true, true},
		{"another text", change(func(m *filter.Message) { m.Text = "Sales" }), true, false},
		{"another template", change(func(m *filter.Message) { m.Template = "u" }), true, false},
		{"other values of the template", change(func(m *filter.Message) { m.Extra = "b" }), true, false},
		{"text and template the other way round", change(func(m *filter.Message) { m.Text, m.Template = m.Template, m.Text }), true, false},
		{"another topic", change(func(m *filter.Message) { m.Topic = "news" }), false, true},
		{"another category", change(func(m *filter.Message) { m.Category = filter.Service }), true, true},
		{"another sender", change(func(m *filter.Message) { m.From = "+15005550006" }), true, true},
	} {
		now := noon.Add(time.Duration(i) * 48 * time.Hour)
		b.Remember(24 * time.Hour)
		take(t, b, c.m, now)
		got := tallyOf(t, b, ana, now.Add(time.Second))
		want := filter.Tally{{At: now, Category: c.m.Category, SameTopic: c.topic, SameContent: c.content}}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
	for name, to := range map[string]filter.Recipient{"another brand": storetest.Person("shop", 1), "another person": storetest.Person("acme", 2),
		"another channel": {Brand: "acme", Channel: filter.WhatsApp, Address: ana.To.Address}} {
		if got := tallyOf(t, b, filter.Message{To: to}, noon); len(got) > 0 {
			t.Errorf("%s has %+v in the tally", name, got)
		}
	}
}

func TestScheduledMessagesCountAtTheirTime(t *testing.T) {
	b := open(t, tally.Config{Dir: t.TempDir()})
	m := filter.Message{To: storetest.Person("acme", 1)}
	for _, h := range []int{5, 1, 3} {
		m.SendAt = noon.Add(time.Duration(h) * time.Hour)
		take(t, b, m, noon)
	}
	var got []int
	for _, sent := range tallyOf(t, b, m, noon) {
		got = append(got, int(sent.At.Sub(noon).Hours()))
	}
	if !slices.Equal(got, []int{1, 3, 5}) {
		t.Errorf("due after %v hours, want 1, 3 and 5", got)
	}
}

func TestFull(t *testing.T) {
	clock := storetest.NewClock(noon)
	b := open(t, tally.Config{Most: 3, Now: clock.Now})
	for n := range 3 {
		take(t, b, filter.Message{To: storetest.Person("acme", n)}, noon)
	}
	m, r := filter.Message{To: storetest.Person("acme", 0)}, filter.Record{}
	if _, _, err := count(b, nil, &m, &r, noon); !errors.Is(err, tally.ErrFull) {
		t.Errorf("a fourth of three returns %v", err)
	}
	clock.Set(noon.Add(25 * time.Hour))
	if _, ok, err := count(b, nil, &m, &r, clock.Now()); err != nil || !ok {
		t.Errorf("once the first counts no longer there is no room: %v", err)
	}
}

// What is no longer looked back at goes, from memory and from disk.
func TestTheTallyForgets(t *testing.T) {
	dir := t.TempDir()
	clock := storetest.NewClock(noon)
	b := open(t, tally.Config{Dir: dir, Now: clock.Now})
	b.Remember(48 * time.Hour)
	for n := range 1000 {
		take(t, b, filter.Message{To: storetest.Person("acme", n)}, noon)
	}
	clock.Set(noon.Add(47 * time.Hour))
	b.Sweep()
	if got := b.Len(); got != 1000 {
		t.Errorf("after 47 hours of 48 it holds %d", got)
	}
	take(t, b, filter.Message{To: storetest.Person("acme", 5000)}, clock.Now())
	clock.Set(noon.Add(49 * time.Hour))
	b.Sweep()
	if got := b.Len(); got != 1 {
		t.Errorf("after 49 hours it holds %d", got)
	}
	storetest.Must(t, b.Close())
	b = open(t, tally.Config{Dir: dir, Now: clock.Now})
	if files := tallyFiles(t, dir); len(files) != 1 {
		t.Errorf("the files are %v", files)
	}
	if got := len(tallyOf(t, b, filter.Message{To: storetest.Person("acme", 5000)}, clock.Now())); got != 1 {
		t.Errorf("the newest message counts %d times", got)
	}
}

// TestTheTallyAgreesWithAList compares the tally with a plain list over many steps.
func TestTheTallyAgreesWithAList(t *testing.T) {
	clock := storetest.NewClock(noon)
	b := open(t, tally.Config{Now: clock.Now})
	b.Remember(24 * time.Hour)
	random := rand.New(rand.NewPCG(3, 4))
	type held struct {
		at   time.Time
		slot tally.Slot
	}
	list := map[int][]held{}
	now := noon
	for step := range 30_000 {
		now = now.Add(time.Duration(random.IntN(60)) * time.Second)
		clock.Set(now)
		n := random.IntN(50)
		m := filter.Message{To: storetest.Person("acme", n)}
		list[n] = slices.DeleteFunc(list[n], func(h held) bool { return h.at.Before(now.Add(-24 * time.Hour)) })
		if k := len(list[n]); k > 0 && random.IntN(4) == 0 {
			i := random.IntN(k)
			b.GiveBack(&list[n][i].slot)
			list[n] = slices.Delete(list[n], i, i+1)
		} else {
			list[n] = append(list[n], held{now, take(t, b, m, now)})
		}
		var want, got []time.Time
		for _, h := range list[n] {
			want = append(want, h.at)
		}
		for _, sent := range tallyOf(t, b, m, now) {
			got = append(got, sent.At)
		}
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("step %d: %v, want %v", step, got, want)
		}
	}
	if got, most := b.Len(), int64(50*24*60*60/30); got > most {
		t.Errorf("it holds %d messages of a day, which had about %d", got, most/50)
	}
}

// Whoever comes after the end is told so.
func TestClosed(t *testing.T) {
	b := open(t, tally.Config{})
	storetest.Must(t, b.Close())
	if _, err := b.Turn(&filter.Message{}, &filter.Record{}, noon); err != errClosed {
		t.Errorf("a turn: %v", err)
	}
	if err := b.Read(&filter.Message{}, &filter.Record{}, noon); err != errClosed {
		t.Errorf("reading: %v", err)
	}
}

// A message that is moved to another time counts at that time.
func TestMovedMessagesCountWhereTheyWereMoved(t *testing.T) {
	b := open(t, tally.Config{})
	m, r := filter.Message{To: storetest.Person("acme", 1)}, filter.Record{}
	turn, err := b.Turn(&m, &r, noon)
	storetest.Must(t, err)
	turn.Move(noon.Add(9 * time.Hour))
	slot, err := turn.Take(&tally.Claims{Place: true})
	turn.End()
	storetest.Must(t, err)
	if got := tallyOf(t, b, m, noon); len(got) != 1 || !got[0].At.Equal(noon.Add(9*time.Hour)) {
		t.Errorf("the tally is %+v", got)
	}
	b.GiveBack(&slot)
	if got := tallyOf(t, b, m, noon); len(got) != 0 {
		t.Errorf("once given back the tally is %+v", got)
	}
}
