package filter

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

// An Expiry says that consent runs out: one row of a table that is data, with its source.
type Expiry struct {
	// Country is where the recipient's number, or WhatsApp's business-scoped user id, is from, or where they stated to
	// be (see [Record]): ISO 3166, or "*" for anywhere. Where the two differ both count.
	Country string `yaml:"country"`
	// Basis is how the consent was given.
	Basis Basis `yaml:"basis"`
	// Category limits the row to messages of one category. Left out: of every category.
	Category *Category `yaml:"category"`
	// Months and Days are how long the consent carries, counted in the calendar from when it was
	// given, in UTC. Together they are more than nothing.
	Months int `yaml:"months"`
	Days   int `yaml:"days"`

	// Source is the address of the text that says so, Reviewed the day (2026-01-31) on which
	// somebody last compared the two, and Confidence how sure they were: high, medium or low.
	Source     string `yaml:"source"`
	Reviewed   string `yaml:"reviewed"`
	Confidence string `yaml:"confidence"`
}

// problem is the key and sentence for what is wrong with e.
func (e *Expiry) problem() error {
	switch {
	case e.Country != "*" && (!KnownRegion(e.Country) || e.Country != strings.ToUpper(e.Country)):
		return fmt.Errorf("country: unknown country %q: want ISO 3166, such as CA, or * for any", e.Country)
	case e.Basis == NoBasis || e.Basis >= Bases:
		return errors.New("basis: want inquiry, transaction or express")
	case e.Category != nil && *e.Category >= Categories:
		return fmt.Errorf("category: there is no category %s", *e.Category)
	case e.Months < 0 || e.Days < 0 || e.Months+e.Days == 0:
		return fmt.Errorf("months: %d months and %d days: want more than nothing", e.Months, e.Days)
	}
	return checkReview(e.Reviewed, e.Confidence)
}

// A lapse is an Expiry made ready.
type lapse struct {
	Expiry
	code string // country calling code with its plus; empty for any
}

func lapses(rows []Expiry) ([]lapse, error) {
	var out []lapse
	for i := range rows {
		if err := rows[i].problem(); err != nil {
			return nil, fmt.Errorf("expiry[%d]: %w", i, err)
		}
		l := lapse{Expiry: rows[i]}
		if l.Country != "*" {
			l.code = fmt.Sprintf("+%d", phonenumbers.GetCountryCodeForRegion(l.Country))
		}
		out = append(out, l)
	}
	return out, nil
}

// lapsed reports whether consent to m on basis b, given then, has run out by at. Which country a
// number is from is only asked about consent that is old enough for it to matter. A number whose
// country cannot be told is taken to be from any that shares its calling code.
func (c consent) lapsed(m *Message, r *Record, b Basis, given, at time.Time) bool {
	for i := range c.expiry {
		if l := &c.expiry[i]; l.about(m, b) && !at.Before(l.end(given)) && l.fits(m.To.Address, r.Place) {
			return true
		}
	}
	return false
}

// about reports whether l is about consent to m on basis b, if it is about where the recipient is.
func (l *lapse) about(m *Message, b Basis) bool {
	return l.Basis == b && (l.Category == nil || *l.Category == m.Category)
}

// fits reports whether l is about where an address is from, or where its owner stated to be.
func (l *lapse) fits(address, stated string) bool {
	if l.code == "" || statesCountry(stated, l.Country) {
		return true
	}
	if !strings.HasPrefix(address, l.code) && !scopedID(address) {
		return false
	}
	country := Country(address)
	return country == l.Country || country == ""
}

// statesCountry reports whether one of the places that somebody stated is in a country.
func statesCountry(stated, country string) bool {
	for either := range strings.SplitSeq(stated, "|") {
		s := parseStatement(either)
		if s.country() == country {
			return true
		}
	}
	return false
}

// end is when consent given at a moment runs out. Half a year from 31 August is 28 February.
func (l *lapse) end(given time.Time) time.Time {
	given = given.UTC()
	end := given.AddDate(0, l.Months, 0)
	if day := end.Day(); day < given.Day() { // the month was too short, and the rest ran over
		end = end.AddDate(0, 0, -day)
	}
	return end.AddDate(0, 0, l.Days)
}
