package store

import (
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/bits-and-blooms/bloom/v3"
)

// A block on disk is a prefix, a head and a body:
//
//	magic, length of head, length of body, checksum of body, checksum of all before and the head
//	head: what the index needs
//	body: the entries, see packer
//
// All numbers of the prefix are four bytes, little-endian. Blocks of earlier formats are read, not
// written: the bodies of the first are entries behind their lengths, compressed with zstd, and those
// of later ones lack what entries have held since.
const (
	blockMagic  = 0x35424753 // "SGB5"
	blockMagic1 = 0x31424753 // "SGB1"
	blockPrefix = 5 * 4
	blockHead   = 1 << 20 // no head is longer
	blockBody   = 64 << 20

	// blockNames is how many routes or campaigns a block lists; with more it may have any.
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
	actions          uint8  // a bit an action
	reasons          uint32 // a bit a reason
	routes           []uint32
	campaigns        []uint32
	recipients       *recipients
}

// recipients is the Bloom filter of the fingerprints of the addresses in a block. Those of the
// oldest blocks are let go when all together take too much memory, and read again when asked for.
type recipients struct {
	filter atomic.Pointer[bloom.BloomFilter]
}

func newRecipients(f *bloom.BloomFilter) *recipients {
	r := new(recipients)
	r.filter.Store(f)
	return r
}

// size is what r takes in memory, in bytes.
func (r *recipients) size() int {
	if f := r.filter.Load(); f != nil {
		return int(f.Cap()+7) / 8
	}
	return 0
}

// newBlock begins the index of n entries, the first of which has the number first.
func newBlock(first uint64, n int) *block {
	return &block{magic: blockMagic, first: first, n: n, minTime: math.MaxInt64, maxTime: math.MinInt64,
		recipients: newRecipients(bloom.NewWithEstimates(uint(n), blockRate))}
}

// add takes e into the index.
func (b *block) add(k *keys, e *Entry) {
	at := e.Time.Unix()
	if b.maxTime == math.MinInt64 || e.ID < b.minID {
		b.minID = e.ID
	}
	b.minTime, b.maxTime, b.maxID = min(b.minTime, at), max(b.maxTime, at), max(b.maxID, e.ID)
	b.actions |= 1 << (e.Action & 7)
	b.reasons |= 1 << (e.Reason & 31)
	b.routes = addName(b.routes, e.Route)
	b.campaigns = addName(b.campaigns, e.Campaign)
	fp := k.of(ofAddress, e.To.Address)
	b.recipients.filter.Load().Add(fp[:])
}

// addName adds the hash of name to a sorted set, which stops growing when it is full.
func addName(set []uint32, name string) []uint32 {
	if len(set) > blockNames {
		return set
	}
	h := hashName(name)
	i, found := slices.BinarySearch(set, h)
	if found {
		return set
	}
	return slices.Insert(set, i, h)
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

// may reports whether the block may have an entry that q chooses, its recipient aside.
func (b *block) may(q *Query) bool {
	return (q.Since.IsZero() || b.maxTime >= q.Since.Unix()) &&
		(q.Until.IsZero() || b.minTime <= q.Until.Unix()) &&
		(q.Action == nil || b.actions&(1<<(*q.Action&7)) != 0) &&
		(q.Reason == nil || b.reasons&(1<<(*q.Reason&31)) != 0) &&
		(q.Before == "" || b.minID < q.Before) &&
		mayName(b.routes, q.Route) && mayName(b.campaigns, q.Campaign)
}

// encode puts the block together from its index and its body.
func (b *block) encode(body []byte, rawLen int) []byte {
	b.rawLen = rawLen
	b.minID, b.maxID = strings.Clone(b.minID), strings.Clone(b.maxID) // less all entries around them
	out := make([]byte, blockPrefix, blockPrefix+4096+len(body))
	out = binary.AppendUvarint(out, b.first)
	out = binary.AppendUvarint(out, uint64(b.n))
	out = binary.AppendUvarint(out, uint64(b.rawLen))
	out = binary.AppendVarint(out, b.minTime)
	out = binary.AppendVarint(out, b.maxTime)
	out = appendString(appendString(out, b.minID), b.maxID)
	out = append(out, b.actions)
	out = binary.AppendUvarint(out, uint64(b.reasons))
	for _, set := range [...][]uint32{b.routes, b.campaigns} {
		out = binary.AppendUvarint(out, uint64(len(set)))
		for _, h := range set {
			out = binary.AppendUvarint(out, uint64(h))
		}
	}
	filter := b.recipients.filter.Load()
	out = binary.AppendUvarint(out, uint64(filter.Cap()))
	out = binary.AppendUvarint(out, uint64(filter.K()))
	words := filter.BitSet().Words()
	out = binary.AppendUvarint(out, uint64(len(words)))
	for _, w := range words {
		out = binary.LittleEndian.AppendUint64(out, w)
	}
	b.headLen = len(out) - blockPrefix
	b.size = len(out) + len(body)
	b.bodySum = crc32.Checksum(body, castagnoli)
	for i, v := range [...]uint32{blockMagic, uint32(b.headLen), uint32(len(body)), b.bodySum} {
		binary.LittleEndian.PutUint32(out[4*i:], v)
	}
	binary.LittleEndian.PutUint32(out[16:], headSum(out[:16], out[blockPrefix:]))
	return append(out, body...)
}

func headSum(prefix, head []byte) uint32 {
	return crc32.Update(crc32.Checksum(prefix, castagnoli), castagnoli, head)
}

// readPrefix reads the lengths at the beginning of a block.
func readPrefix(p []byte) (head, body int, err error) {
	magic, h, n := binary.LittleEndian.Uint32(p), binary.LittleEndian.Uint32(p[4:]), binary.LittleEndian.Uint32(p[8:])
	if magic&(1<<24-1) != blockMagic&(1<<24-1) || magic < blockMagic1 || magic > blockMagic || h > blockHead || n > blockBody {
		return 0, 0, errDamaged
	}
	return int(h), int(n), nil
}

// decodeHead reads the index of a block from its prefix and head.
func decodeHead(p []byte) (*block, error) {
	if len(p) < blockPrefix {
		return nil, errDamaged
	}
	head, body, err := readPrefix(p)
	if err != nil || len(p) != blockPrefix+head || headSum(p[:16], p[blockPrefix:]) != binary.LittleEndian.Uint32(p[16:]) {
		return nil, errDamaged
	}
	b := &block{headLen: head, size: len(p) + body, bodySum: binary.LittleEndian.Uint32(p[12:]),
		magic: binary.LittleEndian.Uint32(p)}
	d := decoder{rest: string(p[blockPrefix:])}
	b.first, b.n, b.rawLen = d.uvarint(), int(d.uvarint()), int(d.uvarint())
	b.minTime, b.maxTime = d.varint(), d.varint()
	b.minID, b.maxID = strings.Clone(d.string()), strings.Clone(d.string())
	b.actions, b.reasons = d.byte(), uint32(d.uvarint())
	for _, set := range [...]*[]uint32{&b.routes, &b.campaigns} {
		n := min(d.uvarint(), blockNames+1)
		for range n {
			*set = append(*set, uint32(d.uvarint()))
		}
	}
	bits, hashes := d.uvarint(), d.uvarint()
	n := d.uvarint()
	if n > uint64(len(d.rest)/8) || bits > n*64 {
		return nil, errDamaged
	}
	words := make([]uint64, n)
	for i := range words {
		words[i] = binary.LittleEndian.Uint64([]byte(d.rest[8*i : 8*i+8]))
	}
	d.rest = d.rest[8*n:]
	b.recipients = newRecipients(bloom.FromWithM(words, uint(bits), uint(hashes)))
	if err := d.end(); err != nil || bits == 0 || hashes == 0 || hashes > 64 || b.rawLen > blockBody {
		return nil, errDamaged
	}
	return b, nil
}
