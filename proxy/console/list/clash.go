package list

import (
	"cmp"
	"hash/maphash"
	"iter"
	"slices"
	"time"
	"unique"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
)

const (
	// mostClashes is how many opt-outs of one file may be of recipients whom it opts in as well. More
	// are refused: they are held in memory.
	mostClashes = 1 << 20
	// mostRepeated is how many statements are looked at for repetitions.
	mostRepeated = 1 << 20
)

// Clashes finds what a file says twice, and who it both opts in and out, in memory that does not
// grow with the file: a first look sorts hashes of all statements, part by part, and a second one
// gathers the opt-outs of those alone who clash. [Clashes.Note] is the first look at each statement, and
// [Clashes.Find] ends it; if there are [Clashes.Any], [Clashes.Gather] is the second, and [Clashes.Gathered] ends it.
type Clashes struct {
	seeds [3]maphash.Seed
	seen  sightings
	both  []clashKey // who both opts in and out, in order
	outs  []outRow   // their opt-outs, in the same order
	full  bool       // there are more than both or outs holds
	twice []clashKey // what is said twice, in order
	first []uint32   // of each of twice, the line that was taken first, 0 before that
	text  []byte     // what a key is taken of; kept for the next
}

type clashKey [2]uint64

func (k clashKey) compare(other clashKey) int {
	return cmp.Or(cmp.Compare(k[0], other[0]), cmp.Compare(k[1], other[1]))
}

// An OptOut is an opt-out of somebody whom the file opts in as well.
type OptOut struct {
	Line  int
	Brand string
	Scope filter.Scope
	At    time.Time // zero: now
}

// An outRow is one as it is held.
type outRow struct {
	who  uint32 // in both
	line uint32
	of   unique.Handle[outOf]
	at   time.Time // zero: now
}

// An outOf is what somebody opts out of.
type outOf struct {
	brand string
	scope filter.Scope
}

// NewClashes begins the first look, which sorts so many hashes at once, see [SortsAtOnce].
func NewClashes(atOnce int) *Clashes {
	c := &Clashes{seen: sightings{atOnce: atOnce}}
	for i := range c.seeds {
		c.seeds[i] = maphash.MakeSeed()
	}
	return c
}

// who stands for a person on a channel, of whatever brand.
func (c *Clashes) who(to filter.Recipient) clashKey {
	c.text = appendTexts(c.text[:0], string(to.Channel), to.Address)
	return clashKey{maphash.Bytes(c.seeds[0], c.text), maphash.Bytes(c.seeds[1], c.text)}
}

// sight stands for what e says.
func (c *Clashes) sight(e *filter.Event) sighting {
	one := sighting{who: c.who(e.To)}
	c.text = appendTexts(c.text[:0], e.To.Brand, e.Scope.String())
	c.text = appendMoment(append(c.text, byte(e.Kind), byte(e.Basis)), e.Time)
	one.what = maphash.Bytes(c.seeds[2], c.text) &^ sides
	switch e.Kind {
	case filter.OptedIn:
		one.what |= in
	case filter.OptedOut:
		one.what |= out
	}
	return one
}

// Note is the first look at e.
func (c *Clashes) Note(e *filter.Event) error { return c.seen.add(c.sight(e)) }

// Find ends the first look, early with the error of unwanted.
func (c *Clashes) Find(unwanted func() error) error {
	defer c.seen.close()
	both := func(who clashKey) {
		if c.full = c.full || len(c.both) == mostClashes; !c.full {
			c.both = append(c.both, who)
		}
	}
	again := func(what clashKey) {
		if len(c.twice) < mostRepeated {
			c.twice = append(c.twice, what)
		}
	}
	if err := c.seen.find(unwanted, both, again); err != nil {
		return err
	}
	if c.full {
		return errClashes
	}
	slices.SortFunc(c.both, clashKey.compare)
	slices.SortFunc(c.twice, clashKey.compare)
	c.twice = slices.Compact(c.twice)
	c.first = make([]uint32, len(c.twice))
	return nil
}

var errClashes = input.Errorf("", "too many recipients both opt in and out in this file: split it")

// Any reports whether a second look is needed.
func (c *Clashes) Any() bool { return len(c.both) > 0 }

// Gather is the second look at e.
func (c *Clashes) Gather(line int, e *filter.Event) {
	if e.Kind != filter.OptedOut {
		return
	}
	who, clashing := slices.BinarySearchFunc(c.both, c.who(e.To), clashKey.compare)
	if !clashing {
		return
	}
	if c.full = len(c.outs) == mostClashes; !c.full {
		c.outs = append(c.outs, outRow{uint32(who), uint32(line), unique.Make(outOf{e.To.Brand, e.Scope}), e.Time})
	}
}

// Gathered ends the second look.
func (c *Clashes) Gathered() error {
	if c.full {
		return errClashes
	}
	slices.SortStableFunc(c.outs, func(a, b outRow) int { return cmp.Compare(a.who, b.who) })
	return nil
}

// outsOf are those of outs that are of one person.
func (c *Clashes) outsOf(to filter.Recipient) []outRow {
	if len(c.both) == 0 {
		return nil
	}
	who, clashing := slices.BinarySearchFunc(c.both, c.who(to), clashKey.compare)
	if !clashing {
		return nil
	}
	begin := func(who int) int {
		at, _ := slices.BinarySearchFunc(c.outs, uint32(who), func(o outRow, who uint32) int { return cmp.Compare(o.who, who) })
		return at
	}
	return c.outs[begin(who):begin(who+1)]
}

// OptOuts are the opt-outs of somebody whom the file opts in as well, in the order of their lines.
func (c *Clashes) OptOuts(to filter.Recipient) iter.Seq[OptOut] {
	return func(yield func(OptOut) bool) {
		for _, o := range c.outsOf(to) {
			if of := o.of.Value(); !yield(OptOut{int(o.line), of.brand, of.scope, o.at}) {
				return
			}
		}
	}
}

// repeated is where first tells of what e says, nil where that is said once.
func (c *Clashes) repeated(e *filter.Event) *uint32 {
	if len(c.twice) == 0 {
		return nil
	}
	if at, twice := slices.BinarySearchFunc(c.twice, c.sight(e).statement(), clashKey.compare); twice {
		return &c.first[at]
	}
	return nil
}

// Before is the line whose statement was taken and says the same as e, of line; 0 for none.
func (c *Clashes) Before(line int, e *filter.Event) int {
	if first := c.repeated(e); first != nil && int(*first) < line {
		return int(*first)
	}
	return 0
}

// Taken notes that e, of line, is taken.
func (c *Clashes) Taken(line int, e *filter.Event) {
	if first := c.repeated(e); first != nil && *first == 0 {
		*first = uint32(line)
	}
}

// Close lets go of what the first look still holds.
func (c *Clashes) Close() { c.seen.close() }
