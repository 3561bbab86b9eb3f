package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"
)

// What is kept is written by hand: numbers as varints, strings with their length before them,
// times as seconds and nanoseconds, zero times as one byte. A value of the consent store begins
// with a version and ends with a checksum, because a value that was damaged must be an error and
// never a stranger.

var errDamaged = errors.New("the value is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendString[T ~string | ~[]byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	b = binary.AppendVarint(append(b, 1), t.Unix())
	return binary.AppendUvarint(b, uint64(t.Nanosecond()))
}

// appendSum ends a value with the checksum of everything from start on, and of what it belongs to:
// most of its key, so that a value in another's place is damaged too.
func appendSum(b []byte, start int, of ...byte) []byte {
	return binary.LittleEndian.AppendUint32(b, checksum(b[start:], of))
}

func checksum(value, of []byte) uint32 {
	return crc32.Update(crc32.Checksum(value, castagnoli), castagnoli, of)
}

// A decoder reads what the functions above wrote. Strings it returns share the memory of rest.
// After the first thing that does not fit, bad is set and everything reads as zero.
type decoder struct {
	rest string
	bad  bool
}

// newDecoder checks the checksum and the version of value, which belongs to of.
func newDecoder(value []byte, version byte, of ...byte) decoder {
	n := len(value) - crc32.Size
	if n < 1 || checksum(value[:n], of) != binary.LittleEndian.Uint32(value[n:]) || value[0] != version {
		return decoder{bad: true}
	}
	return decoder{rest: string(value[1:n])}
}

func (d *decoder) fail() {
	d.rest, d.bad = "", true
}

func (d *decoder) byte() byte {
	if d.rest == "" {
		d.fail()
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	var v uint64
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen64; i++ {
		c := d.rest[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.rest = d.rest[i+1:]
			return v
		}
	}
	d.fail()
	return 0
}

func (d *decoder) varint() int64 {
	u := d.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (d *decoder) string() string { return d.take(d.uvarint()) }

// take is the next n bytes.
func (d *decoder) take(n uint64) string {
	if n > uint64(len(d.rest)) {
		d.fail()
		return ""
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) time() time.Time {
	switch d.byte() {
	case 0:
		return time.Time{}
	case 1:
		sec, nsec := d.varint(), d.uvarint()
		if nsec < uint64(time.Second) && !d.bad {
			return time.Unix(sec, int64(nsec)).UTC()
		}
	}
	d.fail()
	return time.Time{}
}

// end reports whether everything was there and nothing is left.
func (d *decoder) end() error {
	if d.bad || d.rest != "" {
		return errDamaged
	}
	return nil
}
