package store

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/fingerprint"
)

// Print is that of m on a route: of the recipient, from whom it comes, its category and topics, and all that the
// recipient would see. The campaign, which is the sender's label, is no part of it, nor is the delivery time that is
// asked for. It allocates nothing.
func (s *Store) Print(route string, m *filter.Message) (p decisions.Print) {
	category := [1]byte{byte('0' + m.Category)}
	var hi, lo uint64
	add := func(part string) {
		sum := s.keys.Of(fingerprint.Print, part)
		// Two odd turns, so that parts that change places are another message.
		hi = bits.RotateLeft64(hi, 21) + binary.BigEndian.Uint64(sum[:8])
		lo = bits.RotateLeft64(lo, 25) + binary.BigEndian.Uint64(sum[8:])
	}
	for _, part := range [...]string{route, m.To.Brand, string(m.To.Channel), m.To.Address, m.From, m.Service,
		string(category[:]), m.Template, m.Text, m.Extra, m.Topic} {
		add(part)
	}
	for _, topic := range m.Others {
		add(topic)
	}
	binary.BigEndian.PutUint64(p[:8], hi)
	binary.BigEndian.PutUint64(p[8:], lo)
	return p
}

// A PassState is what became of a pass.
type PassState string

// The states of a pass.
const (
	PassWaiting PassState = "waiting" // for a second person to approve it
	PassGranted PassState = "granted" // for the sender's next try
	PassUsed    PassState = "used"
	PassRevoked PassState = "revoked"
	PassExpired PassState = "expired"
)

// PassStates lists them.
func PassStates() []PassState {
	return []PassState{PassWaiting, PassGranted, PassUsed, PassRevoked, PassExpired}
}

// A Pass is a reviewer's permission for one message that was blocked: the sender's next try of the same message
// goes through, once, if nothing else stands against it.
type Pass struct {
	ID    string `json:"id"`
	Grant string `json:"grant"` // shared by all that were granted together
	// To is the recipient, and the next fields what the message was, for people; what it must be is in Print.
	To       filter.Recipient `json:"to"`
	Route    string           `json:"route"`
	Category filter.Category  `json:"category"`
	Topic    string           `json:"topic,omitempty"`
	Campaign string           `json:"campaign,omitempty"`
	Print    decisions.Print  `json:"-"`
	// Past is the reason of the block that it lets the message past: no other.
	Past filter.Reason `json:"past"`
	// Decisions are the ids of the blocked tries that it answers, the newest [MaxPassDecisions] of them.
	Decisions []string `json:"decisions"`

	Reason  string    `json:"reason"`
	Actor   string    `json:"actor"`            // who granted it
	Behind  string    `json:"behind,omitempty"` // who is behind the token that granted it; empty: it was none that somebody made
	Granted time.Time `json:"granted"`
	Expires time.Time `json:"expires"`

	FourEyes   bool      `json:"four_eyes,omitempty"` // it counts once somebody else approved it
	Approved   time.Time `json:"approved,omitzero"`
	ApprovedBy string    `json:"approved_by,omitempty"`

	Used   time.Time `json:"used,omitzero"`
	UsedBy string    `json:"used_by,omitempty"` // id of the decision that it forwarded

	Revoked        time.Time `json:"revoked,omitzero"`
	RevokedBy      string    `json:"revoked_by,omitempty"`
	RevokedBecause string    `json:"revoked_because,omitempty"`
}

const (
	// MaxPasses is how many may be waiting or granted.
	MaxPasses = 100_000
	// MaxPassDecisions is how many decisions one pass names.
	MaxPassDecisions = 20
)

// State is what became of p by a moment.
func (p *Pass) State(now time.Time) PassState {
	switch {
	case !p.Used.IsZero():
		return PassUsed
	case !p.Revoked.IsZero():
		return PassRevoked
	case !now.Before(p.Expires):
		return PassExpired
	case p.FourEyes && p.Approved.IsZero():
		return PassWaiting
	}
	return PassGranted
}

// ended is when p came to its end, or the zero time.
func (p *Pass) ended(now time.Time) time.Time {
	switch p.State(now) {
	case PassUsed:
		return p.Used
	case PassRevoked:
		return p.Revoked
	case PassExpired:
		return p.Expires
	}
	return time.Time{}
}

// texts are what people wrote in p.
func (p *Pass) texts() []*string {
	return []*string{&p.Reason, &p.Actor, &p.Behind, &p.ApprovedBy, &p.RevokedBy, &p.RevokedBecause}
}

func (p *Pass) clone() Pass {
	c := *p
	for _, text := range append(c.texts(), &c.ID, &c.Grant, &c.To.Brand, (*string)(&c.To.Channel), &c.To.Address, &c.Route, &c.Topic, &c.Campaign, &c.UsedBy) {
		*text = strings.Clone(*text)
	}
	c.Decisions = slices.Clone(p.Decisions)
	for i := range c.Decisions {
		c.Decisions[i] = strings.Clone(c.Decisions[i])
	}
	return c
}
