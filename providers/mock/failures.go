package mock

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
)

// A failure is a way in which a service fails, by the name it has in a list of [Failures]. It is the
// fate of a magic recipient.
type failure struct {
	name, number string
}

var failures = []failure{
	{"429", "+15005550429"},
	{"500", "+15005550500"},
	{"503", "+15005550503"},
	{"opted-out", "+15005550004"},
	{"stall", "+15005550900"},
	{"close", "+15005550901"},
	{"cut", "+15005550902"},
	{"reset", "+15005550903"},
}

// Failures are the shares of messages, otherwise acceptable, that meet a failure, whoever they go
// to. The zero Failures are none. It is safe for concurrent use.
type Failures struct {
	text  string // as it was read
	fates []Recipient
	up    []float64 // to which share each of fates reaches, all before it included
}

// ParseFailures reads "429:1%,500:0.1%,stall:0.01%". Each is what a magic recipient of the package
// documentation meets: an answer 429, 500 or 503; opted-out, the service's own refusal of somebody
// who left; stall, no answer; close, cut and reset, a connection that ends before, amid, and rudely
// before the answer. The message is taken in the last four.
func ParseFailures(text string) (Failures, error) {
	f := Failures{text: text}
	total := 0.0
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, share, _ := strings.Cut(part, ":")
		fate, known := failureOf(name)
		if !known {
			return Failures{}, fmt.Errorf("failures %q: there is no failure %q: want some of %s, as in 429:1%%,stall:0.01%%", text, name, failureNames())
		}
		v, err := ParseShare(share)
		if err != nil {
			return Failures{}, fmt.Errorf("failures %q: %s: %w", text, name, err)
		}
		if total += v; total > 1 {
			return Failures{}, fmt.Errorf("failures %q: the shares add up to more than 100%%", text)
		}
		f.fates, f.up = append(f.fates, fate), append(f.up, total)
	}
	return f, nil
}

// UnmarshalText reads what [ParseFailures] reads.
func (f *Failures) UnmarshalText(text []byte) (err error) {
	*f, err = ParseFailures(string(text))
	return err
}

// String is f as [ParseFailures] reads it, or "none".
func (f Failures) String() string { return cmp.Or(f.text, "none") }

// Any reports whether there are any.
func (f Failures) Any() bool { return len(f.fates) > 0 }

func failureOf(name string) (Recipient, bool) {
	for _, f := range failures {
		if f.name == name {
			return magicOf(f.number[1:]), true
		}
	}
	return Recipient{}, false
}

func failureNames() string {
	var all []string
	for _, f := range failures {
		all = append(all, f.name)
	}
	return strings.Join(all, ", ")
}

// ParseShare reads a part of a whole: "1%" or "0.01".
func ParseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || math.IsNaN(v) || v < 0 || v > 1 {
		return 0, fmt.Errorf("%q is no share from 0%% to 100%%", text)
	}
	return v, nil
}

// draw is the fate of the next message; the zero Recipient means none in particular.
func (f Failures) draw() Recipient {
	if len(f.up) == 0 {
		return Recipient{}
	}
	p := rand.Float64()
	for i, up := range f.up {
		if p < up {
			return f.fates[i]
		}
	}
	return Recipient{}
}

// fate is what a message to these digits meets: that of a magic recipient, or by chance.
func (m *Mock) fate(digits string) Recipient {
	if r := magicOf(digits); r.Number != "" {
		return r
	}
	return m.cfg.Failures.draw()
}
