package store

import (
	"encoding/binary"

	"github.com/sendgate/sendgate/filter"
)

const (
	recordVersion = 1
	eventVersion  = 1
)

func appendRecipient(b []byte, to filter.Recipient) []byte {
	return appendString(appendString(appendString(b, to.Brand), to.Channel), to.Address)
}

func (d *decoder) recipient() filter.Recipient {
	return filter.Recipient{Brand: d.string(), Channel: filter.Channel(d.string()), Address: d.string()}
}

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

// appendRecord writes the value of a record. The recipient is in it for the sake of an export:
// the key cannot be turned back.
func appendRecord(b []byte, to filter.Recipient, r *filter.Record) []byte {
	start := len(b)
	b = appendRecipient(append(b, recordVersion), to)
	b = appendTime(b, r.LastInbound)
	b = binary.AppendUvarint(b, uint64(len(r.Consents)))
	for i := range r.Consents {
		c := &r.Consents[i]
		b = appendTime(appendScope(b, c.Scope), c.OptedOut)
		for basis := 1; basis < filter.Bases; basis++ {
			b = appendTime(b, c.Granted[basis])
		}
	}
	return appendSum(b, start)
}

func decodeRecord(value []byte) (k Known, err error) {
	d := newDecoder(value, recordVersion)
	k.To = d.recipient()
	k.Record.LastInbound = d.time()
	n := d.uvarint()
	if n > uint64(len(d.rest)) { // each takes several bytes
		d.fail()
		n = 0
	}
	if n > 0 {
		k.Record.Consents = make([]filter.Consent, n)
	}
	for i := range k.Record.Consents {
		c := &k.Record.Consents[i]
		c.Scope, c.OptedOut = d.scope(), d.time()
		for basis := 1; basis < filter.Bases; basis++ {
			c.Granted[basis] = d.time()
		}
	}
	if err := d.end(); err != nil {
		return Known{}, err
	}
	return k, nil
}

func appendEvent(b []byte, e *filter.Event) []byte {
	start := len(b)
	b = appendString(append(b, eventVersion), e.ID)
	b = appendTime(appendTime(b, e.Time), e.Recorded)
	b = append(appendRecipient(b, e.To), byte(e.Kind), byte(e.Basis))
	b = appendScope(b, e.Scope)
	b = appendString(appendString(b, e.Source), e.Note)
	if e.Proof == (filter.Evidence{}) {
		b = append(b, 0)
	} else {
		b = append(b, 1)
		for _, field := range evidenceFields(&e.Proof) {
			b = appendString(b, *field.value)
		}
		b = appendTime(b, e.Proof.CapturedAt)
	}
	return appendSum(b, start)
}

func decodeEvent(value []byte) (e filter.Event, err error) {
	d := newDecoder(value, eventVersion)
	e.ID, e.Time, e.Recorded, e.To = d.string(), d.time(), d.time(), d.recipient()
	e.Kind, e.Basis = filter.Kind(d.byte()), filter.Basis(d.byte())
	e.Scope = d.scope()
	e.Source, e.Note = d.string(), d.string()
	switch d.byte() {
	case 0:
	case 1:
		for _, field := range evidenceFields(&e.Proof) {
			*field.value = d.string()
		}
		e.Proof.CapturedAt = d.time()
	default:
		d.fail()
	}
	if err := d.end(); err != nil {
		return filter.Event{}, err
	}
	return e, nil
}

// textField is a string of an event and its name in JSON.
type textField struct {
	name  string
	value *string
}

// evidenceFields lists the strings of p in the order they are kept.
func evidenceFields(p *filter.Evidence) [12]textField {
	return [...]textField{
		{"proof.method", &p.Method}, {"proof.action", &p.Action}, {"proof.wording", &p.Wording},
		{"proof.policy_url", &p.PolicyURL}, {"proof.business_name", &p.BusinessName},
		{"proof.purpose", &p.Purpose}, {"proof.language", &p.Language},
		{"proof.full_name", &p.FullName}, {"proof.email", &p.Email}, {"proof.postal", &p.Postal},
		{"proof.ip", &p.IP}, {"proof.user_agent", &p.UserAgent},
	}
}
