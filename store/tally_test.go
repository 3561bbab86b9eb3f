package store_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// capped is a policy of so many messages a day.
func capped(t testing.TB, most int) filter.Policy {
	t.Helper()
	policy, err := filter.New(filter.Config{Require: map[filter.Category]filter.Basis{filter.Marketing: filter.NoBasis},
		Caps: filter.Caps{Rows: []filter.Cap{{Most: most, Within: 24 * time.Hour}}}})
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// count decides about a message as a gate does, and takes its place.
func count(s *store.Store, policy filter.Policy, m *filter.Message, r *filter.Record, now time.Time) (slot store.Slot, ok bool, err error) {
	turn, err := s.Tally().Turn(m, r, now)
	if err != nil {
		return slot, false, err
	}
	defer turn.End()
	if policy.Decide(m, r, now).Action == filter.Block {
		return slot, false, nil
	}
	slot, err = turn.Take(&store.Claims{Tally: true})
	return slot, err == nil, err
}

// take counts one message that must pass.
func take(t testing.TB, s *store.Store, m filter.Message, now time.Time) store.Slot {
	t.Helper()
	var r filter.Record
	slot, ok, err := count(s, nil, &m, &r, now)
	if err != nil || !ok {
		t.Fatalf("counting a message: %v", err)
	}
	return slot
}

func tallyOf(t testing.TB, s *store.Store, m filter.Message, now time.Time) filter.Tally {
	t.Helper()
	var r filter.Record
	must(t, s.Tally().Read(&m, &r, now))
	return r.Tally
}

// TestCapRace has 64 senders write to few recipients at once. None of them ever gets more than the cap,
// what is given back is free again, and after a restart the tally is what it was.
func TestCapRace(t *testing.T) {
	const senders, people, most, tries = 64, 3, 25, 60
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	policy := capped(t, most)
	var held [people]atomic.Int64
	var group sync.WaitGroup
	for sender := range senders {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(sender), 1))
			var r filter.Record
			for range tries {
				n := random.IntN(people)
				m := filter.Message{To: person("acme", n)}
				slot, ok, err := count(s, policy, &m, &r, noon)
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
					s.Tally().GiveBack(&slot)
				}
			}
		})
	}
	group.Wait()
	for reopened := range 2 {
		for n := range people {
			if got := len(tallyOf(t, s, filter.Message{To: person("acme", n)}, noon)); got != most || held[n].Load() != most {
				t.Errorf("opened again %d times: recipient %d has %d places, and %d hold one, of %d", reopened, n, got, held[n].Load(), most)
			}
		}
		closeStore(t, s)
		s = open(t, store.Config{Dir: dir})
	}
}

func TestTheTallyTellsWhatWasSent(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	ana := filter.Message{To: person("acme", 1), Topic: "offers", Text: "Sale", Template: "t", Extra: "a"}
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
		s.Tally().Remember(24 * time.Hour)
		take(t, s, c.m, now)
		got := tallyOf(t, s, ana, now.Add(time.Second))
		want := filter.Tally{{At: now, Category: c.m.Category, SameTopic: c.topic, SameContent: c.content}}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
	for name, to := range map[string]filter.Recipient{"another brand": person("shop", 1), "another person": person("acme", 2),
		"another channel": {Brand: "acme", Channel: filter.WhatsApp, Address: ana.To.Address}} {
		if got := tallyOf(t, s, filter.Message{To: to}, noon); len(got) > 0 {
			t.Errorf("%s has %+v in the tally", name, got)
		}
	}
}

func TestScheduledMessagesCountAtTheirTime(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	m := filter.Message{To: person("acme", 1)}
	for _, h := range []int{5, 1, 3} {
		m.SendAt = noon.Add(time.Duration(h) * time.Hour)
		take(t, s, m, noon)
	}
	var got []int
	for _, sent := range tallyOf(t, s, m, noon) {
		got = append(got, int(sent.At.Sub(noon).Hours()))
	}
	if !slices.Equal(got, []int{1, 3, 5}) {
		t.Errorf("due after %v hours, want 1, 3 and 5", got)
	}
}

func TestTallyFull(t *testing.T) {
	clock := newClock(noon)
	s := open(t, store.Config{Memory: true, Tally: 3, Now: clock.now})
	for n := range 3 {
		take(t, s, filter.Message{To: person("acme", n)}, noon)
	}
	m, r := filter.Message{To: person("acme", 0)}, filter.Record{}
	if _, _, err := count(s, nil, &m, &r, noon); !errors.Is(err, store.ErrTallyFull) {
		t.Errorf("a fourth of three returns %v", err)
	}
	clock.set(noon.Add(25 * time.Hour))
	if _, ok, err := count(s, nil, &m, &r, clock.now()); err != nil || !ok {
		t.Errorf("once the first counts no longer there is no room: %v", err)
	}
}

// What is no longer looked back at goes, from memory and from disk.
func TestTheTallyForgets(t *testing.T) {
	dir := t.TempDir()
	clock := newClock(noon)
	s := open(t, store.Config{Dir: dir, Now: clock.now})
	s.Tally().Remember(48 * time.Hour)
	for n := range 1000 {
		take(t, s, filter.Message{To: person("acme", n)}, noon)
	}
	clock.set(noon.Add(47 * time.Hour))
	s.Tally().Sweep()
	if got := s.Tally().Len(); got != 1000 {
		t.Errorf("after 47 hours of 48 it holds %d", got)
	}
	take(t, s, filter.Message{To: person("acme", 5000)}, clock.now())
	clock.set(noon.Add(49 * time.Hour))
	s.Tally().Sweep()
	if got := s.Tally().Len(); got != 1 {
		t.Errorf("after 49 hours it holds %d", got)
	}
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir, Now: clock.now})
	if files := tallyFiles(t, dir); len(files) != 1 {
		t.Errorf("the files are %v", files)
	}
	if got := len(tallyOf(t, s, filter.Message{To: person("acme", 5000)}, clock.now())); got != 1 {
		t.Errorf("the newest message counts %d times", got)
	}
}

func tallyFiles(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "tally", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What cannot be written is not counted, and the message not sent; once it can, all goes on.
func TestTallyOnABrokenDisk(t *testing.T) {
	dir := t.TempDir()
	var free atomic.Int64
	s, err := store.Free(store.Config{Dir: dir, Now: newClock(noon).now}, free.Load)
	if err == nil {
		t.Fatal("a store opened on a full disk")
	}
	free.Store(1 << 40)
	s, err = store.Free(store.Config{Dir: dir, Now: newClock(noon).now}, free.Load)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	m, r := filter.Message{To: person("acme", 1)}, filter.Record{}
	free.Store(1 << 20)
	if _, _, err := count(s, nil, &m, &r, noon); err == nil || !strings.Contains(err.Error(), "is full") {
		t.Fatalf("on a full disk counting returns %v", err)
	}
	free.Store(1 << 40)
	take(t, s, m, noon)
	mend := store.BreakTally(s)
	if _, _, err := count(s, nil, &m, &r, noon); err == nil {
		t.Error("what could not be written was counted")
	}
	if got := len(tallyOf(t, s, m, noon)); got != 1 {
		t.Errorf("%d messages are in the tally, want the one that was written", got)
	}
	mend()
	take(t, s, m, noon)
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir})
	if got := len(tallyOf(t, s, m, noon)); got != 2 {
		t.Errorf("after a restart %d messages are in the tally, want 2", got)
	}
}

// A file that ends anywhere, or has damage anywhere, costs the entries that it touches and no other.
func TestTornTally(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	m := filter.Message{To: person("acme", 1)}
	for i := range 4 {
		take(t, s, m, noon.Add(time.Duration(i)*time.Second))
	}
	closeStore(t, s)
	file := tallyFiles(t, dir)[0]
	whole, err := os.ReadFile(file)
	must(t, err)
	reopened := func(data []byte) (at []int) {
		must(t, os.WriteFile(file, data, 0o600))
		s := open(t, store.Config{Dir: dir})
		defer closeStore(t, s)
		for _, sent := range tallyOf(t, s, m, noon) {
			at = append(at, int(sent.At.Sub(noon).Seconds()))
		}
		take(t, s, m, noon.Add(9*time.Second))
		if n := len(tallyOf(t, s, m, noon)); n != len(at)+1 {
			t.Errorf("of %d messages and one more %d are in the tally", len(at), n)
		}
		return at
	}
	for _, cut := range []int{0, 1, 31, 32, 33, 63, 64, 96, 127} {
		want := []int{0, 1, 2, 3}[:cut/32]
		if got := reopened(whole[:cut]); !slices.Equal(got, want) {
			t.Errorf("cut at byte %d it knows %v, want %v", cut, got, want)
		}
	}
	for at := 0; at < 32; at++ {
		bad := slices.Clone(whole)
		bad[32+at] ^= 0x10
		if got := reopened(bad); !slices.Equal(got, []int{0, 2, 3}) {
			t.Errorf("with byte %d of the second entry damaged it knows %v", at, got)
		}
	}
}

// The journal goes on in another file when one is full.
func TestTallyFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	entries := 2*store.TallyFileSize/32 + 1000
	for n := range entries {
		take(t, s, filter.Message{To: person("acme", n)}, noon)
	}
	closeStore(t, s)
	if n := len(tallyFiles(t, dir)); n != 3 {
		t.Errorf("%d entries are in %d files", entries, n)
	}
	s = open(t, store.Config{Dir: dir})
	if got := s.Tally().Len(); got != int64(entries) {
		t.Errorf("%d of %d entries were read", got, entries)
	}
}

// TestTheTallyAgreesWithAList compares the tally with a plain list over many steps.
func TestTheTallyAgreesWithAList(t *testing.T) {
	clock := newClock(noon)
	s := open(t, store.Config{Memory: true, Now: clock.now})
	s.Tally().Remember(24 * time.Hour)
	random := rand.New(rand.NewPCG(3, 4))
	type held struct {
		at   time.Time
		slot store.Slot
	}
	list := map[int][]held{}
	now := noon
	for step := range 30_000 {
		now = now.Add(time.Duration(random.IntN(60)) * time.Second)
		clock.set(now)
		n := random.IntN(50)
		m := filter.Message{To: person("acme", n)}
		list[n] = slices.DeleteFunc(list[n], func(h held) bool { return h.at.Before(now.Add(-24 * time.Hour)) })
		if k := len(list[n]); k > 0 && random.IntN(4) == 0 {
			i := random.IntN(k)
			s.Tally().GiveBack(&list[n][i].slot)
			list[n] = slices.Delete(list[n], i, i+1)
		} else {
			list[n] = append(list[n], held{now, take(t, s, m, now)})
		}
		var want, got []time.Time
		for _, h := range list[n] {
			want = append(want, h.at)
		}
		for _, sent := range tallyOf(t, s, m, now) {
			got = append(got, sent.At)
		}
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("step %d: %v, want %v", step, got, want)
		}
	}
	if got, most := s.Tally().Len(), int64(50*24*60*60/30); got > most {
		t.Errorf("it holds %d messages of a day, which had about %d", got, most/50)
	}
}

// A message that is moved to another time counts at that time.
func TestMovedMessagesCountWhereTheyWereMoved(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	m, r := filter.Message{To: person("acme", 1)}, filter.Record{}
	turn, err := s.Tally().Turn(&m, &r, noon)
	must(t, err)
	turn.Move(noon.Add(9 * time.Hour))
	slot, err := turn.Take(&store.Claims{Tally: true})
	turn.End()
	must(t, err)
	if got := tallyOf(t, s, m, noon); len(got) != 1 || !got[0].At.Equal(noon.Add(9*time.Hour)) {
		t.Errorf("the tally is %+v", got)
	}
	s.Tally().GiveBack(&slot)
	if got := tallyOf(t, s, m, noon); len(got) != 0 {
		t.Errorf("once given back the tally is %+v", got)
	}
}
