package console

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"time"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/sendgate/sendgate/filter"
)

const (
	// mostClashes is how many recipients of one file may both opt in and out. More are refused: what
	// is known of each is held in memory.
	mostClashes = 1 << 20
	// mostRepeated is how many statements are looked at for repetitions.
	mostRepeated = 1 << 20
)

// clashes finds what a file says twice, and who it both opts in and out, in memory that does not
// grow with the file: a first look with Bloom filters finds who may, a second look at those alone
// who does.
type clashes struct {
	seeds           [2]maphash.Seed
	ins, outs, said *bloom.BloomFilter
	both            map[clashKey][]outRow // who may both opt in and out: the opt-outs
	twice           map[clashKey]int      // what may be said twice: the line that was taken first, 0 before that
	full            bool
	inRows, outRows int
	text            []byte // what a key is taken of; kept for the next
}

type clashKey [2]uint64

// An outRow is an opt-out in the file.
type outRow struct {
	line  int
	brand string
	scope filter.Scope
	at    time.Time // zero: now
}

// newClashes is for a file of so many rows.
func newClashes(rows int) *clashes {
	filterOf := func() *bloom.BloomFilter { return bloom.NewWithEstimates(uint(max(rows, 1000)), 0.001) }
	return &clashes{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		ins: filterOf(), outs: filterOf(), said: filterOf(), both: map[clashKey][]outRow{}, twice: map[clashKey]int{}}
}

// key is the hash of c.text.
func (c *clashes) key() clashKey {
	return clashKey{maphash.Bytes(c.seeds[0], c.text), maphash.Bytes(c.seeds[1], c.text)}
}

func (k clashKey) bytes() []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, k[0]), k[1])
}

// beside reports whether the opt-out lets the opt-in e stand: it came after e, or it covers only a
// part of its scope and is not older.
func (o *outRow) beside(e *filter.Event) bool {
	if partOf(o.scope, e.Scope) {
		return o.at.IsZero() || !e.Time.After(o.at)
	}
	return !o.at.IsZero() && e.Time.Before(o.at)
}

// who stands for a person on a channel, of whatever brand.
func (c *clashes) who(to filter.Recipient) clashKey {
	c.text = appendTexts(c.text[:0], string(to.Channel), to.Address)
	return c.key()
}

// what stands for what e says.
func (c *clashes) what(e *filter.Event) clashKey {
	c.text = appendTexts(c.text[:0], string(e.To.Channel), e.To.Address, e.To.Brand, e.Scope.String())
	c.text = appendMoment(append(c.text, byte(e.Kind), byte(e.Basis)), e.Time)
	return c.key()
}

// note is the first look at e.
func (c *clashes) note(e *filter.Event) {
	what := c.what(e)
	if c.said.TestAndAdd(what.bytes()) && len(c.twice) < mostRepeated {
		c.twice[what] = 0
	}
	own, other := c.ins, c.outs
	switch e.Kind {
	case filter.OptedIn:
		c.inRows++
	case filter.OptedOut:
		c.outRows++
		own, other = other, own
	default:
		if silences(e.Kind) {
			c.outRows++
		}
		return
	}
	who := c.who(e.To)
	own.Add(who.bytes())
	if !other.Test(who.bytes()) {
		return
	}
	if c.full = len(c.both) >= mostClashes; !c.full {
		c.both[who] = nil
	}
}

// any reports whether a second look is needed.
func (c *clashes) any() bool { return len(c.both) > 0 }

// gather is the second look at e.
func (c *clashes) gather(line int, e *filter.Event) {
	if e.Kind != filter.OptedOut {
		return
	}
	who := c.who(e.To)
	if outs, maybe := c.both[who]; maybe {
		c.both[who] = append(outs, outRow{line, e.To.Brand, e.Scope, e.Time})
	}
}

// before is the line whose statement was taken and says the same as e, of line; 0 for none.
func (c *clashes) before(line int, e *filter.Event) int {
	if len(c.twice) == 0 {
		return 0
	}
	if first := c.twice[c.what(e)]; first < line {
		return first
	}
	return 0
}

// taken notes that e, of line, is taken.
func (c *clashes) taken(line int, e *filter.Event) {
	if len(c.twice) == 0 {
		return
	}
	what := c.what(e)
	if first, maybe := c.twice[what]; maybe && first == 0 {
		c.twice[what] = line
	}
}

// against folds into rec the opt-outs of the file that stand against the opt-in e: those that cover
// some of the same, and are not told as having come after it. line is the one of the latest.
func (c *clashes) against(brand filter.Brand, e *filter.Event, rec filter.Record, now time.Time) (_ filter.Record, line int) {
	if len(c.both) == 0 {
		return rec, 0
	}
	for _, out := range c.both[c.who(e.To)] {
		if out.brand != "" && out.brand != e.To.Brand || !overlap(brand, out.scope, e.Scope) || out.beside(e) {
			continue
		}
		at := out.at
		if at.IsZero() || at.After(now) {
			at = now
		}
		rec = rec.After(filter.Event{Kind: filter.OptedOut, Scope: out.scope, Time: at})
		line = out.line
	}
	return rec, line
}

// tells reports whether the file itself has the opt-out of a moment that stands against e.
func (c *clashes) tells(e *filter.Event, at time.Time) bool {
	return len(c.both) > 0 && slices.ContainsFunc(c.both[c.who(e.To)], func(out outRow) bool {
		return (out.brand == "" || out.brand == e.To.Brand) && out.at.Equal(at)
	})
}
