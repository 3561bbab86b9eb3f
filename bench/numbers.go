package bench

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A supply is phone numbers that belong to nobody.
type supply interface {
	size() uint64
	number(i uint64) string              // E.164 with its plus; i is less than size
	index(address string) (uint64, bool) // undoes number
}

// supplies are the countries whose regulators keep numbers for fiction, or for later.
var supplies = map[string]supply{
	"US": northAmerica{},
	// https://www.acma.gov.au/phone-numbers-use-tv-shows-films-and-creative-works
	"AU": blocks{10_000, []string{"+6125550", "+6127010", "+6135550", "+6137010", "+6175550", "+6177010", "+6185550", "+6187010"}},
	// https://www.bundesnetzagentur.de, "Rufnummern für Medienproduktionen", Mitteilung 148/2021
	"DE": blocks{1000, []string{"+493023125", "+496990009", "+494066969", "+492214710", "+498999998"}},
	// https://www.arcep.fr, plan national de numérotation, décision 2018-0881, 2.5.12
	"FR": blocks{10_000, []string{"+3319900", "+3326191", "+3335301", "+3346571", "+3353649", "+3363998"}},
	// https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
	"GB": blocks{1000, []string{"+441134960", "+441144960", "+441154960", "+441164960", "+441174960", "+441184960",
		"+441214960", "+441314960", "+441414960", "+441514960", "+441614960", "+442079460", "+441914980", "+442896496", "+442920180", "+441632960", "+447700900"}},
	// https://www.comreg.ie, National Numbering Scheme, numbers for drama: 020 91X XXXX
	"IE": blocks{100_000, []string{"+3532091"}},
}

// Countries are those that a [Crowd] can have people of, sorted: ISO 3166.
func Countries() []string { return slices.Sorted(maps.Keys(supplies)) }

// blocks are stretches of so many numbers that begin alike.
type blocks struct {
	each  uint64
	heads []string
}

func (b blocks) size() uint64 { return b.each * uint64(len(b.heads)) }

func (b blocks) number(i uint64) string {
	head := b.heads[i/b.each]
	return fmt.Sprintf("%s%0*d", head, len(strconv.FormatUint(b.each-1, 10)), i%b.each)
}

func (b blocks) index(address string) (uint64, bool) {
	for n, head := range b.heads {
		rest, ok := strings.CutPrefix(address, head)
		if !ok || len(rest) != len(strconv.FormatUint(b.each-1, 10)) {
			continue
		}
		i, err := strconv.ParseUint(rest, 10, 64)
		return uint64(n)*b.each + i, err == nil
	}
	return 0, false
}

// northAmerica is the numbers 555-0100 to 555-0199 of every area code, which are for fiction, and
// after them those of area codes with a 9 in the middle: there are none of these, they are kept for
// the day the plan gets more digits (https://www.nanpa.com/numbering/area-codes).
type northAmerica struct{}

const (
	fiction  = 8 * 9 * 10 * 100              // area codes without a 9 in the middle, numbers in each
	reserved = 8 * 10 * 8 * 10 * 10 * 10_000 // N9X NXX XXXX
	// MaxCrowd is the size of the largest crowd.
	MaxCrowd = fiction + reserved
)

func (northAmerica) size() uint64 { return MaxCrowd }

func (northAmerica) number(i uint64) string {
	if i < fiction {
		area := i / 100
		return fmt.Sprintf("+1%d%d%d55501%02d", 2+area/90, area/10%9, area%10, i%100)
	}
	i -= fiction
	line, i := i%10_000, i/10_000
	exchange, area := i%800, i/800
	return fmt.Sprintf("+1%d9%d%d%04d", 2+area/10, area%10, 200+exchange, line)
}

func (northAmerica) index(address string) (uint64, bool) {
	digits, plus := strings.CutPrefix(address, "+1")
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || !plus || len(digits) != 10 {
		return 0, false
	}
	line, exchange, area := n%10_000, n/10_000%1000, n/10_000_000
	if area < 200 {
		return 0, false
	}
	if middle := area / 10 % 10; middle != 9 {
		first := (area/100-2)*90 + middle*10 + area%10
		return first*100 + line%100, exchange == 555 && line/100 == 1
	}
	first := (area/100-2)*10 + area%10
	return fiction + (first*800+exchange-200)*10_000 + line, exchange >= 200
}

// slots are the hundred people after whom the countries of a crowd come round again.
type slots struct {
	country [100]string
	place   [100]uint64         // how many before it in its hundred are of the same country
	people  map[string][]uint64 // the slots of a country
}

// slotsOf spreads the countries over a hundred people by their percentages; who is left over is of
// the United States.
func slotsOf(percent map[string]int) *slots {
	s := &slots{people: map[string][]uint64{}}
	full, rest := map[string]int{"US": 100}, map[string]int{}
	for country, n := range percent {
		if country != "US" {
			full[country] = n
			full["US"] -= n
		}
	}
	order := slices.Sorted(maps.Keys(full))
	for i := range s.country {
		next := ""
		for _, country := range order { // whoever is furthest behind
			rest[country] += full[country]
			if next == "" || rest[country] > rest[next] {
				next = country
			}
		}
		rest[next] -= 100
		s.country[i], s.place[i] = next, uint64(len(s.people[next]))
		s.people[next] = append(s.people[next], uint64(i))
	}
	return s
}

// serial is which one of the people of their country person i is.
func (s *slots) serial(i uint64) (country string, n uint64) {
	country = s.country[i%100]
	return country, i/100*uint64(len(s.people[country])) + s.place[i%100]
}

// number is the number of person i.
func (s *slots) number(i uint64) string {
	country, n := s.serial(i)
	return supplies[country].number(n)
}

// index undoes number, for a number written with its plus or without.
func (s *slots) index(address string) (uint64, bool) {
	if !strings.HasPrefix(address, "+") {
		address = "+" + address
	}
	for country, people := range s.people {
		if n, ok := supplies[country].index(address); ok {
			each := uint64(len(people))
			return n/each*100 + people[n%each], true
		}
	}
	return 0, false
}

// check says which country has too few numbers for a crowd of this size.
func (s *slots) check(size uint64) error {
	for _, country := range slices.Sorted(maps.Keys(s.people)) {
		each := uint64(len(s.people[country]))
		if have := supplies[country].size(); (size+99)/100*each > have {
			return fmt.Errorf("%s has %d numbers that belong to nobody, too few for %d %% of %d people", country, have, each, size)
		}
	}
	return nil
}
