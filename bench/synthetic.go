package bench

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// A Stand is where a synthetic person stands with the business that writes to them.
type Stand uint8

// Where synthetic people stand. Agreed is the zero value.
const (
	Agreed    Stand = iota // said yes to marketing
	OptedOut               // said yes, and left
	Stranger               // never said anything
	Malformed              // no person: what stands for the address is none
)

// A Crowd is a list of synthetic people, computed and not kept: the same values give the same
// people. Their numbers belong to nobody. It is safe for concurrent use.
type Crowd struct {
	Size uint64 // how many; at most [MaxCrowd]
	Seed uint64 // who of them stands where

	// Shares of the people, from 0 to 1; who is in none of them agreed.
	OptedOut, NoConsent, Malformed float64

	// Cases are the messages, and what becomes of each when its recipient agreed. A person always
	// gets the same one. At least one.
	Cases []Case
}

// A Case is a message, by the name of a sample, and what becomes of it when its recipient agreed.
type Case struct {
	Sample string
	Want   Want
}

// In North America the numbers 555-0100 to 555-0199 of every area code are for fiction, and no area
// code has a 9 in the middle: these are kept for the day the plan gets more digits
// (https://www.nanpa.com/numbering/area-codes). The first people have numbers of the first kind,
// those after them of the second.
const (
	fiction  = 8 * 9 * 10 * 100              // area codes without a 9 in the middle, numbers in each
	reserved = 8 * 10 * 8 * 10 * 10 * 10_000 // N9X NXX XXXX
	// MaxCrowd is the size of the largest crowd.
	MaxCrowd = fiction + reserved
)

// Check says what is wrong with c, if anything is.
func (c Crowd) Check() error {
	for name, share := range map[string]float64{"opted out": c.OptedOut, "without consent": c.NoConsent, "malformed": c.Malformed} {
		if math.IsNaN(share) || share < 0 || share > 1 {
			return fmt.Errorf("share of recipients %s: %g is not from 0 to 1", name, share)
		}
	}
	switch {
	case c.OptedOut+c.NoConsent+c.Malformed > 1:
		return errors.New("the shares of recipients add up to more than 1")
	case c.Size == 0 || c.Size > MaxCrowd:
		return fmt.Errorf("a crowd has from 1 to %d people", uint64(MaxCrowd))
	case len(c.Cases) == 0:
		return errors.New("a crowd needs a message to be sent")
	}
	return nil
}

// Person is the person with number i, from 0 to Size-1.
func (c Crowd) Person(i uint64) (Recipient, Stand) {
	h := mix(c.Seed ^ mix(i+1))
	is := c.Cases[h%uint64(len(c.Cases))]
	r := Recipient{Address: number(i), Sample: is.Sample, Want: is.Want, Row: int64(i) + 1}
	switch share := float64(h>>11) / (1 << 53); {
	case share < c.OptedOut:
		r.Want = Want{block, "opted-out"}
		return r, OptedOut
	case share < c.OptedOut+c.NoConsent:
		r.Want = Want{block, "no-consent"}
		return r, Stranger
	case share < c.OptedOut+c.NoConsent+c.Malformed:
		r.Address, r.Want = malformed(i), Want{block, "bad-address"}
		return r, Malformed
	}
	return r, Agreed
}

// Find is the person with the given address, with its plus or without; false for an address that is
// nobody's in this crowd.
func (c Crowd) Find(address string) (Recipient, Stand, bool) {
	i, ok := index(address)
	if !ok || i >= c.Size {
		return Recipient{}, Malformed, false
	}
	r, stand := c.Person(i)
	return r, stand, stand != Malformed
}

// Walk goes through the crowd, again and again if round is set.
func (c Crowd) Walk(round bool) Recipients { return &walk{crowd: c, round: round} }

type walk struct {
	crowd Crowd
	round bool
	next  uint64
}

func (w *walk) Next() (Recipient, error) {
	if w.next == w.crowd.Size {
		if !w.round {
			return Recipient{}, io.EOF
		}
		w.next = 0
	}
	r, _ := w.crowd.Person(w.next)
	w.next++
	return r, nil
}

// number is the number of person i, in E.164 with its plus.
func number(i uint64) string {
	if i < fiction {
		area := i / 100
		return fmt.Sprintf("+1%d%d%d55501%02d", 2+area/90, area/10%9, area%10, i%100)
	}
	i -= fiction
	line, i := i%10_000, i/10_000
	exchange, area := i%800, i/800
	return fmt.Sprintf("+1%d9%d%d%04d", 2+area/10, area%10, 200+exchange, line)
}

// index undoes [number].
func index(address string) (uint64, bool) {
	if len(address) == 12 && address[0] == '+' {
		address = address[1:]
	}
	n, err := strconv.ParseUint(address, 10, 64)
	if err != nil || len(address) != 11 || address[0] != '1' {
		return 0, false
	}
	line, exchange, area := n%10_000, n/10_000%1000, n/10_000_000%1000
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

// malformed is something in place of an address: a name, a number that is too short, one that is
// too long.
func malformed(i uint64) string {
	switch i % 3 {
	case 0:
		return "nobody-" + strconv.FormatUint(i, 10)
	case 1:
		return fmt.Sprintf("+1555%02d", i%100)
	default:
		return fmt.Sprintf("+1415555%012d", i)
	}
}

// mix spreads the bits of x over the whole word: the finalizer of SplitMix64,
// https://prng.di.unimi.it/splitmix64.c.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
