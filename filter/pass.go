package filter

import "time"

// WhyNoPass says in a sentence, without a full stop, why nobody may let a message past d, which blocked it;
// empty: a person may. What may be let past once, by somebody who answers for it, is what a person can know better
// than a rule: that this message is awaited at this hour (quiet-hours), in spite of what came before it (cap-reached,
// duplicate), that its text says well enough how to opt out (content), and, where the law asks for no express
// consent, that there is a reason to write (no-consent, consent-expired of anything but marketing).
//
// Marketing without consent is let through by no say-so of the sender's side: 47 CFR 64.1200(a)(2) wants
// the recipient's own written agreement, Directive 2002/58/EC article 13(1) their prior consent. It can be recorded, with
// its evidence. What a provider would refuse itself waits for nobody's permission either. An opt-out never does.
func (d *Decision) WhyNoPass(category Category) string {
	switch d.Reason {
	case InQuietHours, CapReached, Duplicate, Content:
		return ""
	case NoConsent, ConsentExpired:
		switch {
		case d.Rule == asked{}.Name():
			return "the recipient was asked for their consent, and has not said yes"
		case category == Marketing:
			return "marketing needs the recipient's own consent: record it, with its evidence, and the message goes out"
		}
		return ""
	case HasOptedOut:
		return "the recipient opted out, and nobody but they can take that back"
	case WindowClosed:
		return "the provider itself refuses it while the window is closed: use a template, or wait until the recipient writes"
	case OverBudget:
		return "the provider itself refuses what goes beyond the limits of the sender: it can be sent when there is room"
	case Suspended:
		return "sending is paused: whoever may resume it lets the message through"
	case Unreadable, BadAddress, Undecided:
		return d.Reason.Text()
	}
	return "it was not held back"
}

// DecidePast is [Policy.Decide] about a message that somebody let past one reason: no rule blocks it for that
// one, or moves it to another time. Whatever else stands against it still blocks, and edits it.
func (p Policy) DecidePast(past Reason, m *Message, r *Record, now time.Time) Decision {
	return p.decide(past, m, r, now)
}
