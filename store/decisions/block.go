package decisions

import (
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/bits-and-blooms/bloom/v3"
	"github.com/sendgate/sendgate/store/wire"
)

// A block on disk is a prefix, a head and a body:
//
//	magic, length of head, length of body, checksum of body, checksum of all before and the head
//	head: what the index needs, and after it how many entries are alike, and the number of the face of each,
//	which are read when they are asked for
//	body: the entries, see packer
//
// All numbers of the prefix are four bytes, little-endian. Blocks of earlier formats are read, not
// written: the bodies of the first are entries behind their lengths, compressed with zstd, and those
// of later ones lack what entries have held since. The heads of the first five list routes and campaigns
// instead of facets and counts, and those of two more lack the faces of the entries; all but the last know of no clients.
const (
	blockMagic  = 0x39424753 // "SGB9"
	blockMagic8 = 0x38424753 // "SGB8"
	blockMagic7 = 0x37424753 // "SGB7"
	blockMagic5 = 0x35424753 // "SGB5"
	blockMagic1 = 0x31424753 // "SGB1"
	blockPrefix = 5 * 4
	blockHead   = 1 << 20 // no head is longer
	blockBody   = 64 << 20

	// blockNames is how many routes or campaigns an early block lists; with more it may have any.
	blockNames = 64
	// blockRate is the chance that a block is decoded for a recipient who is not in it.
	blockRate = 0.003
)

// A block is the index of one block: enough to know that a query finds nothing in it.
type block struct {
	segment *segment
	offset  int64 // of the prefix, in the segment
	size    int   // of prefix, head and body
	headLen int
	bodySum uint32
	memory  []byte // the whole block, where the log has no files
	magic   uint32 // its format

	first            uint64 // number of the first entry
	n                int
	rawLen           int   // of what is compressed in the body, before
	minTime, maxTime int64 // Entry.Time, in whole seconds since 1970
	minID, maxID     string
	actions          uint8    // a bit an action
	reasons          uint32   // a bit a reason
	routes           []uint32 // of an early block, sorted hashes
	campaigns        []uint32
	held             *held
}

// held is the larger part of the index of a block. That of the oldest blocks is let go when all together
// take too much memory, and read again when asked for.
type held struct {
	recipients atomic.Pointer[bloom.BloomFilter] // of the hashes of their addresses
	facets     atomic.Pointer[facets]            // nil of an early block, before it was counted
	tallied    atomic.Pointer[string]            // of an early block that was counted, as another's head has it
}

func newHeld(recipients *bloom.BloomFilter) *held {
	h := new(held)
	h.recipients.Store(recipients)
	return h
}

// size is what h takes in memory, in bytes.
func (h *held) size() (n int) {
	if f := h.recipients.Load(); f != nil {
		n = int(f.Cap()+7) / 8
	}
	if t := h.tallied.Load(); t != nil {
		n += len(*t)
	}
	return n + h.facets.Load().size()
}

// letGo frees the memory.
func (h *held) letGo() {
	h.recipients.Store(nil)
	h.facets.Store(nil)
	h.tallied.Store(nil)
}

// newBlock begins the index of n entries, the first of which has the number first.
func newBlock(first uint64, n int) *block {
	return &block{magic: blockMagic, first: first, n: n, minTime: math.MaxInt64, maxTime: math.MinInt64,
		held: newHeld(bloom.NewWithEstimates(uint(n), blockRate))}
}

// add takes e into the index, by the hash of its recipient's address.
func (b *block) add(e *Entry, recipient [16]byte) {
	at := e.Time.Unix()
	if b.maxTime == math.MinInt64 || e.ID < b.minID {
		b.minID = e.ID
	}
	b.minTime, b.maxTime, b.maxID = min(b.minTime, at), max(b.maxTime, at), max(b.maxID, e.ID)
	b.actions |= 1 << (e.Action & 7)
	b.reasons |= 1 << (e.Reason & 31)
	b.held.recipients.Load().Add(recipient[:])
}

func hashName(name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32()
}

// mayName reports whether a block with this set may have name.
func mayName(set []uint32, name string) bool {
	if name == "" || len(set) > blockNames {
		return true
	}
	_, found := slices.BinarySearch(set, hashName(name))
	return found
}

// may reports whether the block may have an entry that q chooses, its recipient and facets aside.
func (b *block) may(q *Query) bool {
	return (q.Since.IsZero() || b.maxTime >= q.Since.Unix()) &&
		(q.Until.IsZero() || b.minTime <= q.Until.Unix()) &&
		(q.Action == nil || b.actions&(1<<(*q.Action&7)) != 0) &&
		(q.Reason == nil || b.reasons&(1<<(*q.Reason&31)) != 0) &&
		(q.Before == "" || b.minID < q.Before) &&
		(b.magic > blockMagic5 || mayName(b.routes, q.Route) && mayName(b.campaigns, q.Campaign))
}

// encode puts the block together from its index, what its entries count, their faces and its body.
func (b *block) encode(t *tallied, faces, body []byte, rawLen int) []byte {
	b.rawLen = rawLen
	b.minID, b.maxID = strings.Clone(b.minID), strings.Clone(b.maxID) // less all entries around them
	out := make([]byte, blockPrefix, blockPrefix+4096+len(body))
	out = binary.AppendUvarint(out, b.first)
	out = binary.AppendUvarint(out, uint64(b.n))
	out = binary.AppendUvarint(out, uint64(b.rawLen))
	out = binary.AppendVarint(out, b.minTime)
	out = binary.AppendVarint(out, b.maxTime)
	out = wire.AppendString(wire.AppendString(out, b.minID), b.maxID)
	out = append(out, b.actions)
	out = binary.AppendUvarint(out, uint64(b.reasons))
	filter := b.held.recipients.Load()
	out = binary.AppendUvarint(out, uint64(filter.Cap()))
	out = binary.AppendUvarint(out, uint64(filter.K()))
	words := filter.BitSet().Words()
	out = binary.AppendUvarint(out, uint64(len(words)))
	for _, w := range words {
		out = binary.LittleEndian.AppendUint64(out, w)
	}
	out = append(t.append(b.held.facets.Load().append(out)), faces...)
	b.headLen = len(out) - blockPrefix
	b.size = len(out) + len(body)
	b.bodySum = crc32.Checksum(body, wire.Castagnoli)
	for i, v := range [...]uint32{blockMagic, uint32(b.headLen), uint32(len(body)), b.bodySum} {
		binary.LittleEndian.PutUint32(out[4*i:], v)
	}
	binary.LittleEndian.PutUint32(out[16:], headSum(out[:16], out[blockPrefix:]))
	return append(out, body...)
}

func headSum(prefix, head []byte) uint32 {
	return crc32.Update(crc32.Checksum(prefix, wire.Castagnoli), wire.Castagnoli, head)
}
