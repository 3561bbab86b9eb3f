package configs

import (
	_ "embed"
	"sync"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/us"

	"github.com/sendgate/sendgate/filter"
)

//go:embed quiet-hours.yaml
var hoursText []byte

// Hours is the data about quiet hours that comes with the program: presets and places, each row with
// its source and the day of its last review, and calendars of holidays. It must not be changed.
func Hours() *filter.HourTables { return hours() }

var hours = sync.OnceValue(func() *filter.HourTables {
	var table struct {
		Presets map[string][]filter.Hours `yaml:"presets"`
		Places  []filter.Place            `yaml:"places"`
	}
	builtIn("quiet-hours.yaml", hoursText, &table)
	return &filter.HourTables{Presets: table.Presets, Places: table.Places, Holidays: map[string]map[filter.Date]bool{
		"FR": days(fr.Holidays),
		"US": days(us.Holidays),
	}}
})

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
