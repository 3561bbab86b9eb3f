package bench

import (
	"fmt"
	"slices"
)

// A Wrong is the kind of a wrong answer. The zero Wrong is an answer that is not wrong.
type Wrong string

// The kinds of wrong answers, the worst first.
const (
	WrongForward Wrong = "wrong forward" // it went out, and should have been blocked
	WrongBlock   Wrong = "wrong block"   // it was blocked, and should have gone out
	WrongReason  Wrong = "wrong reason"  // blocked, for another reason
	WrongEdit    Wrong = "wrong edit"    // it went out with an edit it should not have, or without one
	WrongWords   Wrong = "wrong words"   // the answer contradicts itself, or is not what the provider would say
)

// became is what became of a message, as the sender sees it: by the gate's headers, and where there
// are none, by status and code as the provider would answer. Empty: it cannot be told, which is a
// failure and not wrong.
func (d *Dialect) became(a Answer) Want {
	switch {
	case a.Decision != "":
		return Want{a.Decision, a.Reason}
	case a.Status/100 == 2:
		return Want{Action: forward}
	}
	if d.refuses(a) {
		return Want{Action: block}
	}
	return Want{}
}

// compare says what is wrong with the answer a to a message that wanted want; strict demands the
// gate's headers on every answer. The sentence holds no address.
func (d *Dialect) compare(want Want, a Answer, strict bool) (Wrong, string) {
	if want.Action == "" || a.Status == 0 {
		return "", ""
	}
	got := d.became(a)
	sent := a.Status/100 == 2 && !(got.Action == block && d.refuses(a)) || got.Action == forward || got.Action == rewrite
	switch {
	case want.Action == block && sent:
		return WrongForward, fmt.Sprintf("want %s, got %s with status %d", want, orNone(got.Action), a.Status)
	case strict && a.Decision == "":
		return WrongWords, fmt.Sprintf("want %s, got status %d without Sendgate-Decision", want, a.Status)
	case got.Action == "":
		return "", "" // an error of the service or of something between
	case want.Action != block && got.Action == block:
		return WrongBlock, fmt.Sprintf("want %s, got %s", want, got)
	case got.Action != block && got.Action != forward && got.Action != rewrite:
		return WrongWords, fmt.Sprintf("want %s, got the unknown decision %q", want, got.Action)
	case a.Decision == "":
		return "", "" // what else it may be is not told
	case want.Action != got.Action:
		return WrongEdit, fmt.Sprintf("want %s, got %s", want, got.Action)
	case want.Reason != "" && want.Reason != got.Reason:
		return WrongReason, fmt.Sprintf("want %s, got %s", want.Reason, orNone(got.Reason))
	case want.Action == block:
		return d.compareRefusal(got.Reason, a)
	}
	return "", ""
}

// compareAny says what is wrong with a where any of several wants will do: by the first, where all
// find fault.
func (d *Dialect) compareAny(wants []Want, a Answer, strict bool) (wrong Wrong, sentence string) {
	for i, want := range wants {
		w, said := d.compare(want, a, strict)
		if w == "" {
			return "", ""
		}
		if i == 0 {
			wrong, sentence = w, said
		}
	}
	return wrong, sentence
}

// refuses reports whether a says in the provider's words, for whatever reason, that nothing was sent. Vonage, Viber and
// others do so with a status of success.
func (d *Dialect) refuses(a Answer) bool {
	for reason, list := range d.refusals {
		if reason != "unreadable" && slices.Contains(list, refusal{a.Status, a.Code}) {
			return true
		}
	}
	return false
}

// left reports whether a is the provider's own word that the recipient opted out there, as far as the gate learns it from
// that; perhaps says that it may or may not.
func (d *Dialect) left(a Answer) (sure, perhaps bool) {
	sure, known := d.departures[refusal{a.Status, a.Code}]
	known = known && (a.Decision == forward || a.Decision == rewrite)
	return known && sure, known && !sure
}

// compareRefusal checks that a block is said as the provider says it: so that the sender's library
// understands, and does not try again.
func (d *Dialect) compareRefusal(reason string, a Answer) (Wrong, string) {
	list := d.refusals[reason]
	got := refusal{a.Status, a.Code}
	switch {
	case len(list) > 0 && !slices.Contains(list, got):
		return WrongWords, fmt.Sprintf("want %s as status %d with code %s, got status %d with code %s",
			reason, list[0].status, orNone(list[0].code), got.status, orNone(got.code))
	case len(list) == 0 && (got.status/100 != 4 && !d.refuses(a) || got.status == 429):
		return WrongWords, fmt.Sprintf("want %s as a status that nobody repeats, got %d", reason, got.status)
	}
	return "", ""
}

func orNone(word string) string {
	if word == "" {
		return "nothing"
	}
	return word
}
