package list

import (
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
)

// A Statement is one thing that a row says, or what is wrong with it.
type Statement struct {
	Event  filter.Event
	Err    error  // an *[input.Error] whose Field is a column
	Remark Remark // about the row, at the first of its statements
}

// A Remark is what there is to report of how a row was read that is taken; without a text nothing.
type Remark struct{ Column, Text string }

// Read is what one row says. The result holds until the next call.
func (l *Layout) Read(row []string) []Statement {
	l.said, l.remark, l.unread, l.instead = l.said[:0], Remark{}, nil, ""
	e, err := l.common(row)
	switch {
	case err != nil:
		l.said = append(l.said, Statement{Err: err})
	case l.several:
		l.readSeveral(e, row)
	default:
		l.say(e)
	}
	if len(l.said) > 0 {
		l.said[0].Remark = l.remark
	}
	return l.said
}

// say adds e, unless its state says nothing. A basis that the mapping gives is that of an opt-in.
func (l *Layout) say(e filter.Event) {
	if _, set := l.as.Mapping.Set["basis"]; set && e.Kind != filter.OptedIn && e.Basis == l.base.Basis {
		e.Basis = filter.NoBasis
	}
	switch {
	case e.Kind == silent:
		return
	case e.Kind == filter.OptedOut:
		l.leave(&e)
	case l.unread != nil:
		l.said = append(l.said, Statement{Err: l.unread})
		return
	}
	l.said = append(l.said, Statement{Event: e})
}

// leave has nothing that goes with the opt-out e keep it out: what does not read, and a basis, which is of the opt-in
// that it ends, become a part of its note.
func (l *Layout) leave(e *filter.Event) {
	why, given := asColumnError(l.unread), l.instead
	if e.Basis != filter.NoBasis {
		given += "; basis given as " + e.Basis.String()
		if e.Basis = filter.NoBasis; why == nil {
			why = &input.Error{Field: "basis", Message: "an opt-out has none: it belongs to an opt-in"}
		}
	}
	if why == nil {
		return
	}
	e.Note = strings.TrimPrefix(e.Note+given, "; ")
	if l.remark.Text == "" {
		l.remark = Remark{why.Field, why.Message + "; the opt-out is taken without it"}
	}
}

// silent is the kind of a row that says nothing: a state that was translated to "-".
const silent = filter.Kind(255)
