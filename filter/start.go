package filter

import "time"

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

// Startable lists what the word START says yes to: what the recipient withdrew from, and what they were
// asked and neither agreed to nor refused. It is empty for a stranger.
func (r *Record) Startable() []Scope {
	scopes := r.Withdrawn()
	for i := range r.Consents {
		k := &r.Consents[i]
		yes := k.Granted[Express]
		open := k.Asked.After(yes) && k.Asked.After(r.Erased) && (k.Refused.IsZero() || k.Refused.Before(yes))
		if open && !(k.OptedOut.After(yes) || k.OptedOut.Equal(yes) && !yes.IsZero()) {
			scopes = append(scopes, k.Scope)
		}
	}
	return scopes
}
