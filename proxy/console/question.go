package console

import (
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
)

// A Question asks what the gate would decide about one message. The message is one of a text, or of a template,
// and nothing else, as far as Room, Movable and MarketingOnly do not say otherwise; these are as in the decision
// log.
type Question struct {
	Route    string           `json:"route"`
	To       filter.Recipient `json:"to"`
	Region   string           `json:"region,omitempty"` // country of a number without a country code; empty: the route's
	From     string           `json:"from,omitempty"`
	Service  string           `json:"service,omitempty"`  // messaging service beside From
	Category *filter.Category `json:"category,omitempty"` // left out: what the route takes it for
	Topic    string           `json:"topic,omitempty"`
	Template string           `json:"template,omitempty"`
	Text     string           `json:"text,omitempty"`
	SendAt   time.Time        `json:"send_at,omitzero"` // asked delivery time; zero, or where the provider takes none: at once
	At       time.Time        `json:"at,omitzero"`      // the moment of the send; zero: now

	Room          *int  `json:"room,omitempty"`           // how many characters more the text may take; left out: what the provider takes
	Movable       *bool `json:"movable,omitempty"`        // whether the provider can deliver it at another time; left out: as it does
	MarketingOnly bool  `json:"marketing_only,omitempty"` // its endpoint carries nothing but marketing
}

// asked is the message that q is about: as the route would see it, but for what q says itself.
func (s *Server) asked(q *Question) (m filter.Message, err error) {
	switch {
	case q.Route == "":
		return m, bad("route", "missing: GET /api/v1/routes lists them")
	case !slices.Contains(s.gate.Routes(), q.Route):
		return m, bad("route", "unknown route %q: GET /api/v1/routes lists them", q.Route)
	case q.Room != nil && *q.Room < 0:
		return m, bad("room", "%d: want a number of characters", *q.Room)
	}
	m = filter.Message{To: q.To, From: q.From, Service: q.Service, Template: q.Template, Text: q.Text, MarketingOnly: q.MarketingOnly, SendAt: q.SendAt}
	unread, err := s.gate.Classify(q.Route, q.Region, &m)
	if err != nil {
		return m, bad("route", "%v", err)
	}
	if q.To.Brand != "" {
		m.To.Brand = q.To.Brand
	}
	if q.Category != nil {
		m.Category = *q.Category
	}
	if q.Topic != "" {
		m.Topic = q.Topic
	}
	if q.Room != nil {
		m.Room = *q.Room
	}
	if q.Movable != nil {
		m.Movable = *q.Movable
	}
	if m.To, err = input.Recipient("to.", m.To, q.Region); err == nil && unread != nil {
		err = bad("to.address", "%v", unread)
	}
	return m, err
}
