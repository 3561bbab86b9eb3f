// Package wire is how values are written on disk: numbers as varints, strings with their length before them,
// times as seconds and nanoseconds, zero times as one byte. A value of the consent store begins with a version and
// ends with a checksum, because a value that was damaged must be an error and never a stranger.
package wire

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"
	"unicode/utf8"
)

// ErrDamaged is for what was not written by this package, or changed since.
var ErrDamaged = errors.New("the value is damaged")

// Castagnoli is the polynomial of all checksums.
var Castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendString writes a string behind its length.
func AppendString[T ~string | ~[]byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Clip is s without what goes beyond n bytes, cut between characters.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Flag is the bit of what is so or not.
func Flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

// AppendTime writes a moment, without its zone.
func AppendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	b = binary.AppendVarint(append(b, 1), t.Unix())
	return binary.AppendUvarint(b, uint64(t.Nanosecond()))
}

// AppendSum ends a value with the checksum of everything from start on, and of what it belongs to:
// most of its key, so that a value in another's place is damaged too.
func AppendSum(b []byte, start int, of ...byte) []byte {
	return binary.LittleEndian.AppendUint32(b, checksum(b[start:], of))
}

func checksum(value, of []byte) uint32 {
	return crc32.Update(crc32.Checksum(value, Castagnoli), Castagnoli, of)
}

// A Decoder reads what the functions above wrote. Strings it returns share the memory of Rest.
// After the first thing that does not fit, Bad is set and everything reads as zero.
type Decoder struct {
	Rest string
	Bad  bool
}

// NewDecoder checks the checksum and the version of value, which belongs to of.
func NewDecoder(value []byte, version byte, of ...byte) Decoder {
	n := len(value) - crc32.Size
	if n < 1 || checksum(value[:n], of) != binary.LittleEndian.Uint32(value[n:]) || value[0] != version {
		return Decoder{Bad: true}
	}
	return Decoder{Rest: string(value[1:n])}
}

// Fail is for what was read and cannot be.
func (d *Decoder) Fail() {
	d.Rest, d.Bad = "", true
}

// Byte is the next byte.
func (d *Decoder) Byte() byte {
	if d.Rest == "" {
		d.Fail()
		return 0
	}
	b := d.Rest[0]
	d.Rest = d.Rest[1:]
	return b
}

// Uvarint is the next number that binary.AppendUvarint wrote.
func (d *Decoder) Uvarint() uint64 {
	var v uint64
	for i := 0; i < len(d.Rest) && i < binary.MaxVarintLen64; i++ {
		c := d.Rest[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.Rest = d.Rest[i+1:]
			return v
		}
	}
	d.Fail()
	return 0
}

// Varint is the next number that binary.AppendVarint wrote.
func (d *Decoder) Varint() int64 {
	u := d.Uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// Text is the next string.
func (d *Decoder) Text() string { return d.Take(d.Uvarint()) }

// Take is the next n bytes.
func (d *Decoder) Take(n uint64) string {
	if n > uint64(len(d.Rest)) {
		d.Fail()
		return ""
	}
	s := d.Rest[:n]
	d.Rest = d.Rest[n:]
	return s
}

// Time is the next moment, in UTC.
func (d *Decoder) Time() time.Time {
	switch d.Byte() {
	case 0:
		return time.Time{}
	case 1:
		sec, nsec := d.Varint(), d.Uvarint()
		if nsec < uint64(time.Second) && !d.Bad {
			return time.Unix(sec, int64(nsec)).UTC()
		}
	}
	d.Fail()
	return time.Time{}
}

// End reports whether everything was there and nothing is left.
func (d *Decoder) End() error {
	if d.Bad || d.Rest != "" {
		return ErrDamaged
	}
	return nil
}
