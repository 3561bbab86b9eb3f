package configs

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"
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
