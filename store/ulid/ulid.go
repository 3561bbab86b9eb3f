// Package ulid makes identifiers that sort by time, as https://github.com/ulid/spec has them, in lower case.
package ulid

import (
	"math/rand/v2"
	"time"
)

// crockford is the alphabet of identifiers: base 32 without letters that look like others
// (https://www.crockford.com/base32.html), in lower case.
const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

// Length is the length of an identifier in characters.
const Length = 26

// New makes an identifier that sorts by time: 48 bits of milliseconds and 80 random bits in 26
// characters, as a ULID has them (https://github.com/ulid/spec), in lower case. It is no secret.
func New(now time.Time) string { return string(Append(nil, now)) }

// Append is New at the end of b.
func Append(b []byte, now time.Time) []byte {
	return appendBits(b, uint64(now.UnixMilli())<<16|rand.Uint64()&0xffff, rand.Uint64())
}

// Format writes 128 bits as an identifier.
func Format(hi, lo uint64) string { return string(appendBits(nil, hi, lo)) }

func appendBits(b []byte, hi, lo uint64) []byte {
	var id [Length]byte
	for i := Length - 1; i >= 0; i-- {
		id[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return append(b, id[:]...)
}

// crockfordValue is what each letter of the alphabet stands for, and 0xff for all others.
var crockfordValue = func() (value [256]byte) {
	for i := range value {
		value[i] = 0xff
	}
	for i := range crockford {
		value[crockford[i]] = byte(i)
	}
	return value
}()

// Parse is the opposite of Format; ok is false for what Format cannot have written.
func Parse(id string) (hi, lo uint64, ok bool) {
	if len(id) != Length || id[0] > '7' {
		return 0, 0, false
	}
	for i := range len(id) {
		v := crockfordValue[id[i]]
		if v == 0xff {
			return 0, 0, false
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(v)
	}
	return hi, lo, true
}
