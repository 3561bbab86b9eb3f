package providers

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

var (
	errNobody = errors.New("rewriting: a list would be left without anybody")
	errOther  = errors.New("rewriting: a text that several messages share has room for the line of one of them")
)

// rewriteSpread edits req as b.Decisions say, where Parse noted where the messages stand. It blocks
// messages that the others can be sent without, and that cannot be sent as decided themselves: because
// they stand in what goes, or because their text cannot have the line that they need. A text that
// several share is changed for all of them, and then b.Decisions says so of each. A line is written by quote
// for a markup; nil: there are none.
func (b *Batch) rewriteSpread(req *fasthttp.Request, quote func(markup, line string) string) error {
	s := &b.parsed.spread
	if len(b.Decisions) != len(b.Messages) || len(b.Messages) == 0 || len(s.at) != len(b.Messages) {
		return errUndecided
	}
	why := b.lines()
	if !b.vacate() {
		if why == nil {
			why = errBlocked
		}
		return why
	}
	s.edits = s.edits[:0]
	if err := s.removals(); err != nil {
		return err
	}
	_, query, _ := splitURI(req.Header.RequestURI())
	if err := b.share(b.source(req, query), quote); err != nil {
		return err
	}
	if s.more != nil {
		more, err := s.more(b)
		if err != nil {
			return err
		}
		s.edits = append(s.edits, more...)
	}
	s.lengths()
	return b.apply(req, s.edits...)
}

// lines notes in each text the line that it is to have. A message that cannot have the line it needs is
// blocked for want of it, and the error says why the last of them could not.
func (b *Batch) lines() (why error) {
	s := &b.parsed.spread
	for i := range s.wordings {
		s.wordings[i].line = ""
	}
	for i, at := range s.at {
		d := &b.Decisions[i]
		if d.Action != filter.Rewrite {
			continue
		}
		if err := s.line(at, &d.Edit); err != nil {
			why = err
			*d = filter.Decision{Action: filter.Block, Reason: d.Reason, Rule: d.Rule}
		}
	}
	return why
}

// line notes the line of e in the text of one message.
func (s *spread) line(at standing, e *filter.Edit) error {
	switch {
	case !e.SendAt.IsZero():
		return errNoTime
	case e.Footer == "":
		return nil
	case at.wording < 0:
		return errNoPlace
	}
	w := &s.wordings[at.wording]
	switch {
	case utf8.RuneCountInString(e.Footer)+1 > w.room:
		return errNoRoom
	case w.line == "" || begins(e.Footer, w.line):
		w.line = e.Footer
	case !begins(w.line, e.Footer):
		return errOther
	}
	return nil
}

// begins reports whether lines are line, or that and others below it.
func begins(lines, line string) bool {
	rest, ok := strings.CutPrefix(lines, line)
	return ok && (rest == "" || rest[0] == '\n')
}

// share adds the edits of src that add the lines, each once, and tells of them all who get them.
func (b *Batch) share(src []byte, quote func(markup, line string) string) error {
	s := &b.parsed.spread
	for n := range s.wordings {
		w := &s.wordings[n]
		if w.line == "" {
			continue
		}
		var giver *filter.Decision // of whom the others have the line, or the beginning of it
		for i, at := range s.at {
			if d := &b.Decisions[i]; at.wording == int32(n) && d.Action == filter.Rewrite && d.Edit.Footer != "" &&
				(giver == nil || len(d.Edit.Footer) > len(giver.Edit.Footer)) {
				giver = d
			}
		}
		if giver == nil { // who needed it is not written to
			continue
		}
		w.line = giver.Edit.Footer
		for i, at := range s.at {
			switch d := &b.Decisions[i]; {
			case at.wording != int32(n):
			case d.Action == filter.Forward:
				*d = filter.Decision{Action: filter.Rewrite, Reason: giver.Reason, Rule: giver.Rule, Edit: filter.Edit{Footer: w.line}}
			case d.Action == filter.Rewrite:
				d.Edit.Footer = w.line
			}
		}
		line := w.line
		for w := w; ; w = &s.wordings[w.twin-1] {
			if err := b.put(src, w, line, quote); err != nil {
				return err
			}
			if w.twin == 0 {
				break
			}
		}
	}
	return nil
}

// lengths adds the edits of what parts of a body say of their lengths.
func (s *spread) lengths() {
	for i := range s.params {
		p := &s.params[i]
		if p.length == 0 {
			continue
		}
		n, gone := int(p.valueEnd-p.value), false
		for _, e := range s.edits {
			if e.start <= int(p.start) && e.end >= int(p.end) {
				gone = true
			} else if e.start >= int(p.value) && e.end <= int(p.valueEnd) {
				n += len(e.text) - (e.end - e.start)
			}
		}
		if !gone && n != int(p.valueEnd-p.value) {
			s.edits = append(s.edits, edit{place: inBody, start: int(p.length), end: int(p.lengthEnd), text: strconv.AppendInt(nil, int64(n), 10)})
		}
	}
}

// vacate finds out which seats go with the blocked messages of b, and blocks the messages that cannot be
// sent without what goes. It reports whether anything is left to be sent.
func (b *Batch) vacate() bool {
	s := &b.parsed.spread
	for i := range s.lists {
		s.lists[i].left, s.lists[i].kept, s.lists[i].first = s.lists[i].seats, false, math.MaxInt32
	}
	for i := range s.seats {
		s.seats[i].gone, s.seats[i].people, s.seats[i].live = false, 0, 0
	}
	for i, at := range s.at {
		st := &s.seats[at.seat]
		st.people++
		if st.live++; b.Decisions[i].Action == filter.Block {
			st.gone = true
		}
	}
	for i := len(s.seats) - 1; i >= 0; i-- {
		st := &s.seats[i]
		if st.gone = st.gone || st.people > 0 && st.live == 0; st.gone {
			st.live = 0
		}
		if i == 0 {
			break
		}
		l := &s.lists[st.list]
		up := &s.seats[l.parent]
		up.people, up.live = up.people+st.people, up.live+st.live
		if st.gone {
			if l.left--; l.left < l.least {
				up.gone = true
			}
		}
	}
	for i := range s.seats[1:] {
		st := &s.seats[i+1]
		st.gone = st.gone || s.seats[s.lists[st.list].parent].gone
	}
	for i, at := range s.at {
		if d := &b.Decisions[i]; s.seats[at.seat].gone && d.Action != filter.Block {
			*d = filter.Decision{Action: filter.Block, Reason: filter.Unreadable}
		}
	}
	return !s.seats[0].gone
}

// removals adds the edits that take out the seats that go.
func (s *spread) removals() error {
	for i := range s.seats[1:] {
		if st := &s.seats[i+1]; !st.gone {
			s.lists[st.list].first = min(s.lists[st.list].first, st.start)
		}
	}
	for i := range s.seats[1:] {
		st := &s.seats[i+1]
		l := &s.lists[st.list]
		switch {
		case !st.gone:
			l.kept = l.object < 0
		case s.seats[l.parent].gone: // it goes with that one
		case (st.firm || l.kept || l.object >= 0 && l.first < st.start) && st.before >= 0:
			s.edits = append(s.edits, edit{place: l.place, start: int(st.before), end: int(st.end)})
		case st.after >= 0:
			s.edits = append(s.edits, edit{place: l.place, start: int(st.start), end: int(st.after)})
		default:
			return errNobody
		}
	}
	return nil
}

// again makes further edits in a JSON body that was rewritten, at the places that find finds in it, in their order.
func (b *Batch) again(req *fasthttp.Request, find func(d document) []edit) error {
	src, err := req.Body(), error(nil)
	if b.parsed.gzipped {
		if src, err = unpack(nil, src); err != nil {
			return err
		}
	}
	nodes, err := scanMembers(src, nil, maxNodes) // as it was read
	if err != nil {
		return err
	}
	edits := find(document{src, nodes})
	if len(edits) == 0 {
		return nil
	}
	var out []byte
	last := 0
	for _, e := range edits {
		out = append(append(out, src[last:e.start]...), e.text...)
		last = e.end
	}
	out = append(out, src[last:]...)
	if b.parsed.gzipped {
		out = compress(out)
	}
	req.SetBody(out)
	return nil
}
