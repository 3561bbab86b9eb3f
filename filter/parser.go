package filter

import "slices"

// A unit is one or more words of a text that are listed together, or one that is not listed.
type unit struct {
	means    meaning // 0: not listed
	entries  []entry
	unspaced bool
	digits   bool // not listed, and has a digit
	ends     bool // a sentence ends behind it
}

// A parser makes units of words.
type parser struct {
	k       *Keywords
	own     *lexicon // of the brand; nil for none
	country string
	words   []token
}

// typosUpTo is the number of words of a text up to which misspellings are looked for: in a longer one, any
// ordinary word may look like one.
const typosUpTo = 8

// units takes the longest wording wherever one begins, from left to right, so that "don't stop" is no stop.
func (p *parser) units() (units []unit) {
	for i := 0; i < len(p.words); {
		n, u := p.longest(i)
		if n == 0 {
			n = 1
			if len(p.words) <= typosUpTo {
				u = p.typo(&p.words[i])
			}
			u.digits = u.means == 0 && p.words[i].digits
		}
		u.unspaced, u.ends = p.words[i].joined, p.words[i+n-1].ends
		units = append(units, u)
		i += n
	}
	return units
}

// longest is the longest wording that begins at word i, and how many words it has; 0: there is none.
func (p *parser) longest(i int) (words int, found unit) {
	table, own := &p.k.words, p.own
	for n := 1; i+n <= len(p.words) && (table != nil || own != nil); n++ {
		w := &p.words[i+n-1]
		var entries []entry
		if own != nil {
			if own = own.step(w); own != nil {
				entries = append(entries, own.entries...)
			}
		}
		if table != nil {
			if table = table.step(w); table != nil {
				entries = append(entries, table.entries...)
			}
		}
		if u := p.resolve(entries, p.words[i:i+n]); u.means != 0 {
			words, found = n, u
		}
	}
	return words, found
}

// typo is the unit of a word that is not listed but one slip away from an opt-out.
func (p *parser) typo(w *token) (u unit) {
	for _, e := range p.k.corrections.of(w) {
		if !e.home || p.k.spoken[spokenIn{e.language, p.country}] {
			e.means, u.means = meansTypo, meansTypo
			u.entries = append(u.entries, e)
		}
	}
	return u
}

// resolve is what a wording means to this person, of all that it is listed as.
func (p *parser) resolve(entries []entry, words []token) (u unit) {
	var as string // in lower case
	plain := unmarked(words)
	stop, other := -1, -1 // how well the best of each fits
	var weak []entry      // that count where no other does
	for _, e := range entries {
		if as == "" {
			as = marked(words)
		}
		home := p.k.spoken[spokenIn{e.language, p.country}]
		switch {
		case e.tones && e.marked != as && !plain:
			continue
		case e.home && p.country == "":
			if e.means = e.means.weaker(); e.means != 0 {
				weak = append(weak, e)
			}
			continue
		case e.home && !home:
			continue
		}
		fits := 0
		if e.marked == as {
			fits += 2
		}
		if home {
			fits++
		}
		switch {
		case e.means&optsOut != 0:
			stop = max(stop, fits)
		case e.means == meansOther:
			other = max(other, fits)
		}
		u.means |= e.means
		u.entries = append(u.entries, e)
	}
	if u.means == 0 {
		for _, e := range weak {
			u.means |= e.means
		}
		u.entries = weak
	}
	switch {
	case other < 0 || stop > other:
		u.means &^= meansOther
	case stop < other:
		u.means &^= optsOut
	default: // it may be either
		u.means = u.means&^(optsOut|meansOther) | meansMaybe
	}
	return u
}

// weaker is what a word means one grade less.
func (m meaning) weaker() meaning {
	switch m {
	case meansStop, meansPhrase, meansRefusal:
		return meansMaybe
	case meansStart:
		return meansAgreed
	case meansMaybe, meansAgreed:
		return 0
	}
	return m
}

// best is the first entry of units that means what was found, in a language that is spoken where the person
// is from if there is one.
func (p *parser) best(units []unit, means meaning) (best entry) {
	rank := -1
	for i := range units {
		for _, e := range units[i].entries {
			if e.means&means == 0 {
				continue
			}
			fits := 0
			if p.k.spoken[spokenIn{e.language, p.country}] {
				fits = 1
			}
			if fits > rank {
				best, rank = e, fits
			}
		}
	}
	return best
}

// scopes are what the entries of u name as covered; the brand's own come first and stand alone.
func (u *unit) scopes() (scopes []Scope) {
	for _, e := range u.entries {
		if e.means != meansScope {
			continue
		}
		if _, topic := e.scope.Topic(); !topic && len(scopes) > 0 {
			break
		}
		if !slices.Contains(scopes, e.scope) {
			scopes = append(scopes, e.scope)
		}
	}
	return scopes
}
