package list

import (
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
)

// readSeveral adds what the columns of single scopes, and the tags, say beside e. The date of a row
// is the contact's, and good for a yes, which it makes no younger; an opt-out without a date of its
// own is of now, or it could be older than the consent that it withdraws.
func (l *Layout) readSeveral(e filter.Event, row []string) {
	for i, c := range l.columns {
		switch {
		case c.field == "tags":
			for _, tag := range strings.FieldsFunc(row[i], func(r rune) bool { return r == ',' || r == ';' || r == '|' }) {
				if meaning, ok := l.tags[strings.ToLower(strings.TrimSpace(tag))]; ok {
					one := e
					if one.Kind, one.Scope = meaning.kind, meaning.scope; one.Kind == filter.OptedOut {
						one.Time = time.Time{}
					}
					l.say(one)
				}
			}
		case c.scoped && c.field == "state":
			one := e
			one.Scope, one.Time = c.scope, time.Time{}
			said, err := l.stateCell(&one, row[i])
			if err == nil && said {
				err = l.ownTime(&one, row)
			}
			if one.Time.IsZero() && one.Kind != filter.OptedOut {
				one.Time = e.Time
			}
			if err != nil {
				l.said = append(l.said, Statement{Err: err.At(c.name)})
			} else if said {
				l.say(one)
			}
		}
	}
}

// stateCell reads the cell of one scope: a state, a state and its date, or the date of a yes.
func (l *Layout) stateCell(e *filter.Event, cell string) (said bool, _ *input.Error) {
	text, says := l.translate("state", cell)
	if !says {
		return false, nil
	}
	if at, err := parseMoment(text); err == nil && len(text) > 1 {
		e.Kind, e.Time = filter.OptedIn, at
		return true, nil
	}
	if word, date, two := strings.Cut(text, " "); two {
		if at, err := parseMoment(strings.TrimSpace(date)); err == nil {
			text, _ = l.translate("state", word)
			e.Time = at
		}
	}
	return true, asColumnError(setField(e, "state", text))
}

// ownTime sets the time of e from the column that is the time of its scope alone.
func (l *Layout) ownTime(e *filter.Event, row []string) *input.Error {
	for i, c := range l.columns {
		if c.scoped && c.field == "time" && c.scope == e.Scope && strings.TrimSpace(row[i]) != "" {
			return asColumnError(setField(e, "time", strings.TrimSpace(row[i])))
		}
	}
	return nil
}
