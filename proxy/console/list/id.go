package list

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"reflect"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// ID names the event of a row by what the row says, whatever the file is called, so that
// importing it again adds nothing. A row without a time means "now"; once the recipient has opted
// in since, the same words are a new fact, so granted, when they last did, is part of the name.
func ID(e *filter.Event, granted time.Time) string {
	var room [512]byte
	text := appendTexts(room[:0], e.To.Brand, string(e.To.Channel), e.To.Address, e.Scope.String(), e.Note)
	text = appendMoment(append(text, byte(e.Kind), byte(e.Basis)), e.Time)
	if e.Time.IsZero() {
		text = appendMoment(text, granted)
	}
	if e.Proof != (filter.Evidence{}) {
		text = appendProof(text, &e.Proof)
	}
	sum := sha256.Sum256(text)
	return "row-" + hex.EncodeToString(sum[:16])
}

// appendProof adds every field of p; the place, which came later, where there is one.
func appendProof(b []byte, p *filter.Evidence) []byte {
	fields := reflect.ValueOf(p).Elem()
	for i := range fields.NumField() {
		if fields.Field(i).Addr().Interface() == any(&p.Place) && p.Place == "" {
			continue
		}
		switch f := fields.Field(i).Addr().Interface().(type) {
		case *string:
			b = appendTexts(b, *f)
		case *time.Time:
			b = appendMoment(b, *f)
		case *bool:
			b = append(b, 0)
			if *f {
				b[len(b)-1] = 1
			}
		}
	}
	return b
}

// appendTexts adds texts, each behind its length.
func appendTexts(b []byte, texts ...string) []byte {
	for _, text := range texts {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return b
}

// appendMoment adds a moment, the zero one too.
func appendMoment(b []byte, at time.Time) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(at.Unix()))
	return binary.LittleEndian.AppendUint32(b, uint32(at.Nanosecond()))
}
