package configs

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"
	"github.com/sendgate/sendgate/filter"
)

// hourCases holds what every shipped row lets through and stops: a number of the place, then
// moments there. 2026-07-15 is a Wednesday.
var hourCases = []struct {
	preset, place, to, zone string
	open, quiet             []string
}{
	{"law", "*", "+4915123456789", "Europe/Berlin",
		[]string{"2026-07-15 08:00", "2026-07-15 19:59", "2026-07-19 12:00"}, []string{"2026-07-15 07:59", "2026-07-15 20:00", "2026-07-15 00:00"}},
	{"law", "US", "+14155550123", "America/Los_Angeles",
		[]string{"2026-07-15 08:00", "2026-07-15 20:59", "2026-07-19 08:00", "2026-12-25 12:00"}, []string{"2026-07-15 07:59", "2026-07-15 21:00"}},
	{"law", "US-AL", "+12055550123", "America/Chicago",
		[]string{"2026-07-15 08:00", "2026-07-18 19:59"}, []string{"2026-07-15 07:59", "2026-07-15 20:00", "2026-07-19 12:00", "2026-12-25 12:00"}},
	{"law", "US-CT", "+12035550123", "America/New_York",
		[]string{"2026-07-15 09:00", "2026-07-19 19:59"}, []string{"2026-07-15 08:59", "2026-07-15 20:00"}},
	// Florida lies in two zones: it is open while both are.
	{"law", "US-FL", "+13055550123", "America/New_York",
		[]string{"2026-07-15 09:00", "2026-07-15 19:59"}, []string{"2026-07-15 08:59", "2026-07-15 20:00"}},
	{"law", "US-KY", "+15025550123", "America/New_York",
		[]string{"2026-07-15 11:00", "2026-07-15 20:59"}, []string{"2026-07-15 10:59", "2026-07-15 21:00"}},
	{"law", "US-LA", "+15045550123", "America/Chicago",
		[]string{"2026-07-15 08:00", "2026-07-18 19:59"}, []string{"2026-07-15 07:59", "2026-07-15 20:00", "2026-07-19 12:00", "2026-09-07 12:00"}},
	{"law", "US-MD", "+14105550123", "America/New_York",
		[]string{"2026-07-15 08:00", "2026-07-19 19:59"}, []string{"2026-07-15 07:59", "2026-07-15 20:00"}},
	{"law", "US-MS", "+16015550123", "America/Chicago",
		[]string{"2026-07-15 08:00", "2026-07-18 19:59"}, []string{"2026-07-15 07:59", "2026-07-15 20:00", "2026-07-19 12:00", "2026-01-01 12:00"}},
	{"law", "US-NJ", "+12015550123", "America/New_York",
		[]string{"2026-07-15 08:00", "2026-07-15 19:59"}, []string{"2026-07-15 07:59", "2026-07-15 20:00"}},
	{"law", "US-OK", "+14055550123", "America/Chicago",
		[]string{"2026-07-15 08:00", "2026-07-15 19:59"}, []string{"2026-07-15 07:59", "2026-07-15 20:00"}},
	{"law", "US-RI", "+14015550123", "America/New_York",
		[]string{"2026-07-15 09:00", "2026-07-15 17:59", "2026-07-18 10:00", "2026-07-18 16:59"},
		[]string{"2026-07-15 08:59", "2026-07-15 18:00", "2026-07-18 09:59", "2026-07-18 17:00", "2026-07-19 12:00", "2026-11-26 12:00"}},
	{"law", "US-TX", "+17135550123", "America/Chicago",
		[]string{"2026-07-15 10:00", "2026-07-15 20:59", "2026-07-19 13:00"}, []string{"2026-07-15 09:59", "2026-07-15 21:00", "2026-07-19 12:59"}},
	{"law", "US-WA", "+12065550123", "America/Los_Angeles",
		[]string{"2026-07-15 08:00", "2026-07-15 19:59"}, []string{"2026-07-15 07:59", "2026-07-15 20:00"}},
	{"law", "FR", "+33612345678", "Europe/Paris",
		[]string{"2026-07-15 08:00", "2026-07-18 21:59"}, []string{"2026-07-15 07:59", "2026-07-15 22:00", "2026-07-19 12:00", "2026-07-14 12:00", "2026-04-06 12:00"}},
	{"law", "AE", "+971501234567", "Asia/Dubai",
		[]string{"2026-07-15 07:00", "2026-07-15 20:59"}, []string{"2026-07-15 06:59", "2026-07-15 21:00"}},
	{"us-conservative", "US", "+14155550123", "America/Los_Angeles",
		[]string{"2026-07-15 10:00", "2026-07-18 19:59", "2026-07-19 12:00"},
		[]string{"2026-07-15 09:59", "2026-07-15 20:00", "2026-07-19 11:59", "2026-07-04 12:00", "2026-07-03 12:00"}},
	{"us-strictest", "US", "+14155550123", "America/Los_Angeles",
		[]string{"2026-07-15 10:00", "2026-07-15 17:59", "2026-07-18 10:00"},
		[]string{"2026-07-15 09:59", "2026-07-15 18:00", "2026-07-18 17:00", "2026-07-19 12:00", "2026-05-25 12:00"}},
	// A mobile number of Australia may be in Perth or on Lord Howe Island.
	{"law", "AU", "+61412345678", "Australia/Sydney",
		[]string{"2026-07-15 10:00", "2026-07-15 19:29"}, []string{"2026-07-15 09:59", "2026-07-15 19:30"}},
	// No telling where somebody is who is reached by a number that costs the caller nothing.
	{"law", "toll-free", "+18005550123", "America/New_York",
		nil, []string{"2026-07-15 12:00", "2026-07-15 18:00"}},
	{"law", "WhatsApp user of the United States", "US.13491208655302741918", "America/New_York",
		[]string{"2026-07-15 17:00"}, []string{"2026-07-15 10:00", "2026-07-15 18:00", "2026-07-19 15:00"}},
}

func sale(to string) filter.Message {
	return filter.Message{To: filter.Recipient{Channel: filter.SMS, Address: to}, Text: "Sale. Reply STOP to opt out"}
}

func quiet(t *testing.T, cfg filter.QuietHours) filter.Policy {
	t.Helper()
	cfg.Tables = Hours()
	policy, err := filter.New(filter.Config{Require: map[filter.Category]filter.Basis{filter.Marketing: filter.NoBasis}, QuietHours: cfg})
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

func moment(t *testing.T, text, zone string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestRuleCases holds quiet hours to every row that ships.
func TestRuleCases(t *testing.T) {
	tried := map[string]bool{}
	for _, c := range hourCases {
		tried[c.preset+" "+c.place] = true
		policy := quiet(t, filter.QuietHours{Preset: c.preset})
		for want, moments := range map[filter.Reason][]string{filter.Allowed: c.open, filter.InQuietHours: c.quiet} {
			for _, text := range moments {
				t.Run(c.preset+" "+c.place+" "+text, func(t *testing.T) {
					m := sale(c.to)
					if d := policy.Decide(&m, &filter.Record{}, moment(t, text, c.zone)); d.Reason != want {
						t.Errorf("%+v, want the reason %s", d, want)
					}
				})
			}
		}
	}
	for preset, rows := range Hours().Presets {
		for _, row := range rows {
			if !tried[preset+" "+row.Place] {
				t.Errorf("the row of %s in %s has no cases", row.Place, preset)
			}
		}
	}
}

func TestEveryRowOfTheHoursHasItsSource(t *testing.T) {
	check := func(name, source, reviewed, confidence string) {
		if u, err := url.Parse(source); err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("%s has the source %q, which is no address", name, source)
		}
		if _, err := time.Parse(time.DateOnly, reviewed); err != nil || confidence == "" {
			t.Errorf("%s was reviewed %q and is of confidence %q", name, reviewed, confidence)
		}
	}
	for preset, rows := range Hours().Presets {
		for _, row := range rows {
			check(preset+" "+row.Place, row.Source, row.Reviewed, row.Confidence)
		}
	}
	for _, p := range Hours().Places {
		check(p.Place, p.Source, p.Reviewed, p.Confidence)
	}
}

// Every area code that phonenumbers knows to be somewhere in the United States is in the table.
func TestEveryAreaCodeHasItsPlace(t *testing.T) {
	places := map[int]string{}
	for _, p := range Hours().Places {
		for _, code := range p.AreaCodes {
			if places[code] != "" {
				t.Errorf("area code %d is of %s and of %s", code, places[code], p.Place)
			}
			places[code] = p.Place
		}
	}
	for code := 200; code < 1000; code++ {
		n := &phonenumbers.PhoneNumber{}
		n.CountryCode, n.NationalNumber = new(int32), new(uint64)
		*n.CountryCode, *n.NationalNumber = 1, uint64(code)*1e7+5550123
		where, err := phonenumbers.GetGeocodingForNumber(n, "en")
		country := phonenumbers.GetRegionCodeForNumber(n)
		if err != nil || country != "US" && country != "CA" || where == "United States" || where == "Canada" {
			continue
		}
		if !strings.HasPrefix(places[code], country+"-") {
			t.Errorf("area code %d, %s, has the place %q", code, where, places[code])
		}
	}
}
