package filter

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Span is a part of the local day, from one minute until another. The zero Span is one that was
// left out. Its text form is "08:00-21:00", or "none" for no part at all.
type Span struct {
	from, until int // minutes after midnight; until is not in it
	given       bool
}

// String is the text form of s; empty where it was left out.
func (s Span) String() string {
	switch {
	case !s.given:
		return ""
	case s.from == s.until:
		return "none"
	}
	return fmt.Sprintf("%02d:%02d-%02d:%02d", s.from/60, s.from%60, s.until/60, s.until%60)
}

// MarshalText writes the text form of s.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads it.
func (s *Span) UnmarshalText(text []byte) error {
	*s = Span{given: true}
	if string(text) == "none" {
		return nil
	}
	from, until, two := strings.Cut(string(text), "-")
	var err, err2 error
	s.from, err = minuteOf(from)
	s.until, err2 = minuteOf(until)
	if !two || err != nil || err2 != nil || s.from >= s.until {
		return fmt.Errorf("%q: want a part of the day such as 08:00-21:00, or none", text)
	}
	return nil
}

var errClock = errors.New("no time of the day")

// minuteOf reads 08:00, up to 24:00.
func minuteOf(text string) (int, error) {
	if text == "24:00" {
		return 24 * 60, nil
	}
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, errClock
	}
	return at.Hour()*60 + at.Minute(), nil
}

func (s Span) holds(minute int) bool { return s.from <= minute && minute < s.until }

// Hours says when messages may reach people of one place: one row of a table that is data, with its
// source.
type Hours struct {
	// Place is a country in ISO 3166, such as FR, a part of one, such as US-TX, or "*" for every place
	// without a row of its own. The row of a part stands in for that of its country.
	Place string `yaml:"place" json:"place"`
	// Weekdays, Saturday, Sunday and Holidays are the open hours of local days. Left out, Saturday is as
	// Weekdays, Sunday as Saturday, and a holiday as the day of the week it falls on.
	Weekdays Span `yaml:"weekdays" json:"weekdays"`
	Saturday Span `yaml:"saturday" json:"saturday,omitzero"`
	Sunday   Span `yaml:"sunday" json:"sunday,omitzero"`
	Holidays Span `yaml:"holidays" json:"holidays,omitzero"`

	// By says what the row goes by: law, or practice, which is what the trade keeps to where the law
	// says nothing.
	By string `yaml:"by" json:"by,omitempty"`
	// Source, Reviewed and Confidence are as in [Expiry].
	Source     string `yaml:"source" json:"source,omitempty"`
	Reviewed   string `yaml:"reviewed" json:"reviewed,omitempty"`
	Confidence string `yaml:"confidence" json:"confidence,omitempty"`
}

// A Date is a day of the calendar, as the number 20261225.
type Date int

// DateOf is the day of t where t is.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date(y*10000 + int(m)*100 + d)
}

// A week is Hours made ready.
type week struct {
	row      Hours
	own      bool   // the row is of the policy itself
	instead  *Hours // the row of the preset that it stands in for
	days     [7]Span
	holidays map[Date]bool // days that have the hours of row.Holidays
}

func newWeek(row Hours, holidays map[string]map[Date]bool) (*week, error) {
	row.Place = placeName(row.Place)
	if err := checkPlace(row.Place, true); err != nil {
		return nil, err
	}
	if !row.Weekdays.given {
		return nil, errors.New("weekdays: missing: want the open hours, such as 08:00-21:00")
	}
	if row.By != "" && row.By != "law" && row.By != "practice" {
		return nil, fmt.Errorf("by: unknown word %q: want law or practice", row.By)
	}
	if err := checkReview(row.Reviewed, row.Confidence); err != nil {
		return nil, err
	}
	w := &week{row: row}
	for d := range w.days {
		w.days[d] = row.Weekdays
	}
	if row.Saturday.given {
		w.days[time.Saturday] = row.Saturday
	}
	if w.days[time.Sunday] = w.days[time.Saturday]; row.Sunday.given {
		w.days[time.Sunday] = row.Sunday
	}
	if row.Holidays.given {
		country, _, _ := strings.Cut(row.Place, "-")
		if w.holidays = holidays[row.Place]; w.holidays == nil {
			w.holidays = holidays[country]
		}
		if w.holidays == nil {
			return nil, fmt.Errorf("holidays: there is no calendar of holidays for %s", row.Place)
		}
	}
	return w, nil
}

// day is the open hours of the local day of t.
func (w *week) day(t time.Time) Span {
	if w.holidays != nil && w.holidays[DateOf(t)] {
		return w.row.Holidays
	}
	return w.days[t.Weekday()]
}

// open reports whether the local time t is within the hours.
func (w *week) open(t time.Time) bool {
	hour, minute, _ := t.Clock()
	return w.day(t).holds(hour*60 + minute)
}

// cite is where a row of data is from, in words to put behind what it says.
func cite(source, reviewed, confidence string) string {
	return fmt.Sprintf(" (%s, reviewed %s, confidence %s)", source, reviewed, confidence)
}

// checkReview says what is wrong with the marks of a row of data.
func checkReview(reviewed, confidence string) error {
	switch confidence {
	case "", "high", "medium", "low":
	default:
		return fmt.Errorf("confidence: unknown word %q: want high, medium or low", confidence)
	}
	if reviewed == "" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, reviewed); err != nil {
		return fmt.Errorf("reviewed: %q: want a day such as 2026-01-31", reviewed)
	}
	return nil
}

// describe is the row of w in words, with its source.
func (w *week) describe() string {
	text := w.row.Place + " " + w.row.spans()
	if !w.own {
		return text + w.row.cite()
	}
	text += ", by this gate's own configuration"
	if w.row.Source != "" {
		text += w.row.cite()
	}
	if w.instead != nil {
		text += ", in place of " + w.instead.spans() + w.instead.cite()
	}
	return text
}

// spans are the open hours of h.
func (h *Hours) spans() string {
	text := h.Weekdays.String()
	for _, day := range []struct {
		name string
		span Span
	}{{"Saturdays", h.Saturday}, {"Sundays", h.Sunday}, {"holidays", h.Holidays}} {
		if day.span.given {
			text += ", " + day.name + " " + day.span.String()
		}
	}
	if h.By != "" {
		text += ", by " + h.By
	}
	return text
}

// cite is where h is from.
func (h *Hours) cite() string {
	return cite(h.Source, h.Reviewed, h.Confidence)
}
