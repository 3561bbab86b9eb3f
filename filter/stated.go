package filter

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ParsePlace gives what somebody said of where a recipient is its canonical form, the one that
// [Evidence] and [Record] hold: a country or a part of one in ISO 3166, the first three digits of an
// American ZIP code, and a time zone by its name in the tz database, as in "US-TX 798 America/Denver". It
// reads them in this order, each where it is given, with blanks or commas between, and a part also behind
// its country, as in "US, TX, 79835". Postcodes tell where somebody is in the United States alone: of those
// elsewhere nothing is kept. Where somebody may be in either of several places these stand with a | between, as
// in "CA|US-CA", and the hours of all of them are kept. An empty text is an empty place.
func ParsePlace(text string) (string, error) {
	var all []string
	for either := range strings.SplitSeq(text, "|") {
		place, err := parseOne(either)
		if err == nil && place == "" && either != text {
			err = fmt.Errorf("%q: a place is missing beside the |", text)
		}
		if err != nil {
			return "", err
		}
		if !slices.Contains(all, place) {
			all = append(all, place)
		}
	}
	return strings.Join(all, "|"), nil
}

func parseOne(text string) (string, error) {
	var s statement
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == ';' || r == '\t' }) {
		if err := s.take(word); err != nil {
			return "", fmt.Errorf("%q: %w: want a country (FR), a part of one (US-TX), a ZIP code behind it (US 78701), a time zone (America/Chicago), or several", text, err)
		}
	}
	return s.String(), nil
}

// A statement is where somebody is said to be.
type statement struct {
	place string // country or part
	zip   string // three digits
	zone  string
}

// String is the canonical form.
func (s statement) String() string {
	return strings.Join(slices.DeleteFunc([]string{s.place, s.zip, s.zone}, func(w string) bool { return w == "" }), " ")
}

func (s *statement) take(word string) error {
	digits := strings.ReplaceAll(word, "-", "")
	upper := placeName(strings.ToUpper(word))
	switch {
	case s.zone != "":
		return fmt.Errorf("%q stands behind the time zone", word)
	case strings.Contains(word, "/") || upper == "UTC":
		if _, err := location(word); err != nil {
			return err
		}
		s.zone = word
	case strings.Trim(digits, "0123456789") == "" && digits != "":
		switch n := len(digits); {
		case s.place == "":
			return fmt.Errorf("the postcode %q is of no country", word)
		case s.country() == "US" && n != 3 && n != 5 && n != 9:
			return fmt.Errorf("%q is no ZIP code", word)
		case s.country() == "US":
			s.zip = digits[:3]
		}
	case s.place == "":
		if err := checkPlace(upper, false); err != nil {
			return fmt.Errorf("%q is no place", word)
		}
		s.place = upper
	case s.place == "US" && territories[upper]:
		s.place = upper
	case s.place == s.country():
		if err := checkPlace(s.place+"-"+upper, false); err != nil {
			return fmt.Errorf("%q is no part of %s", word, s.place)
		}
		s.place += "-" + upper
	default:
		return fmt.Errorf("%q is one place too many", word)
	}
	return nil
}

// territories are the parts of the United States that are countries in ISO 3166, too: those are their names
// here, and in the data.
var territories = map[string]bool{"AS": true, "GU": true, "MP": true, "PR": true, "VI": true}

// placeName is the name that a place has here: PR where it is US-PR.
func placeName(name string) string {
	if territory, ok := strings.CutPrefix(name, "US-"); ok && territories[territory] {
		return territory
	}
	return name
}

func (s *statement) country() string { country, _, _ := strings.Cut(s.place, "-"); return country }

// parseStatement reads the canonical form; what is not is left out.
func parseStatement(text string) (s statement) {
	for _, word := range strings.Fields(text) {
		if err := s.take(word); err != nil {
			continue // nothing else is entered
		}
	}
	return s
}

// A spot is somewhere that somebody may be: a part of a country, or the country where no part is known;
// and its zones.
type spot struct {
	place, country string
	zones          []*time.Location
}

// String is the same for spots that are the same.
func (s spot) String() string {
	words := []string{s.place, s.country}
	for _, zone := range s.zones {
		words = append(words, zone.String())
	}
	return strings.Join(words, " ")
}

// stated is what a statement says: one spot, or two where its ZIP code is of another place than it says.
func (a *atlas) stated(s statement) []spot {
	at := spot{place: s.place, country: s.country()}
	spots := []spot{at}
	if s.zip != "" {
		code := 100*int(s.zip[0]-'0') + 10*int(s.zip[1]-'0') + int(s.zip[2]-'0')
		switch area := a.zips[code]; {
		case area == nil:
		case at.place == at.country || at.place == area.place:
			spots[0] = *area
		default:
			spots = append(spots, *area)
		}
	}
	for i := range spots {
		if spots[i].zones == nil {
			spots[i].zones = a.zonesOf(spots[i].place, spots[i].country)
		}
		if zone, err := location(s.zone); err == nil {
			spots[i].zones = narrow(spots[i].zones, zone)
		}
	}
	return spots
}

// narrow is zone alone, where it is one of the zones or nothing was known of them, and else all of them.
func narrow(zones []*time.Location, zone *time.Location) []*time.Location {
	if len(zones) == 0 || slices.ContainsFunc(zones, func(z *time.Location) bool { return z.String() == zone.String() }) {
		return []*time.Location{zone}
	}
	return append(slices.Clip(zones), zone)
}

// spots is where the number of an address is from, and everywhere that somebody with it may be, who said where
// they are or said nothing.
func (a *atlas) spots(address, said string, trust bool) (number spot, all []spot) {
	if number = a.find(address); said == "" {
		return number, []spot{number}
	}
	return number, a.settle(number, said, trust)
}

// settle is where somebody may be whose number is of one spot and who said something else, or the same
// more exactly. Where the two cannot both be true, both count, unless what was said is trusted.
func (a *atlas) settle(number spot, said string, trust bool) (all []spot) {
	for either := range strings.SplitSeq(said, "|") {
		all = append(all, a.settleOne(number, parseStatement(either), trust)...)
	}
	return all
}

func (a *atlas) settleOne(number spot, s statement, trust bool) (all []spot) {
	if s.place == "" {
		if zone, err := location(s.zone); err == nil {
			if number.zones = narrow(number.zones, zone); trust {
				number.zones = []*time.Location{zone}
			}
		}
		return []spot{number}
	}
	for _, at := range a.stated(s) {
		switch {
		case number.country == "", trust:
			all = append(all, at)
		case at.apart(number):
			all = append(all, at, number)
		case at.place == at.country && number.place != number.country: // it says less than the number
			if zone, err := location(s.zone); err == nil {
				number.zones = narrow(number.zones, zone)
			}
			all = append(all, number)
		default:
			all = append(all, at)
		}
	}
	return all
}

// apart reports whether nobody can be at both of two spots.
func (s spot) apart(other spot) bool {
	return s.country != other.country || s.place != s.country && other.place != other.country && s.place != other.place
}

// beside is how many places what somebody said is of, and whether their number is from none of these.
func (a *atlas) beside(address, said string) (places int, elsewhere bool) {
	number := a.find(address)
	named := map[string]bool{}
	elsewhere = number.country != ""
	for either := range strings.SplitSeq(said, "|") {
		s := parseStatement(either)
		if s.place == "" { // it says no more than a time zone
			elsewhere = false
			continue
		}
		for _, at := range a.stated(s) {
			named[at.place] = true
			elsewhere = elsewhere && at.apart(number)
		}
	}
	return len(named), elsewhere
}
