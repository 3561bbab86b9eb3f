package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// A Digest is a SHA-256 (FIPS 180-4). Its text is lower-case hex.
type Digest [sha256.Size]byte

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText writes the hex form of d.
func (d Digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Digest) UnmarshalText(text []byte) error {
	var got Digest
	n, err := hex.Decode(got[:], text[:min(len(text), hex.EncodedLen(len(got)))])
	if err != nil || n != len(got) || len(text) != hex.EncodedLen(n) {
		return fmt.Errorf("digest %q: want %d hex digits", text, hex.EncodedLen(len(got)))
	}
	*d = got
	return nil
}
