package console

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// mayOptIn keeps an import from undoing an opt-out: a list says who agreed once, and an opt-out
// that came later is not in it. The row must be newer than the opt-out, and the operator must have
// said that such rows count.
func (im *importer) mayOptIn(e *filter.Event, rec *filter.Record) error {
	at, scope := coveringOptOut(rec, e.Scope)
	switch {
	case at.IsZero():
		return nil
	case !e.Time.After(at):
		return bad("state", "the recipient opted out of %s on %s, after this opt-in of %s", scope, moment(at), moment(e.Time))
	case !im.again:
		return bad("state", "the recipient opted out of %s on %s; this opt-in of %s is newer, but an import lifts an opt-out only with allow_resubscribe=true",
			scope, moment(at), moment(e.Time))
	}
	return nil
}

// coveringOptOut is the latest opt-out that an opt-in of scope would lift, in whole or in part:
// one that covers the same messages, and that no express opt-in has answered since.
func coveringOptOut(rec *filter.Record, scope filter.Scope) (at time.Time, of filter.Scope) {
	for _, k := range rec.Consents {
		if k.OptedOut.After(at) && overlap(k.Scope, scope) && !answered(rec, k, scope) {
			at, of = k.OptedOut, k.Scope
		}
	}
	return at, of
}

// overlap reports whether a message can lie in both scopes. A topic may be of any category.
func overlap(a, b filter.Scope) bool {
	return a == b || a == filter.All || b == filter.All ||
		strings.HasPrefix(a.String(), "topic:") != strings.HasPrefix(b.String(), "topic:")
}

// answered reports whether an express opt-in came after the opt-out of k, for all that k covers or
// for all that scope does.
func answered(rec *filter.Record, k filter.Consent, scope filter.Scope) bool {
	return slices.ContainsFunc(rec.Consents, func(o filter.Consent) bool {
		return (o.Scope == k.Scope || o.Scope == scope || o.Scope == filter.All) && o.Granted[filter.Express].After(k.OptedOut)
	})
}

// rowID names the event of a row by what the row says, whatever the file is called, so that
// importing it again adds nothing. A row without a time means "now"; once the recipient has opted
// in since, the same words are a new fact, so their last opt-in is part of the name.
func rowID(e *filter.Event, rec *filter.Record) string {
	said := *e
	said.ID, said.Source = "", ""
	text, _ := json.Marshal(said) // strings, times and words always marshal
	hash := sha256.New()
	hash.Write(text)
	if e.Time.IsZero() {
		hash.Write([]byte(lastGrant(rec).Format(time.RFC3339Nano)))
	}
	return "row-" + hex.EncodeToString(hash.Sum(nil)[:16])
}

// tellsNothing reports whether rec is the same with e as without: e is a repetition.
func tellsNothing(e *filter.Event, rec *filter.Record) bool {
	if !e.Time.IsZero() {
		return reflect.DeepEqual(*rec, rec.After(*e))
	}
	return slices.ContainsFunc(rec.Consents, func(k filter.Consent) bool {
		return k.Scope == e.Scope && !k.OptedOut.IsZero() && !lastGrant(rec).After(k.OptedOut)
	})
}

// lastGrant is when the recipient last opted in to anything.
func lastGrant(rec *filter.Record) (last time.Time) {
	for _, k := range rec.Consents {
		for _, at := range k.Granted {
			if at.After(last) {
				last = at
			}
		}
	}
	return last
}

// csvProblem says what is wrong with the quoting or the shape of a row.
func csvProblem(err error) string {
	p, ok := errors.AsType[*csv.ParseError](err)
	switch {
	case !ok:
		return err.Error()
	case errors.Is(p.Err, csv.ErrFieldCount):
		return "the row has another number of fields than the header row"
	case p.Line > p.StartLine:
		return fmt.Sprintf("a quote opens here and does not close properly: the lines %d to %d were read as one row and skipped", p.StartLine, p.Line)
	default:
		return fmt.Sprintf("the quotes do not match at byte %d of the line", p.Column)
	}
}

// asColumn names the column of an error that names a field of the API.
func asColumn(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	column := strings.TrimPrefix(strings.TrimPrefix(e.Field, "to."), "proof.")
	if column == "kind" {
		column = "state"
	}
	return &Error{Status: e.Status, Field: column, Message: e.Message}
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

// A fileReader counts what is read of an upload and bounds a single row of it.
type fileReader struct {
	r        io.Reader
	patience func() // called before each read
	total    int64
	sinceRow int64 // bytes since the last whole row, reset by whoever reads rows
}

func (f *fileReader) Read(p []byte) (int, error) {
	if f.sinceRow > longestRow {
		return 0, fmt.Errorf("a row is longer than %d bytes: a quote is probably not closed", longestRow)
	}
	f.patience()
	n, err := f.r.Read(p)
	f.total += int64(n)
	f.sinceRow += int64(n)
	return n, err
}
