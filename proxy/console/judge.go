package console

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// mayOptIn keeps an opt-in from undoing what the recipient said: a list says who agreed once, and a
// no that came later is not in it. Whoever enters it must have said that such opt-ins count (again),
// it must be newer than the no, and carry proof: how it was given, and the wording or the act.
func mayOptIn(brand filter.Brand, e *filter.Event, rec *filter.Record, again bool) error {
	at, no := standingNo(brand, e, rec)
	lift := func(format string, args ...any) error {
		return errorf(http.StatusConflict, "kind", "the recipient %s on %s%s", no, moment(at), fmt.Sprintf(format, args...))
	}
	switch {
	case at.IsZero():
		return nil
	case !e.Time.After(at):
		return lift(", after this opt-in of %s", moment(e.Time))
	case !again:
		return lift("; this opt-in of %s is newer, but lifts that only with allow_resubscribe=true", moment(e.Time))
	case e.Proof.Method == "" || e.Proof.Wording == "" && e.Proof.Action == "":
		return lift("; this opt-in of %s is newer, but lifts that only with proof: want a method, and a wording or an action", moment(e.Time))
	}
	return nil
}

// standingNo is the latest no that stands against the opt-in e: an opt-out, a refusal or an erasure
// that covers some of the same messages, and that no express opt-in has answered since. One that is
// not older than e and covers only a part of its scope stands beside it, and against nothing. what
// says it as the rest of a sentence.
func standingNo(brand filter.Brand, e *filter.Event, rec *filter.Record) (at time.Time, what string) {
	against := func(no filter.Scope, since time.Time) bool {
		return since.After(at) && overlap(brand, no, e.Scope) && !answered(rec, no, e.Scope, since) && (e.Time.After(since) || !partOf(no, e.Scope))
	}
	for _, k := range rec.Consents {
		if against(k.Scope, k.OptedOut) {
			at, what = k.OptedOut, fmt.Sprintf("opted out of %s", k.Scope)
		}
		if against(k.Scope, k.Refused) {
			at, what = k.Refused, fmt.Sprintf("refused %s", k.Scope)
		}
	}
	if against(filter.All, rec.Erased) {
		at, what = rec.Erased, "had everything about them erased"
	}
	return at, what
}

// overlap reports whether a message of the brand can lie in both scopes. A topic that the brand does
// not declare may be of any category, and a sender may send anything.
func overlap(brand filter.Brand, a, b filter.Scope) bool {
	if a == b || a == filter.All || b == filter.All {
		return true
	}
	for _, pair := range [][2]filter.Scope{{a, b}, {b, a}} {
		topic, _ := pair[0].Topic()
		if c, declared := brand.Category(topic); declared && extent(pair[1]) == "category" {
			return pair[1] == filter.OfCategory(c)
		}
	}
	return extent(a) != extent(b)
}

// partOf reports whether there may be messages within whole that no does not cover.
func partOf(no, whole filter.Scope) bool { return no != whole && no != filter.All }

// extent is the kind of a scope: category, topic: or sender:.
func extent(s filter.Scope) string {
	kind, _, named := strings.Cut(s.String(), ":")
	if !named {
		return "category"
	}
	return kind
}

// answered reports whether an express opt-in came after the no of scope no at a moment, for all
// that it covers or for all that scope does.
func answered(rec *filter.Record, no, scope filter.Scope, at time.Time) bool {
	return slices.ContainsFunc(rec.Consents, func(o filter.Consent) bool {
		return (o.Scope == no || o.Scope == scope || o.Scope == filter.All) && o.Granted[filter.Express].After(at)
	})
}

// silences reports whether an event of this kind can keep messages from somebody: the brake counts
// it as an opt-out.
func silences(k filter.Kind) bool {
	return k == filter.OptedOut || k == filter.Refused || k == filter.Asked
}

// tellsNothing reports whether rec says the same with e as without: e is a repetition, or of before
// the recipient was erased, which outranks all that came before.
func tellsNothing(e *filter.Event, rec *filter.Record) bool {
	if !e.Time.IsZero() {
		return e.Time.Before(rec.Erased) || sameRecord(*rec, rec.After(*e))
	}
	return standsOut(rec, e.Scope)
}

// standsOut reports whether the recipient opted out of exactly scope, and in to nothing since.
func standsOut(rec *filter.Record, scope filter.Scope) bool {
	return slices.ContainsFunc(rec.Consents, func(k filter.Consent) bool {
		return k.Scope == scope && !k.OptedOut.IsZero() && !lastGrant(rec).After(k.OptedOut)
	})
}

func sameRecord(a, b filter.Record) bool {
	if len(a.Consents) != len(b.Consents) {
		return false
	}
	return reflect.DeepEqual(a, b)
}

// lastGrant is when the recipient last opted in to anything.
func lastGrant(rec *filter.Record) (last time.Time) {
	for _, k := range rec.Consents {
		for _, at := range k.Granted {
			if at.After(last) {
				last = at
			}
		}
	}
	return last
}

// lint splits what a brand's preset finds in e into what refuses it, if anything, and what is
// doubtful. A brand that the configuration does not declare asks for nothing but that a box was not
// ticked beforehand; the rest is doubtful then.
func (s *Server) lint(e *filter.Event) (doubts []filter.Finding, refusal error) {
	if topic, ok := e.Scope.Topic(); ok && e.To.Brand == "" && len(s.brands()) > 0 && !s.declared(topic) {
		return nil, bad("scope", "no brand has the topic %q, so this would bind nothing", topic)
	}
	brand, declared := s.brands()[e.To.Brand]
	if !declared {
		brand = filter.Brand{Evidence: filter.NoEvidence}
	}
	for _, f := range brand.Lint(*e) {
		switch {
		case !declared && f.Field == "scope":
			continue
		case f.Severity == filter.Refuse && (declared || f.Field == "proof.pre_ticked"):
			return nil, bad(f.Field, "%s", f.Problem)
		}
		f.Severity = filter.Warn
		doubts = append(doubts, f)
	}
	return doubts, nil
}

// SetBrands says what is demanded of the consents of each brand from now on, as [Config.Brands] does. It may be called
// while s serves; all must not be changed afterwards.
func (s *Server) SetBrands(all map[string]filter.Brand) { s.known.Store(&all) }

// brands are those of the configuration in force.
func (s *Server) brands() map[string]filter.Brand { return *s.known.Load() }

// named is the topic that word is an alias of for any brand; else word.
func (s *Server) named(word string) string {
	if s.declared(word) {
		return word
	}
	for _, name := range slices.Sorted(maps.Keys(s.brands())) {
		if topic := s.brands()[name].Named(word); topic != word {
			return topic
		}
	}
	return filter.Brand{}.Named(word)
}

// declared reports whether any brand has this topic.
func (s *Server) declared(topic string) bool {
	for _, b := range s.brands() {
		if _, ok := b.Category(topic); ok {
			return true
		}
	}
	return false
}
