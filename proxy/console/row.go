package console

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/proxy/console/list"
	"github.com/sendgate/sendgate/store"
)

// look is the first pass: what a row says of itself, without what is known.
func (im *importer) look(line int, st *list.Statement) error {
	if err := im.complete(&st.Event); err != nil {
		return err
	}
	im.most.count(st.Event.Kind, 1)
	return im.clash.Note(&st.Event)
}

// lookAgain is the second pass, where somebody may both opt in and out.
func (im *importer) lookAgain(line int, st *list.Statement) error {
	if err := im.complete(&st.Event); err != nil {
		return err
	}
	im.clash.Gather(line, &st.Event)
	return nil
}

// weigh is the pass that counts what the file would do.
func (im *importer) weigh(line int, st *list.Statement) error {
	_, _, err := im.judge(line, st)
	return err
}

// apply is the pass that writes.
func (im *importer) apply(line int, st *list.Statement) error {
	e := &st.Event
	known, rec, err := im.judge(line, st)
	if err != nil {
		return err
	}
	if known && (e.Time.IsZero() || !rec.Erased.IsZero()) {
		// An opt-out that stands already, or old news of somebody who was erased: keeping that would
		// bring back what they had removed.
		im.sum.Taken++
		return nil
	}
	e.ID = list.ID(e, lastGrant(&rec))
	if known {
		if has, err := im.s.store.Has(e.To, e.ID); err == nil && has {
			im.sum.Taken++ // an earlier import of this row
			return nil
		}
	}
	return im.pipe.put(importRow{line, *e}, im.s.now(), im.acknowledge)
}

// complete fills in what is common to all rows, and checks the event as such.
func (im *importer) complete(e *filter.Event) error {
	e.Source = im.source
	date(e)
	if err := im.s.checkEvent(e, im.as.Region); err != nil {
		return asColumn(err)
	}
	if e.Kind != filter.OptedOut && e.Time.IsZero() {
		return input.Errorf("time", "missing: without it nobody could tell whether %s came before or after an opt-out", e.Kind)
	}
	return nil
}

// judge says what a statement would do: whether it is known already, and from which record. Its
// error, an *[input.Error] about a column, says why it is not kept.
func (im *importer) judge(line int, st *list.Statement) (known bool, rec filter.Record, err error) {
	e := &st.Event
	if err := im.complete(e); err != nil {
		return false, rec, err
	}
	doubts, err := im.s.lint(e)
	if err != nil {
		return false, rec, asColumn(err)
	}
	need := filter.NeedRecord
	if e.Kind == filter.OptedOut {
		need = filter.NeedOptOut // it is news to whoever never opted out, which costs no look at the disk
	}
	if rec, err = im.s.store.Read(e.To, need); err != nil {
		return false, rec, fmt.Errorf("line %d: reading the record: %w", line, err)
	}
	if im.pipe != nil {
		rec = im.pipe.with(e.To, rec)
	}
	first := im.clash.Before(line, e)
	known = first > 0 || tellsNothing(e, &rec) || im.stands(e, &rec)
	if !known {
		if err := im.mayKeep(e, &rec); err != nil {
			return false, rec, err
		}
	}
	im.clash.Taken(line, e)
	im.count(e.Kind, known)
	return known, rec, im.doubt(line, first, st, doubts)
}

// stands reports whether the opt-out e says what stands already, though its moment is another one: its row was kept
// before its day was over, so that it counts from when it came; or the recipient was erased, which is an opt-out of
// everything, and a list without moments does not say that anything came after.
func (im *importer) stands(e *filter.Event, rec *filter.Record) bool {
	switch {
	case e.Kind != filter.OptedOut:
		return false
	case !rec.Erased.IsZero() && !lastGrant(rec).After(rec.Erased):
		return e.Time.IsZero() || input.EndsDay(e.Time) && e.Time.Add(-24*time.Hour).Before(rec.Erased)
	case e.Time.IsZero() || !standsOut(rec, e.Scope):
		return false
	}
	has, err := im.s.store.Has(e.To, list.ID(e, lastGrant(rec)))
	return err == nil && has
}

// mayKeep refuses what the store would, and an opt-in that a no stands against.
func (im *importer) mayKeep(e *filter.Event, rec *filter.Record) error {
	err := im.s.store.Check(e)
	if wrong, ok := asEventError(err, 1); ok {
		return wrongColumn(wrong)
	}
	if err == nil && e.Kind == filter.OptedIn {
		err = im.mayOptIn(e, rec)
	}
	return err
}

// mayOptIn refuses an opt-in that a no of the recipient stands against, in the same file or known.
func (im *importer) mayOptIn(e *filter.Event, rec *filter.Record) error {
	brand := im.s.brands()[e.To.Brand]
	if with, line := im.against(brand, e, *rec); line > 0 {
		if err := mayOptIn(brand, e, &with, im.again); err != nil {
			im.sum.Conflicts++
			return input.Errorf("state", "line %d of this file opts the same recipient out: the opt-out wins", line)
		}
	}
	if at, _ := standingNo(brand, e, rec); e.Time.Before(at) && im.tells(e, at) {
		return nil // the file has what came before its own opt-out: history, which lifts nothing
	}
	err := mayOptIn(brand, e, rec, im.again)
	if err != nil {
		im.sum.Lifts++
	}
	return asColumn(err)
}

func (im *importer) count(kind filter.Kind, known bool) {
	if known {
		im.sum.Known++
		return
	}
	im.news(kind, 1)
}

// news counts n statements of a kind that are new.
func (im *importer) news(kind filter.Kind, n int) {
	var t totals
	t.count(kind, n)
	im.sum.OptOuts, im.sum.OptIns = im.sum.OptOuts+t.outs, im.sum.OptIns+t.ins
}

// doubt lists what is doubtful about a statement that is taken.
func (im *importer) doubt(line, first int, st *list.Statement, doubts []filter.Finding) error {
	if first > 0 {
		if err := im.warn(line, "", fmt.Sprintf("says the same as line %d", first)); err != nil {
			return err
		}
	}
	if st.Remark.Text != "" {
		if err := im.warn(line, st.Remark.Column, st.Remark.Text); err != nil {
			return err
		}
	}
	if e, now := &st.Event, im.s.now(); e.Time.After(now.Add(clockSkew)) && !(input.EndsDay(e.Time) && e.Time.Before(now.Add(24*time.Hour))) {
		if err := im.warn(line, "time", fmt.Sprintf("%s lies in the future: the opt-out counts from now", moment(e.Time))); err != nil {
			return err
		}
	}
	for _, f := range doubts {
		if err := im.warn(line, asColumnName(f.Field), f.Problem); err != nil {
			return err
		}
	}
	return nil
}

// asColumn is an error that names a field of the API as one about a column.
func asColumn(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	return input.Errorf(asColumnName(e.Field), "%s", e.Message)
}

// wrongColumn is the store's refusal of an event as an error about a column.
func wrongColumn(e *store.EventError) error {
	return input.Errorf(asColumnName(e.Field), "%s", e.Problem)
}

func asColumnName(field string) string {
	column := strings.TrimPrefix(strings.TrimPrefix(field, "to."), "proof.")
	if column == "kind" {
		column = "state"
	}
	return column
}

// asEventError is err as the store's refusal of one of n events.
func asEventError(err error, n int) (*store.EventError, bool) {
	e, ok := errors.AsType[*store.EventError](err)
	return e, ok && e.Index >= 0 && e.Index < n
}

// parseBool reads a yes-or-no parameter; empty is no.
func parseBool(name, text string) (bool, error) {
	switch text {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, bad(name, "%q: want true or false", text)
}
