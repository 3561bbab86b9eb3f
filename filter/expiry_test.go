package filter

import (
	"testing"
	"time"
)

// canada is the law of Canada as it stands in the program's own table.
var canada = []Expiry{
	{Country: "CA", Basis: ByInquiry, Months: 6},
	{Country: "CA", Basis: ByTransaction, Months: 24},
}

const day = 24.0 // in hours

// toronto and newYork share a calling code and not a country.
const toronto, newYork = "+14165550123", "+12125550123"

func utilityTo(address string) Message {
	return with(ofCategory(Utility), func(m *Message) { m.To.Address = address })
}

func ordered(at float64) []Event { return []Event{optedIn(at, ByTransaction, OfCategory(Utility))} }

func TestMonthsEndWithTheMonth(t *testing.T) {
	for _, c := range []struct {
		name         string
		given        string
		months, days int
		want         string
	}{
		{"half a year from the middle of a month", "2026-01-15T12:00:00Z", 6, 0, "2026-07-15T12:00:00Z"},
		{"half a year from 31 August", "2025-08-31T12:00:00Z", 6, 0, "2026-02-28T12:00:00Z"},
		{"half a year from 31 August before a leap day", "2027-08-31T12:00:00Z", 6, 0, "2028-02-29T12:00:00Z"},
		{"two years from a leap day", "2024-02-29T00:00:00Z", 24, 0, "2026-02-28T00:00:00Z"},
		{"days are counted after months", "2026-01-31T00:00:00Z", 1, 2, "2026-03-02T00:00:00Z"},
		{"the calendar is UTC's", "2026-01-31T23:00:00-05:00", 1, 0, "2026-03-01T04:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			given, err := time.Parse(time.RFC3339, c.given)
			if err != nil {
				t.Fatal(err)
			}
			l := lapse{Expiry: Expiry{Months: c.months, Days: c.days}}
			if got := l.end(given).Format(time.RFC3339); got != c.want {
				t.Errorf("it ends %s, want %s", got, c.want)
			}
		})
	}
}

func TestCountry(t *testing.T) {
	for _, c := range []struct{ name, number, want string }{
		{"Toronto", toronto, "CA"},
		{"New York", newYork, "US"},
		{"San Juan", "+17875550123", "PR"},
		{"a mobile of Germany", "+4915112345678", "DE"},
		{"Kazakhstan, which shares Russia's code", "+77012345678", "KZ"},
		{"Jersey, which shares Britain's", "+447797712345", "JE"},
		{"an area code that is none", "+12005550123", ""},
		{"a number of no country", "+80012345678", ""},
		{"a user id", "16505551234", ""},
		{"a business-scoped user id", "KE.13491208655302741918", "KE"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Country(c.number); got != c.want {
				t.Errorf("%s is from %q, want %q", c.number, got, c.want)
			}
		})
	}
}

// Asking for a country costs memory. So it is asked about nothing but implied consent that is old.
func TestFreshConsentCostsNoLookup(t *testing.T) {
	policy, err := New(Config{Expiry: canada})
	if err != nil {
		t.Fatal(err)
	}
	m, now := utilityTo(toronto), noon
	for _, r := range []Record{fold(ordered(-700 * day)...), fold(optedIn(-5000*day, Express, All))} {
		if n := testing.AllocsPerRun(100, func() {
			if d := policy.Decide(&m, &r, now); d.Action != Forward {
				t.Fatalf("%+v", d)
			}
		}); n != 0 {
			t.Errorf("on %+v a decision allocates %v times", r, n)
		}
	}
}

func TestWhenConsentRunsOut(t *testing.T) {
	p, err := New(Config{Expiry: append([]Expiry{{Country: "*", Basis: Express, Months: 36}}, canada...), Window: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	given := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		to    string
		at    string // stated
		basis Basis
		want  time.Time
	}{
		{"an order in Canada", toronto, "", ByTransaction, given.AddDate(2, 0, 0)},
		{"an order elsewhere", newYork, "", ByTransaction, time.Time{}},
		{"an order in Canada, of somebody whose number WhatsApp hides", "CA.13491208655302741918", "", ByTransaction, given.AddDate(2, 0, 0)},
		{"an order elsewhere, of somebody whose number WhatsApp hides", "US.13491208655302741918", "", ByTransaction, time.Time{}},
		{"an express yes anywhere", newYork, "", Express, given.AddDate(3, 0, 0)},
		{"a question, which the window ends before the law does", toronto, "", ByInquiry, given.Add(24 * time.Hour)},
		{"an order of somebody in Canada, by e-mail", "ann@example.ca", "CA-ON", ByTransaction, given.AddDate(2, 0, 0)},
		{"an order of somebody who did not say where they are, by e-mail", "ann@example.ca", "", ByTransaction, time.Time{}},
		{"an order of somebody in France, by e-mail", "ann@example.ca", "FR", ByTransaction, time.Time{}},
		{"an order of somebody in Canada with a number of New York", newYork, "CA America/Toronto", ByTransaction, given.AddDate(2, 0, 0)},
		{"an order of somebody in New York with a number of Toronto", toronto, "US-NY", ByTransaction, given.AddDate(2, 0, 0)},
		{"an order of somebody who may be in Canada", newYork, "US-NY|CA", ByTransaction, given.AddDate(2, 0, 0)},
	} {
		m := utilityTo(c.to)
		if got := p.Expires(&m, &Record{Place: c.at}, c.basis, given); !got.Equal(c.want) {
			t.Errorf("%s: runs out at %s, want %s", c.name, got, c.want)
		}
	}
	if got := (Policy{}).Expires(&Message{}, &Record{}, Express, given); !got.IsZero() {
		t.Errorf("without a rule about consent it runs out at %s", got)
	}
}
