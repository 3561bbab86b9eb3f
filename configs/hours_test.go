package configs

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"
	"github.com/sendgate/sendgate/filter"
)

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
			if row.By == "" {
				t.Errorf("%s %s says neither law nor practice", preset, row.Place)
			}
		}
	}
	for _, p := range Hours().Places {
		check(p.Place, p.Source, p.Reviewed, p.Confidence)
	}
	states := map[string]bool{}
	for _, p := range Hours().Postcodes {
		check("postcodes of "+p.Place, p.Source, p.Reviewed, p.Confidence)
		states[p.Place] = true
	}
	for _, p := range Hours().Places {
		if strings.HasPrefix(p.Place, "US-") && !states[p.Place] {
			t.Errorf("%s has no ZIP codes", p.Place)
		}
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

// Where a number may be in more than one zone, or libphonenumber has another zone than that of its place, nobody is
// written to before the first hour or after the last of wherever they may be.
func TestNumbersHaveTheTimeOfTheirPlace(t *testing.T) {
	cfg := filter.Config{Require: map[filter.Category]filter.Basis{filter.Marketing: filter.NoBasis}}
	cfg.QuietHours = filter.QuietHours{Preset: "law", Tables: Hours()}
	policy, err := filter.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, number, quiet, open string }{
		{"Chihuahua, at half past eight in the evening", "+526141234567", "2026-12-16T02:30:00Z", "2026-12-16T01:30:00Z"},
		{"Ciudad Juárez by its second area code, at half past eight in the evening in Chihuahua", "+526571234567", "2026-12-16T02:30:00Z", "2026-12-16T01:30:00Z"},
		{"Heroica Matamoros in summer, at half past eight in the evening", "+528681234567", "2026-07-15T01:30:00Z", "2026-07-15T00:30:00Z"},
		{"Recife, at half past eight in the morning", "+5581991234567", "2026-12-16T11:30:00Z", "2026-12-16T12:30:00Z"},
		{"Eirunepé, at half past eight in the morning", "+5597991234567", "2026-12-16T13:30:00Z", "2026-12-16T14:30:00Z"},
		{"Bougainville, at half past eight in the evening", "+67570123456", "2026-12-16T09:30:00Z", "2026-12-16T08:30:00Z"},
		{"Chuuk by a number of Pohnpei, at half past seven in the morning", "+6919201234", "2026-12-15T21:30:00Z", "2026-12-15T22:30:00Z"},
		{"Pituffik, at half past seven in the morning", "+299221234", "2026-12-16T11:30:00Z", "2026-12-16T12:30:00Z"},
		{"the Magdalen Islands in summer, at half past nine in the evening", "+14189861234", "2026-07-15T00:30:00Z", "2026-07-14T23:30:00Z"},
	} {
		m := filter.Message{To: filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: c.number}, Text: "Sale"}
		for text, want := range map[string]filter.Reason{c.quiet: filter.InQuietHours, c.open: filter.Allowed} {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				t.Fatal(err)
			}
			if d := policy.Decide(&m, &filter.Record{}, at); d.Reason != want {
				t.Errorf("%s: at %s it is %s, want %s", c.name, text, d.Reason, want)
			}
		}
	}
}

func TestBeginningsOfNumbers(t *testing.T) {
	for name, row := range map[string]filter.Place{
		"no plus":     {Place: "MX", Numbers: []string{"52614"}, Zones: []string{"America/Chihuahua"}},
		"no zones":    {Place: "MX", Numbers: []string{"+52614"}},
		"too long":    {Place: "MX", Numbers: []string{"+52614123"}, Zones: []string{"America/Chihuahua"}},
		"not a digit": {Place: "MX", Numbers: []string{"+52 614"}, Zones: []string{"America/Chihuahua"}},
	} {
		_, err := filter.New(filter.Config{QuietHours: filter.QuietHours{Tables: &filter.HourTables{Places: []filter.Place{row}}}})
		if err == nil || !strings.HasPrefix(err.Error(), "quiet_hours: places[0]: numbers: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
