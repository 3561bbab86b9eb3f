package filter

import (
	"testing"
	"time"
)

func TestParsePlace(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"a country", "fr", "FR"},
		{"a part of one", "us-tx", "US-TX"},
		{"a part behind its country", "US, TX", "US-TX"},
		{"of a ZIP code three digits are kept", "US 79835", "US 798"},
		{"of the long form too", "US TX 79835-1234", "US-TX 798"},
		{"the canonical form is its own", "US-TX 798 America/Denver", "US-TX 798 America/Denver"},
		{"a time zone alone", "Europe/Berlin", "Europe/Berlin"},
		{"of a postcode elsewhere nothing is kept", "DE 10115", "DE"},
		{"either of two", "ca | US CA 94016", "CA|US-CA 940"},
		{"the same twice is one", "US-CA|US, CA", "US-CA"},
		{"a territory has one name", "US PR 00901", "PR"},
		{"by its other name too", "us-gu", "GU"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := ParsePlace(c.text); got != c.want || err != nil {
				t.Errorf("%q reads as %q, %v, want %q", c.text, got, err, c.want)
			}
		})
	}
	for text, want := range map[string]string{
		"Texas":               `"Texas": "Texas" is no place`,
		"UK":                  `"UK": "UK" is no place`,
		"79835":               `"79835": the postcode "79835" is of no country`,
		"US 7983":             `"US 7983": "7983" is no ZIP code`,
		"US Texas":            `"US Texas": "Texas" is no part of US`,
		"US|Texas":            `"Texas": "Texas" is no place`,
		"US-TX DE":            `"US-TX DE": "DE" is one place too many`,
		"America/Houston":     `"America/Houston": unknown time zone "America/Houston": want a name such as America/Chicago`,
		"America/Chicago US":  `"America/Chicago US": "US" stands behind the time zone`,
		"US ../../etc/passwd": `"US ../../etc/passwd": unknown time zone "../../etc/passwd": want a name such as America/Chicago`,
	} {
		if got, err := ParsePlace(text); err == nil || err.Error() != want+": want a country (FR), a part of one (US-TX), a ZIP code behind it (US 78701), a time zone (America/Chicago), or several" {
			t.Errorf("%q reads as %q, %v", text, got, err)
		}
	}
}

func TestBadPostcodes(t *testing.T) {
	for want, rows := range map[string][]Postcodes{
		`quiet_hours: postcodes[0]: place: unknown country "USA": want ISO 3166, such as FR, or a part of one, such as US-TX`: {{Place: "USA"}},
		`quiet_hours: postcodes[0]: prefixes: "75": want three digits, or two such with a hyphen between`:                     {{Place: "US-TX", Prefixes: []string{"75"}}},
		`quiet_hours: postcodes[0]: prefixes: "799-750": want three digits, or two such with a hyphen between`:                {{Place: "US-TX", Prefixes: []string{"799-750"}}},
		`quiet_hours: postcodes[1]: prefixes: 751 is of US-TX already`:                                                        {{Place: "US-TX", Prefixes: []string{"750-760"}}, {Place: "US-OK", Prefixes: []string{"751"}}},
		`quiet_hours: postcodes[0]: zones: unknown time zone "Texas": want a name such as America/Chicago`:                    {{Place: "US-TX", Zones: []string{"Texas"}}},
		`quiet_hours: postcodes[0]: reviewed: "soon": want a day such as 2026-01-31`:                                          {{Place: "US-TX", Reviewed: "soon"}},
	} {
		if _, err := New(Config{QuietHours: QuietHours{Tables: &HourTables{Postcodes: rows}}}); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// What a recipient stated costs no allocation once somebody else of the same place has been judged.
func TestAStatedPlaceAllocatesNothing(t *testing.T) {
	policy := quietPolicy(t, QuietHours{Preset: "law"})
	m, r := saleTo("+17135550123"), Record{Place: "US-NY America/New_York", Placed: noon}
	for _, now := range []time.Time{utc("2026-07-15 15:00"), utc("2026-07-15 05:00")} {
		if n := testing.AllocsPerRun(100, func() { policy.Decide(&m, &r, now) }); n != 0 {
			t.Errorf("%v allocations at %s", n, now)
		}
	}
}

// Tables may name a territory as a part of the United States, too.
func TestTerritoriesOfTables(t *testing.T) {
	a, err := newAtlas([]Place{{Place: "US-GU", Zones: []string{"Pacific/Saipan"}}}, []Postcodes{{Place: "US-GU", Prefixes: []string{"969"}}})
	if err != nil {
		t.Fatal(err)
	}
	if at := a.find("+16715550123").String(); at != "GU GU Pacific/Saipan" {
		t.Errorf("a number of Guam is at %q", at)
	}
	if at := a.stated(parseStatement("US 969")); len(at) != 1 || at[0].place != "GU" {
		t.Errorf("a ZIP code of Guam is at %v", at)
	}
}
