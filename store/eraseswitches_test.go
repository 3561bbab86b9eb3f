package store_test

import (
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// TestErasePauses: an erasure lifts no pause but one that is named by the address itself.
func TestErasePauses(t *testing.T) {
	for name, c := range map[string]struct {
		address, campaign string
		blank             bool
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
			s := open(t, store.Config{Memory: true})
			pause(t, s, stop(c.campaign, time.Time{}), "")
			things := filter.Target{Brand: c.address, Route: c.address, Topic: c.address, Template: c.address}
			pause(t, s, filter.Switch{On: things, Reason: "x", Actor: "ana"}, "")
			erase(t, s, filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: c.address})
			want := c.campaign
			if c.blank {
				want = "(erased)"
			}
			if all := s.Switches(); len(all) != 2 || all[0].On.Campaign != want || all[1].On != things {
				t.Errorf("in force is %+v", all)
			}
		})
	}
}
