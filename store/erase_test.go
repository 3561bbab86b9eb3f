package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/errands"
	"github.com/sendgate/sendgate/store/storetest"
)

func erase(t testing.TB, s *store.Store, to filter.Recipient) store.Erasure {
	t.Helper()
	e, err := s.Erase(context.Background(), to, "api: olga", "asked by letter of 12 March")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// gonePerson is whom the tests erase, and spellings are how the number may stand in a file.
var (
	gonePerson = filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+14155550100"}
	spellings  = []string{"14155550100", "4155550100", "(415) 555-0100", "415-555-0100", "415.555.0100", "Ana Ejemplo", "ana@example.com", "secret wording"}
)

// found lists the files under dir that hold one of the spellings, plain or in the picture that the
// tests upload.
func found(t testing.TB, dir string) (files []string) {
	t.Helper()
	storetest.Must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, spelling := range append(spellings, "picture of ana", gonePlace) {
			if bytes.Contains(data, []byte(spelling)) {
				files = append(files, fmt.Sprintf("%s has %q", path, spelling))
			}
		}
		return err
	}))
	return files
}

// gonePlace is where gonePerson is, and nobody else.
const gonePlace = "US-AK 995"

// telling is an event with everything personal in it.
func telling(to filter.Recipient, id, sha string) filter.Event {
	e := optIn(to, id+" +14155550100")
	e.Source, e.Note = "import 4155550100.csv", "(415) 555-0100"
	e.Proof = filter.Evidence{Method: "web form", Wording: "secret wording", FullName: "Ana Ejemplo", Email: "ana@example.com",
		Postal: "415-555-0100", Place: gonePlace, Reference: "415.555.0100", ScreenshotSHA256: sha, CapturedAt: noon}
	return e
}

// populate fills a store with what is to be erased and what is to stay, in memory, tables, tail and
// blocks, and returns the digests of a picture that only gonePerson's events name, and of one that
// others name too.
func populate(t testing.TB, s *store.Store) (own, shared string) {
	t.Helper()
	own, shared = putBlob(t, s, picture("picture of ana alone")), putBlob(t, s, picture("picture of others"))
	var events []filter.Event
	for i := range 2000 {
		events = append(events, optIn(storetest.Person("acme", i), "in"), optOut(storetest.Person("acme", i+1000), "out"))
	}
	events[0].Proof.ScreenshotSHA256 = shared
	keep(t, s, telling(gonePerson, "a", own), telling(gonePerson, "b", shared))
	keep(t, s, events...)
	k := goneSend(s)
	storetest.Must(t, k.Begin([]byte("+14155550100")))
	storetest.Must(t, k.Answer([]byte(answerText)))
	keep(t, s, telling(gonePerson, "c", own), optOut(gonePerson, "d"))
	for n := range 2500 {
		e := decision(n)
		if n%100 == 7 {
			e.To, e.Text, e.Campaign, e.ClaimTopic = gonePerson, "Hello Ana Ejemplo, +14155550100", "for 14155550100", "to +14155550100"
		}
		s.Decisions().Add(e)
		if n%700 == 0 {
			store.FlushLog(s)
		}
	}
	store.FlushLog(s)
	addErrands(t, s, goneErrands()[:8]...)
	mine, others := passTo(s, gonePerson), passTo(s, storetest.Person("acme", 1))
	mine.Reason, others.Reason = "Ana Ejemplo asked", "like (415) 555-0100"
	grant(t, s, mine, others)
	return own, shared
}

// goneSend is a send to gonePerson, under a key that names them.
func goneSend(s *store.Store) *store.SendKey {
	return s.SendKey("twilio", "sale for 14155550100", []byte("To=4155550100"))
}

func TestEraseLeavesNothing(t *testing.T) {
	for name, reopen := range map[string]bool{"while the store is open": false, "after it was opened again, with everything in tables": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, store.Config{Dir: dir})
			own, shared := populate(t, s)
			if reopen {
				closeStore(t, s)
				s = open(t, store.Config{Dir: dir})
				keep(t, s, telling(gonePerson, "e", own))
			}
			others, links := map[filter.Recipient]store.Known{}, s.Head().Seq
			for k, err := range s.Records() {
				if storetest.Must(t, err); k.To != gonePerson {
					others[k.To] = k
				}
			}
			log := ids(t, s, decisions.Query{})
			sent := filter.Message{To: gonePerson, From: gonePerson.Address, Text: "to " + gonePerson.Address}
			take(t, s, sent, noon)
			if len(found(t, dir)) == 0 {
				t.Fatal("the search finds nothing before the erasure either")
			}
			e := erase(t, s, gonePerson)
			if files := found(t, dir); len(files) > 0 {
				t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
			}
			storetest.Equal(t, "the errands", errandIDs(t, s, errands.Query{}), []string{"waits"})
			if added := addErrands(t, s, goneErrands()[1]); added[0] || e.Errands != 7 {
				t.Errorf("%d errands ended, and a repeat of one was added: %v", e.Errands, added)
			}
			if e.Recipients != 1 || e.Events < 4 || e.Blobs != 1 || e.Entries != 25 || !e.Time.Equal(noon) || !e.KeepUntil.After(noon.AddDate(9, 11, 0)) {
				t.Errorf("the erasure says %+v", e)
			}
			if blob(t, s, own) != nil || blob(t, s, shared) == nil {
				t.Error("the picture of the erased alone must go, and the shared one stay")
			}
			judgeOthers(t, s, others, log)
			r := sound(t, s)
			if r.Links != links+1 || r.Erased != uint64(e.Events) {
				t.Errorf("the chain has %+v, want %d links", r, links+1)
			}
			closeStore(t, s)
			if files := found(t, dir); len(files) > 0 {
				t.Errorf("after closing:\n%s", strings.Join(files, "\n"))
			}
			s = open(t, store.Config{Dir: dir})
			judgeOthers(t, s, others, log)
			sound(t, s)
			judgeErased(t, s, gonePerson)
			if got := tallyOf(t, s, sent, noon); len(got) != 1 {
				t.Errorf("the tally, which holds no address, is %+v", got)
			}
			expect(t, goneSend(s), store.SendAnswered, answerText) // to who has all of the request
		})
	}
}

// judgeOthers checks that everybody else's records and the log's entries are as they were.
func judgeOthers(t testing.TB, s *store.Store, others map[filter.Recipient]store.Known, log []string) {
	t.Helper()
	n := 0
	for k, err := range s.Records() {
		if storetest.Must(t, err); k.To.Address == "" {
			continue
		}
		if n++; !reflect.DeepEqual(k, others[k.To]) {
			t.Fatalf("somebody else's record became %+v, was %+v", k, others[k.To])
		}
	}
	if got := s.Recipients(); got != n+1 {
		t.Errorf("Recipients says %d, want %d and the erased one", got, n)
	}
	if n != len(others) {
		t.Errorf("%d other recipients are left of %d", n, len(others))
	}
	storetest.Equal(t, "the entries of the log", ids(t, s, decisions.Query{}), log)
	for e, err := range s.Decisions().Entries(decisions.Query{}) {
		if storetest.Must(t, err); e.To.Address == "" {
			if e.Reason != filter.Allowed || e.Time.IsZero() || e.Text+e.Campaign != "" || e.To.Brand != "acme" {
				t.Fatalf("a blanked entry is %+v", e)
			}
		} else if e.Text != decision(0).Text {
			t.Fatalf("somebody else's entry is %+v", e)
		}
	}
}

// judgeErased checks that an erased recipient is barred and nameless.
func judgeErased(t testing.TB, s *store.Store, to filter.Recipient) {
	t.Helper()
	r := read(t, s, to, filter.NeedOptOut)
	if r.Erased.IsZero() || !barred(t, s, to) {
		t.Errorf("the erased recipient reads as %+v", r)
	}
	events := history(t, s, to)
	var folded filter.Record
	erasures := 0
	for _, e := range events {
		folded = folded.After(e)
		if e.Kind == filter.Erased {
			erasures++
			continue
		}
		if e.ID+e.To.Address+e.Source+e.Note != "" || e.Proof != (filter.Evidence{}) || e.Kind == 0 || e.Time.IsZero() || e.Recorded.IsZero() {
			t.Errorf("what is left of an event is %+v", e)
		}
	}
	if !reflect.DeepEqual(folded, read(t, s, to, filter.NeedRecord)) || erasures == 0 {
		t.Errorf("%d events with %d erasures add up to %+v, the record is %+v", len(events), erasures, folded, r)
	}
}

func TestEraseEverywhere(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	whatsapp := gonePerson
	whatsapp.Channel = filter.WhatsApp
	other := gonePerson
	other.Brand = "other"
	keep(t, s, optIn(gonePerson, "a"), optIn(whatsapp, "b"), optIn(other, "c"), optIn(storetest.Person("acme", 1), "d"), optIn(gonePerson.Everywhere(), "e"))
	before := read(t, s, other, filter.NeedRecord)

	erase(t, s, gonePerson) // of one brand
	judgeErased(t, s, gonePerson)
	if got := read(t, s, other, filter.NeedRecord); !reflect.DeepEqual(got, before) {
		t.Errorf("another brand's record became %+v", got)
	}
	e := erase(t, s, gonePerson.Everywhere())
	if e.Recipients != 3 {
		t.Errorf("%d recipients were erased, want whatsapp, other and everywhere", e.Recipients)
	}
	for _, to := range []filter.Recipient{whatsapp, other, gonePerson.Everywhere()} {
		judgeErased(t, s, to)
	}
	if stranger := (filter.Recipient{Brand: "new", Channel: filter.SMS, Address: gonePerson.Address}); !barred(t, s, stranger) {
		t.Error("a brand that never knew them may write to them")
	}
	sound(t, s)
}

func TestAfterErasure(t *testing.T) {
	now := storetest.NewClock(noon)
	s := open(t, store.Config{Memory: true, Now: now.Now})
	old := optIn(gonePerson, "row 17")
	keep(t, s, old)
	erase(t, s, gonePerson)
	now.Set(noon.Add(time.Hour))

	keep(t, s, old)
	if events := history(t, s, gonePerson); len(events) != 2 || !barred(t, s, gonePerson) {
		t.Errorf("an event that was erased came back: %+v", events)
	}
	if found, err := s.Has(gonePerson, "row 17"); !found || err != nil {
		t.Errorf("the erased event is not known any more: %v", err)
	}
	late := optIn(gonePerson, "row 18")
	late.Time = noon.Add(-time.Hour)
	implied := optIn(gonePerson, "order")
	implied.Basis = filter.ByTransaction
	keep(t, s, late, implied)
	if !barred(t, s, gonePerson) {
		t.Error("an opt-in from before the erasure, or an implied one, lifted it")
	}
	keep(t, s, optIn(gonePerson, "asked to be back"))
	if barred(t, s, gonePerson) {
		t.Error("an express opt-in from after the erasure must count")
	}
	sound(t, s)
	e := erase(t, s, gonePerson)
	if e.Events != 3 || !barred(t, s, gonePerson) {
		t.Errorf("the second erasure: %+v", e)
	}
	judgeErased(t, s, gonePerson)
	sound(t, s)
	if r, err := s.RecordAt(gonePerson, noon.Add(-time.Minute)); err != nil || r.EverOptedOut() {
		t.Errorf("before the erasure the record was %+v, %v", r, err)
	}
}

func TestEraseRefuses(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	ctx := context.Background()
	for what, c := range map[string]struct {
		to            filter.Recipient
		actor, reason string
		field         string
	}{
		"no address":              {filter.Recipient{Channel: filter.SMS}, "ana", "", "to.address"},
		"no channel":              {filter.Recipient{Address: "+14155550100"}, "ana", "", "to.channel"},
		"nobody who does it":      {gonePerson, "", "asked", "actor"},
		"the number as reason":    {gonePerson, "ana", "call from 1 (415) 555-0100", "reason"},
		"the number as actor":     {gonePerson, "+14155550100", "", "actor"},
		"a reason without an end": {gonePerson, "ana", strings.Repeat("x", 20<<10), "reason"},
	} {
		_, err := s.Erase(ctx, c.to, c.actor, c.reason)
		var problem *store.EventError
		if !errors.As(err, &problem) || problem.Field != c.field {
			t.Errorf("%s: Erase returns %v, want an error about %s", what, err, c.field)
		}
	}
	if s.Head().Seq != 0 {
		t.Error("something was kept of a refused erasure")
	}
	var problem *store.EventError
	if err := s.Append(ctx, filter.Event{To: gonePerson, Kind: filter.Erased, Source: "test"}); !errors.As(err, &problem) {
		t.Errorf("an Erased event may be appended: %v", err)
	}
	closeStore(t, s)
	if _, err := s.Erase(ctx, gonePerson, "ana", "asked"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("on a closed store Erase returns %v", err)
	}
}
