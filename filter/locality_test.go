package filter

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Whatever was judged before, of whomever, a message is judged as if it were the first.
func TestQuietHoursRememberNothingThatMatters(t *testing.T) {
	cfg := QuietHours{Preset: "law", Rows: []Hours{{Place: "AU", Weekdays: span("none")}, {Place: "US-NY", Weekdays: span("none"), Sunday: span("10:00-11:00")}}}
	policy, random := quietPolicy(t, cfg), rand.New(rand.NewPCG(1, 9))
	people := []string{newYorker, parisian, "+17135550123", "+61412345678", "+12110000000"}
	for step := range 150 {
		at := utc("2026-10-20 00:00").Add(time.Duration(step) * 179 * time.Minute)
		if random.IntN(10) == 0 {
			at = at.Add(-time.Duration(random.IntN(20*24)) * time.Hour)
		}
		m := saleTo(people[random.IntN(len(people))])
		if got, want := policy.Decide(&m, &Record{}, at), quietPolicy(t, cfg).Decide(&m, &Record{}, at); got != want {
			t.Fatalf("%s at %s: %+v, and judged first %+v", m.To.Address, at, got, want)
		}
	}
}

// An open hour that is too far away to be told is told from the day on which it comes in sight.
func TestOpenHoursComeInSight(t *testing.T) {
	long := map[Date]bool{}
	for day := Date(20261201); day <= 20261220; day++ {
		long[day] = true
	}
	cfg := Config{Require: map[Category]Basis{Marketing: NoBasis}, QuietHours: QuietHours{Tables: &HourTables{Holidays: map[string]map[Date]bool{"FR": long}},
		Rows: []Hours{{Place: "FR", Weekdays: span("08:00-22:00"), Holidays: span("none")}}}}
	var policy Policy
	m, untold := saleTo(parisian), 0
	for at := utc("2026-11-30 21:30"); at.Before(utc("2026-12-21 06:30")); at = at.Add(37 * time.Minute) {
		fresh, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if policy == nil {
			policy = fresh
		}
		got, want := policy.Decide(&m, &Record{}, at), fresh.Decide(&m, &Record{}, at)
		if got != want {
			t.Fatalf("at %s: %+v, and judged first %+v", at, got, want)
		}
		if got.Until.IsZero() {
			untold++
		}
	}
	if untold < 100 {
		t.Errorf("the next open hour was out of sight %d times, so little is shown", untold)
	}
}
