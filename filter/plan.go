package filter

import (
	"math/bits"
	"regexp/syntax"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// A plan is how numbers look after one country calling code.
type plan struct {
	lengths uint32 // bit n: n digits may follow
	// begins holds the first two digits of all that phonenumbers may take for a national prefix,
	// and strip. Few numbers begin so.
	begins [100]bool
}

// plans holds the plan of each country calling code; nil for no such code. No calling code is the
// beginning of another.
var plans = sync.OnceValue(func() *[1000]*plan {
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		panic("filter: the phone number metadata built into the program cannot be read: " + err.Error())
	}
	var table [1000]*plan
	for _, m := range all.GetMetadata() {
		code := int(m.GetCountryCode())
		if m.GetId() != phonenumbers.GetRegionCodeForCountryCode(code) {
			continue // one region speaks for all that share a code
		}
		p := new(plan)
		for _, n := range m.GetGeneralDesc().GetPossibleLength() {
			p.lengths |= 1 << n
		}
		if prefix := m.GetNationalPrefixForParsing(); prefix != "" {
			p.strips(prefix)
		}
		table[code] = p
	}
	return &table
})

// strips notes that phonenumbers strips what matches pattern.
func (p *plan) strips(pattern string) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		panic("filter: the phone number metadata built into the program has a bad pattern: " + err.Error())
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		panic("filter: the phone number metadata built into the program has a bad pattern: " + err.Error())
	}
	p.begin(prog, uint32(prog.Start), 0, 0)
}

// begin marks the pairs of digits that what prog matches from pc on may begin with, after the n
// digits of head.
func (p *plan) begin(prog *syntax.Prog, pc uint32, head, n int) {
	in := &prog.Inst[pc]
	switch {
	case n == 2:
		p.begins[head] = true
	case in.Op == syntax.InstMatch || in.Op == syntax.InstRuneAny || in.Op == syntax.InstRuneAnyNotNL: // and then anything
		for d := range 10 {
			p.begin(prog, pc, head*10+d, n+1)
		}
	case in.Op == syntax.InstAlt || in.Op == syntax.InstAltMatch:
		p.begin(prog, in.Out, head, n)
		p.begin(prog, in.Arg, head, n)
	case in.Op == syntax.InstRune || in.Op == syntax.InstRune1:
		for d := range 10 {
			if in.MatchRune('0' + rune(d)) {
				p.begin(prog, in.Out, head*10+d, n+1)
			}
		}
	default:
		p.begin(prog, in.Out, head, n)
	}
}

// allows reports whether a national number may have n digits.
func (p *plan) allows(n int) bool { return n < 32 && p.lengths&(1<<n) != 0 }

// keeps reports whether phonenumbers surely leaves national, which is of an allowed length, as it
// is. One of the shortest length has no prefix to lose.
func (p *plan) keeps(national string) bool {
	return len(national) == bits.TrailingZeros32(p.lengths) || !p.begins[10*(national[0]-'0')+national[1]-'0']
}

// settled reports whether text is a plus and digits of a possible length that phonenumbers surely
// leaves as they are.
func settled(text string) bool {
	if len(text) < 4 || text[0] != '+' || text[1] == '0' {
		return false
	}
	for i := 1; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	table, code := plans(), 0
	for i := 1; i <= 3; i++ {
		code = code*10 + int(text[i]-'0')
		if p := table[code]; p != nil {
			national := text[i+1:]
			return p.allows(len(national)) && p.keeps(national)
		}
	}
	return false
}
