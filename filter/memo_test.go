package filter

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// Whatever the area code, numbers whose exchange begins with 0 are all from the same country, or none, and in the
// same zones, and so are those whose exchange begins with 1.
func TestVacantNumbersAreAlike(t *testing.T) {
	a, err := newAtlas(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	nobodys := 0
	for area := 200; area < 1000; area++ {
		for _, first := range []string{"0", "1"} {
			alike := fmt.Sprintf("+1%03d%s", area, first)
			country, spot := Country(alike+"000000"), a.find(alike+"000000").String()
			for _, rest := range []string{"000123", "150199", "550100", "911234", "999999"} {
				if address := alike + rest; !vacant(address) || Country(address) != country {
					t.Errorf("%s is of %q, and others that begin alike of %q", address, Country(address), country)
				} else if at := a.find(address).String(); at != spot {
					t.Errorf("%s is at %q, and others that begin alike at %q", address, at, spot)
				}
			}
			if country == "" {
				nobodys++
			}
		}
		if address := fmt.Sprintf("+1%03d2550123", area); vacant(address) {
			t.Errorf("%s may be somebody's", address)
		}
	}
	if nobodys < 1000 {
		t.Errorf("only %d of 1600 beginnings are of no country", nobodys)
	}
	for _, address := range []string{"", "+1", "+1212155", "+121215501234", "+491512345678", "12121550123"} {
		if vacant(address) {
			t.Errorf("%q is taken for a number of North America", address)
		}
	}
}

// What was found out about a recipient costs nothing the second time, nobody's numbers among them.
func TestMemoRemembers(t *testing.T) {
	asked := 0
	m := newMemo(func(string, string) (int, bool) { asked++; return asked, true })
	for _, alike := range [][]string{{newYorker, "+12125550199"}, {"+12120550123", "+12120999999"}, {parisian, "+33612345999"}} {
		first := m.of(alike[0], "")
		if again := m.of(alike[1], ""); again != first {
			t.Errorf("%v: asked for both", alike)
		}
	}
	if first, other := m.of("+12120550123", ""), m.of(newYorker, ""); first == other {
		t.Error("a number that is nobody's is taken for one that begins alike")
	}
	if zero, one := m.of("+18000550123", ""), m.of("+18001550123", ""); zero == one {
		t.Error("an exchange that begins with 1 is taken for one that begins with 0, which may be in other zones")
	}
}

// TestOpenMinutes: it makes no difference to what is open that a minute was looked at before.
func TestOpenMinutes(t *testing.T) {
	rows := []string{"08:00-21:00", "09:30-20:59", "00:00-24:00", "13:07-13:08"}
	random := rand.New(rand.NewPCG(5, 6))
	for _, names := range [][]string{{"America/New_York"}, {"Asia/Kathmandu", "Australia/Lord_Howe"}, {"Africa/Monrovia"}, {"Europe/London", "UTC"}} {
		zones, err := locations(names)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			w, err := newWeek(Hours{Place: "US", Weekdays: span(row), Sunday: span("10:00-18:00")}, nil)
			if err != nil {
				t.Fatal(err)
			}
			l := &locality{weeks: []*week{w}, zones: zones}
			at := time.Date(1960+random.IntN(100), 1, 1, 0, 0, 0, 0, time.UTC)
			for range 5000 {
				if random.IntN(50) == 0 {
					at = at.Add(time.Duration(random.IntN(40*24*60)) * time.Minute)
				}
				at = at.Add(time.Duration(random.IntN(50)-20) * time.Second)
				fresh := locality{weeks: l.weeks, zones: l.zones}
				if want, got := fresh.open(at), l.open(at); got != want {
					t.Fatalf("%v by %s at %s: open %v, want %v", names, row, at, got, want)
				}
			}
		}
	}
}
