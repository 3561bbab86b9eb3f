package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
	"github.com/sendgate/sendgate/store/switches"
)

func pause(t testing.TB, s *store.Store, sw filter.Switch, key string) filter.Switch {
	t.Helper()
	sw, err := s.Switches().Pause(sw, key)
	storetest.Must(t, err)
	return sw
}

// switchesFile is where a store in dir keeps its switches.
func switchesFile(dir string) string { return filepath.Join(dir, switches.File) }

// older is a folder with pauses from when nobody looked for phone numbers in what people wrote. They have
// the ids 1, 2 and so on; those that have an end from somebody have it.
func older(t testing.TB, all ...filter.Switch) (dir string) {
	t.Helper()
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	for i, sw := range all {
		end := map[string]any{"id": fmt.Sprint(i + 1), "time": noon, "actor": sw.LiftedBy, "reason": sw.LiftedBecause}
		sw.ID, sw.Set, sw.Categories = fmt.Sprint(i+1), noon.Add(-time.Hour), []filter.Category{filter.Marketing}
		sw.LiftedBy, sw.LiftedBecause = "", ""
		storetest.Must(t, out.Encode(map[string]any{"set": sw, "key": "k" + sw.ID}))
		if end["actor"] != "" {
			storetest.Must(t, out.Encode(map[string]any{"lift": end}))
		}
	}
	dir = t.TempDir()
	storetest.Must(t, os.WriteFile(switchesFile(dir), text.Bytes(), 0o600))
	return dir
}

// TestErasureLiftsNoPause: while a pause in force is named by an address, that is not erased; afterwards it is.
func TestErasureLiftsNoPause(t *testing.T) {
	for name, c := range map[string]struct {
		address, campaign string
		named             bool
	}{
		"a short id at the end of a label":            {"12345", "sale-12345", false},
		"a name inside a word":                        {"anna", "Savanna", false},
		"an id like a date":                           {"20261101", "newsletter-2026-11-01", false},
		"an id like a year":                           {"2026", "spring-2026", false},
		"a national number like a date":               {"+4520261101", "newsletter-2026-11-01", false},
		"a number inside a longer one":                {american, "ref 914155550100123", false},
		"a short id as a word":                        {"12345", "for (12345)", true},
		"a name as a word, in other letters":          {"anna", "for Anna, again", true},
		"an e-mail address":                           {"ana@example.com", "for Ana@Example.com", true},
		"a number at the end of a label":              {american, "sale-14155550100", true},
		"a number as Americans write it":              {american, "for (415) 555-0100 today", true},
		"a number that was recorded in no known form": {"(+1) 415 555 0100", "for 1 415 555 0100", true},
	} {
		t.Run(name, func(t *testing.T) {
			things := filter.Target{Brand: c.address, Route: c.address, Topic: c.address, Template: c.address}
			s := open(t, store.Config{Dir: older(t, storetest.Pause(c.campaign, time.Time{}), filter.Switch{On: things, Reason: "x", Actor: "ana"})})
			to := filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: c.address}
			keep(t, s, optIn(to, "in"))
			_, err := s.Erase(context.Background(), to, "olga", "asked by letter")
			var problem *store.EventError
			if refused := errors.As(err, &problem); refused != c.named || !refused && err != nil || refused && (problem.Field != "to.address" || !strings.Contains(err.Error(), "the pause 1,")) {
				t.Errorf("the erasure returns %v", err)
			}
			if all := s.Switches().InForce(); len(all) != 2 || all[0].On.Campaign != c.campaign || all[1].On != things {
				t.Errorf("in force is %+v", all)
			}
			if events := history(t, s, to); c.named && len(events) != 1 {
				t.Errorf("an erasure that was refused left %+v", events)
			}
			if !c.named {
				return
			}
			_, err = s.Switches().Lift("1", "bo", "mended")
			storetest.Must(t, err)
			erase(t, s, to)
			if past, err := s.Switches().History("", 10); err != nil || len(past) != 2 || past[1].On.Campaign != "(erased)" || len(s.Switches().InForce()) != 1 {
				t.Errorf("the history is %+v, %v", past, err)
			}
		})
	}
}

// TestEraseLeavesNothingInSwitches: not in what is paused, nor in what was, nor in why.
func TestEraseLeavesNothingInSwitches(t *testing.T) {
	was, is := storetest.Pause("for 14155550100", time.Time{}), storetest.Pause("spring", time.Time{})
	was.On.Sender, was.Reason, was.LiftedBy, was.LiftedBecause = "+14155550100", "(415) 555-0100 called", "bo", "415.555.0100 called again"
	is.Reason = "complaint of 415-555-0100"
	dir := older(t, was, is)
	s := open(t, store.Config{Dir: dir})
	if len(found(t, dir)) == 0 {
		t.Fatal("the search finds nothing before the erasure either")
	}
	erase(t, s, gonePerson)
	for _, opened := range []bool{false, true} {
		if opened {
			closeStore(t, s)
			s = open(t, store.Config{Dir: dir})
		}
		if files := found(t, dir); len(files) > 0 {
			t.Errorf("after the erasure:\n%s", strings.Join(files, "\n"))
		}
		past, err := s.Switches().History("", 10)
		storetest.Must(t, err)
		if len(past) != 2 || past[1].On != (filter.Target{Campaign: "(erased)", Sender: "(erased)"}) || past[1].Reason != "(erased)" ||
			past[1].LiftedBecause != "(erased)" || past[1].LiftedBy != "bo" || past[0].Reason != "(erased)" {
			t.Errorf("the history is %+v", past)
		}
		storetest.Equal(t, "in force", storetest.Paused(s.Switches().InForce(), noon), []string{"spring"})
		if _, err := s.Switches().Pause(storetest.Pause("other", time.Time{}), "k1"); !errors.Is(err, switches.ErrKey) {
			t.Errorf("the key is forgotten: %v", err)
		}
	}
	pause(t, s, storetest.Pause("c", time.Time{}), "")
	closeStore(t, s)
	storetest.Equal(t, "in force after another pause and a restart", storetest.Paused(open(t, store.Config{Dir: dir}).Switches().InForce(), noon), []string{"spring", "c"})
}

// TestNobodysNumberIsKeptWithAPause: what reads as a phone number is refused where people write, and taken where
// the operator's own numbers are.
func TestNobodysNumberIsKeptWithAPause(t *testing.T) {
	s := open(t, store.Config{Memory: true})
	refused := func(what string, err error, field string) {
		t.Helper()
		var problem *switches.FieldError
		if !errors.As(err, &problem) || problem.Field != field || !strings.Contains(problem.Problem, "phone number") {
			t.Errorf("%s: %v, want a refusal of %s", what, err, field)
		}
	}
	sw := storetest.Pause("spring", time.Time{})
	sw.Reason = "complaint of 0151 2345678"
	_, err := s.Switches().Pause(sw, "")
	refused("a number as a reason", err, "reason")
	_, err = s.Switches().Pause(storetest.Pause("vip-491512345678", time.Time{}), "")
	refused("a number as a campaign", err, "on.campaign")
	own := pause(t, s, filter.Switch{On: filter.Target{Sender: "+14155550199"}, Reason: "wrong link", Actor: "ana"}, "")
	_, err = s.Switches().Lift(own.ID, "bo", "+14155550100 called")
	refused("a number as a reason to resume", err, "reason")
	sw = storetest.Pause("summer", noon.Add(time.Hour))
	sw.Reason, sw.Cause = "rated low: number 14155550199 flagged", filter.Quality
	pause(t, s, sw, "") // what the gate pauses by itself is paused, whatever a provider says
	if all := s.Switches().InForce(); len(all) != 2 {
		t.Errorf("in force is %+v", all)
	}
}
