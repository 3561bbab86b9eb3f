package configs

import (
	_ "embed"
	"sync"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/gr"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/us"
	"github.com/rickar/cal/v2/za"
	"github.com/sendgate/sendgate/filter"
)

//go:embed quiet-hours.yaml
var hoursText []byte

// Hours is the data about quiet hours that comes with the program: presets and places, each row with
// its source and the day of its last review, and calendars of holidays. It must not be changed.
func Hours() *filter.HourTables { return hours() }

var hours = sync.OnceValue(func() *filter.HourTables {
	var table struct {
		Presets   map[string][]filter.Hours `yaml:"presets"`
		Places    []filter.Place            `yaml:"places"`
		Postcodes []filter.Postcodes        `yaml:"postcodes"`
	}
	builtIn("quiet-hours.yaml", hoursText, &table)
	return &filter.HourTables{Presets: table.Presets, Places: table.Places, Postcodes: table.Postcodes, Holidays: calendars()}
})

// calendars are the public holidays of whole countries, and of the parts that have rows and further days,
// as https://github.com/rickar/cal keeps them. What a government proclaims for one year is not among them.
func calendars() map[string]map[filter.Date]bool {
	all := map[string]map[filter.Date]bool{}
	for place, holidays := range map[string][]*cal.Holiday{
		"AT": at.Holidays, "BE": be.Holidays, "BR": br.Holidays, "CA": ca.Holidays, "CH": ch.Holidays, "DE": de.Holidays,
		"DK": dk.Holidays, "ES": es.Holidays, "FR": fr.Holidays, "GB": gb.Holidays, "GR": gr.Holidays, "IE": ie.Holidays,
		"IT": it.Holidays, "NL": nl.Holidays, "NO": no.Holidays, "NZ": nz.Holidays, "PL": pl.Holidays, "SE": se.Holidays,
		"US": us.Holidays, "US-LA": append([]*cal.Holiday{mardiGras}, us.Holidays...), "ZA": za.Holidays,
		"AS": us.Holidays, "GU": us.Holidays, "MP": us.Holidays, "PR": us.Holidays, "VI": us.Holidays, // less their own
	} {
		all[place] = days(holidays)
	}
	return all
}

// mardiGras is a legal holiday of Louisiana, 47 days before Easter: La. R.S. 1:55,
// https://legis.la.gov/legis/Law.aspx?d=74186.
var mardiGras = &cal.Holiday{Name: "Mardi Gras", Offset: -47, Func: cal.CalcEasterOffset}

// The years whose holidays are known. A holiday of another year is a day like any other.
const firstYear, lastYear = 2025, 2060

// days are the days on which holidays fall, and those on which they are observed instead.
func days(holidays []*cal.Holiday) map[filter.Date]bool {
	all := map[filter.Date]bool{}
	for year := firstYear; year <= lastYear; year++ {
		for _, h := range holidays {
			actual, observed := h.Calc(year)
			for _, day := range []time.Time{actual, observed} {
				if !day.IsZero() {
					all[filter.DateOf(day)] = true
				}
			}
		}
	}
	return all
}
