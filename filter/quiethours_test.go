package filter

import (
	"strings"
	"sync"
	"testing"
	"time"
)

var testPlaces = []Place{
	{Place: "US-TX", AreaCodes: []int{713}, Zones: []string{"America/Chicago", "America/Denver"}},
	{Place: "US-NY", AreaCodes: []int{212}, Zones: []string{"America/New_York"}},
	{Place: "AU", Zones: []string{"Australia/Perth", "Australia/Sydney"}},
}

func span(text string) (s Span) {
	if err := s.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return s
}

// christmas is a calendar with one holiday.
var christmas = map[string]map[Date]bool{"US": {20261225: true}, "FR": {20261225: true}}

var testTables = &HourTables{Presets: map[string][]Hours{"law": {
	{Place: "US", Weekdays: span("08:00-21:00")},
	{Place: "US-TX", Weekdays: span("09:00-21:00"), Sunday: span("12:00-21:00")},
	{Place: "FR", Weekdays: span("08:00-22:00"), Sunday: span("none"), Holidays: span("none"), Source: "https://example.com/fr", Reviewed: "2026-11-22", Confidence: "high"},
}}, Places: testPlaces, Holidays: christmas}

func quietPolicy(t testing.TB, cfg QuietHours) Policy {
	t.Helper()
	cfg.Tables = testTables
	policy, err := New(Config{Require: map[Category]Basis{Marketing: NoBasis, Utility: NoBasis, Service: NoBasis}, QuietHours: cfg})
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

func utc(text string) time.Time {
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return at
}

func saleTo(address string) Message {
	return Message{To: Recipient{Brand: "shop", Channel: SMS, Address: address}, Text: "Sale. Reply STOP to opt out"}
}

const (
	newYorker = "+12125550123"
	parisian  = "+33612345678"
)

func TestQuietHours(t *testing.T) {
	law := QuietHours{Preset: "law"}
	with := func(change func(*QuietHours)) QuietHours { q := law; change(&q); return q }
	for _, c := range []struct {
		name   string
		cfg    QuietHours
		m      Message
		events []Event
		at     string // UTC
		want   Reason
		until  string
	}{
		{"marketing passes by day", law, saleTo(newYorker), nil, "2026-07-15 12:00", Allowed, ""},
		{"marketing waits for the morning", law, saleTo(newYorker), nil, "2026-07-15 03:00", InQuietHours, "2026-07-15 12:00"},
		{"the minute of closing is quiet", law, saleTo(newYorker), nil, "2026-07-16 01:00", InQuietHours, "2026-07-16 12:00"},
		{"without a preset no hour is quiet", QuietHours{}, saleTo(newYorker), nil, "2026-07-15 03:00", Allowed, ""},
		{"other categories pass at night", law, Message{To: to(SMS), Category: Utility, Text: "Your order"}, nil, "2026-07-15 07:00", Allowed, ""},
		{"unless the hours are for them too", with(func(q *QuietHours) { q.Categories = []Category{Marketing, Utility} }),
			func() Message { m := saleTo(newYorker); m.Category = Utility; return m }(), nil, "2026-07-15 07:00", InQuietHours, "2026-07-15 12:00"},
		{"a part of the country that cannot be told has the hours of all", law, saleTo("+14155550123"), nil, "2026-07-15 15:30", InQuietHours, "2026-07-15 16:00"},
		{"a scheduled message is judged at its delivery", law, func() Message { m := saleTo(newYorker); m.SendAt = utc("2026-07-15 12:00"); return m }(),
			nil, "2026-07-15 03:00", Allowed, ""},
		{"and stopped when that is at night", law, func() Message { m := saleTo(newYorker); m.SendAt = utc("2026-07-16 03:00"); return m }(),
			nil, "2026-07-15 14:00", InQuietHours, "2026-07-16 12:00"},
		{"a state's row stands in for its country's", law, saleTo("+17135550123"), nil, "2026-07-15 14:30", InQuietHours, "2026-07-15 15:00"},
		{"all zones of a place must be open", law, saleTo("+17135550123"), nil, "2026-07-19 17:30", InQuietHours, "2026-07-19 18:00"},
		{"Saturday night in France waits for Monday", law, saleTo(parisian), nil, "2026-07-18 21:00", InQuietHours, "2026-07-20 06:00"},
		{"a holiday is waited out", law, saleTo(parisian), nil, "2026-12-25 10:00", InQuietHours, "2026-12-26 07:00"},
		{"a country without a row has no quiet hours", law, saleTo("+4915123456789"), nil, "2026-07-15 02:00", Allowed, ""},
		{"unless there is a row for all", with(func(q *QuietHours) { q.Rows = []Hours{{Place: "*", Weekdays: span("08:00-20:00")}} }),
			saleTo("+4915123456789"), nil, "2026-07-15 02:00", InQuietHours, "2026-07-15 06:00"},
		{"an own row stands in for the preset's", with(func(q *QuietHours) { q.Rows = []Hours{{Place: "US", Weekdays: span("00:00-24:00")}} }),
			saleTo(newYorker), nil, "2026-07-15 03:00", Allowed, ""},
		{"a day without any open hour leads to the next week", with(func(q *QuietHours) {
			q.Rows = []Hours{{Place: "US", Weekdays: span("none"), Saturday: span("10:00-11:00"), Sunday: span("none")}}
		}), saleTo(newYorker), nil, "2026-07-18 15:00", InQuietHours, "2026-07-25 14:00"},
		{"who is never open gets no moment to wait for", with(func(q *QuietHours) { q.Rows = []Hours{{Place: "US", Weekdays: span("none")}} }),
			saleTo(newYorker), nil, "2026-07-15 03:00", InQuietHours, ""},
		{"who cannot be placed gets nothing", with(func(q *QuietHours) { q.Rows = []Hours{{Place: "*", Weekdays: span("08:00-20:00")}} }),
			Message{To: Recipient{Channel: Messenger, Address: "1234567890"}, Template: "POST_PURCHASE_UPDATE"}, nil, "2026-07-15 12:00", InQuietHours, ""},
		{"unless the zone to take for them is set", with(func(q *QuietHours) {
			q.Rows, q.Zone = []Hours{{Place: "*", Weekdays: span("08:00-20:00")}}, "Europe/Berlin"
		}), Message{To: Recipient{Channel: Messenger, Address: "1234567890"}, Template: "POST_PURCHASE_UPDATE"}, nil, "2026-07-15 12:00", Allowed, ""},
		{"an open window exempts nobody by default", law, saleTo(newYorker), []Event{{Kind: Wrote, Time: utc("2026-07-15 02:00")}}, "2026-07-15 03:00", InQuietHours, "2026-07-15 12:00"},
		{"an open window exempts where that is set", with(func(q *QuietHours) { q.ExemptReplies = true }), saleTo(newYorker),
			[]Event{{Kind: Wrote, Time: utc("2026-07-15 02:00")}}, "2026-07-15 03:00", Allowed, ""},
		{"an hour that the clock leaps over begins when it has leapt", with(func(q *QuietHours) { q.Rows = []Hours{{Place: "US", Weekdays: span("02:30-05:00")}} }),
			saleTo(newYorker), nil, "2026-03-08 06:00", InQuietHours, "2026-03-08 07:00"},
		{"an hour that comes twice begins the first time", with(func(q *QuietHours) { q.Rows = []Hours{{Place: "US", Weekdays: span("01:30-03:00")}} }),
			saleTo(newYorker), nil, "2026-11-01 04:30", InQuietHours, "2026-11-01 05:30"},
		{"an opt-out is told before the hour", law, saleTo(newYorker), []Event{{Kind: OptedOut, Time: utc("2026-01-01 00:00")}}, "2026-07-15 03:00", HasOptedOut, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r Record
			for _, e := range c.events {
				r = r.After(e)
			}
			d := quietPolicy(t, c.cfg).Decide(&c.m, &r, utc(c.at))
			until := ""
			if !d.Until.IsZero() {
				until = d.Until.Format("2006-01-02 15:04")
			}
			if d.Reason != c.want || until != c.until {
				t.Errorf("%s until %q, want %s until %q", d.Reason, until, c.want, c.until)
			}
		})
	}
}

// Whatever the hour, Until is the first minute that is not quiet.
func TestQuietHoursEndWhenTheySay(t *testing.T) {
	policy := quietPolicy(t, QuietHours{Preset: "law", Rows: []Hours{{Place: "AU", Weekdays: span("09:00-18:00"), Sunday: span("none")}}})
	for _, address := range []string{newYorker, parisian, "+17135550123", "+61412345678"} {
		m := saleTo(address)
		for at := utc("2026-03-06 00:07"); at.Before(utc("2026-11-05 00:00")); at = at.Add(397 * time.Minute) {
			if at.Month() > time.April && at.Month() < time.October {
				continue // no clock is set
			}
			d := policy.Decide(&m, &Record{}, at)
			if d.Action == Forward {
				continue
			}
			if d.Until.IsZero() || policy.Decide(&m, &Record{}, d.Until).Action != Forward {
				t.Fatalf("%s at %s: quiet until %s, which is quiet", Mask(address), at, d.Until)
			}
			for between := at; between.Before(d.Until); between = between.Add(time.Minute) {
				if policy.Decide(&m, &Record{}, between).Action == Forward {
					t.Fatalf("%s at %s: quiet until %s, and open at %s", Mask(address), at, d.Until, between)
				}
			}
		}
	}
}

func TestQuietHoursExplainThemselves(t *testing.T) {
	m := saleTo(parisian)
	policy, now := quietPolicy(t, QuietHours{Preset: "law"}), utc("2026-12-25 10:00")
	d := policy.Decide(&m, &Record{}, now)
	why := policy.Why(&m, &Record{}, &d, now)
	for _, want := range []string{"FR 08:00-22:00, Sundays none, holidays none", "https://example.com/fr, reviewed 2026-11-22, confidence high", "11:00 on Friday 25 December in Europe/Paris"} {
		if !strings.Contains(why, want) {
			t.Errorf("%q does not say %q", why, want)
		}
	}
}

func TestBadSpans(t *testing.T) {
	for _, text := range []string{"", "8-20", "08:00", "20:00-08:00", "08:00-08:00", "08:00-25:00", "08:60-09:00", "none ", "24:00-24:00"} {
		var s Span
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q reads as %s", text, s)
		}
	}
}

func TestQuietHoursAllocateNothing(t *testing.T) {
	policy := quietPolicy(t, QuietHours{Preset: "law"})
	m, r := saleTo("+17135550123"), Record{}
	for _, now := range []time.Time{utc("2026-07-15 15:00"), utc("2026-07-15 05:00")} {
		if n := testing.AllocsPerRun(100, func() { policy.Decide(&m, &r, now) }); n != 0 {
			t.Errorf("%v allocations at %s", n, now)
		}
	}
}

func TestQuietHoursFromManySides(t *testing.T) {
	policy := quietPolicy(t, QuietHours{Preset: "law"})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 200 {
				m := saleTo("+1212555" + string(rune('0'+i)) + string(rune('0'+n%10)) + "00")
				if d := policy.Decide(&m, &Record{}, utc("2026-07-15 03:00")); d.Reason != InQuietHours {
					t.Errorf("%+v", d)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkQuietHours(b *testing.B) {
	policy := quietPolicy(b, QuietHours{Preset: "law", Rows: []Hours{{Place: "GB", Weekdays: span("none")}}})
	for name, c := range map[string]struct{ to, at string }{
		"open": {"+17135550123", "2026-07-15 15:00"}, "quiet": {"+17135550123", "2026-07-15 05:00"}, "nobody's number": {"+12110000000", "2026-07-15 15:00"},
	} {
		b.Run(name, func(b *testing.B) {
			m, now := saleTo(c.to), utc(c.at)
			b.ReportAllocs()
			for b.Loop() {
				policy.Decide(&m, &Record{}, now)
			}
		})
	}
}

// What is nobody's number says nothing of the numbers that begin like it, whoever is judged first.
func TestNobodysNumberTellsNothing(t *testing.T) {
	night := utc("2026-07-15 08:00")
	for real, nobodys := range map[string]string{newYorker: "+12120000000", "+17135550123": "+17130000000", "+61412345678": "+6141234567"} {
		rows := []Hours{{Place: "AU", Weekdays: span("09:00-17:00")}}
		for _, order := range [][]string{{real, nobodys}, {nobodys, real}} {
			policy := quietPolicy(t, QuietHours{Preset: "law", Rows: rows})
			for _, address := range order {
				m := saleTo(address)
				d := policy.Decide(&m, &Record{}, night)
				if address == real && d.Reason != InQuietHours {
					t.Errorf("judged in the order %v, %s at night: %+v", order, real, d)
				}
			}
		}
	}
}

// Where nobody knows the country, and no row is about anywhere, all rows count.
func TestQuietHoursOfNobodyKnowsWhere(t *testing.T) {
	policy := quietPolicy(t, QuietHours{Rows: []Hours{{Place: "US", Weekdays: span("08:00-21:00")}}})
	m := saleTo("2345678901234567")
	m.To.Channel, m.Template = Messenger, "POST_PURCHASE_UPDATE"
	if d := policy.Decide(&m, &Record{}, utc("2026-07-15 08:00")); d.Reason != InQuietHours {
		t.Errorf("a page-scoped id at night: %+v", d)
	}
}
