package errands

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/wire"
)

// The journal of errands is made of frames. A frame is
//
//	magic (4 bytes), checksum of what follows (4), size of the payload (4),
//	where in the file the frames begin that were synced with it (4),
//	kind (1), ID of the errand (16), number of the errand (8), payload
//
// Where the frames that were synced with it begin says of every byte before that it was on disk by then: what
// does not read there was damaged, and what does not read at the end of the last file may never have been
// acknowledged.

// A hash stands for the ID of an errand: what [Host.Hash] makes of it.
type hash [16]byte

// A frameKind says what a frame tells of its errand. They are on disk: only append.
type frameKind uint8

const (
	framePut  frameKind = 1 + iota // all of it: the length of the head, the head and the body
	frameHead                      // its head, the length of that before it; the body is as it was
	frameEnd                       // it ended; its ID is known until a moment, 8 bytes of seconds since 1970
)

const (
	frameMagic  = "Errd"
	frameFront  = 41 // bytes of a frame before its payload
	endFrame    = frameFront + 8
	maxFrame    = 8 << 20 // no payload is as long
	headVersion = 1
	maxError    = 2 << 10 // of the error of the last try, bytes that are kept
)

// frame makes a frame, but for what only its place says.
func (id hash) frame(kind frameKind, payload int) []byte {
	b := make([]byte, frameFront, frameFront+payload)
	copy(b, frameMagic)
	b[16] = byte(kind)
	copy(b[17:], id[:])
	return b
}

// sealFrame completes a frame: seq is the number of its errand, and from where what is synced with it begins.
func sealFrame(b []byte, seq uint64, from int64) {
	binary.LittleEndian.PutUint32(b[8:], uint32(len(b)-frameFront))
	binary.LittleEndian.PutUint32(b[12:], uint32(from))
	binary.LittleEndian.PutUint64(b[33:], seq)
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], wire.Castagnoli))
}

// A frameView is a frame as it was read.
type frameView struct {
	kind    frameKind
	id      hash
	seq     uint64
	from    int64
	payload []byte
	size    int64 // of all of it
}

// readFrame reads the frame at the beginning of b; ok is false where there is none that is whole.
func readFrame(b []byte) (f frameView, ok bool) {
	if len(b) < frameFront || string(b[:4]) != frameMagic {
		return f, false
	}
	n := binary.LittleEndian.Uint32(b[8:])
	if n > maxFrame || len(b) < frameFront+int(n) {
		return f, false
	}
	b = b[:frameFront+int(n)]
	if binary.LittleEndian.Uint32(b[4:]) != crc32.Checksum(b[8:], wire.Castagnoli) {
		return f, false
	}
	return frameView{
		kind: frameKind(b[16]), id: hash(b[17:33]), seq: binary.LittleEndian.Uint64(b[33:]),
		from: int64(binary.LittleEndian.Uint32(b[12:])), payload: b[frameFront:], size: int64(len(b)),
	}, true
}

// nextFrameAfter is where the next whole frame begins in b from at on, or -1.
func nextFrameAfter(b []byte, at int) int {
	for at < len(b) {
		i := bytes.Index(b[at:], []byte(frameMagic))
		if i < 0 {
			return -1
		}
		at += i
		if _, ok := readFrame(b[at:]); ok {
			return at
		}
		at++
	}
	return -1
}

// split parts the payload of a put or a head.
func (f *frameView) split() (head, body []byte, ok bool) {
	n, size := binary.Uvarint(f.payload)
	if size <= 0 || n > uint64(len(f.payload)-size) {
		return nil, nil, false
	}
	return f.payload[size : size+int(n)], f.payload[size+int(n):], true
}

// until is the moment in the payload of an end, in seconds since 1970.
func (f *frameView) until() int64 {
	if len(f.payload) != 8 {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(f.payload))
}

// appendPayload writes the payload of a put or a head.
func appendPayload(b, head, body []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(head)))
	return append(append(b, head...), body...)
}

// encodeHead is all of e but its body.
func encodeHead(e *Errand) []byte {
	b := append(make([]byte, 0, 256), headVersion, byte(e.Kind), byte(e.State))
	b = wire.AppendString(wire.AppendString(b, e.ID), e.Route)
	b = binary.AppendUvarint(b, uint64(len(e.Lanes)))
	for _, lane := range e.Lanes {
		b = wire.AppendString(b, lane)
	}
	b = binary.AppendUvarint(b, uint64(len(e.People)))
	for _, to := range e.People {
		b = wire.AppendString(wire.AppendString(wire.AppendString(b, to.Brand), to.Channel), to.Address)
	}
	for _, at := range [...]time.Time{e.Added, e.Due, e.Until, e.Changed} {
		b = wire.AppendTime(b, at)
	}
	b = binary.AppendVarint(binary.AppendVarint(b, int64(e.Tries)), int64(e.Remember))
	text := e.Error
	if len(text) > maxError {
		text = text[:maxError]
	}
	return wire.AppendString(b, strings.ToValidUTF8(text, ""))
}

// decodeHead reads a head.
func decodeHead(head []byte) (e Errand, err error) {
	d := wire.Decoder{Rest: string(head)}
	if d.Byte() != headVersion {
		return e, wire.ErrDamaged
	}
	e.Kind, e.State = Kind(d.Byte()), State(d.Byte())
	e.ID, e.Route = d.Text(), d.Text()
	for n := d.Uvarint(); n > 0 && !d.Bad; n-- {
		e.Lanes = append(e.Lanes, d.Text())
	}
	for n := d.Uvarint(); n > 0 && !d.Bad; n-- {
		e.People = append(e.People, filter.Recipient{Brand: d.Text(), Channel: filter.Channel(d.Text()), Address: d.Text()})
	}
	for _, at := range [...]*time.Time{&e.Added, &e.Due, &e.Until, &e.Changed} {
		*at = d.Time()
	}
	e.Tries, e.Remember, e.Error = int(d.Varint()), time.Duration(d.Varint()), d.Text()
	if d.End() != nil || e.Kind == 0 || e.Kind >= Kinds || e.State >= States {
		return Errand{}, wire.ErrDamaged
	}
	return e, nil
}
