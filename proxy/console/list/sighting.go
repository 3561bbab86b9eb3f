package list

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"os"
	"slices"

	"github.com/sendgate/sendgate/proxy/console/input"
)

// A sighting is what is kept of one statement of a file while clashes are looked for.
type sighting struct {
	who  clashKey // the person on a channel
	what uint64   // what is said of them; the lowest two bits are the side
}

// The side of a statement.
const (
	aside = iota // neither of the others
	in
	out
	sides = 3 // a mask
)

func (a sighting) compare(b sighting) int {
	return cmp.Or(cmp.Compare(a.who[0], b.who[0]), cmp.Compare(a.who[1], b.who[1]), cmp.Compare(a.what, b.what))
}

// statement names what was said, of whom.
func (a sighting) statement() clashKey { return clashKey{a.who[0] ^ a.what, a.who[1]} }

const (
	// sightingParts is into how many parts sightings go, by person: what concerns one person is in
	// one part.
	sightingParts = 256
	// SortsAtOnce is how many are sorted at a time.
	SortsAtOnce = 1 << 18

	sightingSize   = 3 * 8
	sightingBlock  = 4096 // bytes, of a part in the file: the place of its block before, and sightings
	blockSightings = (sightingBlock - 8) / sightingSize
)

// sightings are those of one file, in memory that does not grow with it. What does not fit lies in a
// temporary file without a name. It holds nothing but hashes under keys that end with the process.
type sightings struct {
	parts  [sightingParts]sightingPart
	atOnce int      // how many are sorted at a time
	file   *os.File // nil while all are in memory
	size   int64    // of file
	block  [sightingBlock]byte
	sorted []sighting
}

// A sightingPart is a share of the sightings.
type sightingPart struct {
	n    int        // of all of them
	last int64      // where its last block begins in the file, 0 if there is none
	rest []sighting // those that are in none
}

func (s *sightings) add(one sighting) error {
	p := &s.parts[one.who[0]%sightingParts]
	p.rest = append(p.rest, one)
	if p.n++; len(p.rest) < blockSightings {
		return nil
	}
	return s.spill(p)
}

// spill writes a full block.
func (s *sightings) spill(p *sightingPart) (err error) {
	if s.file == nil {
		if s.file, err = tempFile("sendgate-import-*"); err != nil {
			return fmt.Errorf("keeping what is looked for twice in the upload: %w", err)
		}
		s.size = sightingBlock // no block begins at 0
	}
	b := binary.LittleEndian.AppendUint64(s.block[:0], uint64(p.last))
	for _, one := range p.rest {
		b = binary.LittleEndian.AppendUint64(b, one.who[0])
		b = binary.LittleEndian.AppendUint64(b, one.who[1])
		b = binary.LittleEndian.AppendUint64(b, one.what)
	}
	if _, err := s.file.WriteAt(b, s.size); err != nil {
		return fmt.Errorf("keeping what is looked for twice in the upload: %w", err)
	}
	p.rest, p.last = p.rest[:0], s.size
	s.size += sightingBlock
	return nil
}

// each calls f with every sighting of a part, until it fails.
func (s *sightings) each(p *sightingPart, f func(sighting) error) error {
	for _, one := range p.rest {
		if err := f(one); err != nil {
			return err
		}
	}
	for at := p.last; at != 0; at = int64(binary.LittleEndian.Uint64(s.block[:])) {
		if _, err := s.file.ReadAt(s.block[:8+blockSightings*sightingSize], at); err != nil {
			return fmt.Errorf("reading again what is looked for twice in the upload: %w", err)
		}
		for b := s.block[8 : 8+blockSightings*sightingSize]; len(b) > 0; b = b[sightingSize:] {
			one := sighting{who: clashKey{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}, what: binary.LittleEndian.Uint64(b[16:])}
			if err := f(one); err != nil {
				return err
			}
		}
	}
	return nil
}

// find tells of everybody who is seen on both sides, and of statements that are seen again. A part
// that is too large to be sorted at once is read as often as it takes, for some of its people each
// time. It ends early with the error of unwanted.
func (s *sightings) find(unwanted func() error, both func(who clashKey), again func(what clashKey)) error {
	for i := range s.parts {
		p := &s.parts[i]
		times := uint64(1 + 2*p.n/s.atOnce)
		for now := range times {
			if err := unwanted(); err != nil {
				return err
			}
			s.sorted = s.sorted[:0]
			err := s.each(p, func(one sighting) error {
				if one.who[1]%times != now {
					return nil
				}
				if s.sorted = append(s.sorted, one); len(s.sorted) < s.atOnce {
					return nil
				}
				if s.sort(again); len(s.sorted) > s.atOnce/8*7 {
					return input.Errorf("", "more than %d different statements of this file are about one recipient: split it", s.atOnce/8*3)
				}
				return nil
			})
			if err != nil {
				return err
			}
			s.sort(again)
			s.sided(both)
		}
	}
	return nil
}

// sort brings those that were read into order, and leaves each statement there once.
func (s *sightings) sort(again func(what clashKey)) {
	slices.SortFunc(s.sorted, sighting.compare)
	for i := 1; i < len(s.sorted); i++ {
		if s.sorted[i] == s.sorted[i-1] && (i == 1 || s.sorted[i] != s.sorted[i-2]) {
			again(s.sorted[i].statement())
		}
	}
	s.sorted = slices.Compact(s.sorted)
}

// sided tells of those who are seen on both sides, of what is sorted.
func (s *sightings) sided(both func(who clashKey)) {
	for from := 0; from < len(s.sorted); {
		who := s.sorted[from].who
		var seen [sides + 1]bool
		for ; from < len(s.sorted) && s.sorted[from].who == who; from++ {
			seen[s.sorted[from].what&sides] = true
		}
		if seen[in] && seen[out] {
			both(who)
		}
	}
}

// close lets go of everything.
func (s *sightings) close() {
	if s.file != nil {
		dropFile(s.file)
	}
	*s = sightings{}
}
