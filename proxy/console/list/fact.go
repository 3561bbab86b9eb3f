package list

import (
	"reflect"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// Columns are the columns of a list that an export writes: with all that proves what it says, or where the recipient
// is alone.
func Columns(evidence bool) []string {
	if evidence {
		return slices.Concat(consentColumns, evidenceColumns.Names)
	}
	return append(slices.Clone(consentColumns), "place")
}

// A Fact is one moment that a record remembers.
type Fact struct {
	kind  filter.Kind
	scope filter.Scope
	basis filter.Basis
	at    time.Time

	note  string
	proof filter.Evidence
}

// prove adds to f what is kept with the event that it comes from.
func (f *Fact) prove(events []filter.Event) {
	for i := range events {
		if e := &events[i]; e.Kind == f.kind && e.Scope == f.scope && e.Basis == f.basis && e.Time.Equal(f.at) {
			f.note, f.proof = e.Note, e.Proof
		}
	}
}

// settle adds where the recipient is to the fact that it was stated with, or to the next after that.
func settle(all []Fact, rec *filter.Record) {
	if rec.Place == "" || len(all) == 0 {
		return
	}
	i := slices.IndexFunc(all, func(f Fact) bool { return !f.at.Before(rec.Placed) })
	if i < 0 {
		i = len(all) - 1
	}
	all[i].proof.Place = rec.Place
}

// Row is f as a row of a consent file with these columns.
func (f *Fact) Row(to *filter.Recipient, columns []string) []string {
	row := append(make([]string, 0, len(columns)), Cell(to.Brand), string(to.Channel), Cell(to.Address), f.kind.String(), "", "", Stamp(f.at), Cell(f.note))
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
			text = Cell(v)
		case time.Time:
			text = Stamp(v)
		case bool:
			if v {
				text = "yes"
			}
		}
		row = append(row, text)
	}
	return row
}

// Facts are the moments in rec, oldest first; of two at once the no comes last, as it wins. events are those that prove
// them, where that is wanted.
func Facts(rec *filter.Record, events []filter.Event) []Fact {
	var all []Fact
	add := func(f Fact) {
		if !f.at.IsZero() {
			all = append(all, f)
		}
	}
	add(Fact{kind: filter.Wrote, at: rec.LastInbound})
	for _, k := range rec.Consents {
		for b, at := range k.Granted {
			add(Fact{kind: filter.OptedIn, scope: k.Scope, basis: filter.Basis(b), at: at})
		}
	}
	for _, k := range rec.Consents {
		add(Fact{kind: filter.Noticed, scope: k.Scope, at: k.Noticed})
		add(Fact{kind: filter.Asked, scope: k.Scope, at: k.Asked})
	}
	for _, k := range rec.Consents {
		add(Fact{kind: filter.Refused, scope: k.Scope, at: k.Refused})
		add(Fact{kind: filter.OptedOut, scope: k.Scope, at: k.OptedOut})
	}
	add(Fact{kind: filter.OptedOut, at: rec.Erased}) // which is what it means elsewhere
	slices.SortStableFunc(all, func(a, b Fact) int { return a.at.Compare(b.at) })
	for i := range all {
		all[i].prove(events)
	}
	settle(all, rec)
	return all
}
