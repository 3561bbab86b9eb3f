package decisions

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"github.com/sendgate/sendgate/store/ulid"
	"github.com/sendgate/sendgate/store/wire"
)

// The body of a block holds its entries by column, since what stands in one column is alike:
//
//   - First the length of the plain columns, and these: addresses, the random part of ids,
//     nanoseconds and durations, which no compression makes smaller.
//   - Then all others, compressed with zstd. What many entries have alike together is their shape,
//     and has a number in order of first appearance; a new shape has such a number for each of its
//     names. Of a text there is what it does not share with the beginning and the end of an earlier
//     one.
//
// Each column is behind its length. A string that nothing stands for is in columnStrings.
const (
	columnAddress = iota // a number in E.164, less its plus; 0: the address is a string
	columnRandom         // ten bytes of each id from ulid.New
	columnNanos          // of the time, less those of the entry before
	columnMicros
	columnIDTime  // 1 and what the id's time is later than the entry's, in milliseconds; 0: the id is a string
	columnSeconds // of the time, less those of the entry before
	columnTimes
	columnShape
	columnShapes // the new ones
	columnLikest // which earlier text is the likest
	columnPrefix // how many bytes of its beginning are shared
	columnSuffix // and of its end
	columnStrings
	columnKnown // of the number, less that of the entry before
	columnRoom  // 0: no room; else 1 and room and text together, in characters, less those of the entry before
	columnTally // as an entry has it
	columnPass  // likewise
	columns

	oldColumns = columnKnown // as many had the second format
	untallied  = columnTally // and the third
	unpassed   = columnPass  // and those up to the fifth

	plainColumns = columnIDTime
	randomBytes  = 10
)

// A shape is what an entry has alike with many: the numbers of its names, its category, action,
// reason and status, and flags.
type shape [entryNames + 5]uint64

// A packer makes the body of one block after the other. It is for one goroutine.
type packer struct {
	columns [columns][]byte
	shapes  dictionary[shape]
	names   [entryNames]dictionary[string] // none of addresses
	counter shapeCounter
	texts   likeness
	at      moment
	known   uint64
	most    int // characters that the last text with room could have had
	raw     []byte
}

// A moment is Entry.Time in two columns.
type moment struct{ sec, nanos int64 }

// reset begins a new block.
func (p *packer) reset() {
	for i := range p.columns {
		p.columns[i] = p.columns[i][:0]
	}
	p.shapes.reset()
	p.counter.reset()
	for i := range p.names {
		p.names[i].reset()
	}
	p.texts, p.at, p.known, p.most = likeness{}, moment{}, 0, 0
}

// add takes e in. It keeps the strings of e until the next reset.
func (p *packer) add(e *Entry) {
	number := wire.E164(e.To.Address)
	if p.unsigned(columnAddress, number); number == 0 {
		p.string(e.To.Address)
	}
	p.id(e)
	at := moment{e.Time.Unix(), int64(e.Time.Nanosecond())}
	p.signed(columnSeconds, at.sec-p.at.sec)
	p.signed(columnNanos, at.nanos-p.at.nanos)
	p.at = at
	p.count(e)
	p.text(e.Text)
	p.columns[columnTimes] = wire.AppendTime(wire.AppendTime(p.columns[columnTimes], e.SendAt), e.Until)
	p.signed(columnMicros, e.Micros)
	p.signed(columnKnown, int64(e.Known-p.known))
	p.known = e.Known
	p.room(e)
	p.columns[columnTally] = appendTally(p.columns[columnTally], e)
	p.columns[columnPass] = appendPass(p.columns[columnPass], e)
}

// room writes how long the text of e could have been, which is one number for all of a provider.
func (p *packer) room(e *Entry) {
	if e.Room == 0 {
		p.unsigned(columnRoom, 0)
		return
	}
	most := e.Room + utf8.RuneCountInString(e.Text)
	p.unsigned(columnRoom, 1+zigzag(int64(most-p.most)))
	p.most = most
}

// shape writes the number of the shape of e, and what is new in it.
func (p *packer) shape(e *Entry) int {
	s := shape{entryNames: uint64(e.Category), uint64(e.Action), uint64(e.Reason), zigzag(int64(e.Status)), uint64(e.flags())}
	for i, name := range e.names() {
		if i == addressName {
			continue
		}
		n, known := p.names[i].number(*name)
		if s[i] = uint64(n); !known {
			p.string(*name)
		}
	}
	n, known := p.shapes.number(s)
	if p.unsigned(columnShape, uint64(n)); !known {
		for _, v := range s {
			p.unsigned(columnShapes, v)
		}
	}
	return n
}

func (p *packer) unsigned(column int, v uint64) {
	p.columns[column] = binary.AppendUvarint(p.columns[column], v)
}

func (p *packer) signed(column int, v int64) {
	p.columns[column] = binary.AppendVarint(p.columns[column], v)
}

func (p *packer) string(s string) {
	p.columns[columnStrings] = wire.AppendString(p.columns[columnStrings], s)
}

// id splits what ulid.New made into its time, which usually is the entry's, and the rest.
func (p *packer) id(e *Entry) {
	hi, lo, ok := ulid.Parse(e.ID)
	later := int64(hi>>16) - e.Time.UnixMilli()
	if !ok || later > 1<<48 || later < -1<<48 {
		p.unsigned(columnIDTime, 0)
		p.string(e.ID)
		return
	}
	p.unsigned(columnIDTime, 1+zigzag(later))
	random := binary.LittleEndian.AppendUint16(p.columns[columnRandom], uint16(hi))
	p.columns[columnRandom] = binary.LittleEndian.AppendUint64(random, lo)
}

// text leaves out what s shares with an earlier text.
func (p *packer) text(s string) {
	likest, prefix, suffix := p.texts.find(s)
	p.texts.take(likest, s)
	p.unsigned(columnLikest, uint64(likest))
	if likest == noText {
		return
	}
	p.unsigned(columnPrefix, uint64(prefix))
	p.unsigned(columnSuffix, uint64(suffix))
	p.string(s[prefix : len(s)-suffix])
}

// body puts the columns together. rawLen is the length of the compressed ones before compression.
func (p *packer) body(enc *zstd.Encoder) (body []byte, rawLen int) {
	plain := 0
	for _, c := range p.columns[:plainColumns] {
		plain += binary.MaxVarintLen32 + len(c)
	}
	p.raw = appendColumns(p.raw[:0], p.columns[:plainColumns])
	body = make([]byte, 0, plain+plain/2)
	body = append(binary.AppendUvarint(body, uint64(len(p.raw))), p.raw...)
	p.raw = appendColumns(p.raw[:0], p.columns[plainColumns:])
	return enc.EncodeAll(p.raw, body), len(p.raw)
}

func appendColumns(b []byte, columns [][]byte) []byte {
	for _, c := range columns {
		b = append(binary.AppendUvarint(b, uint64(len(c))), c...)
	}
	return b
}

// zigzag makes small numbers of either sign small ones without a sign.
func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }
