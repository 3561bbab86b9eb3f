package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// A book says who opted out and who agreed: one sequence of numbers, the same for every peer and on
// every day, so that nothing but the size has to be kept with a result.
//
// The numbers are nobody's: they have the area codes of the United States, so that rules that ask
// where somebody lives find a place, and exchange codes that begin with 0 or 1, which no number there
// has. They are spread over the whole of that room, as people's numbers are: in each stretch of it one
// has opted out, and perhaps one has agreed.
type book struct {
	listed    uint64 // opt-outs
	consented uint64 // express consents; at most as many as listed
}

// areas are the area codes of the United States for places, of which there are 353.
const areas = "201202203205206207209210212213214215216217218219220223224225227228229231234235239240248251252253254256260262267269270272" +
	"276279281283301302303304305307308309312313314315316317318319320321323324325326327329330331332334336337339341346347350351" +
	"352353360361363364369380385386401402404405406407408409410412413414415417419423424425430432434435440442443445447448458463" +
	"464469470475478479480484501502503504505507508509510512513515516517518520530531534539540541551557559561562563564567570571" +
	"572573574575580582585586601602603605606607608609610612614615616617618619620623626628629630631636640641645646650651656657" +
	"659660661662667669678680681682686689701702703704706707708712713714715716717718719720724725726727728730731732734737738740" +
	"743747748754757760762763765769770771772773774775779781785786801802803804805806810812813814815816817818820821826828830831" +
	"832835838839840843845847848850854856857858859860862863864865870872878901903904906907908909910912913914915916917918919920" +
	"925928929930931934936937938940941943945947948949951952954956959970971972973975978979980984985986989"

// lines is how many numbers an area code has here, and room how many there are in all.
const (
	lines        = 2_000_000
	room  uint64 = uint64(len(areas)/3) * lines
)

// maxListed leaves at least one number in each stretch that is in no list.
const maxListed = room / 4

// check says whether the numbers suffice.
func (b book) check() error {
	if b.listed == 0 || b.listed > maxListed {
		return fmt.Errorf("a list of %d: want 1 to %d numbers", b.listed, maxListed)
	}
	if b.consented > b.listed {
		return fmt.Errorf("%d consents and a list of %d: want at most as many", b.consented, b.listed)
	}
	return nil
}

func (b book) stretch() uint64 { return room / b.listed }

// optedOut is the k-th number that opted out; k is below listed.
func (b book) optedOut(k uint64) uint64 { return b.at(k, 0) }

// agreed is the k-th number with consent; k is below consented. They are spread as well.
func (b book) agreed(k uint64) uint64 { return b.at(k*(b.listed/b.consented), 1) }

// stranger is a number in the k-th stretch of which nothing is known, by pick.
func (b book) stranger(k, pick uint64) uint64 { return b.at(k, 2+pick%(b.stretch()-2)) }

// at is the i-th number of the k-th stretch, counted from a place that is different in each.
func (b book) at(k, i uint64) uint64 {
	step := b.stretch()
	return k*step + (mix(k)+i)%step
}

// mix scatters x: the finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom
// number generators, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// digits is how many digits a number has, its country code among them.
const digits = 11

// putNumber writes number n of the room into b, digits bytes without the plus.
func putNumber(b []byte, n uint64) {
	area, line := n/lines*3, n%lines
	b[0] = '1'
	copy(b[1:], areas[area:area+3])
	for i := digits - 1; i >= 4; i-- {
		b[i] = byte('0' + line%10)
		line /= 10
	}
}

// A list is numbers with what is said of each, as lines of a file.
type list struct {
	what         string
	size         uint64
	number       func(k uint64) uint64
	header, tail string // of the file, of each line
}

// plainList is the opt-outs as E.164, one a line.
func (b book) plainList() list { return list{"opt-outs", b.listed, b.optedOut, "", "\n"} }

// imports are the opt-outs, and the consents with their evidence, as CSV files to import.
func (b book) imports() []list {
	return []list{
		{"opt-outs", b.listed, b.optedOut, "address,state\n", ",opted-out\n"},
		{"consents", b.consented, b.agreed, "address,state,scope,basis,time,method,action,wording\n",
			",opted-in,marketing,express,2026-01-31T10:00:00Z,web form,ticked box,Yes send me offers by SMS\n"},
	}
}

// write writes the numbers from one up to another, with the header in front.
func (l list) write(w io.Writer, from, to uint64) error {
	out := bufio.NewWriterSize(w, 64<<10)
	_, _ = out.WriteString(l.header) // kept by the writer until Flush, as what follows
	row := append(make([]byte, 1+digits), l.tail...)
	row[0] = '+'
	for k := from; k < to; k++ {
		putNumber(row[1:], l.number(k))
		_, _ = out.Write(row)
	}
	return out.Flush()
}

// writeMembers writes the opt-outs as commands that make them members of a Redis set, a thousand a
// command, and returns how many commands there are. See https://redis.io/docs/latest/develop/reference/protocol-spec/.
func (b book) writeMembers(w io.Writer, set string) (commands int, err error) {
	const most = 1000
	out := bufio.NewWriterSize(w, 64<<10)
	row := []byte("$12\r\n+00000000000\r\n")
	for k := range b.listed {
		if k%most == 0 {
			commands++
			_, _ = fmt.Fprintf(out, "*%d\r\n$4\r\nSADD\r\n$%d\r\n%s\r\n", 2+min(most, b.listed-k), len(set), set)
		}
		putNumber(row[6:], b.optedOut(k))
		_, _ = out.Write(row)
	}
	return commands, out.Flush()
}

// String is the book in words.
func (b book) String() string {
	return strconv.FormatUint(b.listed, 10) + " opt-outs, " + strconv.FormatUint(b.consented, 10) + " consents"
}
