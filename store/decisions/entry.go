package decisions

import (
	"encoding/binary"
	"time"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/wire"
)

// An Entry is one line of the decision log: what was decided about one message, with what is
// needed to explain it later. It holds full addresses and texts: whoever shows it masks them.
type Entry struct {
	ID       string    `json:"id"`       // decision id, from [ulid.New]
	Time     time.Time `json:"time"`     // when the message was judged
	Route    string    `json:"route"`    // the route it took
	Provider string    `json:"provider"` // the provider of the route
	Mode     string    `json:"mode"`     // the mode of the route then
	Config   string    `json:"config"`   // version of the configuration it was judged by

	// Client is who sent it: the name of the token or of the certificate that they came in by, or the id of the key
	// that they signed with. Empty: none was asked for, or the entry is from before 23 November 2026.
	Client string `json:"client,omitempty"`

	To       filter.Recipient `json:"to"`
	From     string           `json:"from,omitempty"`
	Service  string           `json:"service,omitempty"` // the messaging service named beside From
	Category filter.Category  `json:"category"`
	Topic    string           `json:"topic,omitempty"`
	Campaign string           `json:"campaign,omitempty"`
	Template string           `json:"template,omitempty"`
	Text     string           `json:"text,omitempty"`
	Room     int              `json:"room,omitempty"` // how many characters more the text could have taken
	SendAt   time.Time        `json:"send_at,omitzero"`
	Movable  bool             `json:"movable,omitempty"` // the provider could have been asked to deliver it at another time

	// What the request itself said, whether it was believed or not, so that another configuration
	// can be asked what it makes of the message: the category and the topic that its headers
	// claimed, and whether the endpoint carries nothing but marketing.
	ClaimCategory string `json:"claim_category,omitempty"`
	ClaimTopic    string `json:"claim_topic,omitempty"`
	MarketingOnly bool   `json:"marketing_only,omitempty"`

	// Known is the number of the last event, of any recipient, that the decision surely knew. One
	// that came right after it may have been known, too.
	Known uint64 `json:"known,omitempty"`
	// Counted says that a rule went by what the recipient got lately, and that the message counted in turn if
	// it was sent, as one with that in whose stead it goes; entries from before 22 November 2026 do not say it. Tally is what they got: the newest of
	// it, where that is more than 256 messages.
	Counted bool         `json:"counted,omitempty"`
	Tally   filter.Tally `json:"tally,omitempty"`
	// Print stands for the message where it was held back and a pass could let it through. Pass is the id of the
	// one that let it through, past a reason for which it would have been blocked.
	Print Print  `json:"-"`
	Pass  string `json:"pass,omitempty"`
	// Erased says that what was personal in here was removed, about the recipient or somebody else.
	Erased bool `json:"erased,omitempty"`

	Action   filter.Action `json:"action"`   // what was decided
	Enforced bool          `json:"enforced"` // whether it was obeyed
	Reason   filter.Reason `json:"reason"`
	Rule     string        `json:"rule,omitempty"`
	Until    time.Time     `json:"until,omitzero"`   // of a rewrite, to when the message was moved
	Footer   string        `json:"footer,omitempty"` // the line that was added
	Fault    string        `json:"fault,omitempty"`  // why the request could not be read, not be changed as decided, or not be sent by the credentials that there are

	// Outcome is "refused" (the gate answered), "answered" (the upstream did, with Status),
	// "not-sent" or "unknown".
	Outcome string `json:"outcome"`
	Status  int    `json:"status,omitempty"` // HTTP status of the upstream
	Micros  int64  `json:"micros"`           // the whole handling, in microseconds
}

// A Print stands for a message as its recipient would see it: what makes the next try of a sender the same message.
// It is a keyed fingerprint, which tells nothing to who has no store.key. The zero Print stands for none.
type Print [16]byte

const (
	entryVersion = 6

	// Longer strings are cut: the log is bounded, whatever a sender writes.
	maxEntryID   = 64
	maxEntryName = 1 << 10
	maxEntryText = 8 << 10
	// So does a longer tally.
	maxEntryTally = 256
)

const (
	entryNames  = 19
	addressName = 6 // which of them is To.Address
)

// namesOf is how many of the names entries of a version have.
func namesOf(version int) int {
	switch {
	case version < 2:
		return 15
	case version < 4:
		return 17
	case version < 6:
		return 18
	}
	return entryNames
}

// names lists the short strings of e in the order they are kept.
func (e *Entry) names() [entryNames]*string {
	return [...]*string{&e.Route, &e.Provider, &e.Mode, &e.Config,
		&e.To.Brand, (*string)(&e.To.Channel), &e.To.Address, &e.From, &e.Topic, &e.Campaign, &e.Template,
		&e.Rule, &e.Footer, &e.Fault, &e.Outcome, &e.ClaimCategory, &e.ClaimTopic, &e.Service, &e.Client}
}

// appendEntry writes e behind its length in four bytes.
func appendEntry(b []byte, e *Entry) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0, entryVersion)
	b = wire.AppendTime(wire.AppendString(b, wire.Clip(e.ID, maxEntryID)), e.Time)
	for _, s := range e.names() {
		b = wire.AppendString(b, wire.Clip(*s, maxEntryName))
	}
	b = wire.AppendString(b, wire.Clip(e.Text, maxEntryText))
	b = wire.AppendTime(wire.AppendTime(b, e.SendAt), e.Until)
	b = append(b, byte(e.Category), byte(e.Action), e.flags(), byte(e.Reason))
	b = binary.AppendVarint(b, int64(e.Status))
	b = binary.AppendVarint(b, e.Micros)
	b = binary.AppendUvarint(b, uint64(e.Room))
	b = binary.AppendUvarint(b, e.Known)
	b = appendPass(appendTally(b, e), e)
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	return b
}

// decode reads an entry without its length. Its strings share the memory of s.
func (e *Entry) decode(s string) error {
	d := wire.Decoder{Rest: s}
	version, names := d.Byte(), e.names()
	if version < 1 || version > entryVersion {
		d.Fail()
	}
	e.ID, e.Time = d.Text(), d.Time()
	for _, s := range names[:namesOf(int(version))] {
		*s = d.Text()
	}
	e.Text = d.Text()
	e.SendAt, e.Until = d.Time(), d.Time()
	e.Category, e.Action = filter.Category(d.Byte()), filter.Action(d.Byte())
	e.setFlags(d.Byte())
	e.Reason = filter.Reason(d.Byte())
	e.Status, e.Micros = int(d.Varint()), d.Varint()
	if version > 1 {
		e.Room, e.Known = int(d.Uvarint()), d.Uvarint()
	}
	if version > 2 {
		readTally(&d, e)
	}
	if version > 4 {
		readPass(&d, e)
	}
	return d.End()
}

// appendPass writes what lets e be let through, and what did.
func appendPass(b []byte, e *Entry) []byte {
	print := e.Print[:]
	if e.Print == (Print{}) {
		print = nil
	}
	return wire.AppendString(wire.AppendString(b, print), wire.Clip(e.Pass, maxEntryID))
}

// readPass reads what appendPass wrote.
func readPass(d *wire.Decoder, e *Entry) {
	print := d.Text()
	switch len(print) {
	case 0:
		e.Print = Print{}
	case len(e.Print):
		e.Print = Print([]byte(print))
	default:
		d.Fail()
	}
	e.Pass = d.Text()
}

// appendTally writes the tally of e: of each message how many milliseconds later than e it was due, and
// what else is known of it in one byte.
func appendTally(b []byte, e *Entry) []byte {
	tally := e.Tally[max(0, len(e.Tally)-maxEntryTally):]
	b = binary.AppendUvarint(b, uint64(len(tally)))
	for i := range tally {
		s := &tally[i]
		b = binary.AppendVarint(b, s.At.UnixMilli()-e.Time.UnixMilli())
		what := byte(s.Category&3) | wire.Flag(s.SameTopic)<<2 | wire.Flag(s.SameContent)<<3
		for i, same := range s.SameOthers {
			what |= wire.Flag(same) << (4 + i)
		}
		b = append(b, what)
	}
	return b
}

// readTally reads what appendTally wrote.
func readTally(d *wire.Decoder, e *Entry) {
	e.Tally = nil // what was read into e before may be kept by somebody
	n := d.Uvarint()
	if n > maxEntryTally {
		d.Fail()
		return
	}
	for range n {
		at := time.UnixMilli(e.Time.UnixMilli() + d.Varint()).UTC()
		b := d.Byte()
		s := filter.Sent{At: at, Category: filter.Category(b & 3), SameTopic: b&4 != 0, SameContent: b&8 != 0}
		for i := range s.SameOthers {
			s.SameOthers[i] = b>>(4+i)&1 != 0
		}
		e.Tally = append(e.Tally, s)
	}
}

// flags are what is so or not so of e, a bit each.
func (e *Entry) flags() byte {
	return wire.Flag(e.Enforced) | wire.Flag(e.MarketingOnly)<<1 | wire.Flag(e.Erased)<<2 | wire.Flag(e.Movable)<<3 | wire.Flag(e.Counted)<<4
}

func (e *Entry) setFlags(b byte) {
	e.Enforced, e.MarketingOnly, e.Erased, e.Movable, e.Counted = b&1 != 0, b&2 != 0, b&4 != 0, b&8 != 0, b&16 != 0
}

// Cut reports whether e may hold less than was there: strings and tallies of this length were cut where they
// were longer.
func (e *Entry) Cut() bool {
	for _, s := range e.names() {
		if len(*s) > maxEntryName-utf8.UTFMax {
			return true
		}
	}
	return len(e.Text) > maxEntryText-utf8.UTFMax || len(e.Tally) >= maxEntryTally
}

// nextFrame cuts the first entry off a row of them; ok is false when none is whole.
func nextFrame(row string) (entry, rest string, ok bool) {
	if len(row) < 4 {
		return "", row, false
	}
	n := uint64(row[0]) | uint64(row[1])<<8 | uint64(row[2])<<16 | uint64(row[3])<<24
	if n > uint64(len(row)-4) {
		return "", row, false
	}
	return row[4 : 4+n], row[4+n:], true
}
