package filter

// A judge says what the units of a text come to.
type judge struct {
	units    []unit
	whole    bool // the units are all of the text
	question bool
}

// A count is what kinds of units some units are.
type count struct {
	stop, maybe, both, phrase, typo        int // both: an opt-out unless it answers a question that is open
	refusal                                int
	start, agreed, help, privacy, polite   int
	about, scope, other, unknown, unspaced int
	faint                                  int
	digits                                 bool
}

func countOf(units []unit) (c count) {
	for i := range units {
		switch u := &units[i]; {
		case u.means&meansPhrase != 0 || u.means&meansRefusal != 0 && refuses(units, i) || u.means&(meansStop|meansMaybe) == meansStop && endsWhat(units, i):
			c.phrase++
		case u.means&(meansRefusal|meansStop) == meansRefusal:
			c.refusal++
		case u.means&(meansStop|meansMaybe) == meansStop|meansMaybe:
			c.both++
		case u.means&meansStop != 0:
			c.stop++
		case u.means&meansPolite != 0 && (u.means&meansMaybe == 0 || len(units) > 1):
			c.polite++
		case u.means&meansMaybe != 0:
			c.maybe++
		case u.means&meansTypo != 0:
			c.typo++
		case u.means&meansFaint != 0:
			c.faint++
		case u.means&meansScope != 0:
			c.scope++
		case u.means&meansAbout != 0:
			c.about++
		case u.means&meansPrivacy != 0:
			c.privacy++
		case u.means&meansHelp != 0:
			c.help++
		case u.means&meansStart != 0:
			c.start++
		case u.means&meansAgreed != 0:
			c.agreed++
		case u.means&meansOther != 0:
			c.other++
		default:
			c.unknown++
			c.digits = c.digits || u.digits
		}
		if units[i].unspaced {
			c.unspaced++
		}
	}
	return c
}

// stops is how many units opt out.
func (c *count) stops() int { return c.stop + c.both + c.maybe + c.phrase + c.typo + c.refusal }

// endsWhat reports whether the opt-out at i goes on with what is to end, as in "stop your messages".
func endsWhat(units []unit, i int) bool {
	for !units[i].ends && i+1 < len(units) {
		if i++; units[i].means&meansPolite == 0 {
			return units[i].means&(meansAbout|meansScope) != 0
		}
	}
	return false
}

// near is how many units a refusal and what it refuses may be apart.
const near = 4

// refuses reports whether what the refusal at i refuses stands near, in the same sentence.
func refuses(units []unit, i int) bool {
	for j := i + 1; j < len(units) && j <= i+near && !units[j-1].ends; j++ {
		if units[j].means&(meansAbout|meansScope) != 0 {
			return true
		}
	}
	for j := i - 1; j >= 0 && j >= i-near && !units[j].ends; j-- {
		if units[j].means&(meansAbout|meansScope) != 0 {
			return true
		}
	}
	return false
}

// mostBeside is how many words a text may have that begins with an opt-out and goes on with what nobody
// listed: "STOP 12345".
const mostBeside = 4

// judge is what the text is taken for, and which meaning says so. The order is the precedence: an opt-out
// wins over all else.
func (j *judge) judge() (Reading, meaning) {
	c := countOf(j.units)
	listed := j.whole && c.unknown+c.other == 0
	switch {
	case c.stops() > 0 && listed:
		return j.all(&c)
	case c.phrase > 0:
		return Reading{Keyword: StopWord, Certainty: Probable}, meansPhrase | meansRefusal | meansStop
	case c.stop > 0:
		return Reading{Keyword: StopWord, Certainty: j.within(&c)}, meansStop
	case listed && c.faint > 0:
		return Reading{Keyword: StopWord}, meansFaint
	case len(j.units) == 1 && j.whole:
		return single(j.units[0].means)
	case listed && c.start+c.agreed+c.about+c.scope == 0 && c.privacy > 0:
		return Reading{Keyword: PrivacyWord, Certainty: Probable}, meansPrivacy
	case listed && c.start+c.agreed+c.scope == 0 && c.help > 0:
		return Reading{Keyword: HelpWord, Certainty: Probable}, meansHelp
	}
	return Reading{}, 0
}

// all reads a text that is an opt-out and what belongs to one, and nothing else.
func (j *judge) all(c *count) (Reading, meaning) {
	found := Reading{Keyword: StopWord, Certainty: Definite, Scope: j.scope()}
	means := optsOut
	switch {
	case c.start > 0:
		found.Certainty = Ambiguous
	case c.stop+c.phrase > 0:
		means = meansStop | meansPhrase | meansRefusal
	case c.both > 0 && !j.question && (c.about > 0 || j.units[0].means&meansStop != 0):
		means = meansStop // and not "I want to cancel", which may be an order
	case c.typo > 0:
		found.Certainty, means = Probable, meansTypo
	case c.both+c.refusal == 0 && (j.units[0].means&optsOut == 0 || c.about+c.scope > 0):
		return Reading{}, 0 // "I got no message"
	default:
		found.Certainty = Ambiguous
	}
	return found, means
}

// within is how sure an opt-out is that stands among words which are not listed.
func (j *judge) within(c *count) Certainty {
	for from := 0; from < len(j.units); {
		to := from
		for to < len(j.units)-1 && !j.units[to].ends {
			to++
		}
		to++
		if s := countOf(j.units[from:to]); s.stop > 0 && s.unknown+s.other == 0 && to-from < len(j.units) {
			return Probable // a sentence of its own
		}
		from = to
	}
	if j.whole && j.units[0].words == 1 && j.units[0].means&(meansStop|meansMaybe) == meansStop && len(j.units) <= mostBeside && c.other+c.unspaced == 0 {
		return Ambiguous
	}
	return Hint
}

// scope is the one that the units name; All where they name several or none, or opt out besides.
func (j *judge) scope() Scope {
	scope, named := All, false
	for i := range j.units {
		if j.units[i].means&meansScope == 0 {
			continue
		}
		for _, s := range j.units[i].scopes() {
			if named && s != scope {
				return All
			}
			scope, named = s, true
		}
	}
	if named && !j.narrow() {
		return All
	}
	return scope
}

// narrow reports whether each opt-out names what it is of: "stop offers", and not "stop offers, leave me alone". What is
// named belongs to the opt-out before it in its sentence, or where there is none to the one behind it.
func (j *judge) narrow() bool {
	const opts = optsOut &^ meansMaybe // a mere no is no opt-out beside another
	said, open, named := false, false, false
	for i := range j.units {
		switch u := &j.units[i]; {
		case u.means&opts != 0:
			if open {
				return false
			}
			said, open, named = true, !named && u.means&meansScope == 0, false
		case u.means&meansScope != 0 && said:
			open = false
		case u.means&meansScope != 0:
			named = true
		}
		if j.units[i].ends {
			if open {
				return false
			}
			said, named = false, false
		}
	}
	return !open
}

// single reads a text that is one word or wording, which is no opt-out.
func single(means meaning) (Reading, meaning) {
	switch {
	case means&meansPrivacy != 0:
		return Reading{Keyword: PrivacyWord, Certainty: Definite}, meansPrivacy
	case means&meansHelp != 0:
		return Reading{Keyword: HelpWord, Certainty: Definite}, meansHelp
	case means&meansStart != 0:
		return Reading{Keyword: StartWord, Certainty: Definite}, meansStart
	case means&meansAgreed != 0:
		return Reading{Keyword: StartWord, Certainty: Ambiguous}, meansAgreed
	}
	return Reading{}, 0
}
