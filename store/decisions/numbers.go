package decisions

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// numbers are behind each other, as binary.AppendUvarint writes them.
type numbers []byte

// each calls f with every place that a number has among them, the first of which is 0, until f returns false. It
// looks for the bytes of the number, which are compared many at a time, and decodes no other.
func (c numbers) each(number uint64, f func(place int) bool) {
	var room [binary.MaxVarintLen64]byte
	sought := room[:binary.PutUvarint(room[:], number)]
	for place := 0; ; place++ {
		at := bytes.Index(c, sought)
		if at < 0 {
			return
		}
		place += c[:at].len()
		if longer := at > 0 && c[at-1] >= 0x80; !longer && !f(place) {
			return
		}
		c = c[at+len(sought):]
	}
}

// len is how many end in c: the last byte of each has its highest bit clear.
func (c numbers) len() (n int) {
	for ; len(c) >= 8; c = c[8:] {
		n += bits.OnesCount64(^binary.LittleEndian.Uint64(c) & 0x8080808080808080)
	}
	for _, b := range c {
		n += int(^b >> 7)
	}
	return n
}
