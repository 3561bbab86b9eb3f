package console

import (
	"reflect"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

// contacts plays a gate that watches providers.
type contacts []filter.Contact

func (c contacts) Contacts() []filter.Contact { return c }

func TestContactsOverTheAPI(t *testing.T) {
	b := newBench(t)
	if list, err := b.client(Viewer).Contacts(t.Context()); err != nil || list == nil || len(list) != 0 {
		t.Errorf("without routes the list is %+v, %v", list, err)
	}
	want := contacts{{Route: "twilio", Hears: true, Called: noon, Silent: true, Ahead: -301.5}, {Route: "vonage-sms"}}
	b.server.watcher = want
	if list, err := b.client(Viewer).Contacts(t.Context()); err != nil || !reflect.DeepEqual(list, []filter.Contact(want)) {
		t.Errorf("the list is %+v, %v, want %+v", list, err, want)
	}
}
