package decisions

import (
	"encoding/binary"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/ulid"
	"github.com/sendgate/sendgate/store/wire"
)

// An unpacker reads a body that a packer made.
type unpacker struct {
	columns [columns]wire.Decoder
	shapes  []Entry // what the entries of each have alike
	names   [entryNames][]string
	texts   likeness
	at      moment
	known   uint64
	most    int
	version int // of the entries: the second format has those of version 1, and so on
	bad     bool
}

// unpack reads the n entries of a body whose compressed columns have rawLen bytes, and returns those that keep wants,
// or all where it is nil. Where number is not 0 and none of them is to this number in E.164, it reads the addresses only
// and returns nothing. raw is room for the columns, which it uses and returns.
func unpack(dec *zstd.Decoder, body, raw []byte, magic uint32, n, rawLen int, number uint64, keep func(*Entry) bool) ([]Entry, []byte, error) {
	length, used := binary.Uvarint(body)
	if used <= 0 || length > uint64(len(body)-used) {
		return nil, raw, wire.ErrDamaged
	}
	plain, packed := body[used:used+int(length)], body[used+int(length):]
	u, last := unpacker{version: versionOf(magic)}, columns
	switch u.version {
	case 1:
		last = oldColumns
	case 2:
		last = untallied
	case 3, 4:
		last = unpassed
	}
	if !splitColumns(u.columns[:plainColumns], string(plain)) || n < 0 || n > len(u.columns[columnAddress].Rest) {
		return nil, raw, wire.ErrDamaged
	}
	if number != 0 && !u.isTo(number) {
		return nil, raw, nil
	}
	raw, err := dec.DecodeAll(packed, slices.Grow(raw[:0], rawLen))
	if err != nil || len(raw) != rawLen || !splitColumns(u.columns[plainColumns:last], string(raw)) {
		return nil, raw, wire.ErrDamaged
	}
	entries, err := u.entries(n, keep)
	return entries, raw, err
}

// entries reads n entries and returns those that keep wants, or all where it is nil.
func (u *unpacker) entries(n int, keep func(*Entry) bool) (kept []Entry, err error) {
	if keep == nil {
		kept = make([]Entry, 0, n)
	}
	var e Entry
	for i := 0; i < n && !u.bad; i++ {
		u.next(&e)
		if keep == nil || keep(&e) {
			kept = append(kept, e)
		}
	}
	for i := range u.columns {
		u.bad = u.bad || u.columns[i].End() != nil
	}
	if u.bad {
		return nil, wire.ErrDamaged
	}
	return kept, nil
}

// versionOf is that of the entries in a block. The sixth and the eighth format changed heads alone: their
// entries are those of the one before.
func versionOf(magic uint32) int {
	version := int(magic>>24) - '1'
	if magic > blockMagic5 {
		version--
	}
	if magic > blockMagic7 {
		version--
	}
	return version
}

func splitColumns(columns []wire.Decoder, s string) bool {
	d := wire.Decoder{Rest: s}
	for i := range columns {
		columns[i].Rest = d.Text()
	}
	return d.End() == nil
}

// isTo reports whether one of the addresses is this number.
func (u *unpacker) isTo(number uint64) (found bool) {
	numbers(u.columns[columnAddress].Rest).each(number, func(int) bool {
		found = true
		return false
	})
	return found
}

// next reads an entry, all of it, over what e was.
func (u *unpacker) next(e *Entry) {
	c := &u.columns
	number, address := c[columnAddress].Uvarint(), ""
	if number == 0 {
		address = c[columnStrings].Text()
	} else {
		address = "+" + strconv.FormatUint(number, 10)
	}
	later := c[columnIDTime].Uvarint()
	if later == 0 {
		e.ID = c[columnStrings].Text()
	}
	u.at.sec += c[columnSeconds].Varint()
	u.at.nanos += c[columnNanos].Varint()
	e.Time = u.time()
	if later > 0 {
		e.ID = u.id(e.Time.UnixMilli() + unzigzag(later-1))
	}
	u.shape(e)
	e.To.Address, e.Text = address, u.text()
	e.SendAt, e.Until = c[columnTimes].Time(), c[columnTimes].Time()
	e.Micros = c[columnMicros].Varint()
	if u.version > 1 {
		u.known += uint64(c[columnKnown].Varint())
		e.Known = u.known
		u.room(e)
	}
	if u.version > 2 {
		readTally(&c[columnTally], e)
	}
	if u.version > 4 {
		readPass(&c[columnPass], e)
	}
}

// room reads how much room the text of e left.
func (u *unpacker) room(e *Entry) {
	most := u.columns[columnRoom].Uvarint()
	if most == 0 {
		return
	}
	u.most += int(unzigzag(most - 1))
	if e.Room = u.most - utf8.RuneCountInString(e.Text); e.Room <= 0 {
		u.bad = true
	}
}

// shape reads the shape of e into it.
func (u *unpacker) shape(e *Entry) {
	n := u.columns[columnShape].Uvarint()
	if n > uint64(len(u.shapes)) {
		u.bad = true
		return
	}
	if n == uint64(len(u.shapes)) {
		u.shapes = append(u.shapes, u.newShape())
	}
	id, at := e.ID, e.Time
	*e = u.shapes[n]
	e.ID, e.Time = id, at
}

// newShape reads a shape for the first time.
func (u *unpacker) newShape() (e Entry) {
	var s shape
	known := namesOf(u.version)
	for i := range s {
		if i < known || i >= entryNames {
			s[i] = u.columns[columnShapes].Uvarint()
		}
	}
	names := e.names()
	for i, name := range names[:known] {
		if i != addressName {
			*name = u.name(i, s[i])
		}
	}
	rest := s[entryNames:]
	e.Category, e.Action, e.Reason = filter.Category(rest[0]), filter.Action(rest[1]), filter.Reason(rest[2])
	e.Status = int(unzigzag(rest[3]))
	e.setFlags(byte(rest[4]))
	return e
}

// time is the moment that the columns are at.
func (u *unpacker) time() time.Time {
	if u.at.nanos < 0 || u.at.nanos >= int64(time.Second) {
		u.bad = true
	}
	return time.Unix(u.at.sec, u.at.nanos).UTC()
}

// id is what ulid.New makes of a time in milliseconds and the next random bytes.
func (u *unpacker) id(millis int64) string {
	random := u.columns[columnRandom].Take(randomBytes)
	if len(random) != randomBytes {
		return ""
	}
	b := []byte(random)
	return ulid.Format(uint64(millis)<<16|uint64(binary.LittleEndian.Uint16(b)), binary.LittleEndian.Uint64(b[2:]))
}

// name is the n-th different name number i.
func (u *unpacker) name(i int, n uint64) string {
	known := u.names[i]
	switch {
	case n < uint64(len(known)):
		return known[n]
	case n == uint64(len(known)):
		s := u.columns[columnStrings].Text()
		u.names[i] = append(known, s)
		return s
	}
	u.bad = true
	return ""
}

// text reads a text.
func (u *unpacker) text() string {
	likest := u.columns[columnLikest].Uvarint()
	if likest == noText {
		return ""
	}
	prefix, suffix := u.columns[columnPrefix].Uvarint(), u.columns[columnSuffix].Uvarint()
	between := u.columns[columnStrings].Text()
	var like string
	if likest < likeTexts {
		like = u.texts.texts[likest]
	}
	if likest > noText || prefix > uint64(len(like)) || suffix > uint64(len(like)) || prefix+suffix+uint64(len(between)) > maxEntryText {
		u.bad = true
		return ""
	}
	s := like[:prefix] + between + like[uint64(len(like))-suffix:]
	u.texts.take(int(likest), s)
	return s
}
