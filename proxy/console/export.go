package console

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"go.uber.org/zap"
)

// exportConsent writes the selected records. As CSV it is a file that an import reads back: one row
// for each fact of a record, oldest first, so that opt-ins that an opt-out ended come before it, with where
// the recipient is, and with all that proves the fact if that is asked for.
// As JSON Lines it is one record a line. The trailer says where the next export goes on.
func (s *Server) exportConsent(c *call) error {
	x, err := c.export()
	if err != nil {
		return err
	}
	head := s.store.Head().Seq // what is kept from here on comes with the next export, seen here or not
	if x.Since != nil && *x.Since > head {
		return beyond(*x.Since, head)
	}
	c.w.Header()["Trailer"] = []string{nextTrailer, unreadTrailer}
	st, err := newStreamer(c, c.query.Get("format"), x.columns())
	if err != nil {
		c.w.Header().Del("Trailer")
		return err
	}
	records, unread, err := s.writeSelected(st, &x, head)
	if err == nil {
		err = st.flush()
	}
	if err != nil {
		return s.cut(c, st, err)
	}
	c.w.Header().Set(nextTrailer, strconv.FormatUint(head, 10))
	if unread > 0 {
		c.w.Header().Set(unreadTrailer, strconv.Itoa(unread))
	}
	s.log.Info("consent exported", zap.String("actor", c.by.name), zap.Int("records", records), zap.Bool("evidence", x.Evidence), zap.Uint64("next", head))
	return nil
}

// writeSelected writes what x selects and counts it, and the records that do not read, of which nobody knows whether
// it selects them, or whose proof does not. What holds for every brand comes last, so that an import meets a brand's
// opt-ins before the opt-outs that ended them.
func (s *Server) writeSelected(st *streamer, x *Export, head uint64) (records, unread int, err error) {
	unproven := 0
	for _, everywhere := range []bool{false, true} {
		want := func(to filter.Recipient) bool { return (to.Brand == "") == everywhere && x.concerns(to) }
		take := func(k store.Known) error {
			taken, err := x.takes(s, k)
			if err != nil || !taken {
				return err
			}
			records++
			proven, err := s.writeKnown(st, x, k)
			if !proven {
				unproven++
			}
			return err
		}
		if x.Since != nil {
			unread, err = s.changed(*x.Since, head, want, take) // as many each time
		} else {
			unread, err = s.all(want, take)
		}
		if err != nil {
			return records, unread, err
		}
	}
	if unread += unproven; unread > 0 {
		s.log.Error("an export lacks records that do not read, or what proves them: sendgate verify says what is wrong", zap.Int("records", unread))
	}
	return records, unread, nil
}

// all walks every recipient, and counts those whose record does not read.
func (s *Server) all(want func(filter.Recipient) bool, f func(store.Known) error) (unread int, err error) {
	for known, err := range s.store.Records() {
		if _, is := errors.AsType[*store.Unread](err); is {
			unread++
			continue
		}
		if err == nil && want(known.To) {
			err = f(known)
		}
		if err != nil {
			return unread, err
		}
	}
	return unread, nil
}

// Cell is text that somebody else wrote, as a cell of a file that a spreadsheet opens without taking it for a formula.
func Cell(text string) string { return cell(text) }

// columns are those of x as CSV.
func (x *Export) columns() []string {
	if x.Evidence {
		return slices.Concat(consentColumns, evidenceColumns.Names)
	}
	return append(slices.Clone(consentColumns), "place")
}

// writeKnown writes what is known of one recipient. proven is false where x wants what proves it, and some of that
// does not read.
func (s *Server) writeKnown(st *streamer, x *Export, known store.Known) (proven bool, err error) {
	if st.json != nil {
		return true, st.write(nil, known)
	}
	all, unread := facts(&known.Record), 0
	if x.Evidence && known.To.Address != "" { // else they were erased, and so was it
		var events []filter.Event
		if events, unread, err = s.store.ReadableHistory(known.To); err != nil {
			return true, fmt.Errorf("reading the history: %w", err)
		}
		for i := range all {
			all[i].prove(events)
		}
	}
	settle(all, &known.Record)
	columns := x.columns()
	for i := range all {
		if err := st.write(all[i].row(&known.To, columns), nil); err != nil {
			return true, fmt.Errorf("writing a row: %w", err)
		}
	}
	return unread == 0, nil
}

// A fact is one moment that a record remembers.
type fact struct {
	kind  filter.Kind
	scope filter.Scope
	basis filter.Basis
	at    time.Time

	note  string
	proof filter.Evidence
}

// prove adds to f what is kept with the event that it comes from.
func (f *fact) prove(events []filter.Event) {
	for i := range events {
		if e := &events[i]; e.Kind == f.kind && e.Scope == f.scope && e.Basis == f.basis && e.Time.Equal(f.at) {
			f.note, f.proof = e.Note, e.Proof
		}
	}
}

// settle adds where the recipient is to the fact that it was stated with, or to the next after that.
func settle(all []fact, rec *filter.Record) {
	if rec.Place == "" || len(all) == 0 {
		return
	}
	i := slices.IndexFunc(all, func(f fact) bool { return !f.at.Before(rec.Placed) })
	if i < 0 {
		i = len(all) - 1
	}
	all[i].proof.Place = rec.Place
}

// row is f as a row of a consent file with these columns.
func (f *fact) row(to *filter.Recipient, columns []string) []string {
	row := append(make([]string, 0, len(columns)), cell(to.Brand), string(to.Channel), cell(to.Address), f.kind.String(), "", "", stamp(f.at), cell(f.note))
	if f.kind != filter.Wrote {
		row[4] = f.scope.String()
	}
	if f.kind == filter.OptedIn {
		row[5] = f.basis.String()
	}
	kept := f.proof
	if kept.ScreenshotURL == "" {
		kept.ScreenshotSHA256 = "" // of a picture that is not in the file, without which no store takes the row
	}
	proof := reflect.ValueOf(&kept).Elem()
	for _, name := range columns[len(row):] {
		text := ""
		switch v := proof.Field(evidenceColumns.Index[name]).Interface().(type) {
		case string:
			text = cell(v)
		case time.Time:
			text = stamp(v)
		case bool:
			if v {
				text = "yes"
			}
		}
		row = append(row, text)
	}
	return row
}

// facts are the moments in rec, oldest first; of two at once the no comes last, as it wins.
func facts(rec *filter.Record) []fact {
	var all []fact
	add := func(f fact) {
		if !f.at.IsZero() {
			all = append(all, f)
		}
	}
	add(fact{kind: filter.Wrote, at: rec.LastInbound})
	for _, k := range rec.Consents {
		for b, at := range k.Granted {
			add(fact{kind: filter.OptedIn, scope: k.Scope, basis: filter.Basis(b), at: at})
		}
	}
	for _, k := range rec.Consents {
		add(fact{kind: filter.Noticed, scope: k.Scope, at: k.Noticed})
		add(fact{kind: filter.Asked, scope: k.Scope, at: k.Asked})
	}
	for _, k := range rec.Consents {
		add(fact{kind: filter.Refused, scope: k.Scope, at: k.Refused})
		add(fact{kind: filter.OptedOut, scope: k.Scope, at: k.OptedOut})
	}
	add(fact{kind: filter.OptedOut, at: rec.Erased}) // which is what it means elsewhere
	slices.SortStableFunc(all, func(a, b fact) int { return a.at.Compare(b.at) })
	return all
}
