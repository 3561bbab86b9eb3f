package console

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/proxy/console/notify"
	"github.com/sendgate/sendgate/store"
)

// exportParams select recipients.
var exportParams = []string{"format", "brand", "channel", "topic", "state", "since", "evidence"}

// nextTrailer is the trailer of an export that says what since must be to export what changes
// after it. It comes last, so that whoever has it has the whole.
const nextTrailer = "Sendgate-Next"

// unreadTrailer is the trailer of an export that says how many records are not in it, or lack proof that it was to have,
// since they do not read; left out where there are none.
const unreadTrailer = "Sendgate-Unread"

// An Export selects the recipients to export. Empty fields select all.
type Export struct {
	// Brand selects the recipients of one brand, and those of every brand: what they said binds it too.
	Brand   string
	Channel filter.Channel
	// Topic, which may be an alias, and State select by where recipients stand towards one topic; without Topic, towards
	// any category or topic.
	Topic string
	State State
	// Since, where it is set, selects the recipients who changed after an event's number. One may
	// come more than once.
	Since *uint64
	// Evidence adds to a CSV what proves each fact, personal fields and notes too, and not the pictures. It
	// takes several times as long.
	Evidence bool
}

// A State is where a recipient stands towards a category or a topic.
type State string

// The states. Where several hold, the first of them counts.
const (
	StateErased   State = "erased"    // their personal fields were removed: they want nothing
	StateOptedOut State = "opted-out" // they withdrew
	StateRefused  State = "refused"   // they were asked, and said no
	StatePending  State = "pending"   // they were asked, and have not answered
	StateGranted  State = "granted"   // they agreed, on any basis
)

var states = []State{StateGranted, StateOptedOut, StatePending, StateRefused, StateErased}

func (x *Export) values(format string) url.Values {
	q := recipientValues(filter.Recipient{Brand: x.Brand, Channel: x.Channel}, "")
	for name, text := range map[string]string{"format": format, "topic": x.Topic, "state": string(x.State)} {
		if text != "" {
			q.Set(name, text)
		}
	}
	if x.Since != nil {
		q.Set("since", strconv.FormatUint(*x.Since, 10))
	}
	if x.Evidence {
		q.Set("evidence", "true")
	}
	return q
}

// export reads the selection of c.
func (c *call) export() (x Export, err error) {
	q := c.query
	x = Export{Brand: q.Get("brand"), Channel: filter.Channel(q.Get("channel")), Topic: q.Get("topic"), State: State(q.Get("state"))}
	if x.Channel != "" {
		if err := input.CheckChannel("channel", x.Channel); err != nil {
			return x, err
		}
	}
	if x.State != "" && !slices.Contains(states, x.State) {
		return x, bad("state", "unknown state %q: want one of %s", x.State, input.Words(states))
	}
	if q.Has("since") {
		since, err := parseSeq(q.Get("since"))
		if err != nil {
			return x, err
		}
		x.Since = &since
	}
	if x.Evidence, err = parseBool("evidence", q.Get("evidence")); err == nil && x.Evidence && q.Get("format") == "jsonl" {
		err = bad("evidence", "a record is no list of events: want format csv")
	}
	return x, err
}

// concerns reports whether to is of the brand and channel asked for.
func (x *Export) concerns(to filter.Recipient) bool {
	return (x.Brand == "" || to.Brand == "" || to.Brand == x.Brand) && (x.Channel == "" || to.Channel == x.Channel)
}

// takes reports whether the recipient, of whom s knows k, stands as was asked for. What holds for
// every brand is joined: nobody who left every brand counts as granted for one.
func (x *Export) takes(s *Server, k store.Known) (bool, error) {
	if x.Topic == "" && x.State == "" {
		return true, nil
	}
	rec := k.Record
	if k.To.Address != "" {
		var err error
		if rec, err = s.store.Read(k.To, filter.NeedRecord); err != nil {
			return false, fmt.Errorf("reading the record: %w", err)
		}
	}
	brand := s.brands()[k.To.Brand]
	is := func(m filter.Message) bool {
		at := stateOf(&rec, m)
		return at != "" && (x.State == "" || at == x.State)
	}
	about := func(topic string) filter.Message {
		c, _ := brand.Category(topic) // marketing where the brand does not say
		if topic == filter.Privacy {
			c = filter.Service // it never counts as marketing
		}
		return filter.Message{Category: c, Topic: topic}
	}
	if x.Topic != "" {
		return is(about(brand.Named(x.Topic))), nil
	}
	for c := range filter.Category(filter.Categories) {
		if is(filter.Message{Category: c}) {
			return true, nil
		}
	}
	return slices.ContainsFunc(rec.Consents, func(o filter.Consent) bool {
		if topic, ok := o.Scope.Topic(); ok {
			return is(about(topic))
		}
		sender, ok := strings.CutPrefix(o.Scope.String(), "sender:")
		return ok && is(filter.Message{From: sender})
	}), nil
}

// stateOf is where a recipient stands towards messages like m; empty where nothing is known.
func stateOf(rec *filter.Record, m filter.Message) State {
	out, _ := rec.OptedOut(&m)
	asked, _ := rec.Answer(&m)
	switch {
	case !out.IsZero() && out.Equal(rec.Erased):
		return StateErased
	case !out.IsZero():
		return StateOptedOut
	case asked == filter.Refused:
		return StateRefused
	case asked == filter.Asked:
		return StatePending
	}
	for b := filter.Express; b > filter.NoBasis; b-- {
		if !given(rec, m, b).IsZero() {
			return StateGranted
		}
	}
	return ""
}

// given is when the recipient agreed on basis b to messages like m. What is implied for messages of another kind says
// nothing about a topic: neither an order about offers, nor a question about privacy, to which nothing but its name is
// consent.
func given(rec *filter.Record, m filter.Message, b filter.Basis) time.Time {
	named := slices.ContainsFunc(rec.Consents, func(k filter.Consent) bool {
		topic, ok := k.Scope.Topic()
		return ok && topic == m.Topic && !k.Granted[b].IsZero()
	})
	switch {
	case named && b == filter.ByTransaction:
		m.Category = filter.Utility // it carries nothing else
	case !named && b == filter.ByInquiry && m.Topic == filter.Privacy:
		return time.Time{}
	}
	if b == filter.Express {
		return rec.Agreed(&m)
	}
	return rec.Granted(&m, b)
}

// mostSeen bounds how many recipients an export since a number remembers having written. When it
// is full it forgets them all: one may then come again.
const mostSeen = 1 << 20

// changed walks the recipients who changed after a number, up to head, each with what is known of
// them now. Where events are lost nobody knows who changed, and everybody comes, but for the records that do not read.
func (s *Server) changed(since, head uint64, want func(filter.Recipient) bool, f func(store.Known) error) (unread int, err error) {
	seen := map[string]bool{}
	for c, err := range s.store.Changes(since) {
		lost, gap := errors.AsType[*store.Lost](err)
		switch {
		case gap && lost.First > head:
			return 0, nil
		case gap:
			notify.TellLost(s.log, "export, which has everybody therefore", *lost)
			return s.all(want, f)
		case err != nil:
			return 0, fmt.Errorf("reading the changes: %w", err)
		case c.Link.Seq > head:
			return 0, nil
		case !want(c.Event.To) || seen[c.Link.Fingerprint]:
			continue
		}
		k := store.Known{To: c.Event.To}
		switch {
		case k.To.Address != "":
			if k.Record, err = s.own(k.To); err != nil {
				return 0, err
			}
		case c.Event.Kind == filter.Erased:
			k.Record = k.Record.After(c.Event)
		default:
			continue // from before an erasure, which comes later
		}
		if len(seen) == mostSeen {
			clear(seen)
		}
		seen[c.Link.Fingerprint] = k.To.Address != "" // who was erased may have come back since
		if err := f(k); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// own is the record of exactly this recipient, without what holds for every brand.
func (s *Server) own(to filter.Recipient) (rec filter.Record, err error) {
	if to.Brand == "" {
		return s.store.Read(to, filter.NeedRecord)
	}
	events, err := s.store.History(to)
	for _, e := range events {
		rec = rec.After(e)
	}
	return rec, err
}
