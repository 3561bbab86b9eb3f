package filter

import "time"

// The bounds within which a provider is asked to deliver at a later time, counted from now. Twilio is
// the only one that can be asked: 15 minutes to 35 days from when it receives the request, by the
// stricter of its own pages. A minute more is for the way there.
// Source: https://www.twilio.com/docs/api/errors/35114
const (
	soonestSlot = 16 * time.Minute
	latestSlot  = 35*24*time.Hour - time.Minute
)

// slot is the first moment from until on that is open in l and that a provider can be asked for now;
// the zero time where there is none.
func (l *locality) slot(until, now time.Time) time.Time {
	if until.IsZero() {
		return until
	}
	at := until.UTC()
	if soonest := now.Add(soonestSlot); at.Before(soonest) {
		at = soonest.UTC().Truncate(time.Second).Add(time.Second)
		if !l.open(at) {
			at = l.next(at)
		}
	}
	if at.After(now.Add(latestSlot)) {
		return time.Time{}
	}
	return at
}
