package fingerprint

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"sync"
)

// A cmac is AES-CMAC under one key (RFC 4493, NIST SP 800-38B): a message of at most sixteen
// bytes, as every number in E.164 is, costs one AES block. It is immutable.
type cmac struct {
	none  [aes.BlockSize]byte // of nothing
	block cipher.Block
	whole [aes.BlockSize]byte // K1: masks a last block that is full
	short [aes.BlockSize]byte // K2: masks one that was padded
}

func newCMAC(key []byte) *cmac {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // a length that AES does not have
	}
	c := &cmac{block: block}
	block.Encrypt(c.whole[:], c.whole[:])
	double(&c.whole)
	c.short = c.whole
	double(&c.short)
	c.run((*macState)(&c.none), "")
	return c
}

// double multiplies by x in GF(2¹²⁸).
func double(b *[aes.BlockSize]byte) {
	top := b[0] >> 7
	for i := range len(b) - 1 {
		b[i] = b[i]<<1 | b[i+1]>>7
	}
	b[len(b)-1] = b[len(b)-1]<<1 ^ top*0x87
}

// A macState is what one run of CMAC works on. It comes from a pool: what goes through
// [cipher.Block] would be put on the heap every time.
type macState [aes.BlockSize]byte

var macStates = sync.Pool{New: func() any { return new(macState) }}

// sum is the CMAC of message.
func (c *cmac) sum(message string) [aes.BlockSize]byte {
	if message == "" {
		return c.none
	}
	x := macStates.Get().(*macState)
	c.run(x, message)
	sum := *x
	macStates.Put(x)
	return sum
}

func (c *cmac) run(x *macState, message string) {
	*x = macState{}
	for len(message) > len(x) {
		for i := range x {
			x[i] ^= message[i]
		}
		c.block.Encrypt(x[:], x[:])
		message = message[len(x):]
	}
	for i := range len(message) {
		x[i] ^= message[i]
	}
	mask := &c.whole
	if len(message) < len(x) {
		x[len(message)] ^= 0x80
		mask = &c.short
	}
	subtle.XORBytes(x[:], x[:], mask[:])
	c.block.Encrypt(x[:], x[:])
}
