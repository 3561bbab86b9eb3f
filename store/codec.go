package store

import (
	"encoding/binary"
	"time"

	"github.com/sendgate/sendgate/filter"
)

const (
	metaVersion   = 1
	recordVersion = 2
	placedVersion = 3 // of a record whose recipient stated where they are: their events say where
	eventVersion  = 2
)

// A scope is kept in its text form, "all" as nothing.
func appendScope(b []byte, s filter.Scope) []byte {
	if s == filter.All {
		return append(b, 0)
	}
	return appendString(b, s.String())
}

func (d *decoder) scope() (s filter.Scope) {
	text := d.string()
	if text == "" {
		return filter.All
	}
	if err := s.UnmarshalText([]byte(text)); err != nil {
		d.fail()
	}
	return s
}

// consentTimes lists the moments of c in the order they are kept. Behind the first keptTimes come those
// that most records have nothing of: a record has them at its end, and ends before where it has none.
func consentTimes(c *filter.Consent) [7]*time.Time {
	return [...]*time.Time{&c.OptedOut, &c.Asked, &c.Refused,
		&c.Granted[filter.ByInquiry], &c.Granted[filter.ByTransaction], &c.Granted[filter.Express], &c.Noticed}
}

const keptTimes = 6

func kept(c *filter.Consent) [keptTimes]*time.Time {
	all := consentTimes(c)
	return [keptTimes]*time.Time(all[:keptTimes])
}

// appendRecord writes the value of the record of the recipient with this fingerprint. Nothing in
// it is personal: who the recipient is, and where, their events say.
func appendRecord(b []byte, fp fingerprint, r *filter.Record) []byte {
	start := len(b)
	version := byte(recordVersion)
	if r.Place != "" {
		version = placedVersion
	}
	b = appendTime(appendTime(append(b, version), r.LastInbound), r.Erased)
	b = binary.AppendUvarint(b, uint64(len(r.Consents)))
	for i := range r.Consents {
		c := &r.Consents[i]
		b = appendScope(b, c.Scope)
		for _, at := range kept(c) {
			b = appendTime(b, *at)
		}
	}
	for i := range r.Consents {
		if at := r.Consents[i].Noticed; !at.IsZero() {
			b = appendTime(binary.AppendUvarint(b, uint64(i)), at)
		}
	}
	return appendSum(b, start, fp[:]...)
}

// decodeRecord reads it into r, in the memory that r.Consents has; placed says that [readPlace] has to
// add where the recipient is. A record that is damaged leaves r empty.
func decodeRecord(value []byte, fp fingerprint, r *filter.Record) (placed bool, err error) {
	version := byte(recordVersion)
	if placed = len(value) > 0 && value[0] == placedVersion; placed {
		version = placedVersion
	}
	d := newDecoder(value, version, fp[:]...)
	*r = filter.Record{LastInbound: d.time(), Erased: d.time(), Consents: r.Consents[:0]}
	for n := d.uvarint(); n > 0 && !d.bad; n-- {
		r.Consents = append(r.Consents, filter.Consent{Scope: d.scope()})
		for _, at := range kept(&r.Consents[len(r.Consents)-1]) {
			*at = d.time()
		}
	}
	for d.rest != "" && !d.bad {
		i, at := d.uvarint(), d.time()
		if i >= uint64(len(r.Consents)) || at.IsZero() {
			d.fail()
			break
		}
		r.Consents[i].Noticed = at
	}
	if err := d.end(); err != nil {
		*r = filter.Record{Consents: r.Consents[:0]}
		return false, err
	}
	return placed, nil
}

// appendPublic writes what is left of an event when the recipient is erased.
func appendPublic(b []byte, e *filter.Event, seq uint64) []byte {
	b = binary.AppendUvarint(b, seq)
	b = appendTime(appendTime(b, e.Time), e.Recorded)
	b = appendScope(append(b, byte(e.Kind), byte(e.Basis)), e.Scope)
	return appendString(appendString(b, e.To.Brand), e.To.Channel)
}

func (d *decoder) public(e *filter.Event) (seq uint64) {
	seq, e.Time, e.Recorded = d.uvarint(), d.time(), d.time()
	e.Kind, e.Basis = filter.Kind(d.byte()), filter.Basis(d.byte())
	e.Scope = d.scope()
	e.To.Brand, e.To.Channel = d.string(), filter.Channel(d.string())
	return seq
}

// appendPrivate writes the rest of it.
func appendPrivate(b []byte, e *filter.Event) []byte {
	b = appendString(appendString(b, e.ID), e.To.Address)
	b = appendString(appendString(b, e.Source), e.Note)
	p, place := e.Proof, e.Proof.Place
	p.Place = ""
	proof := flag(p != (filter.Evidence{}))
	b = append(b, proof|flag(place != "")<<1)
	if place != "" {
		b = appendString(b, place)
	}
	if proof == 0 {
		return b
	}
	for _, field := range keptFields(&p) {
		b = appendString(b, *field.value)
	}
	var flags byte
	if p.PreTicked {
		flags |= 1
	}
	if p.NumberEnteredByUser {
		flags |= 2
	}
	return append(appendTime(appendTime(b, p.CapturedAt), p.ReferenceDate), flags)
}

func (d *decoder) private(e *filter.Event) {
	e.ID, e.To.Address = d.string(), d.string()
	e.Source, e.Note = d.string(), d.string()
	has, p := d.byte(), &e.Proof
	if has > 3 {
		d.fail()
	}
	if has&2 != 0 {
		p.Place = d.string()
	}
	if has&1 == 0 {
		return
	}
	for _, field := range keptFields(p) {
		*field.value = d.string()
	}
	p.CapturedAt, p.ReferenceDate = d.time(), d.time()
	flags := d.byte()
	p.PreTicked, p.NumberEnteredByUser = flags&1 != 0, flags&2 != 0
	if flags > 3 {
		d.fail()
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
