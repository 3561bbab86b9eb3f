package tally

import (
	"hash/fnv"
	"math/bits"

	"github.com/sendgate/sendgate/filter"
)

// Hashes are what recipients, contents and portfolios are told apart by. They have a key, and each one of
// its own.
type Hashes struct{ Person, Content, Portfolio func(string) uint64 }

// recipient is the fingerprint of a recipient.
func (f *Hashes) recipient(to *filter.Recipient) uint64 {
	h := fnv1a(fnv1a(fnvBasis, to.Brand), "\x00")
	return f.Person(to.Address) ^ fnv1a(h, string(to.Channel))*0x9e3779b97f4a7c15
}

// content is the fingerprint of what a message says.
func (f *Hashes) content(m *filter.Message) uint64 {
	h := uint64(0)
	for _, part := range [...]string{m.Template, m.Text, m.Extra} {
		h = bits.RotateLeft64(h, 21) + f.Content(part)
	}
	return h
}

// fnvBasis is where FNV-1a begins.
var fnvBasis = fnv.New64a().Sum64()

// fnv1a goes on from h with text, without allocating: https://www.rfc-editor.org/rfc/rfc9923
func fnv1a(h uint64, text string) uint64 {
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}
