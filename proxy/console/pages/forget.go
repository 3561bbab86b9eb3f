package pages

import (
	"net/url"
	"slices"

	"github.com/sendgate/sendgate/proxy/console"
)

// An erasure takes somebody out of texts.
type erasure struct {
	names func(text string) bool // whether text holds their address
	said  string                 // what stands in its place
}

// of is text, or what stands in its place.
func (e *erasure) of(text string) string {
	if e.names(text) {
		return e.said
	}
	return text
}

// forget takes somebody who was erased out of all that is remembered of imports and lists.
func (p *Pages) forget(names func(text string) bool) {
	said := p.views.words.text("upload.erased")
	p.imports.erase(names, said)
	p.lists.erase(names, said)
}

// erase takes somebody out of all runs, and out of what those that go on will yet tell. Files that wait to be used again
// may name them: they are let go of, and can be handed in anew.
func (rs *runs) erase(names func(text string) bool, said string) {
	e := erasure{names, said}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, r := range rs.all {
		if !r.erase(e) {
			r.drop()
		}
	}
}

// erase takes somebody out of r, and reports whether r goes on.
func (r *run) erase(e erasure) (goesOn bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.name = e.of(r.name)
	fields := url.Values{}
	for field, all := range r.fields {
		for _, text := range all {
			fields.Add(field, e.of(text))
		}
	}
	r.fields = fields
	r.problems = slices.Clone(r.problems)
	for i := range r.problems {
		e.line(&r.problems[i])
	}
	s := &r.state
	e.state(s)
	s.Rows = slices.Clone(s.Rows)
	for i := range s.Rows {
		e.row(&s.Rows[i])
	}
	if s.Running {
		r.erased = append(r.erased, e)
	}
	return s.Running
}

// state takes somebody out of all that s has but the rows.
func (e *erasure) state(s *runState) {
	s.Problem = e.of(s.Problem)
	e.line(&s.Import)
	if s.Sum != nil {
		sum := *s.Sum
		sum.Lacking = slices.Clone(sum.Lacking)
		for i := range sum.Lacking {
			sum.Lacking[i].Topic = e.of(sum.Lacking[i].Topic)
		}
		s.Sum = &sum
	}
	if s.refused != nil && e.names(s.refused.Message) {
		s.refused = nil
	}
}

func (e *erasure) line(l *console.ImportLine) {
	l.Column, l.Problem, l.Warning = e.of(l.Column), e.of(l.Problem), e.of(l.Warning)
}

func (e *erasure) row(r *console.PreflightRow) {
	r.Column, r.Problem = e.of(r.Column), e.of(r.Problem)
}

// take takes down a line of the answer to an import.
func (r *run) take(l console.ImportLine) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.erased {
		r.erased[i].line(&l)
	}
	switch {
	case l.Line == 0:
		r.state.Import = l
	case len(r.problems) < keptProblems:
		r.problems = append(r.problems, l)
	default:
		r.state.More++
	}
	return nil
}

// judged takes down a line of the answer to a preflight.
func (r *run) judged(l console.PreflightLine) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.state
	switch {
	case l.Row == nil:
		s.List = l
	case len(s.Rows) < shownProblems:
		row := *l.Row
		for i := range r.erased {
			r.erased[i].row(&row)
		}
		s.Rows = append(s.Rows, row)
	default:
		s.More++
	}
	return nil
}
