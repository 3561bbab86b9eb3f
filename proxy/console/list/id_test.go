package list

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// TestRowID changes one field of a row at a time: no two rows that say different things may be one
// event.
func TestRowID(t *testing.T) {
	var e filter.Event
	seen := map[string]string{ID(&e, time.Time{}): "nothing"}
	each(reflect.ValueOf(&e).Elem(), "", func(name string, field reflect.Value) {
		defer field.SetZero()
		switch v := field.Addr().Interface().(type) {
		case *time.Time:
			*v = time.Unix(1_700_000_000, 1)
		case *bool:
			*v = true
		case *filter.Scope:
			*v = filter.OfTopic("offers")
		default:
			if field.Kind() == reflect.String {
				field.SetString("text")
			} else {
				field.SetUint(2)
			}
		}
		id := ID(&e, time.Time{})
		own := name == "ID" || name == "Recorded" || name == "Source" // of this import, not of the row
		if twin, same := seen[id]; same != own {
			t.Errorf("%s: got the name of %q: %t, want %t", name, twin, same, own)
		}
		seen[id] = name
	})
}

// each calls f for every field of a struct, and of the structs in it.
func each(s reflect.Value, of string, f func(name string, field reflect.Value)) {
	for i := range s.NumField() {
		name, field := of+s.Type().Field(i).Name, s.Field(i)
		switch field.Addr().Interface().(type) {
		case *filter.Recipient, *filter.Evidence:
			each(field, fmt.Sprintf("%s.", name), f)
		default:
			f(name, field)
		}
	}
}
