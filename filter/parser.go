package filter

import "slices"

// A unit is one or more words of a text that are listed together, or one that is not listed.
type unit struct {
	means    meaning // 0: not listed
	entries  []entry
	words    int
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
// What only accompanies gives way to an opt-out that begins within it: "ya no" to "no me escriban".
func (p *parser) units() (units []unit) {
	for i := 0; i < len(p.words); {
		n, u := p.longest(i, len(p.words))
		for k := 1; k < n && u.means&^accompanies == 0; k++ {
			if m, v := p.longest(i+k, len(p.words)); v.means&optsOut != 0 && k+m > n {
				n, u = p.longest(i, i+k)
			}
		}
		if n == 0 {
			n = 1
			if len(p.words) <= typosUpTo {
				u = p.typo(&p.words[i])
			}
			u.digits = u.means == 0 && p.words[i].digits
		}
		u.words, u.unspaced, u.ends = n, p.words[i].joined, p.words[i+n-1].ends
		units = append(units, u)
		i += n
	}
	p.cohere(units)
	return units
}

// cohere takes for unlisted what only accompanies opt-outs of other languages than the text has: those of the
// place, English, and where an opt-out is of neither, its own.
func (p *parser) cohere(units []unit) {
	var foreign []string
	here := func(e entry) bool {
		return e.language == "" || e.language == "any" || e.language == "en" || p.athome(&e)
	}
	for i := range units {
		if units[i].means&optsOut == 0 || slices.ContainsFunc(units[i].entries, here) {
			continue
		}
		for _, e := range units[i].entries {
			foreign = append(foreign, e.language)
		}
	}
	for i := range units {
		u := &units[i]
		if u.means != 0 && u.means&^(accompanies|meansScope) == 0 && !slices.ContainsFunc(u.entries, func(e entry) bool {
			return here(e) || slices.Contains(foreign, e.language)
		}) {
			u.means, u.entries = 0, nil
		}
	}
}

// longest is the longest wording that begins at word i and ends before word end, and how many words it
// has; 0: there is none.
func (p *parser) longest(i, end int) (words int, found unit) {
	table, own := &p.k.words, p.own
	for n := 1; i+n <= end && (table != nil || own != nil); n++ {
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
		if !e.home || p.athome(&e) {
			e.means, u.means = meansTypo, meansTypo
			u.entries = append(u.entries, e)
		}
	}
	return u
}

func (p *parser) athome(e *entry) bool { return p.k.spoken[spokenIn{e.language, p.country}] }

// resolve is what a wording means to this person, of all that it is listed as.
func (p *parser) resolve(entries []entry, words []token) (u unit) {
	if len(entries) == 0 {
		return u
	}
	as := marked(words)
	entries = p.admitted(entries, as, unmarked(words))
	stop, other := -1, -1 // how well the best of each fits
	for i := range entries {
		e := &entries[i]
		fits := 0
		if e.marked == as {
			fits += 2
		}
		if p.athome(e) {
			fits++
		}
		switch {
		case e.means&optsOut != 0:
			stop = max(stop, fits)
		case e.means == meansOther:
			other = max(other, fits)
		}
		u.means |= e.means
	}
	u.entries = entries
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

// admitted are those of entries that count for this person where they wrote as, which has no marks if plain.
// What a word means in a language of this place, it does not mean in another, where that would be more or
// something else.
func (p *parser) admitted(entries []entry, as string, plain bool) []entry {
	var known, weak []entry
	var local meaning
	for _, e := range entries {
		home := p.athome(&e)
		switch {
		case e.tones && e.marked != as && !plain:
		case e.home && p.country == "":
			if e.means = e.means.weaker(); e.means != 0 {
				weak = append(weak, e)
			}
		case e.home && !home:
		default:
			known = append(known, e)
			if home {
				local |= e.means
			}
		}
	}
	switch {
	case len(known) == 0:
		return weak
	case local != 0:
		gone := accompanies | meansOther | meansAgreed
		if local&optsOut != 0 {
			gone |= optsOut
		}
		return slices.DeleteFunc(known, func(e entry) bool {
			return e.means&gone != 0 && e.language != "" && !p.athome(&e)
		})
	}
	return known
}

// weaker is what a word that counts where its language is spoken means of somebody from nobody knows where.
func (m meaning) weaker() meaning {
	switch m {
	case meansStop, meansPhrase, meansRefusal:
		return meansFaint
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
