package console

import (
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/list"
)

// against folds into rec the opt-outs of the file that stand against the opt-in e: those that cover
// some of the same, and are not told as having come after it. line is the one of the latest.
func (im *importer) against(brand filter.Brand, e *filter.Event, rec filter.Record) (_ filter.Record, line int) {
	now := im.s.now()
	for o := range im.clash.OptOuts(e.To) {
		if o.Brand != "" && o.Brand != e.To.Brand || !overlap(brand, o.Scope, e.Scope) || beside(&o, e) {
			continue
		}
		at := o.At
		if at.IsZero() || at.After(now) {
			at = now
		}
		rec = rec.After(filter.Event{Kind: filter.OptedOut, Scope: o.Scope, Time: at})
		line = o.Line
	}
	return rec, line
}

// beside reports whether the opt-out lets the opt-in e stand: it came after e, or it covers only a
// part of its scope and is not older.
func beside(o *list.OptOut, e *filter.Event) bool {
	if partOf(o.Scope, e.Scope) {
		return o.At.IsZero() || !e.Time.After(o.At)
	}
	return !o.At.IsZero() && e.Time.Before(o.At)
}

// tells reports whether the file itself has the opt-out of a moment that stands against e.
func (im *importer) tells(e *filter.Event, at time.Time) bool {
	for o := range im.clash.OptOuts(e.To) {
		if (o.Brand == "" || o.Brand == e.To.Brand) && o.At.Equal(at) {
			return true
		}
	}
	return false
}
