package store_test

import (
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/storetest"
)

// Who is erased on every channel is, and whoever else they are is bound, also where nothing but a link is known.
func TestEraseWhoIsLinkedOnly(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	linked, other := storetest.Person("acme", 1), user("acme", 1)
	linked.Channel = filter.WhatsApp
	link(t, s, linked, other)
	keep(t, s, optIn(other, "yes"))
	erase(t, s, filter.Recipient{Channel: filter.SMS, Address: linked.Address})
	for _, to := range []filter.Recipient{linked, other} {
		if !barred(t, s, to) {
			t.Errorf("%v may be written to", to)
		}
	}
	if all, err := s.Linked(other); err != nil || len(all) > 0 {
		t.Errorf("the other one is %v, too, %v", all, err)
	}
	sound(t, s)
}
