package filter

import (
	"slices"
	"time"
)

// Withdrawn lists what the recipient opted out of and did not come back to by an express opt-in to the
// same scope, or to everything. Somebody who had themselves erased opted out of everything by it.
func (r *Record) Withdrawn() (scopes []Scope) {
	var everything time.Time
	for i := range r.Consents {
		if k := &r.Consents[i]; k.Scope == All {
			everything = k.Granted[Express]
		}
	}
	erased := !r.Erased.IsZero() && !everything.After(r.Erased)
	if erased {
		scopes = append(scopes, All)
	}
	for i := range r.Consents {
		k := &r.Consents[i]
		if k.OptedOut.IsZero() || later(everything, k.Granted[Express]).After(k.OptedOut) || erased && k.Scope == All {
			continue
		}
		scopes = append(scopes, k.Scope)
	}
	return scopes
}

// Startable lists what the word START says yes to, as an express opt-in: of what the recipient withdrew from,
// whatever is no marketing, and the marketing that they had expressly agreed to before; and what they were
// asked and neither agreed to nor refused, nor answered by leaving. Where b needs no consent to its marketing, which
// free says, it is all that they withdrew from. It is empty for a stranger.
func (b Brand) Startable(r *Record, free bool) (scopes []Scope) {
	add := func(all ...Scope) {
		for _, s := range all {
			if !slices.Contains(scopes, s) {
				scopes = append(scopes, s)
			}
		}
	}
	for _, left := range r.Withdrawn() {
		if free || !b.markets(left) {
			add(left)
			continue
		}
		if left.over == overAll || left.over == overSender {
			add(OfCategory(Utility), OfCategory(Service), OfCategory(Authentication))
		}
		for i := range r.Consents {
			k := &r.Consents[i]
			if both, ok := b.both(left, k.Scope); ok && k.Granted[Express].After(r.Erased) {
				add(both)
			}
		}
	}
	for i := range r.Consents {
		k := &r.Consents[i]
		m := b.example(k.Scope)
		m.Anonymous = true // to leave whichever sender asked is an answer, too
		yes := k.Granted[Express]
		left, _ := r.optedOut(&m)
		if k.Asked.After(later(yes, left)) && !k.OptedOut.After(yes) && (k.Refused.IsZero() || k.Refused.Before(yes)) {
			add(k.Scope)
		}
	}
	return scopes
}

// markets reports whether marketing lies within s.
func (b Brand) markets(s Scope) bool {
	return s.over == overAll || s.over == overSender || b.example(s).Category == Marketing
}

// both is what lies within left, which is marketing or more, and within what was agreed to; ok is false where that is
// nothing, or cannot be named.
func (b Brand) both(left, agreed Scope) (s Scope, ok bool) {
	switch {
	case left == agreed, left == All, left.over == overSender && agreed.over != overSender:
		return agreed, true
	case agreed == All, left.over == overTopic && agreed == OfCategory(Marketing):
		return left, true
	case left == OfCategory(Marketing) && agreed.over == overTopic && b.markets(agreed):
		return agreed, true
	}
	return Scope{}, false
}

// example is a message within s.
func (b Brand) example(s Scope) Message {
	m := Message{Category: s.category}
	switch s.over {
	case overTopic:
		m.Topic = s.name
		m.Category, _ = b.Category(s.name)
	case overSender:
		m.From = s.name
	}
	return m
}

// Binds reports whether an opt-out of the recipient's stands against messages within s, also where it is one of what a
// sender sends, or their answer about such messages is awaited.
func (b Brand) Binds(r *Record, s Scope) bool {
	m := b.example(s)
	if answer, _ := r.Answer(&m); answer == Asked {
		return true
	}
	if out, _ := r.OptedOut(&m); !out.IsZero() {
		return true
	}
	for _, left := range r.Withdrawn() {
		if left.over != overSender || s.over == overSender {
			continue
		}
		m.From = left.name
		if out, _ := r.OptedOut(&m); !out.IsZero() {
			return true
		}
	}
	return false
}
