package store

import (
	"encoding/binary"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

const (
	metaVersion   = 1
	recordVersion = 2
	placedVersion = 3 // of a record whose recipient stated where they are: their events say where
	eventVersion  = 2
)

// keptTimes is how many of the moments of a consent each record has. Behind them come those that most records
// have nothing of: a record has them at its end, and ends before where it has none.
const keptTimes = 6

func kept(c *filter.Consent) [keptTimes]*time.Time {
	all := wire.Moments(c)
	return [keptTimes]*time.Time(all[:keptTimes])
}

// appendRecord writes the value of the record of the recipient with this fingerprint. Nothing in
// it is personal: who the recipient is, and where, their events say.
func appendRecord(b []byte, fp fingerprint.Recipient, r *filter.Record) []byte {
	start := len(b)
	version := byte(recordVersion)
	if r.Place != "" {
		version = placedVersion
	}
	b = wire.AppendTime(wire.AppendTime(append(b, version), r.LastInbound), r.Erased)
	b = binary.AppendUvarint(b, uint64(len(r.Consents)))
	for i := range r.Consents {
		c := &r.Consents[i]
		b = wire.AppendScope(b, c.Scope)
		for _, at := range kept(c) {
			b = wire.AppendTime(b, *at)
		}
	}
	for i := range r.Consents {
		if at := r.Consents[i].Noticed; !at.IsZero() {
			b = wire.AppendTime(binary.AppendUvarint(b, uint64(i)), at)
		}
	}
	return wire.AppendSum(b, start, fp[:]...)
}

// decodeRecord reads it into r, in the memory that r.Consents has; placed says that [readPlace] has to
// add where the recipient is. A record that is damaged leaves r empty.
func decodeRecord(value []byte, fp fingerprint.Recipient, r *filter.Record) (placed bool, err error) {
	version := byte(recordVersion)
	if placed = len(value) > 0 && value[0] == placedVersion; placed {
		version = placedVersion
	}
	d := wire.NewDecoder(value, version, fp[:]...)
	*r = filter.Record{LastInbound: d.Time(), Erased: d.Time(), Consents: r.Consents[:0]}
	for n := d.Uvarint(); n > 0 && !d.Bad; n-- {
		r.Consents = append(r.Consents, filter.Consent{Scope: d.Scope()})
		for _, at := range kept(&r.Consents[len(r.Consents)-1]) {
			*at = d.Time()
		}
	}
	for d.Rest != "" && !d.Bad {
		i, at := d.Uvarint(), d.Time()
		if i >= uint64(len(r.Consents)) || at.IsZero() {
			d.Fail()
			break
		}
		r.Consents[i].Noticed = at
	}
	if err := d.End(); err != nil {
		*r = filter.Record{Consents: r.Consents[:0]}
		return false, err
	}
	return placed, nil
}

// appendPublic writes what is left of an event when the recipient is erased.
func appendPublic(b []byte, e *filter.Event, seq uint64) []byte {
	b = binary.AppendUvarint(b, seq)
	b = wire.AppendTime(wire.AppendTime(b, e.Time), e.Recorded)
	b = wire.AppendScope(append(b, byte(e.Kind), byte(e.Basis)), e.Scope)
	return wire.AppendString(wire.AppendString(b, e.To.Brand), e.To.Channel)
}

func readPublic(d *wire.Decoder, e *filter.Event) (seq uint64) {
	seq, e.Time, e.Recorded = d.Uvarint(), d.Time(), d.Time()
	e.Kind, e.Basis = filter.Kind(d.Byte()), filter.Basis(d.Byte())
	e.Scope = d.Scope()
	e.To.Brand, e.To.Channel = d.Text(), filter.Channel(d.Text())
	return seq
}

// appendPrivate writes the rest of it.
func appendPrivate(b []byte, e *filter.Event) []byte {
	b = wire.AppendString(wire.AppendString(b, e.ID), e.To.Address)
	b = wire.AppendString(wire.AppendString(b, e.Source), e.Note)
	p, place := e.Proof, e.Proof.Place
	p.Place = ""
	proof := wire.Flag(p != (filter.Evidence{}))
	b = append(b, proof|wire.Flag(place != "")<<1)
	if place != "" {
		b = wire.AppendString(b, place)
	}
	if proof == 0 {
		return b
	}
	for _, field := range keptFields(&p) {
		b = wire.AppendString(b, *field.value)
	}
	var flags byte
	if p.PreTicked {
		flags |= 1
	}
	if p.NumberEnteredByUser {
		flags |= 2
	}
	return append(wire.AppendTime(wire.AppendTime(b, p.CapturedAt), p.ReferenceDate), flags)
}

func readPrivate(d *wire.Decoder, e *filter.Event) {
	e.ID, e.To.Address = d.Text(), d.Text()
	e.Source, e.Note = d.Text(), d.Text()
	has, p := d.Byte(), &e.Proof
	if has > 3 {
		d.Fail()
	}
	if has&2 != 0 {
		p.Place = d.Text()
	}
	if has&1 == 0 {
		return
	}
	for _, field := range keptFields(p) {
		*field.value = d.Text()
	}
	p.CapturedAt, p.ReferenceDate = d.Time(), d.Time()
	flags := d.Byte()
	p.PreTicked, p.NumberEnteredByUser = flags&1 != 0, flags&2 != 0
	if flags > 3 {
		d.Fail()
	}
}

// textField is a string of an event and its name in JSON.
type textField struct {
	name  string
	value *string
}

// evidenceFields lists the strings of p.
func evidenceFields(p *filter.Evidence) [16]textField {
	all := [16]textField{15: {"proof.place", &p.Place}}
	kept := keptFields(p)
	copy(all[:], kept[:])
	return all
}

// keptFields lists those that lie in a row, in the order they are kept. The place has come later, and
// lies before them.
func keptFields(p *filter.Evidence) [15]textField {
	return [...]textField{
		{"proof.method", &p.Method}, {"proof.action", &p.Action}, {"proof.wording", &p.Wording},
		{"proof.policy_url", &p.PolicyURL}, {"proof.business_name", &p.BusinessName},
		{"proof.purpose", &p.Purpose}, {"proof.language", &p.Language},
		{"proof.full_name", &p.FullName}, {"proof.email", &p.Email}, {"proof.postal", &p.Postal},
		{"proof.ip", &p.IP}, {"proof.user_agent", &p.UserAgent},
		{"proof.reference", &p.Reference}, {"proof.screenshot_url", &p.ScreenshotURL},
		{"proof.screenshot_sha256", &p.ScreenshotSHA256},
	}
}
