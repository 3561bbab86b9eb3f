package store

import (
	"math/rand/v2"
	"time"
)

// crockford is the alphabet of identifiers: base 32 without letters that look like others
// (https://www.crockford.com/base32.html), in lower case.
const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

// idLength is the length of an identifier in characters.
const idLength = 26

// NewID makes an identifier that sorts by time: 48 bits of milliseconds and 80 random bits in 26
// characters, as a ULID has them (https://github.com/ulid/spec), in lower case. It is no secret.
func NewID(now time.Time) string {
	hi, lo := uint64(now.UnixMilli())<<16|rand.Uint64()&0xffff, rand.Uint64()
	var id [idLength]byte
	for i := idLength - 1; i >= 0; i-- {
		id[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(id[:])
}
