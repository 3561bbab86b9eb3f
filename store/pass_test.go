package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// offer is what a pass is for in these tests.
func offer(to filter.Recipient) filter.Message {
	return filter.Message{To: to, From: "+15559990000", Topic: "offers", Text: "Spring sale. Reply STOP to opt out."}
}

// passTo is a pass to be granted by ana for the message of offer.
func passTo(s *store.Store, to filter.Recipient) store.Pass {
	m := offer(to)
	return store.Pass{To: to, Route: "twilio", Print: s.Print("twilio", &m), Past: filter.InQuietHours, Decisions: []string{"d-" + to.Address},
		Reason: "asked for it by phone", Actor: "ana", Expires: noon.Add(24 * time.Hour)}
}

func grant(t testing.TB, s *store.Store, all ...store.Pass) []store.Pass {
	t.Helper()
	granted, err := s.Grant(all)
	storetest.Must(t, err)
	return granted
}

// states lists what became of all passes, sorted.
func states(t testing.TB, s *store.Store, now time.Time) (all []string) {
	t.Helper()
	page, err := s.Passes("", 1000, func(*store.Pass) bool { return true })
	storetest.Must(t, err)
	for _, p := range page {
		all = append(all, p.To.Address+" "+string(p.State(now)))
	}
	slices.Sort(all)
	return all
}

func TestPrint(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	m := offer(storetest.Person("acme", 1))
	print := s.Print("twilio", &m)
	m.Campaign, m.SendAt, m.Room = "spring", noon, 7
	if s.Print("twilio", &m) != print {
		t.Error("a label of the sender, or another time, makes another message")
	}
	if s.Print("backup", &m) == print {
		t.Error("another route is the same message")
	}
	for name, change := range map[string]func(*filter.Message){
		"another recipient":         func(m *filter.Message) { m.To.Address = "+14155550199" },
		"another brand":             func(m *filter.Message) { m.To.Brand = "other" },
		"another channel":           func(m *filter.Message) { m.To.Channel = filter.WhatsApp },
		"another text":              func(m *filter.Message) { m.Text += " " },
		"a template":                func(m *filter.Message) { m.Template = "t" },
		"another value":             func(m *filter.Message) { m.Extra = "2" },
		"another sender":            func(m *filter.Message) { m.From = "+15559990001" },
		"a messaging service":       func(m *filter.Message) { m.Service = "MG1" },
		"another category":          func(m *filter.Message) { m.Category = filter.Utility },
		"another topic":             func(m *filter.Message) { m.Topic = "news" },
		"a further topic":           func(m *filter.Message) { m.Others[1] = "news" },
		"text and values exchanged": func(m *filter.Message) { m.Text, m.Extra = m.Extra, m.Text },
	} {
		other := m
		if change(&other); s.Print("twilio", &other) == print {
			t.Errorf("%s is the same message", name)
		}
	}
	if n := testing.AllocsPerRun(100, func() { s.Print("twilio", &m) }); n > 0 && !raceDetector {
		t.Errorf("%v allocations", n)
	}
}

// TestPassLife: what a pass goes through, each step also after the store was opened again.
func TestPassLife(t *testing.T) {
	dir, now := t.TempDir(), storetest.NewClock(noon)
	s := open(t, store.Config{Dir: dir, Now: now.Now})
	two, four := passTo(s, storetest.Person("acme", 2)), passTo(s, storetest.Person("acme", 4))
	two.FourEyes, four.FourEyes = true, true
	granted := grant(t, s, passTo(s, storetest.Person("acme", 1)), two, passTo(s, storetest.Person("acme", 3)), four, passTo(s, storetest.Person("acme", 1)))
	if len(granted) != 4 || granted[0].Grant != granted[3].Grant || len(grant(t, s, passTo(s, storetest.Person("acme", 3)))) > 0 {
		t.Fatalf("granted %+v: one a message, and none while there is one", granted)
	}
	one, three := granted[0], granted[2]
	_, err := s.Approve(granted[1].ID, "Ana", "")
	if !errors.Is(err, store.ErrOwnPass) {
		t.Errorf("who granted it approved it, too: %v", err)
	}
	_, err = s.Approve(one.ID, "bert", "")
	if _, is := errors.AsType[*store.PassError](err); !is {
		t.Errorf("what waits for nobody was approved: %v", err)
	}
	for _, reopen := range []bool{false, true} {
		if reopen {
			closeStore(t, s)
			s = open(t, store.Config{Dir: dir, Now: now.Now})
		}
		for _, p := range granted {
			got, ok := s.PassFor(p.Print, noon)
			if waits := p.FourEyes; ok == waits || !waits && !reflect.DeepEqual(got, p) {
				t.Errorf("found %+v, %v; it is %+v", got, ok, p)
			}
		}
	}
	approved, err := s.Approve(one.Grant, "bert", "")
	if storetest.Must(t, err); len(approved) != 2 || approved[0].ApprovedBy != "bert" {
		t.Errorf("of a grant %+v were approved", approved)
	}
	if _, err := s.Revoke(three.ID, "bert", ""); err == nil {
		t.Error("revoked without a reason")
	}
	_, err = s.Revoke(three.ID, "bert", "no")
	storetest.Must(t, err)
	if used, err := s.UsePass(&three, "x", noon); used || err != nil {
		t.Errorf("what was revoked was used: %v", err)
	}
	if used, err := s.UsePass(&one, "new", noon); !used || err != nil {
		t.Fatalf("not used: %v", err)
	}
	if used, _ := s.UsePass(&one, "newer", noon); used {
		t.Error("used twice")
	}
	closeStore(t, s)
	s = open(t, store.Config{Dir: dir, Now: now.Now})
	if all := s.PassesOf("new"); len(all) != 1 || all[0].UsedBy != "new" || !reflect.DeepEqual(s.PassesOf(one.Decisions[0]), all) {
		t.Errorf("of the decision that it forwarded: %+v", all)
	}
	storetest.Must(t, s.GiveBackPass(&one, "new"))
	if _, ok := s.PassFor(one.Print, noon); !ok {
		t.Error("what was given back is not there")
	}
	if used, err := s.UsePass(&one, "newest", noon.Add(24*time.Hour)); used || err != nil {
		t.Errorf("used after its end: %v", err)
	}
	now.Set(noon.Add(24 * time.Hour))
	storetest.Equal(t, "after a day", states(t, s, now.Now()), []string{"+15550000001 expired", "+15550000002 expired", "+15550000003 revoked", "+15550000004 expired"})
	if grant(t, s, passTo(s, storetest.Person("acme", 1))); s.AnyPass() != true {
		t.Error("what expired keeps others away")
	}
	now.Set(noon.Add(100 * 24 * time.Hour))
	last := passTo(s, storetest.Person("acme", 9))
	last.Expires = now.Now().Add(time.Hour)
	grant(t, s, last)
	storetest.Equal(t, "after the time of the decision log", states(t, s, now.Now()), []string{"+15550000009 granted"})
	sound(t, s)
}

// TestPassRace: of many who use one pass at once, one may send.
func TestPassRace(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	var all []store.Pass
	for n := range 50 {
		p := passTo(s, storetest.Person("acme", n))
		p.Expires = time.Now().Add(time.Hour)
		all = append(all, p)
	}
	for _, p := range grant(t, s, all...) {
		var group sync.WaitGroup
		var wins atomic.Int64
		for n := range 8 {
			group.Go(func() {
				used, err := s.UsePass(&p, fmt.Sprint(n), time.Now())
				if err != nil {
					t.Error(err)
				}
				if used {
					wins.Add(1)
				}
			})
		}
		if group.Wait(); wins.Load() != 1 {
			t.Fatalf("%d used one pass", wins.Load())
		}
	}
}

// A pass that cannot be kept is none, and one that cannot be used up lets nothing through.
func TestPassOnAFailingDisk(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	p := grant(t, s, passTo(s, storetest.Person("acme", 1)))[0]
	broken := true
	store.FailCommits(s, func(real func() error) error {
		if broken {
			return errors.New("input/output error")
		}
		return real()
	})
	if granted, err := s.Grant([]store.Pass{passTo(s, storetest.Person("acme", 2))}); err == nil || len(granted) > 0 {
		t.Errorf("granted %v, %v", granted, err)
	}
	if used, err := s.UsePass(&p, "x", noon); used || err == nil {
		t.Errorf("used: %v, %v", used, err)
	}
	broken = false
	if used, err := s.UsePass(&p, "x", noon); !used || err != nil {
		t.Errorf("once the disk works: %v, %v", used, err)
	}
	if granted, err := s.Grant([]store.Pass{passTo(s, storetest.Person("acme", 2))}); err != nil || len(granted) != 1 {
		t.Errorf("once the disk works, granted %v, %v", granted, err)
	}
}

// While a pass is being given back, nobody gets another for its message: there would be two.
func TestPassGivenBackAndGranted(t *testing.T) {
	s := open(t, store.Config{Memory: true, Now: func() time.Time { return noon }})
	p := grant(t, s, passTo(s, storetest.Person("acme", 1)))[0]
	if used, err := s.UsePass(&p, "x", noon); !used || err != nil {
		t.Fatal(used, err)
	}
	giving, granted := make(chan struct{}), make(chan struct{})
	var once sync.Once
	store.FailCommits(s, func(real func() error) error {
		once.Do(func() {
			close(giving)
			select {
			case <-granted: // it was refused at once
			case <-time.After(time.Second): // it waits for this commit
			}
		})
		return real()
	})
	var group sync.WaitGroup
	group.Go(func() {
		if err := s.GiveBackPass(&p, "x"); err != nil {
			t.Error(err)
		}
	})
	<-giving
	group.Go(func() {
		defer close(granted)
		if more, err := s.Grant([]store.Pass{passTo(s, storetest.Person("acme", 1))}); err != nil || len(more) > 0 {
			t.Errorf("granted %v, %v", more, err)
		}
	})
	group.Wait()
	if is := states(t, s, noon); len(is) != 1 {
		t.Errorf("passes for one message: %v", is)
	}
}

// What is in use while its grant is revoked does not count again once it is given back.
func TestPassGivenBackAfterItsGrantWasRevoked(t *testing.T) {
	s := open(t, store.Config{Memory: true, Now: func() time.Time { return noon }})
	all := grant(t, s, passTo(s, storetest.Person("acme", 1)), passTo(s, storetest.Person("acme", 2)), passTo(s, storetest.Person("acme", 3)))
	for _, p := range all[:2] {
		if used, err := s.UsePass(&p, "x", noon); !used || err != nil {
			t.Fatal(used, err)
		}
	}
	var once sync.Once
	var group sync.WaitGroup
	store.FailCommits(s, func(real func() error) error {
		once.Do(func() { // the first is just being given back
			group.Go(func() {
				if revoked, err := s.Revoke(all[0].Grant, "ben", "a mistake"); err != nil || len(revoked) != 1 {
					t.Errorf("revoked %v, %v", revoked, err)
				}
			})
			for deadline := time.Now().Add(10 * time.Second); !store.Revoking(s, all[0].Grant) && time.Now().Before(deadline); {
				runtime.Gosched()
			}
		})
		return real()
	})
	for _, p := range all[:2] {
		storetest.Must(t, s.GiveBackPass(&p, "x"))
	}
	group.Wait()
	want := []string{"+15550000001 revoked", "+15550000002 revoked", "+15550000003 revoked"}
	if is := states(t, s, noon); !slices.Equal(is, want) {
		t.Errorf("%v, want %v", is, want)
	}
}

func TestVerifySeesADamagedPass(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	p := grant(t, s, passTo(s, storetest.Person("acme", 1)))[0]
	storetest.Must(t, store.SpoilPass(s, p.ID))
	r, err := s.Verify(t.Context())
	if storetest.Must(t, err); len(r.Faults) != 1 || r.Faults[0].Reason != "pass "+p.ID+" was altered: it does not read" {
		t.Errorf("found %v", r.Faults)
	}
}
