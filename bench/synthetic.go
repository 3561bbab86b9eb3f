package bench

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// A Stand is where a synthetic person stands with the business that writes to them.
type Stand uint8

// Where synthetic people stand. Agreed is the zero value. A message has a topic only in a crowd with
// topics.
const (
	Agreed      Stand = iota // said yes to marketing
	AgreedTopic              // said yes to the topic of their message
	Leaving                  // said yes to marketing, and will answer the first message with STOP
	OptedOut                 // said yes, and left
	LeftTopic                // said yes, and left the topic of their message
	OtherTopic               // said yes to another topic only
	Stranger                 // never said anything
	Malformed                // no person: what stands for the address is none
)

// A Crowd is a list of synthetic people, computed and not kept: the same values give the same
// people. Their addresses belong to nobody. It is safe for concurrent use once [Crowd.Check] returned.
type Crowd struct {
	Size uint64 // how many; at most [MaxCrowd]
	Seed uint64 // who of them stands where

	// Shares of the people, from 0 to 1; who is in none of them agreed. Nobody is malformed on Viber, which takes any
	// text for an address.
	OptedOut, NoConsent, Malformed, Leaving float64

	// Channel is where they are written to; empty: by SMS. It says what their addresses are.
	Channel string

	// Countries are the percentages of people by country, one of [Countries]; who is left over is of
	// the United States.
	Countries map[string]int

	// Topics are what messages are about; a person always gets messages about the same one. Three in
	// ten of those who agreed then said yes to their topic alone, one in ten left their topic, and
	// where there is more than one topic, one in ten said yes to another one only. Nil: messages
	// have no topic.
	Topics []string

	// Cases are the messages, and what becomes of each when its recipient agreed. A person always
	// gets the same one. At least one.
	Cases []Case

	people addressing
}

// A Case is a message, by the name of a sample, and what becomes of it when its recipient agreed.
type Case struct {
	Sample string
	Want   Want
}

// Check says what is wrong with c, if anything is, and makes it ready.
func (c *Crowd) Check() error {
	for name, share := range map[string]float64{"opted out": c.OptedOut, "without consent": c.NoConsent, "malformed": c.Malformed, "leaving": c.Leaving} {
		if math.IsNaN(share) || share < 0 || share > 1 {
			return fmt.Errorf("share of recipients %s: %g is not from 0 to 1", name, share)
		}
	}
	for i, topic := range c.Topics {
		if topic == "" || slices.Contains(c.Topics[:i], topic) {
			return fmt.Errorf("topics %q: each needs a name of its own", c.Topics)
		}
	}
	total := 0
	for country, percent := range c.Countries {
		if supplies[country] == nil {
			return fmt.Errorf("there are no numbers that belong to nobody for the country %q: want some of %v", country, Countries())
		}
		if percent < 0 {
			return fmt.Errorf("share of recipients in %s: %d %% is less than none", country, percent)
		}
		total += percent
	}
	switch {
	case c.OptedOut+c.NoConsent+c.Malformed+c.Leaving > 1:
		return errors.New("the shares of recipients add up to more than 1")
	case total > 100:
		return errors.New("the countries add up to more than 100 %")
	case c.Size == 0 || c.Size > MaxCrowd:
		return fmt.Errorf("a crowd has from 1 to %d people", uint64(MaxCrowd))
	case len(c.Cases) == 0:
		return errors.New("a crowd needs a message to be sent")
	}
	if _, named := idsOf[c.Channel]; named && len(c.Countries) > 0 {
		return fmt.Errorf("the people of %s have no numbers, and so no countries", c.Channel)
	}
	if c.Channel == "viber" {
		c.Malformed = 0
	}
	c.people = c.addresses()
	return c.people.check(c.Size)
}

// addresses are those of the people of c: numbers that are spread over countries, or ids.
func (c *Crowd) addresses() addressing {
	ids, named := idsOf[c.Channel]
	switch {
	case c.people != nil:
		return c.people
	case named:
		return ids
	case len(c.Countries) == 0:
		return unitedStates
	default:
		return slotsOf(c.Countries)
	}
}

var unitedStates = slotsOf(nil)

// Person is the person with number i, from 0 to Size-1.
func (c Crowd) Person(i uint64) (Recipient, Stand) {
	h := mix(c.Seed ^ mix(i+1))
	is := c.Cases[h%uint64(len(c.Cases))]
	r := Recipient{Address: c.addresses().number(i), Sample: is.Sample, Want: is.Want, Row: int64(i) + 1}
	stand, share := Agreed, float64(h>>11)/(1<<53)
	for _, part := range []struct {
		share float64
		stand Stand
	}{{c.OptedOut, OptedOut}, {c.NoConsent, Stranger}, {c.Malformed, Malformed}, {c.Leaving, Leaving}} {
		if share >= 0 && share < part.share {
			stand = part.stand
		}
		share -= part.share
	}
	if len(c.Topics) > 0 {
		t := mix(h)
		r.Topic = c.Topics[t%uint64(len(c.Topics))]
		if stand == Agreed {
			stand = topical(t/uint64(len(c.Topics))%10, len(c.Topics))
		}
	}
	switch stand {
	case OptedOut, LeftTopic:
		r.Want = left
	case Stranger, OtherTopic:
		r.Want = Want{block, "no-consent"}
	case Malformed:
		r.Address, r.Want = malformed(c.Channel, i), Want{block, "bad-address"}
	}
	return r, stand
}

// topical is where the tenth in so many of those who agreed stands, where there are topics.
func topical(tenth uint64, topics int) Stand {
	switch {
	case tenth < 3:
		return AgreedTopic
	case tenth == 3:
		return LeftTopic
	case tenth == 4 && topics > 1:
		return OtherTopic
	}
	return Agreed
}

// OtherTopic is a topic of c that is not the given one; empty where there is none.
func (c Crowd) OtherTopic(topic string) string {
	for _, t := range c.Topics {
		if t != topic {
			return t
		}
	}
	return ""
}

// Find is the person with the given address, with its plus or without; false for an address that is
// nobody's in this crowd.
func (c Crowd) Find(address string) (Recipient, Stand, bool) {
	i, ok := c.addresses().index(address)
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

// mix spreads the bits of x over the whole word: the finalizer of SplitMix64,
// https://prng.di.unimi.it/splitmix64.c.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
