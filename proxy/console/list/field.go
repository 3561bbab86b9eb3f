package list

import (
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
)

var evidenceColumns = input.FieldsOf(reflect.TypeFor[filter.Evidence]())

// stateWords are what the field state may say.
var stateWords = map[string]filter.Kind{
	"opted-in": filter.OptedIn, "subscribed": filter.OptedIn,
	"opted-out": filter.OptedOut, "unsubscribed": filter.OptedOut,
	"wrote": filter.Wrote, "asked": filter.Asked, "refused": filter.Refused,
	"noticed": filter.Noticed, "unanswered": filter.Unanswered,
}

func isField(name string) bool {
	return slices.Contains(consentColumns, name) || slices.Contains(evidenceColumns.Names, name)
}

func fieldList() string {
	return strings.Join(append(slices.Clone(consentColumns), evidenceColumns.Names...), ", ")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// setField sets one field of e to what a file says. Its error is an *[input.Error] that names the field.
func setField(e *filter.Event, name, text string) error {
	var field any
	switch name {
	case "brand":
		field = &e.To.Brand
	case "channel":
		field, text = (*string)(&e.To.Channel), strings.ToLower(text)
	case "address":
		field = &e.To.Address
	case "scope":
		field = &e.Scope
	case "basis":
		field = &e.Basis
	case "time":
		field = &e.Time
	case "note":
		field = &e.Note
	case "state":
		kind, known := stateWords[strings.ReplaceAll(strings.ToLower(text), "_", "-")]
		if !known {
			return input.Errorf(name, "unknown state %q: want opted-in or opted-out", text)
		}
		e.Kind = kind
		return nil
	default:
		field = reflect.ValueOf(&e.Proof).Elem().Field(evidenceColumns.Index[name]).Addr().Interface()
	}
	switch field := field.(type) {
	case *string:
		*field = unmark(text)
		return nil
	case *time.Time:
		at, err := parseMoment(text)
		if err != nil {
			return input.Errorf(name, "%v", err)
		}
		*field = at
		return nil
	case *bool:
		yes, known := flagWords[strings.ToLower(text)]
		if !known {
			return input.Errorf(name, "%q: want yes or no", text)
		}
		*field = yes
		return nil
	case encoding.TextUnmarshaler:
		if err := field.UnmarshalText([]byte(text)); err != nil {
			return input.Errorf(name, "%v", err)
		}
	}
	return nil
}

var flagWords = map[string]bool{"yes": true, "true": true, "1": true, "no": false, "false": false, "0": false}

// address gives the address of e its canonical form, and keeps the one it was given in the note.
func (l *Layout) address(e *filter.Event, region string) error {
	given := e.To.Address
	if input.ByNumber(e.To.Channel) {
		e.To.Address = strings.TrimPrefix(given, "'") // how a spreadsheet marks text
		if problem := spoilt(e.To.Address); problem != "" {
			return input.Errorf("address", "%q %s: format the column as text and export it again", given, problem)
		}
	}
	named := region
	if !filter.KnownRegion(region) {
		region = "" // a column's words: a number with its country code needs none
	}
	to, err := input.Recipient("", e.To, region)
	if err != nil && named != region && strings.Trim(given, "0123456789 ()-./") == "" && strings.TrimSpace(given) != "" {
		return input.Errorf("country", "%q is no country as ISO 3166 writes it, such as DE, by which the number could be read", named)
	}
	if err != nil {
		return spreadsheetHint(err, given, region)
	}
	if e.Note == "" && given != to.Address {
		e.Note = "given as " + given
	}
	e.To = to
	return nil
}

// guessed reports whether a number that was given without its country code is none that the country is known to have.
func guessed(given string, to *filter.Recipient) bool {
	return input.ByNumber(to.Channel) && strings.HasPrefix(to.Address, "+") && !strings.ContainsAny(given, "+＋") && !filter.InUse(to.Address)
}

// spoilt says what a spreadsheet has made of a number, or "".
func spoilt(text string) string {
	mantissa, exponent, ok := strings.Cut(strings.ToUpper(text), "E")
	if ok && mantissa != "" && strings.Trim(mantissa, "0123456789.,+") == "" && strings.Trim(exponent, "+0123456789") == "" {
		return "is a number that a spreadsheet has rounded"
	}
	whole, fraction, ok := strings.Cut(text, ".")
	if ok && len(whole) >= 7 && isDigits(strings.TrimPrefix(whole, "+")) && strings.Trim(fraction, "0") == "" {
		return "is a number with decimals, as a spreadsheet or a data frame writes it"
	}
	return ""
}

// spreadsheetHint adds to the error of a number what has probably become of it.
func spreadsheetHint(err error, given, region string) error {
	e, ok := errors.AsType[*input.Error](err)
	if !ok || e.Field != "address" || region != "" || !isDigits(given) || len(given) < 7 {
		return err
	}
	return &input.Error{Field: e.Field,
		Message: fmt.Sprintf("%s: give the region; spreadsheets drop the plus, and zeros in front", e.Message)}
}

// asColumnError is err as the *[input.Error] that it is, or nil.
func asColumnError(err error) *input.Error {
	e, _ := errors.AsType[*input.Error](err)
	return e
}
