package filter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// A Place is somewhere that numbers are from, with its time zones: one row of a table that is data,
// with its source.
type Place struct {
	// Place is a country in ISO 3166, or a part of one, such as US-TX.
	Place string `yaml:"place"`
	// AreaCodes are the area codes of a part of the North American numbering plan (+1).
	AreaCodes []int `yaml:"area_codes"`
	// Numbers are how numbers in E.164 begin that are from where only Zones count: up to seven digits behind the
	// plus. Then the row says nothing of the rest of the place.
	Numbers []string `yaml:"numbers"`
	// Zones are the names of its time zones in the tz database. Left out: those that phonenumbers gives
	// for a number.
	Zones []string `yaml:"zones"`

	// Source, Reviewed and Confidence are as in [Expiry].
	Source     string `yaml:"source"`
	Reviewed   string `yaml:"reviewed"`
	Confidence string `yaml:"confidence"`
}

// Postcodes are the ZIP codes of a part of the United States: one row of a table that is data.
type Postcodes struct {
	// Place is the part, such as US-TX.
	Place string `yaml:"place"`
	// Prefixes are the first three digits of ZIP codes, and from-until.
	Prefixes []string `yaml:"prefixes"`
	// Zones are their time zones. Left out: those of the place.
	Zones []string `yaml:"zones"`

	// Source, Reviewed and Confidence are as in [Expiry].
	Source     string `yaml:"source"`
	Reviewed   string `yaml:"reviewed"`
	Confidence string `yaml:"confidence"`
}

// checkPlace says what is wrong with the name of a place.
func checkPlace(name string, any bool) error {
	country, part, parted := strings.Cut(name, "-")
	switch {
	case any && name == "*":
	case !KnownRegion(country) || country != strings.ToUpper(country):
		return fmt.Errorf("place: unknown country %q: want ISO 3166, such as FR, or a part of one, such as US-TX", country)
	case parted && (len(part) < 1 || len(part) > 3 || part != strings.ToUpper(part)):
		return fmt.Errorf("place: %q: want a part of a country in ISO 3166-2, such as US-TX", name)
	}
	return nil
}

// An atlas tells where numbers are from.
type atlas struct {
	areas [1000]string                // of +1: place
	zones map[string][]*time.Location // place -> zones
	begun map[string][]*time.Location // beginning of a number -> zones, in place of those of its place
	parts map[string]bool             // countries whose parts are told apart
	zips  [1000]*spot                 // by the first three digits of a ZIP code
}

func newAtlas(rows []Place, postcodes []Postcodes) (*atlas, error) {
	a := &atlas{zones: map[string][]*time.Location{}, begun: map[string][]*time.Location{}, parts: map[string]bool{}}
	for i := range rows {
		if err := a.add(rows[i]); err != nil {
			return nil, fmt.Errorf("places[%d]: %w", i, err)
		}
	}
	for i := range postcodes {
		if err := a.addPostcodes(postcodes[i]); err != nil {
			return nil, fmt.Errorf("postcodes[%d]: %w", i, err)
		}
	}
	return a, nil
}

func (a *atlas) addPostcodes(row Postcodes) error {
	row.Place = placeName(row.Place)
	if err := checkPlace(row.Place, false); err != nil {
		return err
	}
	if err := checkReview(row.Reviewed, row.Confidence); err != nil {
		return err
	}
	zones, err := locations(row.Zones)
	if err != nil {
		return err
	}
	country, _, _ := strings.Cut(row.Place, "-")
	for _, prefix := range row.Prefixes {
		from, until, several := strings.Cut(prefix, "-")
		if !several {
			until = from
		}
		first, err := strconv.Atoi(from)
		last, err2 := strconv.Atoi(until)
		if err != nil || err2 != nil || len(from) != 3 || len(until) != 3 || first > last {
			return fmt.Errorf("prefixes: %q: want three digits, or two such with a hyphen between", prefix)
		}
		for code := first; code <= last; code++ {
			if a.zips[code] != nil {
				return fmt.Errorf("prefixes: %03d is of %s already", code, a.zips[code].place)
			}
			a.zips[code] = &spot{place: row.Place, country: country, zones: zones}
		}
	}
	return nil
}

func (a *atlas) add(row Place) error {
	row.Place = placeName(row.Place)
	if err := checkPlace(row.Place, false); err != nil {
		return err
	}
	if err := checkReview(row.Reviewed, row.Confidence); err != nil {
		return err
	}
	for _, code := range row.AreaCodes {
		if code < 200 || code > 999 {
			return fmt.Errorf("area_codes: %d: want three digits that begin with 2 to 9", code)
		}
		a.areas[code] = row.Place
	}
	if country, _, parted := strings.Cut(row.Place, "-"); parted {
		a.parts[country] = true
	}
	zones, err := locations(row.Zones)
	for _, begin := range row.Numbers {
		if len(begin) > memoDigits || !strings.HasPrefix(begin, "+") || !only(begin[1:], isDigit) || len(zones) == 0 {
			return fmt.Errorf("numbers: %q: want a plus and up to %d digits, and zones beside it", begin, memoDigits-1)
		}
		a.begun[begin] = zones
	}
	if len(zones) > 0 && len(row.Numbers) == 0 {
		a.zones[row.Place] = zones
	}
	return err
}

func locations(names []string) ([]*time.Location, error) {
	var zones []*time.Location
	for _, name := range names {
		zone, err := location(name)
		if err != nil {
			return nil, fmt.Errorf("zones: %w", err)
		}
		zones = append(zones, zone)
	}
	return zones, nil
}

// location is the zone of a name in the tz database, as it is when the name is first asked for.
func location(name string) (*time.Location, error) {
	if zone, known := zoneNames.Load(name); known {
		return zone.(*time.Location), nil
	}
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is no time zone: want a name such as America/Chicago", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("unknown time zone %q: want a name such as America/Chicago", name)
	}
	known, _ := zoneNames.LoadOrStore(strings.Clone(name), zone)
	return known.(*time.Location), nil
}

// zoneNames are the zones that were asked for, a *time.Location each: many numbers share one, which takes
// long to read and some kilobytes to hold.
var zoneNames sync.Map

// check says that a place is no part of its country, where the parts of that are known: nobody would ever be there.
func (a *atlas) check(place string) error {
	country, _, parted := strings.Cut(place, "-")
	if !parted || !a.parts[country] || a.zones[place] != nil {
		return nil
	}
	var known []string
	for part := range a.zones {
		if strings.HasPrefix(part, country+"-") {
			known = append(known, part)
		}
	}
	slices.Sort(known)
	return fmt.Errorf("place: unknown part %q of %s: want one of %s", place, country, strings.Join(known, ", "))
}

// nobodys reports whether an address of a country, or of none, is a number that nobody can have.
func nobodys(address, country string) bool { return country == "" && strings.HasPrefix(address, "+") }

// where is the part of a country that an address is from, or the country where it does not tell, or
// nothing.
func (a *atlas) where(address string) (place, country string) {
	country = Country(address)
	if strings.HasPrefix(address, "+1") && len(address) == len("+14155550100") {
		code := 100*int(address[2]-'0') + 10*int(address[3]-'0') + int(address[4]-'0')
		if part := a.areas[code]; strings.HasPrefix(part, country+"-") {
			return part, country
		}
	}
	return country, country
}

// find is where, and the zones that may be meant.
func (a *atlas) find(address string) (at spot) {
	at.place, at.country = a.where(address)
	if !strings.HasPrefix(address, "+") {
		at.zones = a.zonesOf(at.place, at.country)
		return at
	}
	for n := min(len(address), memoDigits); n > 1 && at.zones == nil; n-- {
		at.zones = a.begun[address[:n]]
	}
	if at.zones == nil {
		at.zones = a.zones[at.place]
	}
	if at.zones == nil {
		at.zones = a.zones[at.country]
	}
	if at.zones == nil {
		at.zones = numberZones(address)
	}
	return at
}

// zonesOf are the zones of a place, of all parts of a country where it is one; none where nothing is known
// of it.
func (a *atlas) zonesOf(place, country string) (zones []*time.Location) {
	if zones = a.zones[place]; zones == nil {
		zones = a.zones[country]
	}
	if zones != nil || country == "" {
		return zones
	}
	if a.parts[country] {
		for part, more := range a.zones {
			if strings.HasPrefix(part, country+"-") {
				zones = append(zones, more...)
			}
		}
		return zones
	}
	return numberZones(fmt.Sprintf("+%d", phonenumbers.GetCountryCodeForRegion(country)))
}

// numberZones are the zones that phonenumbers gives for a number in E.164; none where it knows none.
func numberZones(address string) []*time.Location {
	names, err := phonenumbers.GetTimezonesForPrefix(address)
	if err != nil {
		return nil
	}
	var zones []*time.Location
	for _, name := range names {
		zone, err := location(name)
		if err != nil {
			return nil // then nothing is known of where the number may be
		}
		zones = append(zones, zone)
	}
	return zones
}
