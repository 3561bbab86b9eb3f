package list

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sendgate/sendgate/filter"
)

// placeColumns are the columns that say together where a recipient is.
var placeColumns = []string{"country", "part", "postcode", "time_zone"}

// place puts together what several columns say. A part or a postcode without its country is of that of the
// number, and a postcode counts in the United States alone.
func place(e *filter.Event, where [4]string) {
	if e.Proof.Place != "" {
		return
	}
	country := strings.ToUpper(where[0])
	if country == "" && (where[1] != "" || where[2] != "") {
		country = filter.Country(e.To.Address)
	}
	words := []string{country}
	if country != "" {
		words = append(words, strings.TrimPrefix(strings.ToUpper(where[1]), country+"-"))
	}
	if country == "US" {
		words = append(words, where[2])
	}
	e.Proof.Place = strings.Join(strings.Fields(strings.Join(append(words, where[3]), " ")), " ")
}

// stateCodes are the parts of the two large countries of +1 by ISO 3166-2, less those that are countries in ISO
// 3166 with the same letters, as PR. Most of them have the letters of some country, as CA, DE and IN.
var stateCodes = map[string][]string{
	"US": strings.Fields(`AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV NY
		OH OK OR PA RI SC SD TN TX UT VA VT WA WI WV WY`),
	"CA": strings.Fields("AB BC MB NB NL NS NT NU ON PE QC SK YT"),
}

// regionOf is the country of a number without a country code: the one in the cell of its location, and home,
// which the request names, where that is no country, or a state of home's and the number can be read as one of home.
func regionOf(location, home, number string) string {
	if !filter.KnownRegion(location) {
		return home
	}
	if slices.Contains(stateCodes[strings.ToUpper(home)], strings.ToUpper(location)) {
		if _, err := filter.Number(strings.TrimPrefix(number, "'"), home); err == nil {
			return home
		}
	}
	return location
}

// locate is where a cell of a location says that the person with an address is, and what there is to report
// of how it was read. For a number of +1, letters that a country and a state share say both, unless the
// number is of that country; and those of a state alone are enough.
func locate(address, cell string) (place, report string) {
	place, err := filter.ParsePlace(cell)
	first := strings.ToUpper(cell)
	if end := strings.IndexAny(first, " ,;\t"); end >= 0 {
		first = first[:end]
	}
	country := filter.Country(address)
	if strings.HasPrefix(address, "+1") && country != first {
		for _, home := range []string{"US", "CA"} {
			part, perr := filter.ParsePlace(home + " " + cell)
			switch {
			case perr != nil || !slices.Contains(stateCodes[home], first):
			case err != nil:
				return part, fmt.Sprintf("%q names no country: read as %s-%s, since the number begins with +1", first, home, first)
			default:
				return place + "|" + part, fmt.Sprintf("%q may be a country or %s-%s: the hours of both are kept, and of where the number is from", first, home, first)
			}
		}
	}
	if err == nil {
		return place, ""
	}
	if part, perr := filter.ParsePlace("US " + cell); perr == nil && country == "US" && strings.Trim(first, "0123456789-") == "" {
		return part, "a ZIP code without its country: read as one of the United States, as the number is"
	}
	return "", "no place that quiet hours know, which go by the number: want a country (FR), a part of one (US-TX), or a ZIP code behind it (US 78701); it is kept as a note"
}
