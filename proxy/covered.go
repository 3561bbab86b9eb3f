package proxy

import (
	"slices"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// byNumber are the channels on which people are addressed by their phone number.
var byNumber = [...]filter.Channel{filter.SMS, filter.WhatsApp}

// covered is e, an opt-out of the brand of rt that was learnt on a message between its recipient and these senders, as
// one event for each thing that it covers. With an error, because it could not be read who else the recipient is,
// come those that are sure.
func (g *Gate) covered(rt *route, e filter.Event, from, service string) ([]filter.Event, error) {
	all := []filter.Event{rt.stop.Apply(e, from)}
	// A STOP to a number of a messaging service holds for the service, and nobody says to which it came.
	// Source: https://support.twilio.com/hc/en-us/articles/223133627
	if second := rt.stop.Apply(e, service); service != "" && second.Scope != all[0].Scope {
		second.ID += ".service"
		all = append(all, second)
	}
	if !rt.labels.declared.CrossChannel {
		return all, nil
	}
	people := []filter.Recipient{e.To}
	if !isNumber(e.To.Address) {
		linked, err := g.store.Linked(e.To)
		if err != nil {
			return all, err
		}
		people = linked
	}
	for _, one := range slices.Clone(all) {
		if _, sender := one.Scope.Sender(); sender {
			continue // who writes on one channel only
		}
		for _, to := range people {
			all = append(all, elsewhere(one, to)...)
		}
	}
	return all, nil
}

// elsewhere is e about to, on the other channels on which the same number may be written to.
func elsewhere(e filter.Event, to filter.Recipient) (all []filter.Event) {
	for _, channel := range byNumber {
		if channel != to.Channel && isNumber(to.Address) {
			other := e
			other.To.Channel, other.To.Address = channel, to.Address
			other.ID += "." + string(channel)
			all = append(all, other)
		}
	}
	return all
}

// across has what somebody withdrew from under either address bind their number on its other channels, before it is kept
// that the two are one person.
func (h *heard) across(sig *providers.Signal, other filter.Recipient) error {
	if !h.rt.labels.declared.CrossChannel {
		return nil
	}
	for _, to := range []filter.Recipient{sig.From, other} {
		rec, err := h.g.store.Read(to, filter.NeedRecord)
		if err != nil {
			return err
		}
		for _, scope := range rec.Withdrawn() {
			if _, sender := scope.Sender(); sender {
				continue
			}
			e := h.event(sig, filter.OptedOut)
			e.Scope, e.Time, e.Note = scope, rec.Erased, "the same person"
			for i := range rec.Consents {
				if c := &rec.Consents[i]; c.Scope == scope && c.OptedOut.After(e.Time) {
					e.Time = c.OptedOut
				}
			}
			e.ID = h.id(sig, "linked "+scope.String()+e.Time.String())
			h.events = append(h.events, append(elsewhere(e, sig.From), elsewhere(e, other)...)...)
		}
	}
	return nil
}

func isNumber(address string) bool { return strings.HasPrefix(address, "+") }

// Covered is e, an opt-out that was learnt on a message between its recipient and these senders, by a webhook of a route, as
// one event for each thing that it covers there.
func (g *Gate) Covered(route string, e filter.Event, sender, service string) ([]filter.Event, error) {
	rt, err := g.route(route)
	if err != nil {
		return nil, err
	}
	return g.covered(rt, e, sender, service)
}
