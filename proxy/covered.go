package proxy

import (
	"strings"

	"github.com/sendgate/sendgate/filter"
)

// byNumber are the channels on which people are addressed by their phone number.
var byNumber = [...]filter.Channel{filter.SMS, filter.WhatsApp}

// covered is e, an opt-out of the route's brand that was learnt on a message between its recipient and these
// senders, as one event for each thing that it covers.
func (rt *route) covered(e filter.Event, from, service string) []filter.Event {
	all := []filter.Event{rt.stop.Apply(e, from)}
	// A STOP to a number of a messaging service holds for the service, and nobody says to which it came.
	// Source: https://support.twilio.com/hc/en-us/articles/223133627
	if second := rt.stop.Apply(e, service); service != "" && second.Scope != all[0].Scope {
		second.ID += ".service"
		all = append(all, second)
	}
	if !rt.labels.declared.CrossChannel || !strings.HasPrefix(e.To.Address, "+") {
		return all
	}
	for _, one := range all {
		if _, sender := one.Scope.Sender(); sender {
			continue // who writes on one channel only
		}
		for _, channel := range byNumber {
			if channel != one.To.Channel {
				other := one
				other.To.Channel = channel
				other.ID += "." + string(channel)
				all = append(all, other)
			}
		}
	}
	return all
}

// Covered is e, an opt-out that was learnt on a message from a sender to its recipient, by a webhook of a route, as one
// event for each thing that it covers there.
func (g *Gate) Covered(route string, e filter.Event, sender string) ([]filter.Event, error) {
	rt, err := g.route(route)
	if err != nil {
		return nil, err
	}
	return rt.covered(e, sender, ""), nil
}
